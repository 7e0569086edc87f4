"""How many cases stand where: by stage, by root cause, and by what the open ones wait for."""

from collections import Counter
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.case import Stage, WaitsFor
from records import waits
from records.case import Case
from records.figures import Figure

BY_STAGE = "cases_by_stage"
BY_CAUSE = "cases_by_cause"
BY_WAIT = "open_cases_by_wait"
NAMES = (BY_STAGE, BY_CAUSE, BY_WAIT)
NO_CAUSE = "not decided"
AT_ONCE = 500


class StageCount(BaseModel):
    """So many cases of a journey stand at this stage."""

    model_config = ConfigDict(frozen=True)

    journey: str
    stage: Stage
    cases: int


class CauseCount(BaseModel):
    """So many cases of a journey have this root cause; `NO_CAUSE` when none was decided yet."""

    model_config = ConfigDict(frozen=True)

    journey: str
    cause: str
    cases: int


class WaitCount(BaseModel):
    """So many open cases of a journey wait for this."""

    model_config = ConfigDict(frozen=True)

    journey: str
    kind: WaitsFor
    cases: int


async def cases_by_stage(session: AsyncSession) -> list[StageCount]:
    """All cases, closed ones too, by journey and in the order of the stages; stages without a case are left out."""
    found = await session.exec(
        select(Case.journey, Case.stage, func.count()).group_by(col(Case.journey), col(Case.stage))
    )
    order = list(Stage)
    counts = [StageCount(journey=journey, stage=Stage(stage), cases=cases) for journey, stage, cases in found]
    return sorted(counts, key=lambda count: (count.journey, order.index(count.stage)))


async def cases_by_cause(session: AsyncSession) -> list[CauseCount]:
    """All cases by journey and root cause, the most frequent first."""
    found = await session.exec(
        select(Case.journey, Case.cause, func.count())
        .group_by(col(Case.journey), col(Case.cause))
        .order_by(col(Case.journey), func.count().desc(), col(Case.cause))
    )
    return [CauseCount(journey=journey, cause=cause or NO_CAUSE, cases=cases) for journey, cause, cases in found]


async def open_cases_by_wait(session: AsyncSession) -> list[WaitCount]:
    """Open cases by journey and what they wait for: the same words as on their pages."""
    counted: Counter[tuple[str, WaitsFor]] = Counter()
    still_open = select(Case).where(col(Case.closed_at).is_(None)).order_by(col(Case.id)).limit(AT_ONCE)
    batch = (await session.exec(still_open)).all()
    while batch:
        found = await waits.waits(session, batch)
        counted.update((case.journey, found[case.id].kind) for case in batch)
        batch = (await session.exec(still_open.where(col(Case.id) > batch[-1].id))).all()
    order = list(WaitsFor)
    return [
        WaitCount(journey=journey, kind=kind, cases=cases)
        for (journey, kind), cases in sorted(counted.items(), key=lambda item: (item[0][0], order.index(item[0][1])))
    ]


async def figures(session: AsyncSession) -> list[Figure]:
    """Everything above as figures that can be kept."""
    return [
        *_figures(BY_STAGE, ((one.journey, one.stage.value, one.cases) for one in await cases_by_stage(session))),
        *_figures(BY_CAUSE, ((one.journey, one.cause, one.cases) for one in await cases_by_cause(session))),
        *_figures(BY_WAIT, ((one.journey, one.kind.value, one.cases) for one in await open_cases_by_wait(session))),
    ]


def _figures(name: str, counts: Iterable[tuple[str, str, int]]) -> list[Figure]:
    return [Figure(name=name, journey=journey, key=key, value=value) for journey, key, value in counts]
