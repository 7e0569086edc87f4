"""The fault switches and the ledger: the system misbehaves as told, and its ledger never lies."""

import asyncio
import json
import re
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.patience import PATIENCE

FAILED = {"status": "50", "reason": "12", "attempt": "1", "remarks": "BTN-KILL0001"}


async def test_down_answers_503_but_for_faults_and_health(orderdesk: Any) -> None:
    """A system that is down answers 503 everywhere except where it can be mended."""
    await orderdesk.faults(down=True)

    statuses = {path: (await orderdesk.http.get(path)).status_code for path in ("/signin", "/search", "/ledger.json")}
    always = {path: (await orderdesk.http.get(path)).status_code for path in ("/faults", "/faults.json", "/healthz")}

    assert set(statuses.values()) == {503}
    assert set(always.values()) == {200}
    assert (await orderdesk.faults(reset=True))["down"] is False
    assert (await orderdesk.http.get("/signin")).status_code == 200


async def test_slow_waits_before_each_page(orderdesk: Any) -> None:
    """A page comes no sooner than the seconds that are switched on."""
    await orderdesk.faults(slow_seconds=0.2)
    began = asyncio.get_running_loop().time()

    await orderdesk.http.get("/signin")

    assert asyncio.get_running_loop().time() - began >= 0.2


async def test_commit_then_500_commits(orderdesk: Any) -> None:
    """The next change is answered with 500 and is in the ledger all the same; the one after it is answered well."""
    client = await orderdesk.user("bot07")
    await orderdesk.faults(commit_then_500=1)

    answers = [await client.post("/order/4700122/failure", data=FAILED) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [500, 200]
    assert "ORD-500" in answers[0].text
    rows = [row for row in (await orderdesk.http.get("/ledger.json")).json() if row["key"] == "4700122"]
    assert len(rows) == 2


async def test_reply_delay_commits_before_it_waits(orderdesk: Any) -> None:
    """A sender who gives up waiting for the reply finds the change committed."""
    client = await orderdesk.user("bot07")
    await orderdesk.faults(reply_delay_seconds=3)

    with pytest.raises(httpx.ReadTimeout):
        await client.post("/order/4700127/failure", data=FAILED, timeout=httpx.Timeout(PATIENCE, read=1.5))

    rows = [row for row in (await orderdesk.http.get("/ledger.json")).json() if row["key"] == "4700127"]
    assert [row["reference"] for row in rows] == ["BTN-KILL0001"]


async def test_expired_sessions_have_to_sign_in_again(orderdesk: Any) -> None:
    """After the switch every screen says ORD-301, a save too, which changes nothing."""
    client = await orderdesk.user("bot07")
    await orderdesk.faults(expire_sessions=True)

    saved = await client.post("/order/4700130/failure", data=FAILED)

    assert "ORD-301 session expired" in saved.text
    assert not [row for row in (await orderdesk.http.get("/ledger.json")).json() if row["key"] == "4700130"]


async def test_meier_keeps_an_order_until_it_is_unlocked(orderdesk: Any) -> None:
    """The locked order refuses everybody, even who had it open, until the lock is cleared."""
    client = await orderdesk.user("bot07")
    await client.get("/order/4700133/failure")
    state = await orderdesk.faults(lock_order="4700133")

    refused = await client.post("/order/4700133/failure", data=FAILED)
    await orderdesk.faults(unlock_order="4700133")
    taken = await client.post("/order/4700133/failure", data=FAILED)

    assert state["locked_orders"] == ["4700133"]
    assert "ORD-113 record locked by MEIER" in refused.text
    assert "ORD-201" in taken.text


@pytest.mark.parametrize(
    "wrong", [{"slow_seconds": "long"}, {"down": "perhaps"}, {"nonsense": 1}, {"commit_then_500": -1}]
)
async def test_a_switch_that_makes_no_sense_is_refused(orderdesk: Any, wrong: dict[str, object]) -> None:
    """Nothing is switched when one of the values cannot be understood."""
    answer = await orderdesk.http.post("/faults", json={"reply_delay_seconds": 5, **wrong})

    assert answer.status_code == 422
    assert (await orderdesk.http.get("/faults.json")).json()["reply_delay_seconds"] == 0


async def test_the_pages_switch_by_form(orderdesk: Any, servicedesk: Any, mail: Any) -> None:
    """Every system's page has the switches, and posting its form works."""
    for system in (orderdesk, servicedesk, mail):
        answer = await system.http.post("/faults", data={"slow_seconds": "0.01"}, follow_redirects=True)

        assert "fault switches" in answer.text
        assert (await system.http.get("/faults.json")).json()["slow_seconds"] == 0.01


async def test_a_kill_leaves_no_change_without_its_ledger_row(start: Any) -> None:
    """Killed in the middle of many saves and started again: changes, ledger and mirror agree one to one."""
    desk = await start("orderdesk")
    told: list[str] = []

    async def save_on(order_no: str, enough: asyncio.Event) -> None:
        client = await desk.user("bot08")
        try:
            while True:
                saved = await client.post(f"/order/{order_no}/failure", data=FAILED)
                told.extend(re.findall(r'id="change_no"[^>]*>(\d+)<', saved.text))
                if len(told) > 20:
                    enough.set()
        except httpx.TransportError:
            return

    enough = asyncio.Event()
    savers = [asyncio.create_task(save_on(order_no, enough)) for order_no in ("4700123", "4700101", "4700103")]
    await asyncio.wait_for(enough.wait(), PATIENCE)
    desk.process.send_signal(signal.SIGKILL)
    await asyncio.gather(*savers)
    await desk.stop()
    again = await start("orderdesk", data=desk.data)
    client = await again.user("bot08")
    pages = [(await client.get(f"/order/{order_no}")).text for order_no in ("4700123", "4700101", "4700103")]
    shown = {number for page in pages for number in re.findall(r'class="c_no">(\d+)<', page)}
    rows = (await again.http.get("/ledger.json")).json()

    assert {row["confirmation"] for row in rows} == shown >= set(told)
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert [json.loads(line) for line in (again.data / "ledger.jsonl").read_text().splitlines()] == rows


async def test_a_torn_mirror_is_healed_at_start(start: Any) -> None:
    """A ledger file that lost its last line, or half of it, is whole again when the system runs."""
    desk = await start("orderdesk")
    client = await desk.user("bot08")
    for _ in range(2):
        await client.post("/order/4700123/failure", data=FAILED)
    await desk.stop()
    mirror = desk.data / "ledger.jsonl"
    whole = mirror.read_bytes()
    mirror.write_bytes(whole[: len(whole) // 2 + 20])

    await start("orderdesk", data=desk.data)

    assert mirror.read_bytes() == whole


async def test_sigterm_ends_quietly_and_data_stays(start: Any) -> None:
    """A stop exits with 0, and the next start shows the same order, change numbers going on."""
    desk = await start("orderdesk")
    first = await (await desk.user("bot01")).post("/order/4700123/failure", data=FAILED)
    assert await desk.stop() == 0

    again = await start("orderdesk", data=desk.data)
    second = await (await again.user("bot01")).post("/order/4700123/failure", data=FAILED)

    assert "Change 0001001 saved" in first.text
    assert "Change 0001002 saved" in second.text


async def test_one_data_folder_has_one_process(orderdesk: Any, tmp_path: Any) -> None:
    """A second process on the same folder, or the same port, says why it does not start."""
    port = orderdesk.url.rsplit(":", 1)[1]

    in_use = await _run("--port", "0", "--data", str(orderdesk.data))
    taken = await _run("--port", port, "--data", str(tmp_path))

    assert in_use.strip() == f"orderdesk: data folder {orderdesk.data} is in use by another process"
    assert taken.strip() == f"orderdesk: cannot listen on 127.0.0.1:{port}: Address already in use"


async def _run(*arguments: str) -> str:
    command = ("-m", "demo.orderdesk", *arguments)
    root = Path(__file__).parents[2]
    process = await asyncio.create_subprocess_exec(sys.executable, *command, cwd=root, stderr=PIPE)
    _, complaint = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 1
    return complaint.decode()
