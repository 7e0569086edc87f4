"""The list filters by what a case waits for in SQL; the page says it in Python: the two must agree, always."""

import itertools
import uuid

from sqlmodel import select

from console.case_list import wait_kind
from core.case import Stage, WaitsFor
from core.work_item import FINAL, Kind, State
from handoff.states import HandoffState
from records.case import Case
from records.gone import Became, GoneProcess, ProcessKind
from records.handoff import Handoff
from records.waits import waits
from records.work_item import WorkItem
from tests.console.conftest import NOW, Console

ITEM_WAITS = ("nothing", "window", "held_system")


async def test_filter_and_sentence_agree_on_every_combination(console: Console) -> None:
    """Two items in every pair of states and waits, with and without a handoff, on two stages, some of them gone."""
    async with console.database.session() as session:
        singles = [None, *itertools.product(State, ITEM_WAITS)]
        seconds = [None, (State.READY, "seat"), (State.REFUSED, "nothing"), (State.UNKNOWN, "look")]
        handoffs = [None, HandoffState.OFFERED, HandoffState.COMPLETED]
        stages = [(Stage.WITH_SERVICE, WaitsFor.NOTHING), (Stage.RESOLVING, WaitsFor.CUSTOMER)]
        for number, (first, second, handoff, place) in enumerate(itertools.product(singles, seconds, handoffs, stages)):
            case = _case(number, *place)
            session.add(case)
            await session.flush()
            session.add_all([_item(case, at, item) for at, item in enumerate((first, second)) if item])
            if handoff:
                session.add(_handoff(case, handoff))
            if number % 5 == 0:
                session.add(_gone(case, over=number % 2 == 0))
        await session.flush()

        cases = list(await session.exec(select(Case)))
        said = {case_id: wait.kind.value for case_id, wait in (await waits(session, cases)).items()}
        filtered = dict((await session.exec(select(Case.id, wait_kind()))).all())

    different = {
        case.number: (said[case.id], filtered[case.id]) for case in cases if said[case.id] != filtered[case.id]
    }
    assert not different
    assert len(said) > 500


def _case(number: int, stage: Stage, kind: WaitsFor) -> Case:
    return Case(
        number=f"FD-{number:06}",
        journey="failed-delivery",
        business_key=str(number),
        subject_key="x",
        stage=stage,
        opened_at=NOW,
        updated_at=NOW,
        wait_kind=kind,
        wait_since=NOW,
    )


def _item(case: Case, at: int, item: tuple[State, str]) -> WorkItem:
    state, wait = item
    return WorkItem(
        case_id=case.id,
        system="orderdesk",
        operation="reschedule",
        kind=Kind.CHANGE,
        target_key="4700123",
        occurrence=f"{case.number}/{at}",
        reference=f"BTN-{uuid.uuid4()}",
        state=state,
        wait_kind=wait,
        wait_since=NOW,
        created_at=NOW.replace(second=at),
        updated_at=NOW,
        ended_at=NOW if state in FINAL else None,
    )


def _handoff(case: Case, state: HandoffState) -> Handoff:
    return Handoff(case_id=case.id, queue="service", state=state, packet={}, offered_at=NOW, due_at=NOW)


def _gone(case: Case, *, over: bool) -> GoneProcess:
    name = f"failed-delivery/{case.number}"
    row = GoneProcess(workflow_id=name, kind=ProcessKind.CASE, label=case.number, what=Became.FAILED, seen_at=NOW)
    row.case_id, row.over_at = case.id, NOW if over else None
    return row
