"""Signing in and out: a session that the server keeps, and a limit on guessing."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.responses import Response

from console.access import COOKIE, Anybody, Parts, SignedIn
from console.pages import go, page
from console.problems import Problem
from records import access

router = APIRouter()

PER_ADDRESS = parse("10/15 minutes")
"""Wrong passwords for one e-mail address from one place."""
PER_PLACE = parse("100/15 minutes")
"""Wrong passwords from one place, for whomever."""


@router.get("/sign-in")
async def form(request: Request, parts: Parts, person: Anybody, next: str = "/") -> Response:  # noqa: A002
    """The sign-in page; who is signed in already is sent on."""
    if person is not None:
        return go(_local(next))
    return page(request, "sign_in.html", next=_local(next), email="", error="", demo=parts.settings.demo)


@router.post("/sign-in")
async def create(
    request: Request,
    parts: Parts,
    _person: Anybody,
    email: Annotated[str, Form(max_length=320)] = "",
    password: Annotated[str, Form(max_length=1024)] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    """Begin a session, or say plainly that address and password do not belong together."""
    guesses: Guesses = request.app.state.guesses
    place = request.client.host if request.client else "unknown"
    await guesses.refuse_if_many(place, email)
    async with parts.database.session() as session:
        token = await access.sign_in(session, email, password, parts.clock())
    if token is None:
        await guesses.count(place, email)
        return page(
            request,
            "sign_in.html",
            status=422,
            next=_local(next),
            email=email,
            error="This e-mail address and password do not belong together.",
            demo=parts.settings.demo,
        )
    response = go(_local(next))
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(access.LONGEST.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=parts.settings.console_url.startswith("https:"),
    )
    return response


@router.post("/sign-out")
async def end(parts: Parts, person: SignedIn) -> Response:
    """End this session here and in the records."""
    async with parts.database.session() as session:
        await access.sign_out(session, person, parts.clock())
    response = go("/sign-in", "You are signed out.", "note")
    response.delete_cookie(COOKIE)
    return response


class Guesses:
    """Counts wrong passwords, in this process; a right one is never slowed by other people's mistakes elsewhere."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def refuse_if_many(self, place: str, email: str) -> None:
        """429 when too many were wrong lately."""
        for limit, *names in ((PER_ADDRESS, place, email.strip().lower()), (PER_PLACE, place)):
            if not await self._limiter.test(limit, *names):
                raise Problem(
                    429,
                    "too_many_attempts",
                    "Too many wrong passwords in a short time.",
                    todo="Wait a quarter of an hour, or ask IT to reset your password.",
                ).with_headers({"Retry-After": "900"})

    async def count(self, place: str, email: str) -> None:
        """One more was wrong."""
        await self._limiter.hit(PER_ADDRESS, place, email.strip().lower())
        await self._limiter.hit(PER_PLACE, place)


def _local(address: str) -> str:
    """Where to go afterwards: only a page of this console, never another host."""
    if not address.startswith("/") or address.startswith(("//", "/\\")) or "\n" in address:
        return "/"
    return address
