"""An entry that a bot passed on, on the desk: what is keyed, what is missing, where to go on, and what can be done."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from starlette.responses import Response

from console import bench, bench_page, look_up_view, words
from console.bench import Bench
from console.bench_page import NOTHING, Written
from console.collaborators import Collaborators
from console.item_view import ItemCard, one_card
from console.pages import page
from console.problems import not_found
from handoff.packet import Commit, StuckEntry
from records import desk, workbench
from records.access import Action, Person
from records.desk import AtDesk
from records.people import Role
from records.presence import Looker
from systems.environment import BadEnvironmentsError
from workflows import item_packet


@dataclass(frozen=True)
class EntryAtDesk:
    """The handoff, the entry as it stands now, and the page of its system."""

    found: AtDesk
    card: ItemCard
    entry: StuckEntry
    address: str
    others: list[Looker]
    names: dict[str, str]

    @property
    def commits(self) -> list[Commit]:
        """What is in and what is not, as it is now: somebody may have keyed more of it meanwhile."""
        entered = {number for number, (_, part) in enumerate(self.card.parts) if part is not None}
        whole = not self.card.parts and self.card.item.state == "done"
        return [
            commit.model_copy(update={"entered": number in entered or whole, "confirmation": self._number(number)})
            for number, commit in enumerate(self.entry.commits)
        ]

    def _number(self, commit: int) -> str:
        parts = self.card.parts
        part = parts[commit][1] if parts else None
        return (part.confirmation if part else self.card.item.confirmation if not parts else "") or ""

    def name(self, email: str | None) -> str:
        """A person's name by e-mail address."""
        return self.names.get(email or "", email or "")


async def find(parts: Collaborators, handoff_id: uuid.UUID) -> AtDesk:
    """This very handoff; 404 when there is none."""
    async with parts.database.session() as session:
        found = await desk.exact(session, handoff_id)
    if found is None:
        raise not_found("This handoff")
    return found


async def draw(
    request: Request, parts: Collaborators, found: AtDesk, person: Person, written: Written = NOTHING
) -> Response:
    """The page for this person, who is noted as looking at it while it is open; with what became of a form."""
    view, laid_out = await _gather(parts, found, person, parts.clock())
    handoff, shared = found.handoff, bench_page.around(found, laid_out, person, written)
    async with parts.database.session() as session:
        looks = await look_up_view.gather(session, found, parts.clock())
    return page(
        request,
        "desk/entry.html",
        path="/desk",
        status=written.status,
        view=view,
        packet=found.packet.model_copy(update={"missing": ()}),  # the page says what is missing where it goes on
        card=view.card,
        looks=looks,
        **shared,
        acts=person.may(Action.ACT_ON_ITEM) and (shared["mine"] or person.role is Role.SUPERVISOR),
        at_desk=f"?desk={handoff.id}",
        said=words.resolution((handoff.resolution or {}).get("kind", "")),
        why=item_packet.why(view.card.item.code) if view.card.item.code else handoff.why,
    )


async def _gather(parts: Collaborators, found: AtDesk, person: Person, now: datetime) -> tuple[EntryAtDesk, Bench]:
    handoff, entry = found.handoff, found.packet.entry
    if entry is None:
        raise not_found("The entry of this handoff")
    async with parts.database.session() as session:
        laid_out = await bench.gather(session, found, person, now)
        card = await one_card(session, uuid.UUID(entry.item_id))
        if card is None:
            raise not_found("The entry of this handoff")
        people = {email for email in (handoff.picked_up_by, handoff.completed_by, handoff.assigned_to) if email}
        authors = {one.author for one in card.story.revisions}
        names = await workbench.names(session, people | authors)
    return EntryAtDesk(found, card, entry, _address(parts, card), laid_out.others, names), laid_out


def _address(parts: Collaborators, card: ItemCard) -> str:
    """Where its system stands; empty when nobody said."""
    try:
        return parts.places().of(card.item.system, card.item.environment).address
    except BadEnvironmentsError:
        return ""
