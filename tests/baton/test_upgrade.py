"""`baton upgrade` as IT types it, on a real Temporal: what it says, what it refuses, and that nobody is overtaken."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from temporalio import workflow
from temporalio.worker import UnsandboxedWorkflowRunner, Worker
from typer.main import get_command

from baton.cli import app
from baton.seen import asked
from baton.upgrade import builds, command
from baton.upgrade.builds import UpgradeRefused
from baton.versioning import deployment_config
from core.settings import Settings
from tests.house import tree
from tests.support.patience import PATIENCE
from tests.support.processes import Program
from tests.support.servers import Temporal
from workflows.acts import QUEUE

NOBODY = "127.0.0.1:1"


@workflow.defn(name="Waits")
class Waits:
    """Open until it is told to end."""

    def __init__(self) -> None:
        self._over = False

    @workflow.run
    async def run(self) -> None:
        """Until then."""
        await workflow.wait_condition(lambda: self._over)

    @workflow.signal
    def end(self) -> None:
        """End."""
        self._over = True


@dataclass
class Bench:
    """A namespace, and workers of builds in it."""

    temporal: Temporal
    stack: AsyncExitStack
    leaving: dict[str, AsyncExitStack] = field(default_factory=dict)

    async def worker(self, build: str) -> None:
        """One comes, and Temporal knows it."""
        mine = await self.stack.enter_async_context(AsyncExitStack())
        await mine.enter_async_context(
            Worker(
                self.temporal.client,
                task_queue=QUEUE,
                workflows=[Waits],
                workflow_runner=UnsandboxedWorkflowRunner(),
                deployment_config=deployment_config(build),
            )
        )
        self.leaving[build] = mine
        await self.until(lambda now: any(one.name == build and one.workers for one in now.builds) or not build)

    async def until(self, holds: Any) -> builds.Standing:
        """Ask Temporal until it is so."""
        async with asyncio.timeout(PATIENCE):
            while not holds(now := await builds.standing(self.temporal.client)):
                pass
        return now

    async def begun(self, name: str) -> str:
        """One begins; the build that has it."""
        handle = await self.temporal.client.start_workflow("Waits", id=name, task_queue=QUEUE)
        async with asyncio.timeout(PATIENCE):
            while not (found := _build((await handle.describe()).raw_description)):
                pass
        return found

    async def upgrade(self, *how: str) -> str:
        """As IT types it; what it said, or why it refused."""
        typed = get_command(app).commands["upgrade"].make_context("upgrade", list(how)).params  # type: ignore[attr-defined]
        wanted = {name: typed[name] for name in ("ramp", "build", "current", "back", "move")}
        try:
            return await command.done(command.deed(**wanted))
        except UpgradeRefused as refused:
            return f"refused: {refused}"


def _build(described: Any) -> str:
    return str(described.workflow_execution_info.versioning_info.deployment_version.build_id)


@pytest.fixture
async def bench(temporal: Temporal, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    """No worker yet."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal.address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", temporal.namespace)
    async with AsyncExitStack() as stack:
        yield Bench(temporal, stack)


async def test_a_build_is_ramped_brought_in_and_moved_from(bench: Bench) -> None:
    """Each command of docs/upgrading.md does what the page says, and says it."""
    await bench.worker("1.0")
    first = await bench.upgrade()
    told = await asked.surroundings(Settings(), {"TEMPORAL_ADDRESS": bench.temporal.address})
    await bench.upgrade("--current")
    had = await bench.begun("one")
    await bench.worker("1.1")
    ramped = await bench.upgrade("--ramp", "100")
    took = await bench.begun("two")
    unramped = await bench.upgrade("--ramp", "0")
    await bench.upgrade("--ramp", "10")
    back = await bench.upgrade("--back")
    brought = await bench.upgrade("--current", "--build", "1.1")
    await bench.until(lambda now: now.of("1.0").open == 1)
    moved = await bench.upgrade("--move", "1.0")
    now = await bench.until(lambda now: now.of("1.1").open == 2)

    assert "No build takes new work yet: `baton upgrade --current`" in first
    assert "No build takes new work yet" in told[-1]
    assert (had, took) == ("1.0", "1.1")
    assert "100 of 100 new cases begin on 1.1." in ramped
    assert "All new work begins on 1.0 again." in unramped
    assert "All new work begins on 1.0 again." in back
    assert "All new work begins on 1.1." in brought
    assert "1 go on, on 1.1." in moved
    assert (now.current, now.ramping, now.of("1.0").open) == ("1.1", "", 0)


async def test_what_cannot_be_done_is_said_and_changes_nothing(bench: Bench) -> None:
    """No such build, nothing before, nothing newer."""
    await bench.worker("1.0")
    refused = {
        "there is none to go back from": await bench.upgrade("--back"),
        "the first is brought in with --current": await bench.upgrade("--ramp", "5"),
        "No worker has ever said that it is build 9": await bench.upgrade("--current", "--build", "9"),
        "No worker has ever said that it is build 8": await bench.upgrade("--move", "8", "--build", "1.0"),
    }
    await bench.upgrade("--current")
    refused["No worker of another build asks for work"] = await bench.upgrade("--current")
    refused["There is no build to go back to"] = await bench.upgrade("--back")
    refused["All new work begins on 1.0 already"] = await bench.upgrade("--ramp", "0")

    wrong = {words: said for words, said in refused.items() if not said.startswith("refused") or words not in said}
    assert wrong == {}
    assert (await builds.standing(bench.temporal.client)).current == "1.0"


@pytest.mark.parametrize(
    ("how", "words"), [(["--current"], "Temporal does not answer"), (["--current", "--back"], "one thing at a time")]
)
async def test_the_command_says_in_a_sentence_why_it_does_nothing(how: list[str], words: str) -> None:
    """No Temporal, two things at once: one line, and exit status 1."""
    with Program("-m", "baton", "upgrade", *how, env={"TEMPORAL_ADDRESS": NOBODY, "BATON_DATABASE_URL": ""}) as program:
        status = await asyncio.to_thread(program.end)

    assert (status, len(program.said)) == (1, 1)
    assert words in program.said[0]


async def test_going_back_twice_does_not_lead_forward_again(bench: Bench) -> None:
    """Typed once more, the way back finds nothing older, and the build that was fled gets no new work."""
    for build in ("1.0", "1.1"):
        await bench.worker(build)
        await bench.upgrade("--current", "--build", build)

    said = [await bench.upgrade("--back") for _ in range(2)]

    assert "All new work begins on 1.0 again." in said[0]
    assert said[1] == "refused: There is no build to go back to: none older than 1.0 took new work."
    assert (await builds.standing(bench.temporal.client)).current == "1.0"


async def test_of_two_who_upgrade_at_once_the_second_is_stopped(bench: Bench) -> None:
    """What somebody saw is no longer so when they say what they want: nothing changes, and they are told."""
    await bench.worker("1.0")
    await bench.worker("1.1")
    client = bench.temporal.client
    await builds.make_current(client, await builds.standing(client), "1.0")
    seen = await builds.standing(client)
    await builds.ramp(client, seen, "1.1", 10)

    with pytest.raises(UpgradeRefused, match="Somebody else changed this a moment ago"):
        await builds.make_current(client, seen, "1.1")

    assert (await builds.standing(client)).current == "1.0"


def test_a_build_without_workers_is_named() -> None:
    """What stands still comes with what to do about it; what is no longer needed may go."""
    gone = builds.Build(name="1.0", known_since=1, share=0, open=12, workers=0, last_current=1)
    here = builds.Build(name="1.1", known_since=2, share=100, open=0, workers=0, last_current=2)
    spare = builds.Build(name="0.9", known_since=0, share=0, open=0, workers=1, last_current=1)
    now = builds.Standing(
        builds=(here, gone, spare), current="1.1", ramping="", without=0, workers_without=0, token=b""
    )

    said = "\n".join(command.hints(now))

    assert "Build 1.0 has no worker, 12 open there stand:" in said
    assert "Build 1.1 takes new work and has no worker" in said
    assert "Nothing is open on 0.9: its workers can be stopped." in said


def test_every_option_of_the_page_is_run() -> None:
    """docs/upgrading.md names no option that the tests of it do not press."""
    page = (tree.ROOT / "docs" / "upgrading.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`baton upgrade[^`]*?(--[a-z]+)", page)) | set(re.findall(r"--build", page))
    tests = [tree.ROOT / "tests/baton" / name for name in ("test_upgrade.py", "test_upgrade_check.py")]
    pressed = {option for test in tests for option in re.findall(r'"(--[a-z]+)"', test.read_text(encoding="utf-8"))}

    assert named - pressed == set()
