"""A person's correction of an entry: other values, checked as the operation wants them, never another record."""

from typing import Any

from temporalio.exceptions import ApplicationError

from activities.items import ItemView
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
    return entry.model_dump(mode="json")
