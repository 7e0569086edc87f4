"""The change screens at work: opened under the record lock, judged, committed, answered; the return in its window."""

import asyncio
import re
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from demo.faults import CommittedThenFailedError
from demo.orderdesk import codes, forms, layouts, misdeeds
from demo.orderdesk.desk import OrderDesk
from demo.orderdesk.sessions import Session

_MOST_LINES = 5
_late: set[asyncio.Task[Any]] = set()


def add(app: FastAPI, desk: OrderDesk) -> None:
    """Gives the app its change screens."""
    _add_return(app, desk)

    @app.get("/order/{order_no}/{path:path}")
    async def open_change(request: Request, order_no: str, path: str) -> HTMLResponse:
        session = desk.session_of(request)
        desk.locks.release_session(session.id)
        order, screen = desk.orders.get(order_no), forms.SCREENS.get(path)
        if order is None or screen is None:
            return desk.show_order(request, session, order_no)
        refusal = desk.refusal(order, screen, session)
        if refusal:
            return desk.show_order(request, session, order_no, refusal)
        answer = desk.show_change(request, session, order, screen, {**screen.stored(order), "remarks": ""})
        desk.expire("open")
        return answer

    @app.post("/order/{order_no}/{path:path}")
    async def save_change(request: Request, order_no: str, path: str) -> HTMLResponse:
        form = {name: str(value).strip() for name, value in (await request.form()).items()}
        desk.expire("save")
        session = desk.session_of(request)
        order, screen = desk.orders.get(order_no), forms.SCREENS.get(path)
        if order is None or screen is None:
            return desk.show_order(request, session, order_no)
        saving = _Saving(desk, session, order_no, screen, _typed(desk, screen, form, screen.stored(order)))
        if desk.faults.on("commit_late_seconds") and desk.faults.text("commit_late_answer") == "is 500":
            late = asyncio.create_task(saving.run())
            _late.add(late)
            late.add_done_callback(_late.discard)
            raise CommittedThenFailedError
        problem, number = await saving.run()
        if problem and problem != codes.DUPLICATE:
            return desk.show_change(request, session, order, screen, saving.typed, problem)
        return await _answer(request, desk, saving, number) if number else _ask(request, desk, saving)


class _Saving:
    """One save: what is typed, and its commit."""

    def __init__(
        self, desk: OrderDesk, session: Session, order_no: str, screen: forms.Screen, typed: forms.Typed
    ) -> None:
        self.desk, self.session, self.order_no, self.screen, self.typed = desk, session, order_no, screen, typed

    async def run(self) -> tuple[str, str]:
        """Why the save is refused, else the number it was committed under."""
        await self.desk.faults.before_commit()
        problem, fields = self._judge()  # no await between this and the commit: that is the guard
        sheet = self.desk.orders.sheet(self.order_no)
        if problem or sheet is None:
            return problem, ""
        kept = misdeeds.written(self.desk.faults, fields)
        number = self.desk.orders.save(sheet, self.screen, kept, self.typed["remarks"], self.session.user)
        self.desk.locks.release(self.order_no, self.session)
        return "", number

    def _judge(self) -> tuple[str, dict[str, Any]]:
        sheet = self.desk.orders.sheet(self.order_no)
        assert sheet is not None
        order, typed = sheet.order, self.typed
        refusal = self.desk.refusal(order, self.screen, self.session)
        if refusal:
            return refusal, {}
        version = int(typed["version"]) if re.fullmatch("[0-9]{1,9}", typed["version"]) else order["version"]
        other = self.desk.orders.overtaken_by(order["order_no"], version, self.session.user)
        if other:
            return codes.overtaken(other), {}
        if typed.get("missing"):
            return codes.invalid(typed["missing"]), {}
        try:
            fields = self.screen.read(typed)
        except forms.InvalidFieldError as field:
            return codes.invalid(str(field)), {}
        return self._against_records(sheet.records, fields)

    def _against_records(self, records: dict[str, list[Any]], fields: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        warns = self.desk.faults.on("duplicate_warning") and "force" not in self.typed
        if self.screen.record == "refund" and records["refund"] and warns:
            return codes.DUPLICATE, {}
        if self.screen.record == "line":
            if not records["return"]:
                return codes.NO_RETURN, {}
            fields = {**fields, "return_no": records["return"][-1]["number"]}
            if records["return"][-1]["lines"] >= _MOST_LINES:
                return codes.RETURN_FULL, {}
        if self.screen.op == "UNBL" and fields["block"] not in [found["block"] for found in records["block"]]:
            return codes.NO_BLOCK, {}
        return "", fields


def _typed(desk: OrderDesk, screen: forms.Screen, form: forms.Typed, stored: forms.Typed) -> forms.Typed:
    """What was typed by the fields' own names, whatever this layout calls its inputs."""
    lines = layouts.change_form(screen, misdeeds.layout_of(desk.faults, screen.path))
    names = {line.field.name: line.name for line in lines}
    typed = {name: form.get(names.get(name, name), old) for name, old in stored.items()}
    for name in ("remarks", "version", "return_no"):
        typed[name] = form.get(names.get(name, name), "")
    if "cost_centre" in names and not form.get("cost_centre"):
        typed["missing"] = layouts.COST_CENTRE.caption
    return {**typed, **{name: form[name] for name in ("force", "again") if name in form}}


def _ask(request: Request, desk: OrderDesk, saving: _Saving) -> HTMLResponse:
    dialog = desk.faults.text("duplicate_warning") == "dialog"
    context = {"user": saving.session.user, "msg": codes.DUPLICATE, "dialog": dialog, **_form_of(saving)}
    return desk.show(request, "question", context)


async def _answer(request: Request, desk: OrderDesk, saving: _Saving, number: str) -> HTMLResponse:
    await desk.faults.after_commit()
    desk.expire("saved")
    desk.session_of(request)
    again = desk.faults.on("double_submit") and "again" not in saving.typed
    context = {"user": saving.session.user, "msg": codes.saved(number), "change_no": number, "again": again}
    return desk.show(request, "saved", {**context, **_form_of(saving)})


def _form_of(saving: _Saving) -> dict[str, Any]:
    return {"order_no": saving.order_no, "screen": saving.screen, "typed": saving.typed}


def _add_return(app: FastAPI, desk: OrderDesk) -> None:
    """The return to sender: a window of its own with two frames, first its header, then a parcel at a time."""

    @app.get("/order/{order_no}/leave")
    async def leave(request: Request, order_no: str) -> RedirectResponse:
        session = desk.session_of(request)
        desk.locks.release(order_no, session)
        return RedirectResponse(f"/order/{order_no}", status_code=303)

    @app.get("/order/{order_no}/return")
    async def window(request: Request, order_no: str) -> HTMLResponse:
        desk.session_of(request)
        return desk.show(request, "wizard", {"order_no": order_no})

    @app.get("/order/{order_no}/return/steps")
    async def steps(request: Request, order_no: str) -> HTMLResponse:
        desk.session_of(request)
        sheet = desk.orders.sheet(order_no)
        return desk.show(request, "steps", {"order_no": order_no, "returns": sheet.records["return"] if sheet else []})

    @app.get("/order/{order_no}/return/form")
    async def first(request: Request, order_no: str) -> RedirectResponse:
        desk.session_of(request)
        sheet = desk.orders.sheet(order_no)
        step = "line" if sheet and sheet.records["return"] else "header"
        return RedirectResponse(f"/order/{order_no}/return/{step}", status_code=303)
