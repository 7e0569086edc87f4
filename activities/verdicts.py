"""What the screen's answer means for an entry: who objects, which fields differ, whether anybody saw it before."""

from typing import Any

from core.faults import Ambiguous, CannotTell, Conflict, ReadBackDiffers, RecordNotFound, Refused
from core.outcome import Answer, Difference
from systems.part import Part


def otherwise(part: Part, approved: dict[str, str], filled: dict[str, str]) -> list[dict[str, str]]:
    """The fields of the form that are filled otherwise than a person approved."""
    labels = {field.name: field.label for field in part.fields}
    return [
        Difference(
            field=name, label=labels.get(name, name), wanted=approved.get(name, ""), seen=filled.get(name, "")
        ).model_dump()
        for name in {**approved, **filled}
        if approved.get(name) != filled.get(name)
    ]


def differs(part: Part, confirmation: str, seen: dict[str, str]) -> dict[str, Any]:
    """It is in, but not as it was entered: a person sees both."""
    return {
        "confirmation": confirmation,
        "result": seen,
        "differences": [found.model_dump() for found in part.differences(seen)],
        "wanted": dict(part.image),
        "seen": seen,
        "code": ReadBackDiffers.code,
    }


def objection(part: Part, answer: Answer, records: list[dict[str, str]]) -> Refused:
    """Why an entry may not be made, for each answer that is neither *there* nor *as it was*."""
    kinds: dict[Answer, type[Refused]] = {
        Answer.ABSENT: RecordNotFound,
        Answer.DIFFERENT: Conflict,
        Answer.OTHER: Conflict,
        Answer.SEVERAL: Ambiguous,
    }
    fault = kinds.get(answer, CannotTell)()
    fault.seen = dict(records[0]) if len(records) == 1 else {}
    fault.differences = part.differences(records[0]) if records else []
    return fault


def was_seen(part: Part, before: dict[str, str]) -> bool:
    """Whether the image that was kept of the record shows this part's fields."""
    return any(field.name in before for field in part.fields)
