"""One trace of a case from the form to the screen, on real parts, as a collector of OpenTelemetry gets it."""

import asyncio
import base64
import json
import os
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from baton.data_folder import demo_sign_ins
from baton.ports import free_base
from baton.seen.collector import ALLOWED, OF_AN_EVENT
from core import clock
from records.access import NewUser, create_token, create_user
from records.database import Database
from records.people import Role
from tests.support.collector import Collector, collecting
from tests.support.floor import ORDERS, Floor
from tests.support.journey import listening, report_of
from tests.support.patience import PATIENCE
from tests.support.processes import Program
from tests.support.servers import Temporal

PARTS = {"console": "", "worker": "worker.ready", "ticks": "", "bots": "worker.ready"}
"""What a part logs when it works; the others are asked, or need not be there yet."""


@dataclass
class Site:
    """A Baton of one process for each part, and who it tells its spans."""

    url: str
    console: str
    collector: Collector
    parts: dict[str, Program]

    async def until(self, statement: str) -> None:
        """Wait until there is such a row, asked anew whenever a case changes or a while has passed."""
        while not self.rows(statement):
            async with listening(self.url) as notified:
                await notified()

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of the records."""
        with psycopg.connect(self.url) as connection:
            return list(connection.execute(statement.encode()))

    def lines(self, part: str) -> list[dict[str, Any]]:
        """What a part wrote to its log."""
        return [json.loads(line) for line in self.parts[part].said if line.startswith("{")]


@pytest.fixture
async def site(database_url: str, temporal: Temporal, floor: Floor, tmp_path: Path) -> AsyncIterator[Site]:
    """Every part as a process, on real servers and systems."""
    (tmp_path / "codec.key").write_text(base64.b64encode(os.urandom(32)).decode())
    port = free_base(1)
    console = f"http://127.0.0.1:{port}"
    env = {
        **demo_sign_ins(),
        "BATON_DATABASE_URL": database_url,
        "BATON_DATA_DIR": str(tmp_path),
        "BATON_CODEC_KEY_FILE": str(tmp_path / "codec.key"),
        "BATON_CONSOLE_PORT": str(port),
        "BATON_CONSOLE_URL": console,
        "BATON_SMTP_URL": floor.smtp,
        "BATON_ORDERDESK_URL": floor.orderdesk,
        "BATON_SERVICEDESK_URL": floor.servicedesk,
        "BATON_FIELDBOARD_URL": floor.fieldboard,
        "BATON_SEATS": "1",
        "BATON_LOG_FORMAT": "json",
        "TEMPORAL_ADDRESS": temporal.address,
        "TEMPORAL_NAMESPACE": temporal.namespace,
    }
    collector = Collector()
    async with AsyncExitStack() as stack:
        env |= await stack.enter_async_context(collecting(collector))
        parts = {part: stack.enter_context(Program("-m", "baton", part, env=env)) for part in PARTS}
        for part, words in PARTS.items():
            if words:
                await asyncio.to_thread(parts[part].says, words)
            threading.Thread(target=parts[part].drain, daemon=True).start()
        yield Site(database_url, console, collector, parts)
        for program in parts.values():
            await asyncio.to_thread(program.stop)


@pytest.mark.acceptance
async def test_one_trace_leads_from_the_form_to_the_screen(site: Site, floor: Floor) -> None:
    """Every span of a case is in one trace, under the right parent, with the case's correlation and nothing else.

    Those of the person who decides are a trace of their own, to which the case's points; the log has its ids too.
    """
    order_no = str(next(ORDERS))
    number = await _carried(site, order_no)
    seen, correlation = site.collector.spans(), f"failed-delivery/{number}"
    (form,) = site.collector.named("POST /api/failed-deliveries")
    trace = [one for one in seen if one.trace == form.trace]

    assert {one.marks.get("baton.correlation") for one in trace} == {correlation}
    assert {one.part for one in trace} == {"baton-console", "baton-ticks", "baton-worker", "baton-bots"}
    assert {site.collector.above(one)[-1] for one in trace if one.id != form.id} == {form.name}
    start = ["StartWorkflow:FailedDeliveryWorkflow", "outbox FailedDeliveryWorkflow", form.name]
    assert [one.name for one in trace if one.name.startswith("StartWorkflow")] == start[:1]
    job = ["RunActivity:perform", "StartActivity:perform", "StartChildWorkflow:WorkItemWorkflow"]
    saved = [site.collector.above(one) for one in trace if one.name == "step save"]
    assert [*job, *start] in saved
    (mailed,) = [one for one in trace if one.name == "send a mail"]
    assert site.collector.above(mailed) == ["RunActivity:send_notice", "StartActivity:send_notice", *start]
    assert mailed.marks["baton.outcome"] == "sent"
    (decided,) = site.collector.named("POST /api/cases/{number}/resolutions")
    (taken,) = [one for one in trace if one.name == "HandleUpdate:complete"]
    assert [link.trace_id.hex() for link in taken.span.links] == [decided.trace]
    assert {one.marks["baton.correlation"] for one in seen if one.trace == decided.trace} == {correlation}
    _say_nothing_of_anybody(site, order_no)
    told = [
        line for line in site.lines("ticks") if line["event"] == "outbox.told" and line["correlation"] == correlation
    ]
    assert told[0]["trace_id"] == form.trace
    assert told[0]["span_id"] in {one.id for one in trace if one.name == start[1]}


def _say_nothing_of_anybody(site: Site, order_no: str) -> None:
    for one in site.collector.spans():
        assert set(one.marks) <= ALLOWED
        assert all(set(said) <= OF_AN_EVENT for _, said in one.events)
        assert not one.span.status.message
    sent = b"".join(call.body for call in site.collector.calls)
    for word in (
        order_no,
        "Greta",
        "Lindqvist",
        "Hafenweg",
        "nobody home",
        "Depot North",
        "P-88112345",
        "@example.org",
    ):
        assert word.encode() not in sent, word


async def _carried(site: Site, order_no: str) -> str:
    """Hand a report in, decide it as an agent does, and wait for the end of the case and of its trace; its number."""
    await _answers(site.console)
    report = report_of(order_no).model_dump(mode="json")
    ops, agent = await _tokens(site)
    async with httpx.AsyncClient(base_url=site.console, timeout=PATIENCE) as client:
        kept = await client.post("/api/failed-deliveries", json=report, headers=ops)
        number = str(kept.raise_for_status().json()["case_number"])
        await asyncio.wait_for(
            site.until("SELECT 1 FROM handoffs WHERE state = 'offered' AND kind = 'service'"), PATIENCE
        )
        (await client.post(f"/api/cases/{number}/pickups", headers=agent)).raise_for_status()
        day = (clock.now() + timedelta(days=3)).date().isoformat()
        choice = {
            "resolution": {"kind": "reschedule", "delivery_date": day, "window_code": "2", "note": "Greta agreed"}
        }
        (await client.post(f"/api/cases/{number}/resolutions", json=choice, headers=agent)).raise_for_status()
    await asyncio.wait_for(site.until("SELECT 1 FROM cases WHERE closed_at IS NOT NULL"), PATIENCE)
    await site.collector.until(lambda: _whole(site.collector))
    return number


def _whole(collector: Collector) -> bool:
    """Whether the last spans came, and those that others hang on: each part sends its own, in its own time."""
    last = ("CompleteWorkflow:FailedDeliveryWorkflow", "POST /api/cases/{number}/resolutions")
    return all(map(collector.named, last)) and not any("missing" in collector.above(one) for one in collector.spans())


async def _tokens(site: Site) -> list[dict[str, str]]:
    """What somebody of operations and an agent show to the console."""
    database, now, found = Database(site.url, pool_size=1), clock.now(), []
    async with database.session() as session:
        for role in (Role.OPS, Role.AGENT):
            who = NewUser(email=f"{role.value}@example.org", name=role.value, role=role, password="a-long-password")
            await create_user(session, who, now)
            token = await create_token(session, who.email, "test", timedelta(days=1), now)
            found.append({"Authorization": f"Bearer {token}"})
    await database.close()
    return found


@retry(retry=retry_if_exception_type(httpx.HTTPError), stop=stop_after_delay(PATIENCE), wait=wait_fixed(0.2))
async def _answers(address: str) -> None:
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE) as client:
        (await client.get("/readyz")).raise_for_status()
