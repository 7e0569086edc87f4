"""What the board's screens mean for a job: a booking, its changes, the free cells of a week. No locators, no clicks."""

import re
from collections.abc import Sequence
from datetime import date, timedelta

from bots.fieldboard import forms
from bots.fieldboard.forms import FormScreen
from bots.fieldboard.screens import Row, Seen
from bots.kit.contract import Job
from bots.kit.layouts import expect
from core.faults import ScreenUnexpected
from core.outcome import Answer, Sighting
from core.work_item import Kind
from failure.difference import Layout
from systems.fieldboard import BOOKED, FreeSlot, SlotsWanted, screen_date

FORMS: dict[str, FormScreen] = {"book": forms.BOOK, "move": forms.MOVE, "cancel_booking": forms.CANCEL}


def form_of(job: Job) -> FormScreen:
    """The form that takes this job."""
    return FORMS[job.operation.name]


def listed(seen: Seen, reference: str) -> list[dict[str, str]]:
    """The rows of exactly this reference; the board finds whatever begins so. Raises ScreenUnexpected."""
    if seen.bookings is None or len(seen.bookings.rows) >= forms.MOST_ROWS:
        raise ScreenUnexpected("the list of bookings is missing, or too long to be whole")
    _expect_columns(seen, seen.bookings.columns, forms.BOOKINGS)
    return [row for row in seen.bookings.rows if row["reference"] == reference]


def check_display(display: Seen, booking_no: str, reference: str) -> None:
    """Raise ScreenUnexpected unless the display is cell for cell the known one, and that of this booking."""
    cells = [(caption, name) for caption, name, _ in display.cells]
    expect(Layout.of(display.screen, cells, "cell"), Layout.of(display.screen, forms.CELLS, "cell"))
    _expect_columns(display, display.changes.columns if display.changes else [], forms.CHANGES)
    fields = named(display)
    if (fields["booking_no"], fields["reference"]) != (booking_no, reference):
        raise ScreenUnexpected(f"the display is not that of {booking_no}")


def check_form(seen: Seen, screen: FormScreen, booking_no: str, reference: str) -> None:
    """Raise ScreenUnexpected unless the form is exactly the known one, field for field, of that booking."""
    known, fields = screen.layout, [(caption, name) for caption, name, _ in seen.inputs]
    expect(Layout.of(known.screen, fields, title=seen.title), known)
    if (seen.booking_no, seen.reference) != (booking_no, reference):
        raise ScreenUnexpected(f"{known.screen} is not that of {booking_no or 'a new booking'}")


def _expect_columns(seen: Seen, found: list[tuple[str, str]], known: list[tuple[str, str]]) -> None:
    expect(Layout.of(seen.screen, found, "column"), Layout.of(seen.screen, known, "column"))


def named(display: Seen) -> dict[str, str]:
    """The display's fields under the names of `systems.fieldboard`."""
    return {name: text for _, name, text in display.cells}


def of_several(job: Job, rows: Sequence[dict[str, str]]) -> Sighting:
    """More than one booking stands under the reference: a person says which one is meant."""
    names = [field.name for field in job.part.fields]
    return Sighting(records=[{name: row.get(name, "") for name in names} for row in rows], ours=[False] * len(rows))


def of_displays(job: Job, displays: Sequence[Seen]) -> Sighting:
    """What the bookings of a reference, one standing at most, mean for the job.

    What stands in a cancelled one under our own reference was entered and is gone since. For a cancellation that is the
    end; for anything else a person looks.
    """
    standing = [display for display in displays if named(display)["status"] == BOOKED]
    gone = [number for display in displays if display not in standing for number in _our_changes(job, display)]
    if job.part.kind is Kind.REMOVE:
        records = [] if gone else [_record(job, display) for display in standing]
        return Sighting(records=records, ours=[False] * len(records), confirmation=gone[0] if gone else None)
    if gone:
        return Sighting(readable=False)
    numbers = [_our_changes(job, display) for display in standing]
    return Sighting(
        records=[_record(job, display) for display in standing],
        ours=[bool(ours) for ours in numbers],
        confirmation=numbers[0][0] if numbers and numbers[0] else None,
    )


def shows_it(job: Job, seen: Sighting) -> bool:
    """Whether the entry that was just saved is to be seen, as it was entered or otherwise."""
    if job.part.kind is Kind.REMOVE:
        return job.part.judge(seen, None) is Answer.AFTER
    return True in seen.ours


def cell_of(technician: str, day: str, slot: str) -> str:
    """What the grid calls that place."""
    return f"s{technician}_{day}_{slot}"


def mark_of(seen: Seen, cell: str) -> str:
    """What that cell of the week is; empty when the grid does not have it."""
    return next((mark for row in seen.grid for name, mark in row.cells if name == cell), "")


def check_week(seen: Seen, monday: date) -> None:
    """Raise ScreenUnexpected unless the grid is head for head, row for row, the known one, of that week."""
    days = [monday + timedelta(days=at) for at in range(forms.DAYS)]
    _expect_columns(seen, _bare(seen.head + seen.hours), _bare(forms.GRID + forms.HOURS * forms.DAYS))
    if [text.partition(" ")[2] for text in seen.days] != [screen_date(day) for day in days]:
        raise ScreenUnexpected(f"the days of the board are not those from {screen_date(monday)} on")
    slots = [hours.partition(" ")[0] for hours in forms.HOURS]
    for row in seen.grid:
        places = [cell_of(row.technician, screen_date(day), slot) for day in days for slot in slots]
        if [name for name, _ in row.cells] != places:
            raise ScreenUnexpected(f"the row of {row.technician} is not as it is known")
    if not seen.grid:
        raise ScreenUnexpected("the board has no rows")


def _bare(captions: list[str]) -> list[tuple[str, str]]:
    return [(caption, "") for caption in captions]


def free_in(seen: Seen, wanted: SlotsWanted, monday: date) -> list[FreeSlot]:
    """The free cells of a week that was checked, by whom the skill and the postcode allow, within the window."""
    able = [row for row in seen.grid if _suits(row, wanted)]
    days = [monday + timedelta(days=at) for at in range(forms.DAYS)]
    slots = [hours.partition(" ")[0] for hours in forms.HOURS]
    places = [(day, slot) for day in days for slot in slots]
    return [
        FreeSlot(day=day, slot_code=slot, technician=row.technician)
        for row in able
        for (day, slot), (_, mark) in zip(places, row.cells, strict=True)
        if mark == forms.FREE
        and wanted.first <= day <= wanted.last
        and (not wanted.slot_codes or slot in wanted.slot_codes)
    ]


def _suits(row: Row, wanted: SlotsWanted) -> bool:
    everywhere = row.area == "0-9" or not wanted.postcode
    return wanted.skill_code in row.skills.split() and (everywhere or wanted.postcode.startswith(_areas(row)))


def _areas(row: Row) -> tuple[str, ...]:
    return tuple(row.area.split())


def _record(job: Job, display: Seen) -> dict[str, str]:
    fields = named(display)
    return {field.name: fields[field.name] for field in job.part.fields}


def _our_changes(job: Job, display: Seen) -> list[str]:
    """Our own changes of this kind, the oldest first: the first entry counts, should there be two."""
    mine = re.compile(rf"\b{re.escape(job.reference)}(?![A-Z0-9])")
    rows = display.changes.rows if display.changes else []
    return [row["c_no"] for row in reversed(rows) if row["c_op"] == form_of(job).op and mine.search(row["c_text"])]
