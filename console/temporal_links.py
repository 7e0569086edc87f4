"""Where things stand in the Temporal UI: its own address for lists, a door of ours for single workflows."""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class TemporalLinks:
    """Links of one console; none where no address of the UI is set."""

    ui: str
    namespace: str

    def __bool__(self) -> bool:
        """Whether there is a UI to lead to."""
        return bool(self.ui)

    def query(self, wanted: str) -> str:
        """The list of all workflows that the query names."""
        return f"{self._workflows}?query={quote(wanted, safe='')}"

    def through(self, workflow_id: str, run_id: str = "") -> str:
        """Our door to one workflow: it says when Temporal keeps it no longer."""
        return f"/temporal/{quote(workflow_id)}" + (f"?run={quote(run_id)}" if run_id else "")

    def workflow(self, workflow_id: str, run_id: str = "") -> str:
        """The page of one workflow, or of one of its runs."""
        page = f"{self._workflows}/{quote(workflow_id, safe='')}"
        return f"{page}/{quote(run_id, safe='')}" if run_id else page

    @property
    def _workflows(self) -> str:
        return f"{self.ui.rstrip('/')}/namespaces/{quote(self.namespace, safe='')}/workflows"
