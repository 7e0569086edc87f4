"""A bot process that is killed at any named point loses nothing and enters nothing twice."""

import asyncio
from pathlib import Path

import pytest

from core.crash_points import POINTS
from records.intake import Receipt
from records.work_item import WorkItem
from tests.support.journey import Journey
from tests.support.processes import Program

BOT_POINTS = [point for point in POINTS if point != "relay_after_start"]
ADOPTED = frozenset({"after_submit", "after_confirm"})
DOUBTFUL = ADOPTED | {"after_guard"}
"""Killed after the guard: whether it was entered is unknown until somebody has looked."""


def bots(journey: Journey, temporal_address: str, namespace: str, **more: str) -> Program:
    """`baton bots` as a process of its own."""
    settings = journey.settings
    return Program(
        "-m",
        "baton.cli",
        "bots",
        env={
            "BATON_DATABASE_URL": settings.database_url,
            "BATON_DATA_DIR": str(settings.data_dir),
            "BATON_CODEC_KEY_FILE": str(settings.codec_key_file),
            "BATON_ORDERDESK_URL": settings.orderdesk_url,
            "BATON_SERVICEDESK_URL": settings.servicedesk_url,
            "BATON_SEATS": "2",
            "BATON_LEASE_SECONDS": "12",
            "TEMPORAL_ADDRESS": temporal_address,
            "TEMPORAL_NAMESPACE": namespace,
            **more,
        },
    )


@pytest.mark.parametrize("point", BOT_POINTS)
async def test_a_killed_bot_enters_once(point: str, desk_journey: Journey, order_no: str, tmp_path: Path) -> None:
    """F01 to F05: killed at {point}, the order is marked once, the case goes on, and doubt is resolved by a look.

    Between guard and click nothing was entered: after the settle window the look says so, and it is entered again.
    """
    journey = desk_journey
    address, namespace = journey.client.service_client.config.target_host, journey.client.namespace
    marker = tmp_path / "killed"
    crash = {"BATON_CRASH_AT": point, "BATON_CRASH_MARKER": str(marker)}
    receipt = await journey.hand_in(order_no)

    with bots(journey, address, namespace, **crash) as first:
        assert await asyncio.to_thread(first.end) == -9
    with bots(journey, address, namespace, **crash):
        await journey.until_stage(receipt, "with_service")
    marked = await mark_of(journey, receipt)

    assert marker.exists()
    assert [row["reference"] for row in journey.floor.ledger("orderdesk", order_no)] == [marked.reference]
    assert marked.state == "done"
    assert marked.adopted == (point in ADOPTED)
    assert (marked.doubts, marked.reentries) == (int(point in DOUBTFUL), int(point == "after_guard"))
    assert marked.confirmation == journey.floor.ledger("orderdesk", order_no)[0]["confirmation"]


async def mark_of(journey: Journey, receipt: Receipt) -> WorkItem:
    """The item that marks the order."""
    return next(item for item in await journey.items(receipt) if item.operation == "mark_failed_delivery")
