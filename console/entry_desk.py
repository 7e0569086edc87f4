"""An entry that a bot passed on, on the desk: what is keyed, what is missing, where to go on, and what can be done."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from starlette.responses import Response

from console import words
from console.collaborators import Collaborators
from console.forms import new_key
from console.item_view import ItemCard, one_card
from console.pages import page
from console.problems import not_found
from handoff.packet import Commit, StuckEntry
from handoff.states import OPEN, HandoffState
from records import desk, presence, workbench
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


async def draw(request: Request, parts: Collaborators, found: AtDesk, person: Person) -> Response:
    """The page for this person, who is noted as looking at it while it is open."""
    view = await _gather(parts, found, person, parts.clock())
    handoff = found.handoff
    mine = handoff.state is HandoffState.PICKED_UP and handoff.picked_up_by == person.email
    return page(
        request,
        "desk/entry.html",
        path="/desk",
        view=view,
        found=found,
        packet=found.packet.model_copy(update={"missing": ()}),  # the page says what is missing where it goes on
        handoff=handoff,
        card=view.card,
        mine=mine,
        offered=handoff.state is HandoffState.OFFERED,
        ended=handoff.state not in OPEN,
        acts=person.may(Action.ACT_ON_ITEM) and (mine or person.role is Role.SUPERVISOR),
        at_desk=f"?desk={handoff.id}",
        said=words.resolution((handoff.resolution or {}).get("kind", "")),
        why=item_packet.why(view.card.item.code) if view.card.item.code else handoff.why,
        key=new_key(),
    )


async def _gather(parts: Collaborators, found: AtDesk, person: Person, now: datetime) -> EntryAtDesk:
    handoff, entry = found.handoff, found.packet.entry
    if entry is None:
        raise not_found("The entry of this handoff")
    async with parts.database.session() as session:
        if person.may(Action.PICK_UP) and handoff.ended_at is None:
            await presence.beat(session, handoff.id, person.email, now, typing=False)
        card = await one_card(session, uuid.UUID(entry.item_id))
        if card is None:
            raise not_found("The entry of this handoff")
        people = {email for email in (handoff.picked_up_by, handoff.completed_by, handoff.assigned_to) if email}
        authors = {one.author for one in card.story.revisions}
        others = await presence.others(session, handoff.id, person.email, now)
        names = await workbench.names(session, people | authors)
    return EntryAtDesk(found, card, entry, _address(parts, card), others, names)


def _address(parts: Collaborators, card: ItemCard) -> str:
    """Where its system stands; empty when nobody said."""
    try:
        return parts.places().of(card.item.system, card.item.environment).address
    except BadEnvironmentsError:
        return ""
