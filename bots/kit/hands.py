"""What all bots on screens share: one job's page and evidence, one repeated sign-in, and the way on after it."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import TypeVar

from playwright.async_api import Frame, StorageState

from bots.kit import evidence, layouts
from bots.kit.contract import Captured, Job
from bots.kit.page import JobPage
from bots.kit.sign_in import empty_fields
from core.faults import Fault, SessionLost
from core.outcome import Sighting
from failure.difference import Layout

Seen = TypeVar("Seen")


class ScreenHands(ABC):
    """The base of a bot. A bot adds `arrive`, `sign_in`, `look`, `fill`, `filled`, `submit` and `read`.

    `account` is who the bot works as. `session` is the signed-in session for the account's next job, once there is one.
    """

    def __init__(self, job_page: JobPage, account: str) -> None:
        self.job_page = job_page
        self.page = job_page.page
        self.step = job_page.steps
        self.account = account
        self.session: StorageState | None = None
        self.browser_pid: int | None = job_page.browser.pid
        self.browser_started: float | None = job_page.browser.started
        self._arrived = False
        self._signed_in_again = False
        self._found: Sighting | None = None

    @abstractmethod
    async def arrive(self) -> None:
        """Open the system, up to the screen where work begins. Raises SessionLost when it asks for a sign-in."""

    @abstractmethod
    async def sign_in(self) -> None:
        """Sign in as `account` from anywhere. Raises SignInRefused, and is then never tried again within the job."""

    @abstractmethod
    async def look(self, job: Job, name: str) -> Sighting:
        """Look for the record that the entry is about: read-only. `name` is what the step is called."""

    @abstractmethod
    async def fill(self, job: Job) -> None:
        """Open the form, check it, fill it, and stop before the click. Raises SessionLost as `arrive` does."""

    @abstractmethod
    async def filled(self, job: Job) -> dict[str, str]:
        """The form as it stands now."""

    @abstractmethod
    async def submit(self, job: Job) -> str:
        """Click once; the system's confirmation number."""

    @abstractmethod
    async def read(self, what: str, key: str) -> dict[str, object]:
        """Read a whole record."""

    async def find(self, job: Job) -> Sighting:
        """The first look, signed in."""
        self._found = await self.signed_in(lambda: self.look(job, "find"))
        return self._found

    async def enter(self, job: Job) -> None:
        """Fill the form. A session lost on the way restarts at *find*, which must see the same as before."""
        if not self._arrived:  # what cannot be searched had no find before it
            await self._arrive()
        try:
            await self.fill(job)
        except SessionLost:
            await self.sign_in_again()
            if job.operation.searchable and await self.look(job, "find again") != self._found:
                raise
            await self.fill(job)

    async def read_back(self, job: Job) -> Sighting:
        """The record opened anew."""
        return await self.signed_in(lambda: self.look(job, "read back"))

    def work_area(self) -> Frame:
        """The frame that evidence shows; a bot of a system with frames or windows names its own."""
        return self.page.main_frame

    @property
    def screen(self) -> str:
        """Which screen is worked on, as the bot calls it, else by its address."""
        return self.step.screen or layouts.screen_at(self.work_area().url)

    async def layout(self) -> Layout | None:
        """What the screen consists of; None when it cannot be read."""
        return await layouts.read(self.work_area(), self.screen)

    async def leave(self) -> None:
        """Give back what the system holds for this job (a record lock) when the job ends without a click."""
        return

    async def capture(self, taken: str) -> list[Captured]:
        """Picture and text of the screen, and the trace when `taken` is trouble."""
        found = await evidence.capture(self.work_area(), self.job_page.trace, taken)
        pictures = [thing.data for thing in found if thing.kind == "screenshot"]
        await self.job_page.browser.keep_frame(pictures[0] if pictures else None)
        return found

    async def sign_in_once(self) -> None:
        """Sign in, and look whether work could begin."""
        await self._sign_in()

    async def signed_in(self, look: Callable[[], Awaitable[Seen]]) -> Seen:
        """Do something read-only, signed in; when the session ends meanwhile, sign in once and do it again.

        Raises SessionLost when that happens a second time in this job.
        """
        first = not self._arrived
        if first:
            await self._arrive()
        try:
            seen = await look()
        except SessionLost:
            await self.sign_in_again()
            seen = await look()
        if first:
            await self.job_page.browser.keep_frame(await evidence.glance(self.work_area().page))
        return seen

    async def sign_in_again(self) -> None:
        """A fresh sign-in after a lost session, once in a job; SessionLost the second time."""
        if self._signed_in_again:
            raise SessionLost
        self._signed_in_again = True
        await self._sign_in()

    async def _arrive(self) -> None:
        try:
            await self.arrive()
        except SessionLost:
            await self._sign_in()
        self._arrived = True

    async def _sign_in(self) -> None:
        async with self.step("stop the trace for the sign-in"):
            await self.job_page.trace.pause()
        try:
            await self.sign_in()
        except Fault:
            await empty_fields(self.page)
            raise
        async with self.step("signed in"):
            await self.job_page.trace.start()
            self.session = await self.job_page.session()
        await self.arrive()
