"""Asking for a bulk action on failures: the form read, the preview taken anew, and only what it showed is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from console import bulk_preview, failure_words
from console.bulk_kinds import FailureKind, HandingOver, Retrying, Wish
from console.bulk_preview import Preview
from console.collaborators import Collaborators
from console.forms import FieldError, check
from console.problems import not_found
from records import bulk, queues
from records.access import Person
from records.bulk import BulkAsked
from records.bulk_action import BulkAction
from records.bulk_failures import Selection

_NO_TAKERS = frozenset({"mail-unmatched"})
"""Queues in which no entry is looked for."""


@dataclass(frozen=True)
class Asked:
    """What came of a form: the action, or why there is none, beside the preview as it is now."""

    preview: Preview
    action: BulkAction | None = None
    errors: tuple[FieldError, ...] = ()
    stale: str = ""


def selection_of(values: Mapping[str, Any]) -> Selection:
    """The selection that an address or a form names; a page that is not there for one that names none."""
    known = {
        name: value for name, value in values.items() if name in Selection.model_fields and value not in ("", None)
    }
    try:
        return Selection.model_validate(known)
    except ValidationError:
        raise not_found("This selection") from None


async def ask(
    parts: Collaborators, person: Person, kind: FailureKind, selection: Selection, form: Mapping[str, str]
) -> Asked:
    """Ask for it, if the page that was sent still tells the truth; pressed twice it is one action."""
    wish, errors = check(kind.form, form)
    rate = wish.rate if isinstance(wish, Retrying) else 0
    known = await _known(parts, person, form.get("key", ""))
    preview = await bulk_preview.of(parts, person, kind, selection, rate)
    if known is not None:
        return Asked(preview, known)
    if isinstance(wish, HandingOver) and wish.target and wish.target not in dict(await takers(parts)):
        errors = (FieldError(field="target", message="Choose a queue or a person who takes cases."),)
    if wish is None or errors:
        return Asked(preview, errors=errors)
    if not preview.covered:
        return Asked(preview, stale="Nothing is covered any more, so nothing was sent.")
    if form.get("seen") != preview.seen:
        was = form.get("seen", "").partition(":")[0] or "other"
        now_ = f"it covers {len(preview.covered):,} now, and {was} when you saw it"
        return Asked(preview, stale=f"Meanwhile something has changed: {now_}. Nothing was sent; look again.")
    asked = _asked(parts, person, preview, wish, form["key"])
    rows = [kind.row(one, person, wish) for one in preview.covered]
    async with parts.database.session() as session:
        return Asked(preview, await bulk.ask(session, asked, rows, parts.clock()))


async def _known(parts: Collaborators, person: Person, key: str) -> BulkAction | None:
    """The action that this very form has asked for already."""
    if not key:
        return None
    async with parts.database.session() as session:
        return await session.get(BulkAction, bulk.id_of(person.id, key))


def _asked(parts: Collaborators, person: Person, preview: Preview, wish: Wish, key: str) -> BulkAsked:
    kind, many = preview.kind, len(preview.covered) > 1
    retrying = wish if isinstance(wish, Retrying) else None
    seats = preview.pace.seats
    return BulkAsked(
        key=key,
        kind=kind.name,
        title=title(preview, getattr(wish, "target", "")),
        why=getattr(wish, "reason", ""),
        by=person.email,
        by_id=person.id,
        group_id=preview.group.id if preview.group is not None else None,
        selection=preview.selection.words(),
        proof=kind.proof,
        canary=retrying is not None and retrying.canary and many,
        rate_per_minute=retrying.rate if retrying is not None else 0,
        in_flight=2 * seats if kind.enters else 8,
        stop_after=retrying.stop_after if retrying is not None else 0,
        needs_approval=preview.needs_approval,
        answer_minutes=parts.settings.bulk_answer_minutes,
    )


async def takers(parts: Collaborators) -> list[tuple[str, str]]:
    """Every queue and person that entries can be handed over to, as the form names them and in words."""
    now = parts.clock()
    async with parts.database.session() as session:
        people, known = await queues.members(session, now), await queues.queues(session, now)
    named = [(f"queue:{one.name}", f"Queue {one.title}") for one in known.values() if one.name not in _NO_TAKERS]
    return [*named, *((f"person:{one.email}", _person(one.name, one.away(now))) for one in people)]


def _person(name: str, away: str) -> str:
    return f"{name} ({away})" if away else name


def title(preview: Preview, target: str = "") -> str:
    """What people call the action."""
    count, to = len(preview.covered), target.partition(":")[2]
    about = f": {failure_words.sentence(preview.group)}" if preview.group is not None else ""
    return f"{preview.kind.verb}{f' to {to}' if to else ''}, {count:,} {preview.kind.things[count != 1]}{about}"[:300]
