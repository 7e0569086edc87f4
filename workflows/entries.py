"""A case's work items: each a child workflow of its own, started with everything it needs, awaited for its end."""

import uuid

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from activities.items import Intent, ItemView
from systems.base import Entry, Operation
from systems.registry import SYSTEMS
from workflows import search
from workflows.work_item import ItemStart, WorkItemWorkflow


class Entries:
    """Starts the work items of one case; `step` names the place in its journey, so that an intent has one identity."""

    def __init__(self, case_id: uuid.UUID, case_number: str, journey: str) -> None:
        self._case_id = case_id
        self._case_number = case_number
        self._journey = journey

    async def enter(
        self,
        step: str,
        operation: Operation,
        entry: Entry,
        *,
        before: dict[str, str] | None = None,
        report_conflict: bool = False,
        author: str = "baton",
    ) -> ItemView:
        """Have an entry made; the item as it ended (done, discarded, or withdrawn because the record had changed)."""
        intent = Intent(
            id=workflow.uuid4(),
            case_id=self._case_id,
            system=operation.system,
            operation=operation.name,
            kind=operation.kind,
            target_key=operation.target(entry),
            occurrence=f"{self._case_number}/{step}",
            content=entry.model_dump(mode="json"),
            before=before,
            author=author,
            route=SYSTEMS[operation.system].route,
        )
        ended = await workflow.execute_child_workflow(
            WorkItemWorkflow.run,
            ItemStart(intent=intent, on_conflict="report" if report_conflict else "person"),
            id=f"item/{intent.id}",
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            search_attributes=self._attributes(operation),
        )
        return ended.item

    def _attributes(self, operation: Operation) -> TypedSearchAttributes:
        pairs: list[SearchAttributePair[str]] = [
            SearchAttributePair(search.JOURNEY, self._journey),
            SearchAttributePair(search.SYSTEM, operation.system),
            SearchAttributePair(search.STAGE, "running"),
        ]
        url = case_url()
        if url:
            pairs.append(SearchAttributePair(search.CASE_URL, url))
        return TypedSearchAttributes(pairs)


def case_url() -> str:
    """The case's page, as the relay noted it when it started the workflow."""
    return workflow.info().typed_search_attributes.get(search.CASE_URL) or ""
