"""Search attributes: few, without personal data, written only when the stage changes, several in one call."""

from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate

from core.work_item import State

JOURNEY = SearchAttributeKey.for_keyword("BatonJourney")
STAGE = SearchAttributeKey.for_keyword("BatonStage")
SYSTEM = SearchAttributeKey.for_keyword("BatonSystem")
FAILURE_CLASS = SearchAttributeKey.for_keyword("BatonFailureClass")
SIGNATURE = SearchAttributeKey.for_keyword("BatonSignature")
CASE_URL = SearchAttributeKey.for_keyword("BatonCaseUrl")
DUE_AT = SearchAttributeKey.for_datetime("BatonDueAt")


def case_stage(stage: str, due_at: datetime | None = None) -> None:
    """A case has reached `stage`; `due_at` when its handoff has a clock."""
    updates: list[SearchAttributeUpdate[Any]] = [STAGE.value_set(stage)]
    if due_at is not None:
        updates.append(DUE_AT.value_set(due_at))
    workflow.upsert_search_attributes(updates)


def handoff_stage(state: str, due_at: datetime) -> None:
    """A handoff is offered, picked up or ended, and due then."""
    workflow.upsert_search_attributes([STAGE.value_set(state), DUE_AT.value_set(due_at)])


def item_failed(code: str, signature: str = "") -> None:
    """An item needs a person because of `code`, as one of the group with that signature; empty: it goes again."""
    failure = FAILURE_CLASS.value_set(code) if code else FAILURE_CLASS.value_unset()
    group = SIGNATURE.value_set(signature) if signature else SIGNATURE.value_unset()
    workflow.upsert_search_attributes([failure, group, STAGE.value_set("failed" if code else "running")])


def item_ended(state: State) -> None:
    """An item has ended."""
    workflow.upsert_search_attributes([STAGE.value_set(state.value)])
