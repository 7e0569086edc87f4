"""The case's book: every bookkeeping write of a workflow, numbered, so that repeats and late ones change nothing."""

import asyncio
import uuid
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.keep import DecisionTaken, Happened, Keep, NoticeIntent, SubmissionReviewed, Write
from core.case import Stage, WaitsFor
from workflows.policies import BOOKKEEPING_PAUSE, BOOKKEEPING_RETRY, BOOKKEEPING_TIMEOUT, DURABLE_RETRY

__all__ = ["Book", "DecisionTaken", "Happened", "NoticeIntent", "SubmissionReviewed"]


class Book:
    """Writes to one case from one run of its workflow."""

    def __init__(self, case_id: uuid.UUID) -> None:
        self._case_id = case_id
        self._seq = 0
        self._one_after_the_other = asyncio.Lock()

    async def write(self, *happened: Happened, case: dict[str, Any] | None = None, **parts: Any) -> None:
        """Commit one write: events, columns of the case, and the further `parts` of `activities.keep.Write`.

        Waits as long as PostgreSQL is away. Writes go one after the other: the fence refuses a lower number that comes
        after a higher one. Each stands in the history before it is made, or it could take another's number (`durably`).
        """
        async with self._one_after_the_other:
            self._seq += 1
            write = Write(
                case_id=self._case_id,
                run_id=workflow.info().run_id,
                seq=self._seq,
                at=workflow.now(),
                case=case or {},
                events=happened,
                **parts,
            )
            await durably(Keep.keep, write)

    async def close(self, outcome: str) -> None:
        """The last write: nothing is left to do."""
        closed = {"outcome": outcome, "closed_at": workflow.now(), "due_at": None}
        case = {**at_stage(Stage.CLOSED, ""), **closed}
        await self.write(Happened(name="case.closed", data={"outcome": outcome}), case=case)

    async def waits(self, kind: WaitsFor, about: str, *, mover: str = "Baton", until: Any = None) -> None:
        """Say what the case waits for from now on."""
        await self.write(case=waiting(kind, about, mover=mover, until=until))


def waiting(kind: WaitsFor, about: str, *, mover: str = "Baton", until: Any = None) -> dict[str, Any]:
    """The case's columns that say what it waits for."""
    return {
        "wait_kind": kind,
        "wait_since": workflow.now(),
        "wait_until": until,
        "wait_mover": mover,
        "wait_about": about,
    }


def at_stage(stage: Stage, about: str) -> dict[str, Any]:
    """The case's columns for a stage on which Baton is at work."""
    return {"stage": stage, **waiting(WaitsFor.NOTHING, about)}


async def durably(step: Any, argument: Any) -> Any:
    """Run a bookkeeping activity that stands in the history before it begins, however often it is then tried.

    A local one is forgotten with the workflow task that ran it, when its worker dies or a signal comes just as the
    workflow ends or continues as new; done again, it may come after something else. Where people's acts and words
    from outside come in any order, its number would then be another's (seen: notes written twice and others lost, a
    withdrawal that nobody kept, a booking whose workflow failed for the mail that was not there).
    """
    return await workflow.execute_activity_method(
        step, argument, start_to_close_timeout=BOOKKEEPING_TIMEOUT, retry_policy=DURABLE_RETRY
    )


async def locally(step: Any, argument: Any) -> Any:
    """Run a bookkeeping activity as a local one, again and again while the records are away.

    For what may run twice, and late, with the same outcome: reads, and writes with an identity or fence of their own.

    A refusal (a rule of ours, not an outage) is raised at once, as the ApplicationError that it is: the SDK hands a
    local activity's own failure over bare, and wraps only what it adds itself, as a time-out.
    """
    while True:
        try:
            return await workflow.execute_local_activity_method(
                step,
                argument,
                start_to_close_timeout=BOOKKEEPING_TIMEOUT,
                retry_policy=BOOKKEEPING_RETRY,
            )
        except (ActivityError, ApplicationError) as error:
            if isinstance(error, ApplicationError) and error.non_retryable:
                raise
            await workflow.sleep(BOOKKEEPING_PAUSE)
