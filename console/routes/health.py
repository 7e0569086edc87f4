"""Whether the console lives, and whether it can do its work: for supervisors and load balancers."""

from fastapi import APIRouter
from sqlalchemy import text
from starlette.responses import JSONResponse, PlainTextResponse

from console.access import Parts

router = APIRouter()


@router.get("/healthz")
async def alive() -> PlainTextResponse:
    """The process answers."""
    return PlainTextResponse("ok")


@router.get("/readyz")
async def ready(parts: Parts) -> JSONResponse:
    """The records answer; without them no page can be drawn (503 in the one error shape)."""
    async with parts.database.session() as session:
        await (await session.connection()).execute(text("SELECT 1"))
    return JSONResponse({"status": "ready"})
