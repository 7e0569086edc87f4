"""The accounts that bots sign in with: which are held, why and since when, and what waits for them."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import accounts_page
from console.access import MindsAccounts, Parts
from console.forms import new_key
from console.pages import page

router = APIRouter(prefix="/accounts")


@router.get("")
async def listing(request: Request, parts: Parts, _person: MindsAccounts) -> Response:
    """Every account of every system and environment."""
    return page(request, "accounts/list.html", view=await accounts_page.read(parts), key=new_key())
