"""An act that Temporal cannot take now: kept for later with who asked, or refused with the reason."""

from enum import Enum

from console.collaborators import Collaborators
from console.late_acts import late
from console.problems import Problem
from records import outbox, waiting_acts
from workflows.acts import Act, Told

_UNCHANGED = "Nothing was changed."


class Why(Enum):
    """Why an act waits, as its sentence and as what is said where it may not wait."""

    AWAY = ("it is delivered when Temporal is back", "Temporal does not answer, and this is not kept for later.")
    BEHIND = (
        "it is delivered after what was asked before it and waits still",
        "Something that was asked before waits still, and this is not kept to wait behind it.",
    )
    SILENT = (
        "it is delivered as soon as the case answers",
        "The case did not answer in time. What you sent may still be taken up; it is not kept for later.",
    )


class Waiting:
    """One act and its way into the outbox."""

    def __init__(self, parts: Collaborators, workflow_id: str, update: str, act: Act, key: str, may_wait: bool) -> None:
        self._parts = parts
        self._workflow_id = workflow_id
        self._late = late(workflow_id, update)
        self._may_wait = may_wait and not self._late.not_kept
        self._asked = waiting_acts.Asked(
            workflow_id=workflow_id,
            act=update,
            title=self._late.title,
            key=key,
            by=act.by,
            argument=act.model_dump(mode="json"),
        )

    async def behind(self) -> bool:
        """Whether something waits that was asked of this workflow before: nothing may overtake it."""
        async with self._parts.database.session() as session:
            return await waiting_acts.stands(session, self._workflow_id)

    async def begins(self) -> bool:
        """Whether the workflow is still to be started."""
        async with self._parts.database.session() as session:
            return await outbox.begins(session, self._workflow_id)

    async def keep(self, why: Why) -> Told:
        """Keep it; raises Problem (503) for what is not kept, with the reason."""
        then, refusal = why.value
        if not self._may_wait:
            raise Problem(
                503,
                "temporal_away" if why is Why.AWAY else "not_now",
                refusal,
                kept=self._late.not_kept or _UNCHANGED,
                todo="Try again in a minute. New work can be handed in meanwhile; it starts by itself.",
            ).with_headers({"Retry-After": "10"})
        async with self._parts.database.session() as session:
            await waiting_acts.keep(session, self._asked, self._parts.clock())
        return Told(message=f"Kept: {then}. What came of it is told to you.", kept=True)
