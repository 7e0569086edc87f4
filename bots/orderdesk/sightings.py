"""What the order display means for a job: the order itself, or a line of one of its lists. No locators, no clicks."""

import re

from bots.kit.contract import Job
from bots.kit.layouts import expect
from bots.orderdesk import forms
from bots.orderdesk.forms import ChangeScreen
from bots.orderdesk.screens import Seen
from core.faults import ScreenUnexpected
from core.outcome import Answer, Difference, Sighting
from core.work_item import Kind
from failure.difference import Layout

FORMS: dict[str, ChangeScreen] = {
    "mark_failed_delivery": forms.FAILURE,
    "reschedule": forms.DATE,
    "correct_address": forms.ADDRESS,
    "refund": forms.REFUND,
    "return_to_sender": forms.RETURN,
    "remove_block": forms.BLOCK,
}


def form_of(job: Job) -> ChangeScreen:
    """The screen that takes this commit; a return has one for its header and one for each parcel."""
    return forms.LINE if job.part.name.startswith("line-") else FORMS[job.operation.name]


def check_display(display: Seen) -> None:
    """Raise ScreenUnexpected unless the order display is cell for cell and column for column the known one."""
    cells = [(caption, name) for caption, name, _ in display.cells]
    expect(Layout.of(display.screen, cells, "cell"), Layout.of(display.screen, forms.CELLS, "cell"))
    for name in sorted({"changes"} | display.lists.keys()):
        found, known = display.lists.get(name), forms.LISTS[name]
        if found is None or not found.rows:
            known = [(caption, "") for caption, _ in known]
        columns = found.columns if found is not None else []
        expect(Layout.of(display.screen, columns, "column"), Layout.of(display.screen, known, "column"))


def check_form(seen: Seen, screen: ChangeScreen, order_no: str) -> None:
    """Raise ScreenUnexpected unless the change screen is exactly the one that is known, field for field."""
    known, fields = screen.layout, [(caption, name) for caption, name, _ in seen.inputs]
    expect(Layout.of(known.screen, fields, title=seen.title), known)
    if seen.order_no != order_no:
        raise ScreenUnexpected(f"{known.screen} is not that of {order_no}")


def named(display: Seen) -> dict[str, str]:
    """The display's fields under the names of `systems.orderdesk`."""
    fields = {name: text for _, name, text in display.cells}
    return {**fields, "delivery_date": fields.get("date", "")}


def of_list(order_no: str, display: Seen) -> Sighting:
    """A list where one order was asked for: several of that very number, or nothing one can rely on."""
    same_number = [number for number, _ in display.orders if number == order_no]
    if len(same_number) < 2:
        return Sighting(readable=False)
    return Sighting(records=[{"order_no": number} for number in same_number], ours=[False] * len(same_number))


def of_display(job: Job, order_no: str, display: Seen) -> Sighting:
    """What the display shows of the job's record; unreadable when it is another order's."""
    fields = named(display)
    if fields.get("order_no") != order_no:
        return Sighting(readable=False)
    numbers = _our_changes(job, display)
    confirmation = numbers[-1] if numbers else None  # newest first: the first entry counts, should there be two
    if not form_of(job).records:
        record = {field.name: fields[field.name] for field in job.part.fields}
        return Sighting(records=[record], ours=[bool(numbers)], confirmation=confirmation)
    return _of_records(job, _rows(job, display), confirmation)


def shows_it(job: Job, seen: Sighting) -> bool:
    """Whether the entry that was just saved is to be seen, as it was entered or otherwise."""
    if job.part.kind is Kind.REMOVE:
        return job.part.judge(seen, None) is Answer.AFTER
    return True in seen.ours


def stands_against(job: Job, display: Seen) -> list[Difference]:
    """The newest record of this kind that stands on the order, field for field beside what we wanted to add."""
    found = display.lists.get(form_of(job).records)
    if found is None or not found.rows:
        return []
    there, wanted = found.rows[-1], job.part.image
    return [
        Difference(field=field.name, label=field.label, wanted=wanted[field.name], seen=there.get(field.name, ""))
        for field in job.part.fields
    ]


def _of_records(job: Job, rows: list[dict[str, str]], change: str | None) -> Sighting:
    """The records that can be meant. What the changes tell of under our reference was entered, whatever stands now."""
    removes = job.part.kind is Kind.REMOVE
    ours = [change is not None if removes else _bears(job, row) for row in rows]
    if change is not None and not removes and not any(ours):
        return Sighting(readable=False)  # it was made and is gone: a person looks
    numbers = [row["number"] for row, mine in zip(rows, ours, strict=True) if mine and not removes]
    names = [field.name for field in job.part.fields]
    return Sighting(
        records=[{name: row[name] for name in names} for row in rows],
        ours=ours,
        confirmation=change if removes else (numbers[0] if numbers else None),
    )


def _rows(job: Job, display: Seen) -> list[dict[str, str]]:
    """The lines of the job's list that can be meant: refunds are told by our reference, the rest by what they are too.

    A line of ours with another value counts: it was entered before its value was corrected.
    """
    found = display.lists.get(form_of(job).records)
    rows = found.rows if found else []
    if job.part.kind is Kind.AMOUNT:
        return [row for row in rows if _bears(job, row)]
    key = {"lines": "parcel", "blocks": "block"}.get(form_of(job).records)
    return [row for row in rows if key is None or row[key] == job.part.image[key] or _bears(job, row)]


def _bears(job: Job, row: dict[str, str]) -> bool:
    return _mine(job).search(row.get("text", "")) is not None


def _our_changes(job: Job, display: Seen) -> list[str]:
    kind = form_of(job).kind
    changes = display.lists["changes"].rows
    return [row["c_no"] for row in changes if row["c_op"] == kind and _mine(job).search(row["c_text"])]


def _mine(job: Job) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(job.reference)}(?![A-Z0-9])")
