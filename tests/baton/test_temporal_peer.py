"""How a process of ours is told from another one at Temporal."""

import os

import pytest
import structlog

from baton import temporal_peer
from baton.temporal_server import EmbeddedTemporal


async def test_who_did_it_is_named_by_its_part(
    temporal_server: EmbeddedTemporal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the ticks start, the Temporal UI says of them, and not of a bare number of a process."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server.address)
    with structlog.contextvars.bound_contextvars(part="ticks"):
        client = await temporal_peer.client()
    begun = await client.start_workflow("NobodyKnowsThis", id=f"named-{os.getpid()}", task_queue="nobody")

    history = await begun.fetch_history()
    await begun.terminate()

    by = history.events[0].workflow_execution_started_event_attributes.identity
    assert by.startswith("ticks@")
    assert by.endswith(f":{os.getpid()}")
