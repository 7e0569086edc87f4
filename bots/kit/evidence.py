"""What a job leaves behind: pictures, the screen as text, and a trace when there was trouble; all masked as taken."""

import asyncio
import base64
import json
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from playwright.async_api import BrowserContext, CDPSession, Frame, Page
from playwright.async_api import Error as PlaywrightError

from bots.kit.contract import Captured
from bots.kit.deadline import EVIDENCE_SECONDS, within
from bots.kit.masked_trace import TraceUnknown, masked_trace
from bots.kit.masking import LOOK, LOOK_ROUND
from core.faults import TooSlow
from systems.part import DataClass

log = structlog.get_logger(__name__)

TALLEST = 4000
"""Pixels; a longer screen is cut off in its picture."""


class Trace:
    """Playwright's recording of one job, made always and kept on trouble only.

    What it holds in clear never leaves the job's own folder: `capture` masks it. A password is typed while it is off.
    `pause` ends the recording and `start` begins another, for the network part of a merely interrupted one would go on.
    A recording that fails, because its volume is full, is given up; the entry goes on.
    """

    def __init__(self, context: BrowserContext, folder: Path) -> None:
        self._tracing = context.tracing
        self._folder = folder
        self._parts: list[Path] = []
        self._running = False

    async def start(self) -> None:
        """Begin to record."""
        # No film: the DOM snapshots show every step, and filming cost 75 ms of an entry of 1.7 s.
        try:
            await self._tracing.start(screenshots=False, snapshots=True)
        except PlaywrightError as error:
            log.warning("trace.not_started", kind=type(error).__name__)
            return
        self._running = True
        self._leave_out_stacks()

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
        try:
            await self._tracing.stop(path=part)
        except PlaywrightError as error:
            log.warning("trace.lost", kind=type(error).__name__)
            return
        self._parts.append(part)

    def _leave_out_stacks(self) -> None:
        """Send no call stacks: `masked_trace` drops them, and they were 45 of an entry's 108 messages.

        Playwright has no option for it. Where its inside is another one, the stacks are sent, and dropped as before.
        """
        forget = getattr(getattr(self._tracing, "_impl_obj", None), "_reset_stack_counter", None)
        if forget is not None:
            forget()


class Unmasked(Exception):
    """A frame in which nothing marks what is personal; nothing is kept of it."""


async def capture(frame: Frame, trace: Trace, taken: str) -> list[Captured]:
    """Evidence of this moment. What cannot be had in time is left out, for the entry matters more than its picture."""
    found = await _attempt(_screen(frame, taken))
    if taken == "trouble":
        found = [*found, *await _attempt(_traces(trace, taken))]
    return found


async def glance(page: Page) -> bytes | None:
    """What is in view, small and quickly taken, masked like all evidence: kept for the case that this process dies."""
    try:
        async with within(EVIDENCE_SECONDS, "a glance"):
            await _look(page.main_frame)
            return await _picture(page)
    except (PlaywrightError, TooSlow, Unmasked) as error:
        log.info("evidence.left_out", kind=type(error).__name__)
        return None


async def _attempt(taking: Awaitable[list[Captured]]) -> list[Captured]:
    try:
        async with within(EVIDENCE_SECONDS, "evidence"):
            return await taking
    except (PlaywrightError, TooSlow, OSError, Unmasked, TraceUnknown) as error:
        log.info("evidence.left_out", kind=type(error).__name__)
        return []


async def _screen(frame: Frame, taken: str) -> list[Captured]:
    """The whole of the frame that is worked in: the page is made as tall as the frame needs for a moment.

    The text of a sign-in screen is left out, and nothing of it can be revealed.
    """
    page = frame.page
    look = await _look(frame)
    size, height = page.viewport_size, min(look.tall, TALLEST)
    if size is not None and height > size["height"]:
        await page.set_viewport_size({"width": size["width"], "height": height})
        try:
            look, picture = await _look(frame), await _picture(page)
        finally:
            await page.set_viewport_size(size)
    else:
        picture = await _picture(page)
    shot = _captured("screenshot", taken, "screen.png", picture, sum(one["masked"] for one in look.frames))
    if look.signs_in:
        return [shot]
    hidden = [spot for one in look.frames for spot in one["hidden"]]
    sealed = json.dumps(hidden, ensure_ascii=False).encode() if hidden else None
    text = _captured("snapshot", taken, "screen.aria.yaml", look.mine["text"].encode(), look.mine["masked"])
    return [shot.model_copy(update={"sealed": sealed}), text]


@dataclass(frozen=True)
class _Look:
    """What the frames of a window say of themselves, `mine` the one that is worked in; how tall that one is."""

    frames: list[dict[str, Any]]
    mine: dict[str, Any]
    tall: int
    signs_in: bool


async def _look(frame: Frame) -> _Look:
    """All frames of the window, masked anew. Raises Unmasked unless every one of them masks."""
    told = await frame.evaluate(LOOK_ROUND, True)
    looks = [one["look"] for one in told["looks"]]
    mine = next((one["look"] for one in told["looks"] if one["here"]), None)
    frames = list(frame.page.frames)
    if len(looks) != len(frames) or None in looks:  # a frame of another origin does not answer the others
        asked = await asyncio.gather(*(one.evaluate(LOOK, one == frame) for one in frames))
        looks, mine = asked, dict(zip(frames, asked, strict=True)).get(frame)
    if mine is None or None in looks:
        raise Unmasked
    return _Look(frames=looks, mine=mine, tall=int(told["tall"]), signs_in=bool(told["signsIn"]))


_CAMERAS: dict[Page, CDPSession] = {}
"""The session by which a window is photographed, made with its first picture, until the job ends."""


def put_cameras_down(context: BrowserContext) -> None:
    """Forget the windows of a context that is over: a camera holds its window, and with it everything of the job."""
    for page in [page for page in _CAMERAS if page.context == context]:
        del _CAMERAS[page]


async def _picture(page: Page) -> bytes:
    """What is in view, as the page draws it: covered. By the protocol itself, which takes half of Playwright's time."""
    camera = _CAMERAS.get(page)
    if camera is None:
        camera = _CAMERAS[page] = await page.context.new_cdp_session(page)
    try:
        told = await camera.send("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True})
    except PlaywrightError:
        _CAMERAS.pop(page, None)
        raise
    return base64.b64decode(told["data"])


def _captured(kind: str, taken: str, name: str, data: bytes, count: int) -> Captured:
    return Captured(kind=kind, taken=taken, name=name, data=data, masked=count, data_class=DataClass.PUBLIC)


async def _traces(trace: Trace, taken: str) -> list[Captured]:
    found = []
    for part in await trace.take():
        data, count = await asyncio.to_thread(masked_trace, part)
        found.append(Captured(kind="trace", taken=taken, name=part.name, data=data, masked=count))
    return found
