"""The fault switches every demo system has: a page, a JSON state, and how they make it misbehave."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse
from fastapi.templating import Jinja2Templates
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.door import Door
from demo.lies import COMMITTED, LIES, Memory, lied

Action = Callable[[str], None]

_templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
_TRUE = {"1", "true", "on", "yes"}
_FALSE = {"", "0", "false", "off", "no"}
_ALWAYS_ANSWER = ("/faults", "/faults.json", "/healthz")


class CommittedThenFailedError(Exception):
    """The change is committed; the reply is an error all the same."""


@dataclass(frozen=True)
class Switch:
    """One switch: its name, what the page says, and its value when all is well, whose type is that of the switch.

    `options` are the only texts it takes, where there are any; `group` is the heading it stands under.
    """

    name: str
    label: str
    normal: bool | int | float | str
    options: tuple[str, ...] = ()
    group: str = "Every page"


@dataclass(frozen=True)
class Button:
    """Something that is done now: the name of its action, what the page says, what it asks for (nothing when empty)."""

    name: str
    label: str
    asks: str = ""


COMMON = (
    Switch("down", "Down: every page answers 503", False),
    Switch("slow_seconds", "Slow: seconds before every page", 0.0),
    Switch("slow_up_to_seconds", "Slow: up to so many seconds, at random", 0.0),
    Switch("refuse_seconds", "Refuse every connection, this page's too: for so many seconds from now", 0.0),
    Switch("reset_percent", "Cut the connection: of a hundred requests, half of them after they were carried out", 0),
    Switch("lie", "Answers 200, and lies: nonsense, another application, ...", "", LIES),
    Switch("commit_then_500", "Commit, then answer 500: next changes", 0, group="After the click"),
    Switch("reply_delay_seconds", "Commit, then wait: seconds before the reply", 0.0, group="After the click"),
    Switch("commit_late_seconds", "Wait, then commit: seconds before the change", 0.0, group="After the click"),
)


class Faults:
    """The switches of one system, in memory: a restart is a repair.

    `actions` are one-shot switches by name (they get the posted value), `buttons` how the page shows them, `status`
    adds to the state, `switches` are what this system has beside the common ones.
    """

    def __init__(
        self,
        system: str,
        actions: Mapping[str, Action] | None = None,
        status: Callable[[], dict[str, Any]] = dict,
        switches: tuple[Switch, ...] = (),
        buttons: tuple[Button, ...] = (),
    ) -> None:
        self.system = system
        self.buttons = buttons
        self.actions: dict[str, Action] = {"expire_sessions": lambda _: None, **(actions or {})}
        self.switches = {switch.name: switch for switch in (*COMMON, *switches)}
        self._status = status
        self.memory = Memory()
        self.door: Door | None = None
        self.reset()

    def reset(self) -> None:
        """Everything back to normal."""
        self._now: dict[str, Any] = {name: switch.normal for name, switch in self.switches.items()}
        for name in {"unlock_order", "unlock_account"} & self.actions.keys():
            self.actions[name]("")

    def state(self) -> dict[str, Any]:
        """What is switched on, in the shape of /faults.json."""
        return {**self._now, **self._status()}

    def switch(self, wanted: Mapping[str, Any]) -> None:
        """Applies the named switches, all or none; ValueError names the first that cannot be understood."""
        steps = [self._step(name, value) for name, value in wanted.items()]
        for step in steps:
            step()
        if self.on("refuse_seconds") and self.door is not None:
            self.door.shut(float(self.once("refuse_seconds")))

    def on(self, name: str) -> bool:
        """Whether this switch is on: true, a number above nothing, or a text."""
        return bool(self._now[name])

    def number(self, name: str) -> float:
        """What this switch of a number is at."""
        return float(self._now[name])

    def text(self, name: str) -> str:
        """What this switch of a text says."""
        return str(self._now[name])

    def use(self, name: str) -> bool:
        """Whether this counted switch is on, for once: it goes down by one."""
        left = int(self._now[name])
        self._now[name] = max(left - 1, 0)
        return left > 0

    def once(self, name: str) -> str:
        """What this switch of a text says, for once: it goes back to normal."""
        said, self._now[name] = self.text(name), self.switches[name].normal
        return said

    def delay(self) -> float:
        """How long the page that is asked for now takes."""
        least = self.number("slow_seconds")
        return random.uniform(least, max(least, self.number("slow_up_to_seconds")))

    def cuts(self) -> str:
        """Whether the connection of this request is cut, and when: before or after it is carried out."""
        if random.uniform(0, 100) >= self.number("reset_percent"):
            return ""
        return random.choice(("before", "after"))

    async def before_commit(self) -> None:
        """Called before a change is judged and committed: a system may take its time, and nobody waits for it."""
        await asyncio.sleep(self.number("commit_late_seconds"))

    async def after_commit(self) -> None:
        """Called between a commit and its reply; raises CommittedThenFailedError when that is switched on."""
        COMMITTED.set(True)
        fails = self.use("commit_then_500")
        await asyncio.sleep(self.number("reply_delay_seconds"))
        if fails:
            raise CommittedThenFailedError

    def _step(self, name: str, value: Any) -> Callable[[], None]:
        if name in self.switches:
            meant = _meant(self.switches[name], value)
            return lambda: self._now.__setitem__(name, meant)
        if name in ("reset", "expire_sessions") and not _truth(name, value):
            return lambda: None
        if name == "reset":
            return self.reset
        if name in self.actions:
            return lambda: self.actions[name](str(value).strip())
        raise ValueError(f"{name}: no such switch")


class FaultMiddleware:
    """Stands before every page: refuses all when down, waits when slow, cuts the connection, lies."""

    def __init__(self, app: ASGIApp, faults: Faults, unavailable: Callable[[str], Response]) -> None:
        self._app = app
        self._faults = faults
        self._unavailable = unavailable

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _ALWAYS_ANSWER:
            await self._app(scope, receive, send)
            return
        delay, cut = self._faults.delay(), self._faults.cuts()
        if delay:
            await asyncio.sleep(delay)
        if self._faults.on("down"):
            await self._unavailable(scope["path"])(scope, receive, send)
        elif cut == "before":
            await self._cut(scope)
        else:
            await self._answer(scope, receive, self._cutting(scope) if cut else send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        lie, memory = self._faults.text("lie"), self._faults.memory
        if not await lied(lie, memory, scope, receive, send):
            await memory.passed(self._app, scope, receive, send, lie)

    def _cutting(self, scope: Scope) -> Send:
        async def cut(_: Message) -> None:
            await self._cut(scope)

        return cut

    async def _cut(self, scope: Scope) -> None:
        if self._faults.door is not None:
            self._faults.door.cut(scope["client"])
            await asyncio.sleep(0.01)  # the server learns that nobody is there to be answered


def install(app: FastAPI, faults: Faults, unavailable: Callable[[str], Response]) -> None:
    """Gives an app its fault switches, its health answer, and the middleware that obeys them."""
    app.state.faults = faults
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> PlainTextResponse:
        return PlainTextResponse("ok")

    @router.get("/faults")
    async def page(request: Request) -> HTMLResponse:
        return _page(request, faults, "")

    @router.get("/faults.json")
    async def state() -> dict[str, Any]:
        return faults.state()

    @router.post("/faults")
    async def switch(request: Request) -> Response:
        is_json = "json" in request.headers.get("content-type", "")
        try:
            faults.switch(await _wanted(request, is_json))
        except ValueError as error:
            if is_json:
                return JSONResponse({"code": "DEMO-422", "message": str(error)}, status_code=422)
            return _page(request, faults, str(error), 422)
        if is_json:
            return JSONResponse(faults.state())
        return RedirectResponse("/faults", status_code=303)

    app.include_router(router)
    app.add_middleware(FaultMiddleware, faults=faults, unavailable=unavailable)


def _page(request: Request, faults: Faults, problem: str, status: int = 200) -> HTMLResponse:
    groups: dict[str, list[Switch]] = {}
    for switch in faults.switches.values():
        groups.setdefault(switch.group, []).append(switch)
    state = faults.state()
    context = {
        "system": faults.system,
        "state": state,
        "groups": groups,
        "buttons": faults.buttons,
        "seen": {name: value for name, value in state.items() if name not in faults.switches},
        "problem": problem,
    }
    return _templates.TemplateResponse(request, "faults.html", context, status_code=status)


async def _wanted(request: Request, is_json: bool) -> dict[str, Any]:
    if not is_json:
        return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    wanted = await request.json()
    if not isinstance(wanted, dict):
        raise ValueError("an object with switches is needed")  # noqa: TRY004 - the typed value is wrong, not the code
    return wanted


def _meant(switch: Switch, value: Any) -> bool | int | float | str:
    if isinstance(switch.normal, bool):
        return _truth(switch.name, value)
    if isinstance(switch.normal, str):
        text = str(value).strip()
        if switch.options and text not in switch.options:
            raise ValueError(f"{switch.name}: one of {', '.join(filter(None, switch.options))} is needed")
        return text
    number = _number(switch.name, value)
    return int(number) if isinstance(switch.normal, int) else number


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: a number is needed") from None
    if not 0 <= number < 100_000:
        raise ValueError(f"{name}: a number from 0 is needed")
    return number


def _truth(name: str, value: Any) -> bool:
    text = str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(f"{name}: true or false is needed")
