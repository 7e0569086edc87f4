"""The board behind the screens: bookings, sessions and faults of one process, and how a screen is shown."""

import os
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from demo import faults as faults_
from demo.fieldboard import codes, layouts, misdeeds, technicians
from demo.fieldboard.bookings import COLLEAGUE, SCHEMA, Bookings
from demo.fieldboard.forms import BOOKING, Form, Typed
from demo.orderdesk.sessions import Session, Sessions
from demo.store import Row, Store

COOKIE = "FBSESSION"
MODAL_COOKIE = "FBMODAL"
ACCOUNTS = 6
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_templates = Jinja2Templates(directory=Path(__file__).parent / "templates")


class SessionExpiredError(Exception):
    """No live session belongs to this request."""


@dataclass(frozen=True)
class Settings:
    """What the command line decides."""

    data: Path
    bookings: list[Row]
    session_idle: float = 900


class FieldBoard:
    """One dispatch board."""

    def __init__(self, settings: Settings) -> None:
        self.store = Store(settings.data, "fieldboard", SCHEMA)
        self.bookings = Bookings(self.store)
        self.bookings.seed(settings.bookings)
        self.sessions = Sessions(time.monotonic, settings.session_idle, _accounts())
        actions = {
            "expire_sessions": lambda _: self.sessions.drop_all(),
            "take_slot": self._take_slot,
            "send_home": self._send_home,
            "unlock_account": self.sessions.unlock,
        }
        self.faults = faults_.Faults("fieldboard", actions, self._status, misdeeds.SWITCHES, misdeeds.BUTTONS)

    def session_of(self, request: Request) -> Session:
        """The session of this request; SessionExpiredError otherwise."""
        session = self.sessions.find(request.cookies.get(COOKIE))
        if session is None:
            raise SessionExpiredError
        return session

    def turned_away(self, user: str, password: str) -> str:
        """Why that sign-in does not let anybody in; nothing when it does."""
        if user.lower() in self.sessions.locked():
            return codes.ACCOUNT_LOCKED
        if not self.sessions.knows(user, password):
            return codes.SIGN_IN_FAILED
        named = [name.strip() for name in self.faults.text("password_expired").lower().split(",")]
        return codes.PASSWORD_EXPIRED if "*" in named or user.strip().lower() in named else ""

    def expire(self, at: str) -> None:
        """Signs everybody off when that is switched on for this moment, once."""
        if self.faults.text("expire_at") == at:
            self.faults.once("expire_at")
            self.sessions.drop_all()

    def today(self) -> date:
        """The day by the wall clock of the office."""
        return datetime.now().astimezone().date()

    def show(self, request: Request, template: str, context: dict[str, Any], screen: str = "") -> HTMLResponse:
        """A screen; `screen` is the path of a form, for what stands in front of it."""
        modal = misdeeds.modal_of(self.faults, screen, request.cookies.get(MODAL_COOKIE, ""))
        more = {"modal": modal, "blocked": self.faults.on("popup_blocked")}
        answer = _templates.TemplateResponse(request, f"{template}.html", {**context, **more})
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def show_week(self, request: Request, session: Session, monday: date, msg: str = "") -> HTMLResponse:
        """The grid of one week: who has which slot of which technician."""
        days = [monday + timedelta(days=at) for at in range(len(_DAYS))]
        texts = [day.strftime("%d.%m.%Y") for day in days]
        taken, layout = self.bookings.on(texts), misdeeds.layout_of(self.faults, misdeeds.BOARD)
        rows = [
            (technician, [self._cell(technician.code, day, slot, taken) for day in days for slot in codes.SLOTS])
            for technician in technicians.ALL.values()
        ]
        context = {
            "user": session.user, "msg": msg, "rows": rows, "hours": layouts.hours(layout), "layout": layout,
            "days": [f"{name} {text}" for name, text in zip(_DAYS, texts, strict=True)], "monday": texts[0],
            "before": (monday - timedelta(days=7)).strftime("%d.%m.%Y"),
            "after": (monday + timedelta(days=7)).strftime("%d.%m.%Y"),
        }  # fmt: skip
        return self.show(request, "board", context)

    def show_booking(self, request: Request, session: Session, number: str, msg: str = "") -> HTMLResponse:
        """The display of one booking, or the search screen when there is none."""
        booking = self.bookings.get(number, self.faults.number("lag_seconds"))
        if booking is None:
            return self.show(request, "search", {"user": session.user, "msg": codes.NOT_FOUND})
        layout = misdeeds.layout_of(self.faults, misdeeds.DISPLAY)
        rows = layouts.display(misdeeds.shown(self.faults, booking), layout)
        context = {"user": session.user, "msg": msg, "b": booking, "rows": rows, "layout": layout}
        return self.show(request, "booking", context)

    def show_form(
        self, request: Request, session: Session, booking: Row | None, form: Form, typed: Typed, msg: str = ""
    ) -> HTMLResponse:
        """A form of the booking window with what is typed."""
        context = {
            "user": session.user, "b": booking, "form": form, "typed": typed, "msg": msg,
            "lines": layouts.of_form(form, misdeeds.layout_of(self.faults, form.path)),
            "asks": form.asks.format(booking["booking_no"] if booking else ""),
            "version": typed.get("version") or (booking["version"] if booking else ""),
            "address": address(form, booking["booking_no"] if booking else ""),
        }  # fmt: skip
        return self.show(request, "form", context, form.path)

    def _cell(self, technician: str, day: date, slot: str, taken: dict[tuple[str, str, str], str]) -> dict[str, str]:
        text = day.strftime("%d.%m.%Y")
        place = {"technician": technician, "day": text, "slot": slot, "id": f"s{technician}_{text}_{slot}"}
        booking = taken.get((technician, text, slot))
        if booking:
            return {**place, "kind": "taken", "booking_no": booking}
        if self.bookings.off(technician, day, slot):
            return {**place, "kind": "off"}
        return {**place, "kind": "past" if day < self.today() else "free"}

    def _take_slot(self, place: str) -> None:
        technician, day, slot = _words(place, 3)
        fields = {"technician": technician, "day": day, "slot": slot, "reference": "TEL-99999", "skill": "1"}
        named = {"name": "Somebody Else", "street": "Am Markt", "house_no": "1", "postcode": "28195", "city": "Bremen"}
        self.bookings.save(None, BOOKING, {**fields, **named, "phone": "0421 555 0199"}, "by phone", COLLEAGUE)

    def _send_home(self, place: str) -> None:
        self.bookings.send_home(*_words(place, 2))

    def _status(self) -> dict[str, Any]:
        return {
            "sessions": self.sessions.count(),
            "failed_signins": dict(self.sessions.failed),
            "locked_accounts": self.sessions.locked(),
        }


def address(form: Form, booking_no: str) -> str:
    """Where a form of the booking window is, and where it is sent."""
    return f"/booking/{booking_no}/{form.path}" if booking_no else f"/booking/{form.path}"


def monday_of(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def _words(text: str, count: int) -> list[str]:
    words = text.split()
    if len(words) != count:
        raise ValueError(f"{count} words are needed, not: {text}")
    return words


def _accounts() -> dict[str, str]:
    """Account name to password: the bots, and a colleague to play with."""
    bots = {
        f"disp{n:02}": os.environ.get(f"BATON_SECRET_FIELDBOARD_DISP{n:02}") or f"demo-disp-{n:02}"
        for n in range(1, ACCOUNTS + 1)
    }
    return {**bots, COLLEAGUE: "demo-meier"}
