"""Whether an old payload key may go: what Temporal still holds from the time in which it encrypted."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from temporalio.service import RPCError

from baton import payload_keys, wiring
from baton.payload_keys import KeyRing
from core.settings import Settings

MARGIN = timedelta(minutes=5)
"""Clocks of machines differ, and a part may use the old key a moment longer."""


class NotRetiredError(Exception):
    """The key stays; the message says why."""


@dataclass(frozen=True)
class Held:
    """Workflows that began while the key encrypted: those that go on, and those whose history is still kept."""

    open: int
    closed: int


async def retire(settings: Settings, file: Path, key_id: str, *, insisted: bool) -> None:
    """Take the key away. Raises NotRetiredError while something may still want it, KeyTroubleError for a bad file.

    Nothing but Temporal's payloads is encrypted with these keys: records hold none of it, evidence has keys of its own.
    """
    ring = KeyRing.of(file)
    if key_id not in ring.ids:
        raise NotRetiredError(f"There is no key {key_id} in {file}; it has {', '.join(ring.ids)}.")
    if key_id in (ring.newest[0], ring.ids[-1]):  # two, where an older one was put at the file's end once more
        raise NotRetiredError(f"{key_id} is the key that encrypts: `baton keys rotate` first.")
    next_one = ring.ids[ring.ids.index(key_id) + 1]
    until = await payload_keys.since(settings, next_one)
    if until is None:
        raise NotRetiredError(f"{next_one}, which follows it, was not used with this data yet, so nothing can be told.")
    held = await _held(settings, until + MARGIN)
    if held.open:
        raise NotRetiredError(
            f"Still open at Temporal: {held.open} that began before {next_one} took over. They need it."
        )
    if held.closed and not insisted:
        told = f"Closed histories that Temporal keeps from before {next_one} took over: {held.closed}"
        raise NotRetiredError(f"{told}. Nobody could read them any more; say --yes if that is wanted.")
    await payload_keys.retire(settings, file, key_id)


async def _held(settings: Settings, before: datetime) -> Held:
    began = f'StartTime < "{before.isoformat()}"'
    try:
        client = await wiring.temporal_client(settings, lazy=False)
        open_ = (await client.count_workflows(f'{began} AND ExecutionStatus = "Running"')).count
        every = (await client.count_workflows(began)).count
    except (RPCError, RuntimeError):
        raise NotRetiredError("Temporal does not answer, so nobody can tell what still needs the key.") from None
    return Held(open_, every - open_)
