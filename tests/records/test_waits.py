"""What a case waits for, as one table: the worst of its items first, then its handoff, then what its workflow says."""

from datetime import timedelta
from typing import Any

import pytest

from core.case import Stage, WaitsFor
from handoff.states import HandoffState
from records.case import Case
from records.database import Database
from records.handoff import Handoff
from records.intake import Receipt
from records.waits import wait_of, waits
from records.work_item import WorkItem
from tests.records.conftest import NOW

LATER = NOW + timedelta(minutes=5)


def a_case(kind: WaitsFor = WaitsFor.NOTHING, **columns: Any) -> Case:
    """A case whose workflow says that it waits for `kind`."""
    plain = {
        "number": "FD-000001",
        "journey": "failed-delivery",
        "business_key": "k",
        "subject_key": "s",
        "stage": Stage.MARKING,
        "opened_at": NOW,
        "updated_at": NOW,
        "wait_since": NOW,
        "wait_kind": kind,
    }
    return Case.model_validate({**plain, **columns})


def an_item(state: str, **columns: Any) -> WorkItem:
    """An item on the order desk."""
    plain = {
        "system": "orderdesk",
        "operation": "mark_failed_delivery",
        "kind": "change",
        "target_key": "4700123",
        "occurrence": "x",
        "reference": "BTN-X",
        "state": state,
        "wait_since": NOW,
        "next_look_at": LATER,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return WorkItem.model_validate({**plain, **columns})


def a_handoff(state: HandoffState, **columns: Any) -> Handoff:
    """A handoff to service."""
    plain = {
        "case_id": a_case().id,
        "number": 1,
        "queue": "service",
        "state": state,
        "why": "w",
        "packet": {},
        "offered_at": NOW,
        "due_at": LATER,
    }
    return Handoff.model_validate({**plain, **columns})


SERVICE: dict[str, Any] = {"stage": Stage.WITH_SERVICE}
HELD: dict[str, Any] = {"wait_about": "the Order desk", "wait_until": LATER}
ASKED: dict[str, Any] = {"wait_mover": "the submitter", "wait_about": "the order desk does not know this order number"}
BOOKED = {"stage": Stage.BOOKED, "wait_about": "Monday, 30 November 2026", "wait_mover": "the technician"}
TABLE: dict[str, tuple[Case, list[WorkItem], Handoff | None, WaitsFor, str]] = {
    "received": (a_case(WaitsFor.TEMPORAL), [], None, WaitsFor.TEMPORAL, "Temporal"),
    "working": (
        a_case(wait_about="reading the order"),
        [],
        None,
        WaitsFor.NOTHING,
        "reading the order",
    ),
    "held": (
        a_case(WaitsFor.HELD_SYSTEM, **HELD),
        [],
        None,
        WaitsFor.HELD_SYSTEM,
        "the Order desk",
    ),
    "correction": (a_case(WaitsFor.PERSON, **ASKED), [], None, WaitsFor.PERSON, "the submitter"),
    "customer": (a_case(WaitsFor.CUSTOMER), [], None, WaitsFor.CUSTOMER, "customer"),
    "appointment": (a_case(WaitsFor.APPOINTMENT, **BOOKED), [], None, WaitsFor.APPOINTMENT, "on Monday"),
    "entering": (a_case(), [an_item("running")], None, WaitsFor.NOTHING, "mark the order"),
    "seat": (a_case(), [an_item("ready", wait_kind="seat")], None, WaitsFor.SEAT, "the Order desk"),
    "item held": (a_case(), [an_item("ready", wait_kind="held_system")], None, WaitsFor.HELD_SYSTEM, "the Order desk"),
    "in line": (a_case(), [an_item("ready", wait_kind="held_group")], None, WaitsFor.HELD_GROUP, "on the Order desk"),
    "window": (
        a_case(),
        [an_item("ready", wait_kind="window")],
        None,
        WaitsFor.WINDOW,
        "the Order desk",
    ),
    "pace": (a_case(), [an_item("ready", wait_kind="pace")], None, WaitsFor.PACE, "the Order desk"),
    "look": (a_case(), [an_item("unknown")], None, WaitsFor.LOOK, "the Order desk"),
    "refused": (a_case(), [an_item("refused", code="conflict")], None, WaitsFor.PERSON, "a supervisor or an agent"),
    "worst first": (
        a_case(),
        [an_item("unknown"), an_item("broken")],
        None,
        WaitsFor.PERSON,
        "a supervisor or an agent",
    ),
    "queue": (a_case(**SERVICE), [], a_handoff(HandoffState.OFFERED), WaitsFor.PERSON, "agent of the service queue"),
    "picked up": (
        a_case(**SERVICE),
        [],
        a_handoff(HandoffState.PICKED_UP, picked_up_by="agent@example.org", picked_up_at=NOW),
        WaitsFor.PERSON,
        "agent@example.org",
    ),
    "offered to one": (
        a_case(**SERVICE),
        [],
        a_handoff(HandoffState.OFFERED, assigned_to="supervisor@example.org"),
        WaitsFor.PERSON,
        "Waits for supervisor@example.org: pick it up",
    ),
    "put aside": (
        a_case(**SERVICE),
        [],
        a_handoff(HandoffState.PICKED_UP, picked_up_by="agent@example.org", picked_up_at=NOW, wait_for="time"),
        WaitsFor.PERSON,
        "agent@example.org: it is put aside for now",
    ),
    "asked": (
        a_case(**SERVICE),
        [],
        a_handoff(HandoffState.PICKED_UP, picked_up_by="agent@example.org", picked_up_at=NOW, wait_for="customer"),
        WaitsFor.PERSON,
        "the customer was asked",
    ),
    "question": (a_case(WaitsFor.PERSON, wait_about="which parcel is it?."), [], None, WaitsFor.PERSON, "is it?"),
    "ticket follows": (
        a_case(**SERVICE),
        [an_item("running", system="servicedesk", operation="update_ticket")],
        a_handoff(HandoffState.OFFERED),
        WaitsFor.PERSON,
        "agent of the service queue",
    ),
    "ticket in trouble": (
        a_case(**SERVICE),
        [an_item("refused", system="servicedesk", operation="update_ticket")],
        a_handoff(HandoffState.OFFERED),
        WaitsFor.PERSON,
        "a supervisor or an agent",
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_each_case_says_what_it_waits_for(name: str) -> None:
    """One plain sentence for {name}, with since when."""
    case, items, handoff, kind, words = TABLE[name]

    wait = wait_of(case, items, handoff)

    assert (wait.kind, wait.since) == (kind, NOW)
    assert words in wait.sentence()


def test_every_kind_of_wait_is_in_the_table() -> None:
    """The closed list of waits is shown whole."""
    shown = {wait_of(case, items, handoff).kind for case, items, handoff, *_ in TABLE.values()}

    assert shown == set(WaitsFor)


@pytest.mark.parametrize("name", ["seat", "pace", "held", "item held", "in line", "look", "window", "queue"])
def test_the_next_look_is_not_called_the_end_of_the_wait(name: str) -> None:
    """Hours and promises end at a known moment; of {name} only the next look is known, and the words say so."""
    case, items, handoff, kind, _ = TABLE[name]

    said = wait_of(case, items, handoff).towards

    assert said == ("until" if kind in (WaitsFor.WINDOW, WaitsFor.PERSON) else "looked at again")


async def test_only_open_cases_wait(database: Database, case: Receipt) -> None:
    """The answer is keyed by case and leaves the closed ones out."""
    async with database.session() as session:
        kept = await session.get_one(Case, case.case_id)
        open_answer = await waits(session, [kept])
        closed_answer = await waits(session, [kept.model_copy(update={"closed_at": NOW})])

    assert [wait.kind for wait in open_answer.values()] == ["temporal"]
    assert closed_answer == {}
