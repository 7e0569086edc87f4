"""What `baton status` learns by asking: each part itself, Temporal who serves its queues, the disk how full it is."""

import asyncio
from collections.abc import Mapping, Sequence

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from pydantic import BaseModel, ConfigDict
from temporalio.service import RPCError

from baton import temporal_peer
from baton.seen import own, queues
from baton.upgrade import builds
from core.settings import Settings

ANSWER_WITHIN = 4.0
"""Longer than a part takes for its own questions."""
TEMPORAL_WITHIN = 3.0
BEATS_MISSED, BEATS_GRACE = 3, 60.0
"""A beat is told that has not been done for so many of its intervals and seconds, as `deploy/alerts.yml` rings."""
SILENT, DUE = "baton_beat_silent_seconds", "baton_beat_interval_seconds"
DISK_LOW = 0.10
"""Less free room than this share is told; `deploy/alerts.yml` warns at the same."""


class Said(BaseModel):
    """What a part answered; `missing` is what it needs or uses and does not have, with the reason."""

    model_config = ConfigDict(frozen=True)

    part: str
    answered: bool = False
    ready: bool = False
    missing: dict[str, str] = {}


def sentences(said: Sequence[Said]) -> list[str]:
    """A sentence for each part that says nothing, and one for each reason, with the parts that it stops or not."""
    silent = [
        f"The part {one.part} does not say how it is: it is gone, or stands still" for one in said if not one.answered
    ]
    reasons = dict.fromkeys(reason for one in said for reason in one.missing.values())
    return [*silent, *(_reason(reason, said) for reason in reasons)]


def _reason(reason: str, said: Sequence[Said]) -> str:
    concerned = [one for one in said if reason in one.missing.values()]
    stopped = ", ".join(one.part for one in concerned if not one.ready)
    works = ", ".join(one.part for one in concerned if one.ready)
    return " ".join(
        [reason, *([f"Cannot work: {stopped}."] if stopped else []), *([f"Go on: {works}."] if works else [])]
    )


def addresses(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """Where each part says how it is; of the console only when somebody said where it is."""
    pairs = (pair.partition("=") for pair in settings.health_urls.split(",") if pair.strip())
    found = {name.strip(): url.strip().rstrip("/") for name, _, url in pairs}
    console = {"console": settings.console_url.rstrip("/")} if "BATON_CONSOLE_URL" in environment else {}
    return {**console, **found}


async def parts(settings: Settings, environment: Mapping[str, str]) -> list[Said]:
    """Every part asked at once."""
    asked = addresses(settings, environment)
    async with httpx.AsyncClient(timeout=ANSWER_WITHIN, trust_env=False) as client:
        return list(await asyncio.gather(*(_ask(client, name, url) for name, url in asked.items())))


async def surroundings(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """A sentence for each queue nobody serves, each build and beat that stands still, and a disk nearly full."""
    asks_temporal = bool(environment.get("TEMPORAL_ADDRESS"))
    silent = await beats(addresses(settings, environment))
    return [*await asyncio.to_thread(_disk, settings), *silent, *(await _queues(settings) if asks_temporal else [])]


async def beats(asked: Mapping[str, str], missed: float = BEATS_MISSED, grace: float = BEATS_GRACE) -> list[str]:
    """A sentence for what no ticks process has done for too long; of several one does it, the least silence counts."""
    async with httpx.AsyncClient(timeout=ANSWER_WITHIN, trust_env=False) as client:
        answers = await asyncio.gather(*(_numbers(client, url) for url in asked.values()))
    found: dict[tuple[str, str], float] = {}
    for one in (one for answer in answers for one in answer):
        key = (one.name, one.labels.get("beat", ""))
        found[key] = min(found.get(key, one.value), one.value)
    late = {
        beat: since
        for (name, beat), since in found.items()
        if name == SILENT and since > grace + missed * found.get((DUE, beat), 0.0)
    }
    return [f"The beat {beat} has not been done for {since:.0f} seconds" for beat, since in late.items()]


async def _ask(client: httpx.AsyncClient, part: str, url: str) -> Said:
    try:
        answer = await client.get(f"{url}/readyz")
        body = answer.json()
        said = {**body.get("needs", {}), **body.get("uses", {})}
        missing = {what: reason for what, reason in said.items() if reason != "ok"}
        return Said(part=part, answered=True, ready=answer.status_code == 200, missing=missing)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError):
        return Said(part=part)


async def _numbers(client: httpx.AsyncClient, url: str) -> list[Sample]:
    try:
        answer = (await client.get(f"{url}/metrics")).raise_for_status().text
        return [one for each in text_string_to_metric_families(answer) for one in each.samples]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return []


async def _queues(settings: Settings) -> list[str]:
    try:
        async with asyncio.timeout(TEMPORAL_WITHIN):
            client = await temporal_peer.client(lazy=True)
            found = await queues.pollers(client, queues.expected(settings))
            still = builds.troubles(await builds.standing(client))
    except (RPCError, RuntimeError, TimeoutError):
        return ["Accepted work waits for Temporal, and starts by itself when it answers again"]
    silent = [f"{queue} ({kind})" for (queue, kind), number in found.items() if number == 0]
    return [*([f"Nobody takes work from {', '.join(silent)}"] if silent else []), *still]


def _disk(settings: Settings) -> list[str]:
    usage = own.usage(settings.data_dir.absolute())
    if usage is None or usage[0] >= DISK_LOW * usage[1]:
        return []
    return [f"The disk of the data folder has {usage[0] / 1e9:.1f} GB left of {usage[1] / 1e9:.0f}"]
