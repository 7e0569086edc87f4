"""A booking on its way in: the same check and the same hand-in for the form and for programs."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from console.forms import FieldError, Input, check, inputs
from console.intake_file import Sheet
from console.reports import read_date
from handoff.booking import CASE_PREFIX, JOURNEY, BookingRequest
from records.intake import HandedIn
from systems.fieldboard import SKILLS, SLOTS
from workflows.acts import QUEUE

WORKFLOW = "BookingDispatchWorkflow"
TITLES = {name: info.title or name for name, info in BookingRequest.model_fields.items()}
COLUMNS = {**TITLES, "slot_1": "Time of the first choice"}
"""Field name to the words of a file's column."""
LONGEST_AHEAD = timedelta(days=90)
_DAYS = ("day_1", "day_2", "day_3")
_SLOTS = (("any", "any time"), *SLOTS.items())
_ABOUT_ALL = {
    "a customer who wants mails needs an e-mail address": "email",
    "the days must lie within 28 days of each other": "day_1",
}
"""What is wrong with several fields together stands beside this one."""
_ALIASES = {
    "customer": "name", "mail": "email", "housenumber": "house_no", "zip": "postcode", "town": "city",
    "work": "skill", "day": "day_1", "date": "day_1", "time": "slot_1", "prefers": "contact_preference",
    "contact": "contact_preference", "remarks": "note", "externalreference": "reference",
}  # fmt: skip


def read(values: Mapping[str, Any], today: date) -> tuple[BookingRequest | None, tuple[FieldError, ...]]:
    """The booking made from what was typed or sent, or what is wrong with it, a sentence for each field."""
    given = {name: text for name, text in values.items() if not (isinstance(text, str) and not text.strip())}
    given |= {name: read_date(given[name]) or given[name] for name in _DAYS if isinstance(given.get(name), str)}
    made, errors = check(BookingRequest, given)
    errors = tuple(_placed(error) for error in errors)
    return (made, _too_near(made, today)) if made is not None and not errors else (None, errors)


def sheet(today: date) -> Sheet:
    """The columns of a file of bookings, and the check of its rows as of today."""
    return Sheet(COLUMNS, lambda values: _row(values, today), lambda made: made.business_key, _ALIASES, _DAYS)


def fields(values: Mapping[str, str], errors: Sequence[FieldError], today: date) -> dict[str, Input]:
    """The form's fields by name."""
    return {field.name: _dressed(field, today) for field in inputs(BookingRequest, values, errors)}


def work_of(request: BookingRequest, source: str, by: str, submission_id: uuid.UUID | None = None) -> HandedIn:
    """The booking as intake takes it; `source` is form or api, `by` the submitter's e-mail address."""
    return HandedIn(
        id=submission_id or uuid.uuid4(),
        journey=JOURNEY,
        prefix=CASE_PREFIX,
        workflow_type=WORKFLOW,
        task_queue=QUEUE,
        business_key=request.business_key,
        subject_key=request.subject_key,
        content=request.model_dump(mode="json"),
        source=source,
        submitted_by=by,
    )


def _row(values: Mapping[str, Any], today: date) -> tuple[BookingRequest | None, tuple[FieldError, ...]]:
    """A row of a file: codes may be written in words, as the form shows them."""
    texts = {name: str(value).strip() for name, value in values.items()}
    texts |= {name: _code(texts[name], _words_of(name)) for name in texts if _coded(name)}
    if "contact_preference" in texts:
        texts["contact_preference"] = texts["contact_preference"].lower()
    made, errors = read(texts, today)
    return (None, tuple(_in_words(error) for error in errors)) if errors else (made, ())


def _in_words(error: FieldError) -> FieldError:
    """What may be written instead, as people write it and not as codes."""
    if not _coded(error.field):
        return error
    return FieldError(field=error.field, message=f"One of: {', '.join(_words_of(error.field).values())}.")


def _coded(name: str) -> bool:
    return name == "skill" or name.startswith("slot_")


def _words_of(name: str) -> Mapping[str, str]:
    return SKILLS if name == "skill" else dict(_SLOTS)


def _code(text: str, words: Mapping[str, str]) -> str:
    """The code for what was written: the words for it, or the code itself."""
    plain = text.casefold()
    return next((code for code, said in words.items() if plain in (said.casefold(), code)), text)


def _too_near(made: BookingRequest, today: date) -> tuple[FieldError, ...]:
    wished = {name: getattr(made, name) for name in _DAYS}
    near = [name for name, day in wished.items() if day is not None and not today < day <= today + LONGEST_AHEAD]
    text = f"Tomorrow at the earliest, and at most {LONGEST_AHEAD.days} days ahead."
    return tuple(FieldError(field=name, message=text) for name in near)


def _placed(error: FieldError) -> FieldError:
    sentence = error.message.rstrip(".").lower()
    field = next((name for about, name in _ABOUT_ALL.items() if about in sentence), error.field)
    message = error.message[:1].upper() + error.message[1:]
    return FieldError(field=field, message=message)


def _dressed(field: Input, today: date) -> Input:
    if field.name == "skill":
        return replace(field, options=tuple((code, words.capitalize()) for code, words in SKILLS.items()))
    if field.name.startswith("slot_"):
        return replace(field, options=_SLOTS, label="Time")
    if field.name in _DAYS:
        span = (("min", str(today + timedelta(days=1))), ("max", str(today + LONGEST_AHEAD)))
        return replace(field, kind="date", attributes=span)
    return replace(field, kind="area") if field.name == "note" else field
