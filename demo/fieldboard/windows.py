"""The booking window at work: opened from the board or a booking, judged, committed, answered."""

import asyncio
import re
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from demo.faults import CommittedThenFailedError
from demo.fieldboard import codes, forms, layouts, misdeeds
from demo.fieldboard.board import FieldBoard, address
from demo.orderdesk.sessions import Session
from demo.store import Row

_late: set[asyncio.Task[Any]] = set()


def add(app: FastAPI, board: FieldBoard) -> None:
    """Gives the app its booking window."""

    @app.get("/booking/new")
    async def new(request: Request, technician: str = "", day: str = "", slot: str = "") -> HTMLResponse:
        session = board.session_of(request)
        typed = {**forms.BOOKING.stored({}), "technician": technician, "day": day, "slot": slot, "remarks": ""}
        answer = board.show_form(request, session, None, forms.BOOKING, typed)
        board.expire("open")
        return answer

    @app.post("/booking/new")
    async def save_new(request: Request) -> HTMLResponse:
        return await _saved(board, request, None, forms.BOOKING)

    @app.get("/booking/{number}")
    async def display(request: Request, number: str) -> HTMLResponse:
        return board.show_booking(request, board.session_of(request), number)

    _add_changes(app, board)


def _add_changes(app: FastAPI, board: FieldBoard) -> None:
    @app.get("/booking/{number}/{path}")
    async def open_change(request: Request, number: str, path: str) -> HTMLResponse:
        session = board.session_of(request)
        booking, form = board.bookings.get(number), forms.CHANGES.get(path)
        if booking is None or form is None:
            return board.show_booking(request, session, number)
        if booking["status"] == codes.CANCELLED:
            return board.show_booking(request, session, number, codes.IS_CANCELLED)
        answer = board.show_form(request, session, booking, form, {**form.stored(booking), "remarks": ""})
        board.expire("open")
        return answer

    @app.post("/booking/{number}/{path}")
    async def save_change(request: Request, number: str, path: str) -> HTMLResponse:
        form = forms.CHANGES.get(path)
        if form is None or board.bookings.get(number) is None:
            return board.show_booking(request, board.session_of(request), number)
        return await _saved(board, request, number, form)


class _Saving:
    """One save: what is typed, and its commit."""

    def __init__(
        self, board: FieldBoard, session: Session, number: str | None, form: forms.Form, typed: forms.Typed
    ) -> None:
        self.board, self.session, self.number, self.form, self.typed = board, session, number, form, typed

    @property
    def booking(self) -> Row | None:
        """The booking as it is now; None for a new one."""
        return None if self.number is None else self.board.bookings.get(self.number)

    async def run(self) -> tuple[str, str]:
        """Why the save is refused, else the number it was committed under."""
        await self.board.faults.before_commit()
        problem, fields = self._judge()  # no await between this and the commit: that is the guard
        if problem:
            return problem, ""
        kept = misdeeds.written(self.board.faults, fields)
        remark, user = self.typed["remarks"], self.session.user
        return "", self.board.bookings.save(self.booking, self.form, kept, remark, user)

    def _judge(self) -> tuple[str, Row]:
        booking, typed, bookings = self.booking, self.typed, self.board.bookings
        if booking is not None:
            version = int(typed["version"]) if re.fullmatch("[0-9]{1,9}", typed["version"]) else booking["version"]
            other = bookings.overtaken_by(booking, version, self.session.user)
            if other:
                return codes.overtaken(other), {}
            if booking["status"] == codes.CANCELLED:
                return codes.IS_CANCELLED, {}
        if typed.get("missing"):
            return codes.invalid(typed["missing"]), {}
        try:
            fields = self.form.read(typed)
        except forms.InvalidFieldError as field:
            return codes.invalid(str(field)), {}
        if self.form is forms.CANCEL:
            return "", fields
        own, skill = (booking["booking_no"], booking["skill"]) if booking else ("", fields["skill"])
        refusal = bookings.refusal(fields, skill, own, self.board.today())
        sloppy = refusal == codes.TAKEN and "again" in typed  # a form that is sent twice overbooks a slot
        return "" if sloppy else refusal, fields


async def _saved(board: FieldBoard, request: Request, number: str | None, form: forms.Form) -> HTMLResponse:
    sent = {name: str(value).strip() for name, value in (await request.form()).items()}
    board.expire("save")
    session = board.session_of(request)
    saving = _Saving(board, session, number, form, _typed(board, form, sent))
    if board.faults.on("commit_late_seconds") and board.faults.text("commit_late_answer") == "is 500":
        late = asyncio.create_task(saving.run())
        _late.add(late)
        late.add_done_callback(_late.discard)
        raise CommittedThenFailedError
    problem, confirmation = await saving.run()
    if problem:
        return board.show_form(request, session, saving.booking, form, saving.typed, problem)
    await board.faults.after_commit()
    board.expire("saved")
    board.session_of(request)
    context = {
        "user": session.user, "msg": codes.saved(form.op, confirmation), "confirmation": confirmation,
        "booking_no": confirmation.partition("/")[0], "typed": saving.typed, "address": address(form, number or ""),
        "again": board.faults.on("double_submit") and "again" not in saving.typed,
    }  # fmt: skip
    return board.show(request, "saved", context)


def _typed(board: FieldBoard, form: forms.Form, sent: forms.Typed) -> forms.Typed:
    """What was typed by the fields' own names, whatever this layout calls its inputs."""
    lines = layouts.of_form(form, misdeeds.layout_of(board.faults, form.path))
    names = {line.field.name: line.name for line in lines}
    wanted = (*(field.name for field in form.fields), "remarks", "version")
    typed = {name: sent.get(names.get(name, name), "") for name in wanted}
    if "cost_centre" in names and not sent.get("cost_centre"):
        typed["missing"] = layouts.COST_CENTRE.caption
    return {**typed, **({"again": sent["again"]} if "again" in sent else {})}
