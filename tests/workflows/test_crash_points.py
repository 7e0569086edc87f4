"""Every named point at which the sweep strikes is reached, by every operation of every route, in its order."""

import asyncio
import json
import socket
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.client import WorkflowHandle

from baton.sweep import cast
from baton.sweep.cast import Target
from baton.sweep.plan import BOT_POINTS, ONCE_AN_ITEM
from baton.sweep.records import Records
from core.crash_points import reach
from core.work_item import State
from tests.support.floor import CAST_ORDERS, Floor
from tests.support.journey import Journey
from tests.support.patience import PATIENCE
from workflows.acts import QUEUE
from workflows.work_item import ItemEnd, ItemStart, WorkItemWorkflow

Points = dict[str, list[str]]


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Points]:
    """Whoever reaches a point is written down under the item that it works on, and goes on."""
    points: Points = defaultdict(list)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "t"))
        listening.listen(64)
        monkeypatch.setenv("BATON_CRASH_TOLD_TO", str(tmp_path / "t"))
        recorder = threading.Thread(target=_record, args=(listening, points))
        recorder.start()
        yield points
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(str(tmp_path / "t"))
            last.sendall(b"{}\n")
        recorder.join()


def _record(listening: socket.socket, points: Points) -> None:
    while True:
        line, _ = listening.accept()
        with line, line.makefile("rb") as words:
            told = json.loads(words.readline())
            if not told:
                return
            points[told["about"]].append(told["point"])
            line.sendall(b"1")


async def test_every_operation_reaches_every_point(journey: Journey, heard: Points) -> None:
    """Over all operations and routes of the registry: all points in their order, the inner ones once for each part."""
    cast_ = cast.read()
    targets = cast.targets(cast_)
    records = Records(cast_, targets, CAST_ORDERS, lambda path, fields: _post(journey.floor, path, fields))

    ended = await asyncio.gather(*(_entered(journey, target, cast_, records) for target in targets))

    inner = [point for point in BOT_POINTS if point not in ONCE_AN_ITEM]
    assert {target.words: end.item.state for target, end in zip(targets, ended, strict=True)} == {
        target.words: State.DONE for target in targets
    }
    missing = {
        target.words: heard[str(end.item.id)]
        for target, end in zip(targets, ended, strict=True)
        if not _passed(heard[str(end.item.id)], ["before_intent", *inner * target.commits, "before_report"])
    }
    assert missing == {}


def _passed(heard: list[str], expected: list[str]) -> bool:
    """Whether all of these came in this order. A try that a slow machine cut short before its click may lie between."""
    left = iter(heard)
    return all(point in left for point in expected)


def test_a_point_that_nobody_listens_at_is_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener that is gone holds nobody up; a point that does not exist is said to be none."""
    monkeypatch.setenv("BATON_CRASH_TOLD_TO", str(tmp_path / "nobody"))

    reach("after_find", "item")

    with pytest.raises(ValueError, match="after_lunch is not a crash point"):
        reach("after_lunch")


async def _entered(journey: Journey, target: Target, cast_: cast.Cast, records: Records) -> ItemEnd:
    role = cast_[target.system][target.operation]
    intent = target.intent(role, await records.fresh(target), 7)
    handle: WorkflowHandle[Any, ItemEnd] = await journey.client.start_workflow(
        WorkItemWorkflow.run, ItemStart(intent=intent), id=f"item/{intent.id}", task_queue=QUEUE
    )
    return await asyncio.wait_for(handle.result(), PATIENCE)


async def _post(floor: Floor, path: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    headers = {"X-Api-Key": "demo-servicedesk-key"}
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=PATIENCE) as client:
        answer = await client.post(f"{floor.servicedesk}{path}", json=dict(fields))
    told: dict[str, Any] = answer.raise_for_status().json()
    return told
