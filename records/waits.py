"""What each open case waits for: one answer, joined from case, item, handoff and outbox, for every screen alike."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.case import Stage, Wait, WaitsFor
from core.fault_list import every_fault
from core.work_item import NEEDS_PERSON, State
from handoff.states import HandoffState
from records import account_holds, processes
from records.account_holds import AccountHold
from records.case import Case
from records.handoff import Handoff
from records.holds import Holder
from records.holds import holders as holders_of
from records.stuck import BOT
from records.work_item import WorkItem
from systems.registry import SYSTEMS

FAULTS = every_fault()
ITEM_WAITS = (WaitsFor.SEAT, WaitsFor.HELD_SYSTEM, WaitsFor.HELD_GROUP, WaitsFor.WINDOW, WaitsFor.PACE)
"""What an item of itself can wait for between two tries."""
ACCOUNT_MOVERS = "IT or a supervisor"
"""Who moves what a held account keeps."""


async def waits(session: AsyncSession, cases: Sequence[Case]) -> dict[uuid.UUID, Wait]:
    """The wait of every open case among `cases`, by its id; closed cases wait for nothing and are left out."""
    open_ids = [case.id for case in cases if case.closed_at is None]
    if not open_ids:
        return {}
    found_items = await session.exec(
        select(WorkItem)
        .where(col(WorkItem.case_id).in_(open_ids), col(WorkItem.ended_at).is_(None))
        .order_by(col(WorkItem.created_at))
    )
    found_handoffs = await session.exec(
        select(Handoff).where(
            col(Handoff.case_id).in_(open_ids),
            Handoff.kind != BOT,  # an entry that needs a person says so itself
            col(Handoff.state).in_([HandoffState.OFFERED, HandoffState.PICKED_UP]),
        )
    )
    items = _by_case(found_items)
    handoffs = {handoff.case_id: handoff for handoff in found_handoffs}
    in_hand = [item.id for found_of in items.values() for item in found_of if item.held_by is not None]
    holders = await holders_of(session, in_hand) if in_hand else {}
    found = {
        case.id: wait_of(case, items.get(case.id, []), handoffs.get(case.id), holders)
        for case in cases
        if case.closed_at is None
    }
    for case_id, gone in (await processes.of_cases(session, open_ids)).items():
        what = gone.what.value.replace("_", " ")
        about = f"its process is gone at Temporal ({what}); it begins anew when they say so"
        found[case_id] = Wait(kind=WaitsFor.PERSON, since=gone.seen_at, mover=ACCOUNT_MOVERS, about=about)
    if all(wait.kind is not WaitsFor.HELD_SYSTEM for wait in found.values()):
        return found
    holds = {f"the {SYSTEMS[hold.system].title}": hold for hold in await account_holds.open_holds(session)}
    return {case_id: _why_held(wait, holds) for case_id, wait in found.items()}


def _why_held(wait: Wait, holds: dict[str, AccountHold]) -> Wait:
    """The wait with the reason why its system is held, where that is a held account: a person moves it then."""
    hold = holds.get(wait.about)
    if wait.kind is not WaitsFor.HELD_SYSTEM or hold is None:
        return wait
    reason = FAULTS[hold.code].sentence().rstrip(".") if hold.code in FAULTS else hold.code
    about = f"{wait.about} (account {hold.account}: {reason[:1].lower()}{reason[1:]})"
    return wait.model_copy(update={"about": about, "mover": ACCOUNT_MOVERS})


def _by_case(items: Iterable[WorkItem]) -> dict[uuid.UUID, list[WorkItem]]:
    grouped: dict[uuid.UUID, list[WorkItem]] = {}
    for item in items:
        if item.case_id is not None:
            grouped.setdefault(item.case_id, []).append(item)
    return grouped


def wait_of(
    case: Case, items: Sequence[WorkItem], handoff: Handoff | None, holders: Mapping[uuid.UUID, Holder] | None = None
) -> Wait:
    """What this case waits for; an item in trouble comes before everything else, then the handoff, then the case."""
    for item in sorted(items, key=_urgency):
        found = _item_wait(item, (holders or {}).get(item.id))
        if found is not None and (found.kind is not WaitsFor.NOTHING or handoff is None):
            return found
    if handoff is not None and case.stage in (Stage.WITH_SERVICE, Stage.WITH_DISPATCH):
        return _handoff_wait(handoff)
    return Wait(
        kind=case.wait_kind,
        since=case.wait_since,
        until=case.wait_until,
        mover=case.wait_mover,
        about=case.wait_about,
    )


def _urgency(item: WorkItem) -> int:
    order = [*NEEDS_PERSON, State.UNKNOWN]
    return order.index(item.state) if item.state in order else len(order)


def _item_wait(item: WorkItem, holder: Holder | None = None) -> Wait | None:
    title = SYSTEMS[item.system].title
    operation = SYSTEMS[item.system].operations[item.operation].title.lower()
    if item.state in NEEDS_PERSON:
        about = f"an entry on the {title} needs a look ({operation})"
        if item.code in FAULTS:
            about = f"{about}. {FAULTS[item.code].sentence().rstrip('.')}"
        mover, until = (holder.name, holder.until) if holder is not None else ("a supervisor or an agent", None)
        return Wait(kind=WaitsFor.PERSON, since=item.wait_since, until=until, mover=mover, about=about)
    if item.state is State.UNKNOWN:
        return Wait(
            kind=WaitsFor.LOOK, since=item.wait_since, until=item.next_look_at, mover="Baton", about=f"the {title}"
        )
    if item.wait_kind in ITEM_WAITS:
        return Wait(
            kind=WaitsFor(item.wait_kind),
            since=item.wait_since,
            until=item.next_look_at,
            mover="a supervisor" if item.wait_kind == WaitsFor.HELD_GROUP else "Baton",
            about=f"the {title}",
        )
    return Wait(kind=WaitsFor.NOTHING, since=item.wait_since, mover="Baton", about=operation)


_WAITED_FOR = {
    "time": "it is put aside for now",
    "customer": "the customer was asked and has not answered yet",
    "depot": "the depot was asked and has not answered yet",
    "carrier": "the carrier was asked and has not answered yet",
    "colleague": "a colleague was asked and has not answered yet",
}
"""What who has a case waits for before going on."""


def _handoff_wait(handoff: Handoff) -> Wait:
    if handoff.state is HandoffState.PICKED_UP:
        since: datetime = handoff.picked_up_at or handoff.offered_at
        mover = handoff.picked_up_by or "the agent"
        about = _WAITED_FOR.get(handoff.wait_for, "decide how it goes on")
    else:
        since = handoff.offered_at
        anybody = "a dispatcher" if handoff.queue == "dispatch" else f"an agent of the {handoff.queue} queue"
        mover = handoff.assigned_to or anybody
        about = "pick it up and decide how it goes on"
    return Wait(kind=WaitsFor.PERSON, since=since, until=handoff.due_at, mover=mover, about=about)
