"""Sending a notice whose row is kept already: once, again and again while the mail server is away, never twice."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.keep import Keep, NoticeKept, NoticeWanted
from activities.tell import SendNotice, Tell
from workflows import policies
from workflows.book import locally

Waits = Callable[[datetime], Awaitable[None]]
"""Says until when a mail that could not go waits."""


async def send(occurrence: str, waits: Waits | None = None) -> None:
    """Send the notice of this occurrence; what came of it stands on the timeline (`records/notices.py`)."""
    kept: NoticeKept = await locally(Keep.find_notice, NoticeWanted(occurrence=occurrence))
    tries = 0
    while not await _tried(kept):
        pause, tries = mail_pause(tries), tries + 1
        if waits is not None:
            await waits(workflow.now() + pause)
        await workflow.sleep(pause)


def mail_pause(tries: int) -> timedelta:
    """How long to leave the mail server alone after so many tries before the last one."""
    doubled: timedelta = policies.MAIL_PAUSE * 2 ** min(tries, 10)
    return min(doubled, policies.MAIL_LONGEST)


async def _tried(kept: NoticeKept) -> bool:
    """One try; False when nothing was sent, or the worker died: the row knows which, and is asked again."""
    try:
        await workflow.execute_activity_method(
            Tell.send_notice,
            SendNotice(notice_id=kept.notice_id),
            start_to_close_timeout=policies.MAIL_TIMEOUT,
            retry_policy=policies.ONCE,
        )
    except ActivityError:
        return False
    return True


class Notices:
    """Mails that go in the background; nobody who acts waits for them, and no run for a mail server that is away."""

    def __init__(self) -> None:
        self._on_their_way: set[asyncio.Task[None]] = set()
        self._underway = 0

    def send_later(self, occurrence: str) -> None:
        """Let the notice of this occurrence go."""
        task = asyncio.create_task(self._send(occurrence))
        self._on_their_way.add(task)
        task.add_done_callback(self._on_their_way.discard)

    async def _send(self, occurrence: str) -> None:
        kept: NoticeKept = await locally(Keep.find_notice, NoticeWanted(occurrence=occurrence))
        tries = 0
        while not await self._try(kept):
            await workflow.sleep(mail_pause(tries))
            tries += 1

    async def _try(self, kept: NoticeKept) -> bool:
        self._underway += 1
        try:
            return await _tried(kept)
        finally:
            self._underway -= 1

    @property
    def resting(self) -> bool:
        """Whether none is being sent at this moment; what waits for its server may be left behind."""
        return not self._underway
