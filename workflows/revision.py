"""A person's correction of an entry: other values, checked as the operation wants them, never another record."""

from typing import Any

from temporalio.exceptions import ApplicationError

from activities.items import ItemView
from systems.base import Entry, Operation
from systems.registry import operation_of
from workflows.acts import CorrectItem


def corrected(item: ItemView, act: CorrectItem) -> dict[str, Any]:
    """The new content of `item`; an ApplicationError with a sentence when it cannot be."""
    operation = operation_of(item.system, item.operation)
    try:
        entry = operation.entry.model_validate(act.content)
    except ValueError:
        message = "The corrected values are not valid for this operation."
        raise ApplicationError(message, type="input_refused") from None
    if operation.target(entry) != item.target_key:
        message = "A correction changes values, never the record: another record is another entry."
        raise ApplicationError(message, type="input_refused")
    _check_parts(operation, item, entry)
    return entry.model_dump(mode="json")


def _check_parts(operation: Operation, item: ItemView, entry: Entry) -> None:
    """What is in, is in: a correction may change no part that was entered, and leaves at least one to be entered."""
    were = operation.parts_of(operation.entry.model_validate(item.content))
    parts, done = operation.parts_of(entry), item.parts_done
    kept = [(part.name, part.image) for part in were[:done]] == [(part.name, part.image) for part in parts[:done]]
    if kept and len(parts) > done:
        return
    message = f"The first {done} of {len(were)} parts are entered already: a correction changes only those after them."
    raise ApplicationError(message, type="input_refused")
