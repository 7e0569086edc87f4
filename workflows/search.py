"""Search attributes: few, without personal data, written only when the stage changes, several in one call."""

from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate

from activities.items import ItemView
from core.faults import HeldBehind, Unknown
from core.work_item import NEEDS_PERSON, State

JOURNEY = SearchAttributeKey.for_keyword("BatonJourney")
STAGE = SearchAttributeKey.for_keyword("BatonStage")
SYSTEM = SearchAttributeKey.for_keyword("BatonSystem")
FAILURE_CLASS = SearchAttributeKey.for_keyword("BatonFailureClass")
SIGNATURE = SearchAttributeKey.for_keyword("BatonSignature")
CASE_URL = SearchAttributeKey.for_keyword("BatonCaseUrl")
DUE_AT = SearchAttributeKey.for_datetime("BatonDueAt")

_RUNS = ("running", "", "")


def case_stage(stage: str, due_at: datetime | None = None) -> None:
    """A case has reached `stage`; `due_at` when its handoff has a clock."""
    updates: list[SearchAttributeUpdate[Any]] = [STAGE.value_set(stage)]
    if due_at is not None:
        updates.append(DUE_AT.value_set(due_at))
    workflow.upsert_search_attributes(updates)


def handoff_stage(state: str, due_at: datetime) -> None:
    """A handoff is offered, picked up or ended, and due then."""
    workflow.upsert_search_attributes([STAGE.value_set(state), DUE_AT.value_set(due_at)])


class ItemStage:
    """How an item is found while it fails: until a person has seen to it, while nobody knows, or in line behind others.

    `in_line`: its last try was none, since its way is held.
    """

    def __init__(self) -> None:
        self._said = _RUNS
        self.in_line = False

    def show(self, item: ItemView) -> None:
        """Say how it stands, where that is not said already."""
        says = self._of(item)
        if says == self._said:
            return
        self._said = stage, code, signature = says
        failure = FAILURE_CLASS.value_set(code) if code else FAILURE_CLASS.value_unset()
        group = SIGNATURE.value_set(signature) if signature else SIGNATURE.value_unset()
        workflow.upsert_search_attributes([failure, group, STAGE.value_set(stage)])

    def _of(self, item: ItemView) -> tuple[str, str, str]:
        """Its stage, the code of its failure, the signature of its group."""
        if item.state in NEEDS_PERSON:
            return "failed", item.code, item.signature
        if item.state is State.UNKNOWN:
            return "unknown", item.code or Unknown.code, item.signature
        if item.state is State.READY and self.in_line:
            return "held", HeldBehind.code, item.signature
        return _RUNS


def item_ended(state: State) -> None:
    """An item has ended."""
    workflow.upsert_search_attributes([STAGE.value_set(state.value)])
