"""The desk behind the screens: orders, sessions, locks and faults of one process, and how a screen is shown."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from demo import faults as faults_
from demo.orderdesk import codes, layouts, misdeeds
from demo.orderdesk.forms import Screen, Typed
from demo.orderdesk.orders import SCHEMA, Orders
from demo.orderdesk.sessions import Locks, Session, Sessions
from demo.store import Row, Store

COOKIE = "ODSESSION"
MODAL_COOKIE = "ODMODAL"
_templates = Jinja2Templates(directory=Path(__file__).parent / "templates")


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
    """One order desk."""

    def __init__(self, settings: Settings) -> None:
        self.store = Store(settings.data, "orderdesk", SCHEMA)
        self.orders = Orders(self.store)
        self.orders.seed(settings.orders)
        self.sessions = Sessions(time.monotonic, settings.session_idle)
        self.locks = Locks(time.monotonic, settings.lock_seconds)
        actions = {
            "expire_sessions": lambda _: self.drop_sessions(),
            "lock_order": self._lock_order,
            "unlock_order": self.locks.unpin,
            "block_order": self.orders.block,
            "unlock_account": self.sessions.unlock,
        }
        self.faults = faults_.Faults("orderdesk", actions, self._status, misdeeds.SWITCHES, misdeeds.BUTTONS)

    def session_of(self, request: Request) -> Session:
        """The session of this request; SessionExpiredError otherwise, and its locks are gone."""
        cookie = request.cookies.get(COOKIE)
        session = self.sessions.find(cookie)
        if session is None:
            self.locks.release_session(cookie or "")
            raise SessionExpiredError
        return session

    def refusal(self, order: Row, screen: Screen, session: Session) -> str | None:
        """Takes the record lock for a change, or says why the desk refuses it."""
        if order["status"] in screen.closed:
            return codes.STATUS_FORBIDS
        holder = self.locks.take(order["order_no"], session)
        return codes.locked(holder) if holder else None

    def turned_away(self, user: str, password: str) -> str:
        """Why that sign-in does not let anybody in; nothing when it does."""
        if user.lower() in self.sessions.locked():
            return codes.ACCOUNT_LOCKED
        if not self.sessions.knows(user, password):
            return codes.SIGN_IN_FAILED
        return codes.PASSWORD_EXPIRED if self._named("password_expired", user) else ""

    def asks_for_code(self, user: str) -> bool:
        """Whether that account needs a one-time code too."""
        return self._named("one_time_code", user)

    def expire(self, at: str) -> None:
        """Signs everybody off when that is switched on for this moment, once."""
        if self.faults.text("expire_at") == at:
            self.faults.once("expire_at")
            self.drop_sessions()

    def drop_sessions(self) -> None:
        """Signs everybody off."""
        self.sessions.drop_all()
        self.locks.release_all()

    def show(self, request: Request, template: str, context: dict[str, Any], screen: str = "") -> HTMLResponse:
        """A screen; `screen` is the path of a change screen, for what stands in front of it."""
        modal = misdeeds.modal_of(self.faults, screen, request.cookies.get(MODAL_COOKIE, ""))
        answer = _templates.TemplateResponse(request, f"{template}.html", {**context, "modal": modal})
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def show_order(self, request: Request, session: Session, order_no: str, msg: str = "") -> HTMLResponse:
        """The display of one order, or the search screen when there is none."""
        sheet = self.orders.sheet(order_no, self.faults.number("lag_seconds"))
        if sheet is None:
            return self.show(request, "search", {"user": session.user, "msg": codes.NOT_FOUND})
        order = misdeeds.hostile(sheet.order) if self.faults.on("hostile_text") else sheet.order
        layout = misdeeds.layout_of(self.faults, misdeeds.DISPLAY)
        rows = layouts.display(order, layout)
        context = {"user": session.user, "msg": msg, "o": order, "rows": rows, "sheet": sheet, "layout": layout}
        return self.show(request, "order", context)

    def show_change(
        self, request: Request, session: Session, order: Row, screen: Screen, typed: Typed, msg: str = ""
    ) -> HTMLResponse:
        """A change screen with what is typed."""
        lines = layouts.change_form(screen, misdeeds.layout_of(self.faults, screen.path))
        sheet = self.orders.sheet(order["order_no"])
        assert sheet is not None
        context = {
            "user": session.user, "o": order, "screen": screen, "lines": lines, "typed": typed, "msg": msg,
            "version": typed.get("version") or order["version"],
            "head": sheet.records["return"][-1] if screen.record == "line" and sheet.records["return"] else None,
        }  # fmt: skip
        return self.show(request, "change", context, screen.path)

    def _named(self, switch: str, user: str) -> bool:
        named = [name.strip() for name in self.faults.text(switch).lower().split(",")]
        return "*" in named or user.strip().lower() in named

    def _lock_order(self, order_no: str) -> None:
        if order_no:
            self.locks.pin(order_no)

    def _status(self) -> dict[str, Any]:
        return {
            "locked_orders": self.locks.pinned(),
            "locks": self.locks.all(),
            "sessions": self.sessions.count(),
            "failed_signins": dict(self.sessions.failed),
            "locked_accounts": self.sessions.locked(),
        }
