"""What a job leaves behind: pictures, the screen as assistive programs read it, and a trace when there was trouble."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import structlog
from playwright.async_api import BrowserContext, Frame, Page
from playwright.async_api import Error as PlaywrightError

from bots.kit.contract import Captured
from bots.kit.deadline import EVIDENCE_SECONDS, within
from core.faults import TooSlow

log = structlog.get_logger(__name__)

TALLEST = 4000
"""Pixels; a longer screen is cut off in its picture."""


class Trace:
    """Playwright's recording of one job, made always and kept on trouble only.

    It holds everything that is typed, so it is personal data, and a password is typed while it is off. `pause` ends the
    recording and `start` begins another, for the network part of a merely interrupted one would go on.
    """

    def __init__(self, context: BrowserContext, folder: Path) -> None:
        self._tracing = context.tracing
        self._folder = folder
        self._parts: list[Path] = []
        self._running = False

    async def start(self) -> None:
        """Begin to record."""
        # No film: the DOM snapshots show every step, and filming cost 75 ms of an entry of 1.7 s.
        await self._tracing.start(screenshots=False, snapshots=True)
        self._running = True

    async def take(self) -> list[Path]:
        """End the recording; its files, oldest first."""
        await self.pause()
        return self._parts

    async def pause(self) -> None:
        """Record nothing until `start` is called again."""
        if not self._running:
            return
        self._running = False
        part = self._folder / f"trace-{len(self._parts) + 1}.zip"
        await self._tracing.stop(path=part)
        self._parts.append(part)


async def capture(page: Page, frame: Frame, trace: Trace, taken: str) -> list[Captured]:
    """Evidence of this moment. What cannot be had in time is left out, for the entry matters more than its picture."""
    found = [*await asyncio.gather(_attempt(_picture(page, frame, taken)), _attempt(_snapshot(frame, taken)))]
    if taken == "trouble":
        found.append(await _attempt(_traces(trace, taken)))
    return [thing for things in found for thing in things]


async def _attempt(taking: Awaitable[list[Captured]]) -> list[Captured]:
    try:
        async with within(EVIDENCE_SECONDS, "evidence"):
            return await taking
    except (PlaywrightError, TooSlow, OSError) as error:
        log.info("evidence.left_out", kind=type(error).__name__)
        return []


async def _picture(page: Page, frame: Frame, taken: str) -> list[Captured]:
    """The whole of the frame that is worked in: the page is made as tall as the frame needs for a moment."""
    tall = min(int(await frame.evaluate("document.documentElement.scrollHeight")), TALLEST)
    size = page.viewport_size
    grow = size is not None and tall > size["height"]
    if size is not None and grow:
        await page.set_viewport_size({"width": size["width"], "height": tall})
    data = await page.screenshot(full_page=True)
    if size is not None and grow:
        await page.set_viewport_size(size)
    return [Captured(kind="screenshot", taken=taken, name="screen.png", data=data)]


async def _snapshot(frame: Frame, taken: str) -> list[Captured]:
    """The screen as text. A sign-in screen is left out, since the text would show what stands in a password field."""
    if await frame.evaluate("document.querySelector('input[type=password]') !== null"):
        return []
    text = await frame.locator("body").aria_snapshot()
    return [Captured(kind="snapshot", taken=taken, name="screen.aria.yaml", data=text.encode())]


async def _traces(trace: Trace, taken: str) -> list[Captured]:
    return [
        Captured(kind="trace", taken=taken, name=part.name, data=await asyncio.to_thread(part.read_bytes))
        for part in await trace.take()
    ]
