"""What a system says that lies: 200 with nonsense, another application, an old page, a confirmation of nothing."""

import random
import re
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LIES = ("", "nonsense", "another application", "an old page", "not saved")
COMMITTED: ContextVar[bool] = ContextVar("committed", default=False)
"""Whether the request that is answered now has changed something."""
_PAYROLL = (
    b"<html><head><title>PAYROLL 4</title></head><body><h1 id='title'>Payroll</h1>"
    b"<form method='post'><input name='user'><button>Log in</button></form></body></html>"
)
_KEPT_BYTES = 500_000


class Memory:
    """The last good answer of each kind of page, and of each kind of change that was saved."""

    def __init__(self) -> None:
        self._answers: dict[tuple[bool, str], list[Message]] = {}

    async def passed(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send, lie: str) -> None:
        """Have the page made, and keep it; with an old page lying before, that one is said in its place."""
        said: list[Message] = []
        old = self._answers.get((False, _shape(scope["path"]))) if lie == "an old page" else None
        COMMITTED.set(False)

        async def keeping(message: Message) -> None:
            said.append(message)
            if old is None:
                await send(message)

        await app(scope, receive, keeping)
        if old is not None:
            await _say(send, old)
        elif not lie and said and said[0].get("status") == 200 and _small(said):
            self._answers[COMMITTED.get(), _shape(scope["path"])] = said

    def confirmation(self, scope: Scope) -> list[Message] | None:
        """What was said when a change of this kind was saved; None for what is no change, or was never saved."""
        if scope["method"] in ("GET", "HEAD") or "signin" in scope["path"] or "login" in scope["path"]:
            return None
        return self._answers.get((True, _shape(scope["path"])), _nonsense())


async def lied(lie: str, memory: Memory, scope: Scope, receive: Receive, send: Send) -> bool:
    """Answer with that lie, and do nothing of what was asked; False when the page is to be made after all."""
    if lie == "nonsense":
        answer: list[Message] | None = _nonsense()
    elif lie == "another application":
        answer = _page(_PAYROLL)
    elif lie == "not saved":
        answer = memory.confirmation(scope)
    else:
        answer = None
    if answer is None:
        return False
    more = scope["method"] not in ("GET", "HEAD")
    while more:
        more = (await receive()).get("more_body", False)
    await _say(send, answer)
    return True


async def _say(send: Callable[[MutableMapping[str, Any]], Awaitable[None]], answer: list[Message]) -> None:
    for message in answer:
        await send(message)


def _nonsense() -> list[Message]:
    return _page(bytes(random.choices(range(32, 127), k=400)))


def _page(body: bytes) -> list[Message]:
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    return [
        {"type": "http.response.start", "status": 200, "headers": headers},
        {"type": "http.response.body", "body": body},
    ]


def _shape(path: str) -> str:
    return re.sub(r"\d+", "#", path)


def _small(said: list[Message]) -> bool:
    return sum(len(message.get("body", b"")) for message in said) < _KEPT_BYTES
