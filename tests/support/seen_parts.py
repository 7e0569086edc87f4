"""Parts that are asked how they are: started as processes, with something wrong in each corner of their records."""

import base64
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import yaml
from sqlalchemy import text

from core import clock
from core.work_item import Kind
from records import items
from records.database import Database
from records.intake import HandedIn, hand_in
from records.notice import Notice
from tests.house import tree
from tests.support.processes import Program

NOBODY = "127.0.0.1:1"


def rules() -> list[dict[str, Any]]:
    """The alarms of deploy/alerts.yml."""
    text = (tree.ROOT / "deploy" / "alerts.yml").read_text(encoding="utf-8")
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def numbers(text: str) -> dict[str, float]:
    """A series and its value, of what /metrics said."""
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def environment(database_url: str, temporal: str, place: Path) -> dict[str, str]:
    """What a part needs: records, Temporal, a folder and a key of its own."""
    key = place / "codec.key"
    key.write_bytes(base64.b64encode(bytes(32)))
    return {
        "BATON_DATABASE_URL": database_url,
        "BATON_DATA_DIR": str(place),
        "BATON_CODEC_KEY_FILE": str(key),
        "BATON_ORDERDESK_URL": f"http://{NOBODY}",
        "TEMPORAL_ADDRESS": temporal,
    }


def running(name: str, environment: dict[str, str]) -> Program:
    """A part as a process."""
    return Program("-m", "baton", name, env=environment)


def address(program: Program) -> str:
    """Where it says how it is, as its log told."""
    found = re.search(r"http://[0-9.]+:\d+", program.says("health.served"))
    assert found is not None
    return found.group()


@contextmanager
def heard(program: Program) -> Iterator[None]:
    """Somebody reads what it says, or it would wait for a reader; at the end it is asked to stop."""
    reader = Thread(target=program.drain)
    reader.start()
    try:
        yield
    finally:
        program.stop()
        reader.join()


async def until(client: httpx.AsyncClient, url: str, words: str) -> None:
    """Ask until the answer holds the words."""
    while words not in (await client.get(url)).text:
        pass


async def something_wrong(url: str) -> None:
    """A case full of canaries, an entry in doubt and a mail that waits, all an hour old."""
    database, then = Database(url), clock.now() - timedelta(hours=1)
    work = HandedIn(
        journey="failed-delivery",
        prefix="FD",
        workflow_type="FailedDeliveryWorkflow",
        task_queue="nobody",
        business_key="4712345/P-99887766/1",
        subject_key="4712345/P-99887766",
        order_no="4712345",
        parcel_no="P-99887766",
        content={"customer_name": "Canarius", "street": "Birdcage"},
        source="form",
        submitted_by="canary@example.net",
    )
    intent = items.Intent(
        id=uuid.uuid4(),
        system="orderdesk",
        operation="reschedule",
        kind=Kind.CHANGE,
        target_key="4712345",
        occurrence="FD-1/reschedule",
        content={"order_no": "4712345", "customer_name": "Canarius"},
    )
    async with database.session() as session:
        receipt = await hand_in(session, work, then)
        await items.create(session, intent, then)
        told: dict[str, Any] = {
            "subject": "Canarius",
            "body": "Birdcage",
            "message_id": "<1@example.net>",
            "state": "waiting",
        }
        session.add(
            Notice(case_id=receipt.case_id, occurrence="1", recipient="canary@example.net", created_at=then, **told)
        )
        await session.flush()
        await (await session.connection()).execute(text("UPDATE work_items SET state = 'unknown'"))
    await database.close()
