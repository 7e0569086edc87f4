"""Rules run here and never in a workflow: the verdict and its version are then in the history, and replay is safe."""

from temporalio import activity

from decisions import root_cause
from decisions.root_cause import Cause, CauseInputs

__all__ = ["Cause", "CauseInputs", "Decide"]


class Decide:
    """The rule tables as local activities."""

    @activity.defn(name="decide_root_cause")
    async def root_cause(self, inputs: CauseInputs) -> Cause:
        """Why the delivery failed, what to do next, and by which rule and version."""
        return root_cause.decide(inputs)
