"""Two people on one case: what a form was written for, and what has changed since its page was loaded."""

import json
from collections.abc import Mapping

from handoff import shown as pages
from handoff.shown import Difference, Stands
from records.desk import AtDesk

FIELD = "seen"
"""The hidden field in which a form carries what its page showed."""


def shown(found: AtDesk) -> str:
    """What a page shows of a handoff that a decision may stand on."""
    return json.dumps(_shown(found), ensure_ascii=False)


def seen(values: Mapping[str, str]) -> dict[str, str]:
    """What a form says its page showed."""
    return pages.read(values.get(FIELD, ""))


def since(seen: str, found: AtDesk) -> list[Difference]:
    """What differs from what the form's page showed; a form that carries nothing was not written on such a page."""
    return pages.since(pages.read(seen), _shown(found))


def _shown(found: AtDesk) -> dict[str, str]:
    handoff = found.handoff
    stands = Stands(
        state=handoff.state,
        queue=handoff.queue,
        number=handoff.number,
        holder=handoff.picked_up_by or "",
        assigned_to=handoff.assigned_to or "",
        wait_for=handoff.wait_for,
    )
    return pages.shown(stands, found.packet)
