"""The screens of the order desk: sign-in, frames, search, display, three changes. Always HTTP 200, as it was."""

import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates

from demo import faults as faults_
from demo.orderdesk import codes, forms
from demo.orderdesk.orders import SCHEMA, Orders
from demo.orderdesk.sessions import Locks, Session, Sessions
from demo.store import Row, Store

COOKIE = "ODSESSION"
_templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
_templates.env.globals.update(STATUS=codes.STATUS, REASON=codes.REASON, WINDOW=codes.WINDOW)


class SessionExpiredError(Exception):
    """No live session belongs to this request."""


@dataclass(frozen=True)
class Settings:
    """What the command line decides."""

    data: Path
    orders: list[Row]
    session_idle: float = 900
    lock_seconds: float = 60


class OrderDesk:
    """The desk behind the screens: orders, sessions, locks and faults of one process."""

    def __init__(self, settings: Settings) -> None:
        self.store = Store(settings.data, "orderdesk", SCHEMA)
        self.orders = Orders(self.store)
        self.orders.seed(settings.orders)
        self.sessions = Sessions(time.monotonic, settings.session_idle)
        self.locks = Locks(time.monotonic, settings.lock_seconds)
        actions = {
            "expire_sessions": self._expire_sessions,
            "lock_order": self._lock_order,
            "unlock_order": self.locks.unpin,
        }
        self.faults = faults_.Faults("orderdesk", actions, self._status)

    def session_of(self, request: Request) -> Session:
        """The session of this request; SessionExpiredError otherwise, and its locks are gone."""
        cookie = request.cookies.get(COOKIE)
        session = self.sessions.find(cookie)
        if session is None:
            self.locks.release_session(cookie or "")
            raise SessionExpiredError
        return session

    def refusal(self, order: Row, session: Session) -> str | None:
        """Takes the record lock for a change, or says why the desk refuses it."""
        if order["status"] in codes.CLOSED_STATUS:
            return codes.STATUS_FORBIDS
        holder = self.locks.take(order["order_no"], session)
        return codes.locked(holder) if holder else None

    def _expire_sessions(self, _: str) -> None:
        self.sessions.drop_all()
        self.locks.release_all()

    def _lock_order(self, order_no: str) -> None:
        if order_no:
            self.locks.pin(order_no)

    def _status(self) -> dict[str, Any]:
        return {
            "locked_orders": self.locks.pinned(),
            "locks": self.locks.all(),
            "sessions": self.sessions.count(),
            "failed_signins": dict(self.sessions.failed),
        }


def create_app(settings: Settings) -> FastAPI:
    """The order desk as a web application, with its data open until the application ends."""
    desk = OrderDesk(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        desk.store.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    faults_.install(app, desk.faults, lambda _: _plain(codes.NOT_AVAILABLE, 503))
    _add_entrance(app, desk)
    _add_search(app, desk)
    _add_changes(app, desk)

    @app.get("/ledger.json")
    async def ledger() -> list[Row]:
        return desk.store.ledger()

    @app.exception_handler(SessionExpiredError)
    async def expired(request: Request, _: Exception) -> HTMLResponse:
        return _show(request, "message", {"msg": codes.SESSION_EXPIRED})

    @app.exception_handler(faults_.CommittedThenFailedError)
    async def failed(_: Request, __: Exception) -> HTMLResponse:
        return _plain(codes.INTERNAL_ERROR, 500)

    return app


def _add_entrance(app: FastAPI, desk: OrderDesk) -> None:
    @app.get("/")
    async def frameset(request: Request) -> Response:
        if desk.sessions.find(request.cookies.get(COOKIE)) is None:
            return RedirectResponse("/signin", status_code=303)
        return _show(request, "frameset", {})

    @app.get("/signin")
    async def sign_in_screen(request: Request) -> HTMLResponse:
        return _show(request, "signin", {"typed": ""})

    @app.post("/signin")
    async def sign_in(request: Request) -> Response:
        typed = await _typed(request, "user", "password")
        session = desk.sessions.sign_in(typed["user"], typed["password"])
        if session is None:
            return _show(request, "signin", {"msg": codes.SIGN_IN_FAILED, "typed": typed["user"]})
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(COOKIE, session.id, httponly=True, samesite="lax")
        return answer

    @app.get("/signoff")
    async def sign_off(request: Request) -> RedirectResponse:
        cookie = request.cookies.get(COOKIE, "")
        desk.sessions.drop(cookie)
        desk.locks.release_session(cookie)
        answer = RedirectResponse("/signin", status_code=303)
        answer.delete_cookie(COOKIE)
        return answer

    @app.get("/menu")
    async def menu(request: Request) -> HTMLResponse:
        session = desk.session_of(request)
        return _show(request, "menu", {"user": session.user})


def _add_search(app: FastAPI, desk: OrderDesk) -> None:
    @app.get("/search")
    async def search(request: Request) -> HTMLResponse:
        session = desk.session_of(request)
        desk.locks.release_session(session.id)
        return _show(request, "search", {"user": session.user})

    @app.get("/result")
    async def result(request: Request, order_no: str = "", customer_no: str = "", name: str = "") -> Response:
        session = desk.session_of(request)
        desk.locks.release_session(session.id)
        if re.fullmatch("[0-9]+", order_no.strip()):
            return RedirectResponse(f"/order/{order_no.strip()}", status_code=303)
        customer_no, name = customer_no.strip(), name.strip()
        found = desk.orders.of_customer(customer_no, name) if customer_no or name else []
        if not found:
            return _show(request, "search", {"user": session.user, "msg": codes.NOT_FOUND})
        return _show(request, "list", {"user": session.user, "orders": found})

    @app.get("/order/{order_no}")
    async def display(request: Request, order_no: str) -> HTMLResponse:
        session = desk.session_of(request)
        desk.locks.release_session(session.id)
        return _show_order(request, desk, session, order_no, "")

    @app.get("/order/{order_no}/leave")
    async def leave(request: Request, order_no: str) -> RedirectResponse:
        session = desk.session_of(request)
        desk.locks.release(order_no, session)
        return RedirectResponse(f"/order/{order_no}", status_code=303)


def _add_changes(app: FastAPI, desk: OrderDesk) -> None:
    @app.get("/order/{order_no}/{path}")
    async def open_change(request: Request, order_no: str, path: str) -> HTMLResponse:
        session = desk.session_of(request)
        desk.locks.release_session(session.id)
        order, screen = desk.orders.get(order_no), forms.SCREENS.get(path)
        if order is None or screen is None:
            return _show_order(request, desk, session, order_no, "")
        refusal = desk.refusal(order, session)
        if refusal:
            return _show_order(request, desk, session, order_no, refusal)
        return _show_change(request, session, order, screen, {**screen.stored(order), "remarks": ""}, "")

    @app.post("/order/{order_no}/{path}")
    async def save_change(request: Request, order_no: str, path: str) -> HTMLResponse:
        screen = forms.SCREENS.get(path)
        names = [field.name for field in screen.fields] if screen else []
        typed = await _typed(request, *names, "remarks", "version")
        session = desk.session_of(request)
        order = desk.orders.get(order_no)
        if order is None or screen is None:
            return _show_order(request, desk, session, order_no, "")
        problem, fields = _judge(desk, session, order, screen, typed)
        if problem:
            return _show_change(request, session, order, screen, typed, problem)
        saved = desk.orders.save(order, screen.op, fields, typed["remarks"], session.user)
        desk.locks.release(order_no, session)
        await desk.faults.after_commit()
        context = {"user": session.user, "order_no": order_no, "change_no": saved.change_no}
        return _show(request, "saved", {**context, "msg": codes.saved(saved.change_no)})


def _judge(
    desk: OrderDesk, session: Session, order: Row, screen: forms.Screen, typed: forms.Typed
) -> tuple[str | None, dict[str, Any]]:
    """Why this save is refused, or what it writes. No await between this and the commit: that is the guard."""
    refusal = desk.refusal(order, session)
    if refusal:
        return refusal, {}
    version = int(typed["version"]) if re.fullmatch("[0-9]{1,9}", typed["version"]) else order["version"]
    other = desk.orders.overtaken_by(order["order_no"], version, session.user)
    if other:
        return codes.overtaken(other), {}
    try:
        return None, screen.read(typed)
    except forms.InvalidFieldError as field:
        return codes.invalid(str(field)), {}


async def _typed(request: Request, *names: str) -> forms.Typed:
    form = await request.form()
    return {name: str(form.get(name, "")).strip() for name in names}


def _show_order(request: Request, desk: OrderDesk, session: Session, order_no: str, msg: str) -> HTMLResponse:
    order = desk.orders.get(order_no)
    if order is None:
        return _show(request, "search", {"user": session.user, "msg": codes.NOT_FOUND})
    changes = desk.orders.changes(order_no)
    return _show(request, "order", {"user": session.user, "msg": msg, "o": order, "changes": changes})


def _show_change(
    request: Request, session: Session, order: Row, screen: forms.Screen, typed: forms.Typed, msg: str
) -> HTMLResponse:
    version = typed.get("version") or order["version"]
    context = {"user": session.user, "o": order, "screen": screen, "typed": typed, "version": version, "msg": msg}
    return _show(request, "change", context)


def _show(request: Request, template: str, context: dict[str, Any]) -> HTMLResponse:
    answer = _templates.TemplateResponse(request, f"{template}.html", context)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _plain(message: str, status: int) -> HTMLResponse:
    page = f'<html><head><title>ORDERDESK</title></head><body><h1 id="msg">{message}</h1></body></html>'
    return HTMLResponse(page, status_code=status)
