"""F67: what a bot signs in with is found nowhere afterwards: everything that jobs leave, also failed ones, is read."""

import logging
from pathlib import Path

import psycopg
import pytest
from prometheus_client import REGISTRY, generate_latest
from psycopg.sql import SQL, Identifier

from baton import wiring
from records.intake import Receipt
from systems.orderdesk import MARK_FAILED_DELIVERY
from tests.support import canary
from tests.support.floor import ORDERS
from tests.support.journey import Journey
from tests.workflows.cast import item_of_its_own
from tests.workflows.test_held_accounts import RIGHT, VARIABLE, WRONG, holds, one_account, says_held
from tests.workflows.test_work_item import ON_ITS_WAY, absent

__all__ = ["one_account"]
API_VARIABLE = "BATON_SECRET_SERVICEDESK_API_KEY"
API_WRONG = "canary-key-0815"


async def everything(journey: Journey, receipts: list[Receipt], folder: Path, said: str) -> dict[str, bytes]:
    """Log, database, evidence opened, files, and all that Temporal holds."""
    store = wiring.evidence(journey.settings)
    kinds = ("screenshot", "snapshot", "trace", "exchange", "sealed")
    found = {"the log": said.encode(), "metrics": generate_latest(REGISTRY)}
    found |= await canary.evidence(journey.database, store, *kinds)
    found |= await canary.said_of_attempts(journey.database)
    found |= {name: data for name, data in canary.files(folder).items() if "keys" not in name}
    for receipt in receipts:
        found[f"Temporal on {receipt.case_number}"] = await histories(journey, receipt)
    found["the database"] = dump(journey.database.url)
    return found


async def histories(journey: Journey, receipt: Receipt) -> bytes:
    """Everything that Temporal holds of the items, as bytes."""
    raw = b""
    for item in await journey.items(receipt):
        handle = journey.client.get_workflow_handle(f"item/{item.id}")
        raw += b"".join([event.SerializeToString() async for event in handle.fetch_history_events()])
    return raw


def dump(url: str) -> bytes:
    """Every row of every table."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        all_of = SQL("SELECT t::text FROM {} t")
        rows = [connection.execute(all_of.format(Identifier(name))).fetchall() for (name,) in tables]
    return "\n".join(str(row) for found in rows for row in found).encode()


@pytest.mark.failure_mode("F67")
async def test_secrets_leave_no_trace(
    one_account: Journey,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """F67: after a refused sign-in, a signed-in entry and a refused API key no canary is anywhere."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv(API_VARIABLE, API_WRONG)
    refused = await item_of_its_own(one_account, MARK_FAILED_DELIVERY, absent(str(next(ORDERS))), before=ON_ITS_WAY)
    await one_account.until(refused, lambda: says_held(one_account, refused))
    monkeypatch.setenv(VARIABLE, RIGHT)
    _, tried = await wiring.try_sign_in(one_account.settings, "orderdesk-bot10", "it@example.org")
    _, api = await wiring.try_sign_in(one_account.settings, "servicedesk-api-key", "it@example.org")
    done = await item_of_its_own(one_account, MARK_FAILED_DELIVERY, absent(str(next(ORDERS))), before=ON_ITS_WAY)
    await one_account.until_item(done, MARK_FAILED_DELIVERY.name, "done")
    await one_account.until_item(refused, MARK_FAILED_DELIVERY.name, "done")

    places = await everything(one_account, [refused, done], tmp_path, f"{caplog.text} {capfd.readouterr()}")

    assert (tried.works, api.works, [hold.code for hold in await holds(one_account)]) == (
        True,
        False,
        ["sign_in_refused"],
    )
    assert any(name.endswith(".png") for name in places)
    assert canary.sung(places, [WRONG, RIGHT, API_WRONG]) == []
