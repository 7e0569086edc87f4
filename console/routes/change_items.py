"""Items done since a system change: drawn at random, looked at side by side with their screens, marked, handed on."""

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from starlette.responses import Response

from console import change_view, entry_sheet, intake_file
from console.access import MindsChanges, Parts
from console.collaborators import Collaborators
from console.forms import check, new_key, typed
from console.item_view import one_card
from console.kept import KeepsTyped
from console.pages import go, page
from console.problems import not_found
from console.routes.system_changes import find
from records import system_changes
from records.system_change import ItemMark, SystemChange, Verdict
from records.system_changes import COUNTED, DoneItem, Show
from records.told import Tell, tell
from systems.registry import SYSTEMS

router = APIRouter(prefix="/system-changes/{change_id}", route_class=KeepsTyped)

MOST_DRAWN = 200


class Marked(BaseModel):
    """What somebody found; what is wrong needs a word on how."""

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    why: Annotated[str, BeforeValidator(str), StringConstraints(strip_whitespace=True, max_length=500)] = Field(
        "", title="What is wrong, or what you looked at"
    )

    @model_validator(mode="after")
    def _said(self) -> "Marked":
        if self.verdict is Verdict.WRONG and len(self.why) < 3:
            raise ValueError("Say what is wrong, so that whoever mends it knows")
        return self


@router.post("/samples")
async def draw(
    parts: Parts,
    person: MindsChanges,
    change_id: uuid.UUID,
    count: Annotated[str, Form()] = "",
    key: Annotated[str, Form()] = "",
) -> Response:
    """Draw some at random; which ones is kept."""
    here = f"/system-changes/{change_id}"
    await find(parts, change_id)
    wanted = int(count) if count.isdecimal() and count.isascii() and len(count) < 5 else 0
    if not 1 <= wanted <= MOST_DRAWN:
        return go(here, f"Say how many to draw: 1 to {MOST_DRAWN} at a time.", "bad")
    async with parts.database.session() as session:
        change = await system_changes.locked(session, change_id)
        assert change is not None
        drawn = await system_changes.draw(session, change, wanted, key or new_key(), person.email, parts.clock())
    said = f"{drawn} drawn at random." if drawn else "Every item is in the sample already, or there is none yet."
    return go(f"{here}?show=sample", said, "good" if drawn else "note")


@router.get("/items/{item_id}")
async def one(
    request: Request,
    parts: Parts,
    _person: MindsChanges,
    change_id: uuid.UUID,
    item_id: uuid.UUID,
    show: Show = Show.ALL,
) -> Response:
    """What we hold entered, beside what the screen showed."""
    return await _draw(request, parts, await find(parts, change_id), item_id, show)


@router.post("/items/{item_id}/marks")
async def mark(
    request: Request,
    parts: Parts,
    person: MindsChanges,
    change_id: uuid.UUID,
    item_id: uuid.UUID,
    show: Show = Show.ALL,
) -> Response:
    """Mark it, and go on to the next that nobody has marked; or take the mark away."""
    values, change, now = await typed(request), await find(parts, change_id), parts.clock()
    if values.get("verdict") == "none":
        async with parts.database.session() as session:
            await system_changes.unmark(session, change, item_id, person.email, now)
        return go(f"/system-changes/{change_id}/items/{item_id}?show={show.value}", "The mark is taken away.")
    marked, errors = check(Marked, values)
    if marked is None:
        wrong = [error.message for error in errors]
        return await _draw(request, parts, change, item_id, show, values=values, wrong=wrong, status=422)
    await _row(parts, change, item_id)
    wanted = ItemMark(change_id=change_id, item_id=item_id, by=person.email, at=now, **marked.model_dump())
    async with parts.database.session() as session:
        locked = await system_changes.locked(session, change_id)
        assert locked is not None
        other = await system_changes.mark(session, wanted, _moment(values.get("seen", "")))
        left = await system_changes.items(session, locked, show, after=item_id, limit=1, unmarked=True)
        left = left or await system_changes.items(session, locked, show, limit=1, unmarked=True)
    if other is not None:
        said = f"{other.by} marked it {other.verdict.value} meanwhile{f': {other.why}' if other.why else ''}."
        wrong = [said, "Send yours again to replace it."]
        return await _draw(request, parts, change, item_id, show, values=values, wrong=wrong, status=409)
    here, said = f"/system-changes/{change_id}", f"Marked {marked.verdict.value}."
    if left and show not in (Show.RIGHT, Show.WRONG):
        return go(f"{here}/items/{left[0].item.id}?show={show.value}", said)
    return go(f"{here}?show={show.value}", f"{said} No other waits for a look here.")


@router.get("/exports/{operation}")
async def export(parts: Parts, _person: MindsChanges, change_id: uuid.UUID, operation: str) -> Response:
    """What is marked wrong of one operation, as rows that can be mended and uploaded as plain entry."""
    change = await find(parts, change_id)
    if not change_view.known(change.system, operation):
        raise not_found("This operation")
    async with parts.database.session() as session:
        rows = await system_changes.items(session, change, Show.WRONG, limit=COUNTED)
        contents = await system_changes.contents(session, [one.item for one in rows if one.item.operation == operation])
    named = entry_sheet.titles(SYSTEMS[change.system].operations[operation])
    found = [
        ([_cell(contents[one.item.id].get(name)) for name in named], _reason(one))
        for one in rows
        if one.item.id in contents
    ]
    name = {"Content-Disposition": f'attachment; filename="wrong-{change.system}-{operation}.csv"'}
    return Response(
        intake_file.write(list(named.values()), ",", found), media_type="text/csv; charset=utf-8", headers=name
    )


@router.post("/tellings")
async def tell_leads(parts: Parts, person: MindsChanges, change_id: uuid.UUID) -> Response:
    """Tell the supervisors what is marked wrong; once for so many."""
    change = await find(parts, change_id)
    async with parts.database.session() as session:
        wrong = (await system_changes.tally(session, change)).wrong
        what = change.what.split("\n", 1)[0][:120]
        one = Tell(
            kind="entered_wrong",
            occurrence=f"system_change/{change.id}/wrong/{wrong}",
            to="role:supervisor",
            text=f"{wrong} {'entry is' if wrong == 1 else 'entries are'} marked wrong since “{what}” ({person.name}).",
            path=f"/system-changes/{change.id}?show=wrong",
        )
        if wrong:
            await tell(session, parts.clock(), one)
    said = "The supervisors are told." if wrong else "Nothing is marked wrong, so nobody is told."
    return go(f"/system-changes/{change_id}?show=wrong", said, "good" if wrong else "note")


async def _row(parts: Collaborators, change: SystemChange, item_id: uuid.UUID) -> DoneItem:
    async with parts.database.session() as session:
        row = await system_changes.one_item(session, change, item_id)
    if row is None or not change_view.known(row.item.system, row.item.operation):
        raise not_found("An entry of this kind, done since this change,")
    return row


async def _draw(
    request: Request,
    parts: Collaborators,
    change: SystemChange,
    item_id: uuid.UUID,
    show: Show,
    *,
    values: dict[str, str] | None = None,
    wrong: Sequence[str] = (),
    status: int = 200,
) -> Response:
    row = await _row(parts, change, item_id)
    async with parts.database.session() as session:
        card = await one_card(session, item_id)
        after = await system_changes.items(session, change, show, after=item_id, limit=1)
    assert card is not None
    return page(
        request,
        "system_changes/item.html",
        status=status,
        change=change,
        side=change_view.side(row, card),
        show=show,
        next=after[0].item.id if after else None,
        view=change_view,
        why=(values or {}).get("why", row.mark.why if row.mark else ""),
        wrong=wrong,
    )


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def _reason(row: DoneItem) -> str:
    item, found = row.item, row.mark
    said = f"{found.why} ({found.by})" if found is not None else ""
    return f"{said}; entered as {item.reference}{f', confirmed as {item.confirmation}' if item.confirmation else ''}"


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(str(one) for one in value)
    return "" if value is None else json.dumps(value) if isinstance(value, dict | bool) else str(value)
