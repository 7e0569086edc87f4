"""A reported failed delivery on its way in: the same check and the same hand-in for form, file and API."""

import re
import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import ValidationError

from console.forms import FieldError, field_errors
from handoff.failed_delivery import CASE_PREFIX, JOURNEY, FailedDeliveryReport
from records.intake import HandedIn
from workflows.acts import QUEUE

WORKFLOW = "FailedDeliveryWorkflow"
TITLES = {name: info.title or name for name, info in FailedDeliveryReport.model_fields.items()}
"""Field name to the words on the form."""

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]0{1,2}:00(?::00(?:\.0+)?)?)?")
_DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})(?: 0{1,2}:00(?::00)?)?")
_UNKEPT = re.compile("[\x00\ud800-\udfff]")
"""Characters no database keeps: NUL, and halves of characters that only JSON can carry."""


def check(values: Mapping[str, Any]) -> tuple[FailedDeliveryReport | None, tuple[FieldError, ...]]:
    """The report made from what was typed or sent, or what is wrong with it, in plain words, one sentence a field.

    Empty fields count as left out. Dates may be written day first (13.11.2026, 13/11/26) or as ISO dates.
    """
    given = {name: value for name, value in values.items() if not (isinstance(value, str) and not value.strip())}
    unkept = [name for name, value in given.items() if isinstance(value, str) and _UNKEPT.search(value)]
    if unkept:
        return None, tuple(_error(name, "This holds a character that cannot be kept.") for name in unkept)
    if isinstance(given.get("failed_on"), str):
        given["failed_on"] = read_date(given["failed_on"]) or given["failed_on"]
    if isinstance(given.get("contact_preference"), str):
        given["contact_preference"] = given["contact_preference"].strip().lower()
    try:
        return FailedDeliveryReport.model_validate(given), ()
    except ValidationError as trouble:
        return None, tuple(_plain(error) for error in trouble.errors())


def read_date(text: str) -> date | None:
    """A date as people and spreadsheets write it, the day first or as ISO; None when it is none. 26 means 2026."""
    text = text.strip()
    if found := _ISO.fullmatch(text):
        year, month, day = (int(part) for part in found.groups())
    elif found := _DAY_FIRST.fullmatch(text):
        day, month, year = (int(part) for part in found.groups())
        year += 2000 if year < 100 else 0
    else:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def work_of(report: FailedDeliveryReport, source: str, by: str, *, submission_id: uuid.UUID | None = None) -> HandedIn:
    """The report as intake takes it; `source` is form, file or api, `by` the submitter's e-mail address."""
    return HandedIn(
        id=submission_id or uuid.uuid4(),
        journey=JOURNEY,
        prefix=CASE_PREFIX,
        workflow_type=WORKFLOW,
        task_queue=QUEUE,
        business_key=report.business_key,
        subject_key=report.subject_key,
        order_no=report.order_no,
        parcel_no=report.parcel_no,
        attempt=report.attempt,
        content=report.model_dump(mode="json"),
        source=source,
        submitted_by=by,
    )


def _plain(error: Mapping[str, Any]) -> FieldError:
    """Pydantic's word on one field; where only a pattern failed, the field's own hint says what is wanted."""
    name, kind = str(error["loc"][0]) if error["loc"] else "", str(error["type"])
    info = FailedDeliveryReport.model_fields.get(name)
    if kind == "string_pattern_mismatch" and info is not None and info.description:
        example = f" For example {info.examples[0]}." if info.examples else ""
        return _error(name, f"{info.description}{example}")
    if kind.startswith("date_"):
        return _error(name, "A day that exists, as in 13.11.2026 (day first) or 2026-11-13.")
    if kind == "literal_error":
        return _error(name, f"One of: {error['ctx']['expected'].replace(chr(39), '')}.")
    return field_errors([error])[0]


def _error(name: str, message: str) -> FieldError:
    return FieldError(field=name, message=message)
