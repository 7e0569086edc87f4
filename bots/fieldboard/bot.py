"""The dispatch board's bot: what is booked there and how it is found again. No locators, those are in `screens.py`."""

import asyncio
import time
from datetime import timedelta

from playwright.async_api import Frame

from bots.fieldboard import codes, forms, sightings
from bots.fieldboard.masking import MASKING
from bots.fieldboard.screens import Board, Seen
from bots.fieldboard.sightings import form_of
from bots.kit.contract import Job, Route
from bots.kit.hands import ScreenHands
from bots.kit.means import Credential, Means
from bots.kit.page import JobPage
from bots.kit.screen_route import ScreenRoute, Screens
from core.faults import Ambiguous, RecordNotFound, Refused, ScreenUnexpected, SessionLost
from core.outcome import Sighting
from core.work_item import Kind
from systems.fieldboard import BOOKED, Booking, FreeSlot, FreeSlots, SlotsWanted, screen_date

VERSION = "fieldboard-1"
LOOK_AGAIN_SECONDS = 0.5
MOST_DISPLAYS = 10
"""So many bookings of one reference are opened; more of them are for a person."""
NOT_FREE: dict[str, type[Refused]] = {
    forms.TAKEN: codes.SlotTaken,
    forms.OFF: codes.TechnicianOff,
    forms.PAST: codes.DayPast,
}
"""What a cell that is not free means for who wants to book it."""


def route(means: Means) -> Route:
    """The dispatch board by its screens."""

    def hands(job_page: JobPage, account: str) -> ScreenHands:
        return FieldBoardHands(job_page, account, means.credential)

    what = Screens("fieldboard", VERSION, means.url, hands, means.page_seconds, MASKING, means.surroundings)
    return ScreenRoute(what, means.launcher())


class FieldBoardHands(ScreenHands):
    """One job at the dispatch board."""

    def __init__(self, job_page: JobPage, account: str, credential: Credential) -> None:
        super().__init__(job_page, account)
        self._board = Board(job_page)
        self._credential = credential
        self._standing = ""

    def work_area(self) -> Frame:
        """The booking window while that is open, else the page."""
        return self._board.work

    async def arrive(self) -> None:
        """The board of this week."""
        async with self.step("open the board"):
            _expect(await self._board.week(), forms.BOARD)

    async def sign_in(self) -> None:
        """One try; the board counts wrong ones, and locks the account at the third."""
        secret = await self._credential(self.account)
        async with self.step("sign in"):
            await self._board.sign_in_screen()
            seen = await self._board.sign_in(secret.user or self.account, secret)
        if seen.number == forms.SIGN_IN:
            raise codes.before_save(seen.message)
        _expect(seen, forms.BOARD)

    async def look(self, job: Job, name: str) -> Sighting:
        """The bookings of our reference, and which of their changes are ours."""
        rows = await self._rows(job.operation.target(job.entry), name)
        standing = [row for row in rows if row["status"] == BOOKED]
        self._standing = standing[0]["booking_no"] if len(standing) == 1 else ""
        if len(standing) > 1:
            return sightings.of_several(job, standing)
        if not rows and job.part.kind is Kind.REMOVE:
            raise RecordNotFound(job.operation.target(job.entry))
        if len(rows) > MOST_DISPLAYS:
            return Sighting(readable=False)
        return sightings.of_displays(job, [await self._display(row) for row in rows])

    async def fill(self, job: Job) -> None:
        """Open the booking window, check the form, fill it."""
        screen, reference = form_of(job), job.operation.target(job.entry)
        own = {forms.REFERENCE.name: reference, forms.REMARKS.name: f"{job.reference} {job.part.title}"}
        if screen is forms.BOOK:
            await self._open_new(job)
        else:
            await self._open_change(job)
        async with self.step("fill the form"):
            await self._board.type(screen, {**job.part.image, **own})

    async def filled(self, job: Job) -> dict[str, str]:
        """What the form holds, our remark included."""
        async with self.step("read the filled form"):
            seen = await self._board.seen()
        known = {field.name for field in form_of(job).fields}
        return {name: value for _, name, value in seen.inputs if name in known}

    async def submit(self, job: Job) -> str:
        """Save, confirm the board's own question and no other, take the number. The page may post once, not twice."""
        screen = form_of(job)
        async with self.step("save"):
            await self.job_page.posts.allow("/booking/")
            with self.job_page.dialogs.expecting(screen.question(self._standing)):
                seen = await self._board.save()
            if seen.number != forms.SAVED or codes.code_of(seen.message) != codes.SAVED[job.operation.name]:
                raise codes.after_save(seen.message)
            return seen.confirmation

    async def read_back(self, job: Job) -> Sighting:
        """The booking opened anew, and once more while the board's search may still lag behind what was saved."""
        until = time.monotonic() + job.operation.lag_seconds
        seen = await self.signed_in(lambda: self.look(job, "read the booking back"))
        while not sightings.shows_it(job, seen) and time.monotonic() < until:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            seen = await self.signed_in(lambda: self.look(job, "read the booking back again"))
        return seen

    async def read(self, what: str, key: str) -> dict[str, object]:
        """The booking that stands under our reference (`booking`), or the free slots of a window (`slots`)."""
        if what == "booking":
            return await self.signed_in(lambda: self._read_booking(key))
        if what == "slots":
            wanted = SlotsWanted.model_validate_json(key)
            return await self.signed_in(lambda: self._read_slots(wanted))
        raise ValueError(f"the dispatch board holds no {what}")

    async def _open_new(self, job: Job) -> None:
        """From its free cell, as a dispatcher does. Raises what a cell that is not free means."""
        place = job.part.image
        cell = sightings.cell_of(place["technician"], place["day"], place["slot"])
        async with self.step("open the week"):
            seen = await self._board.week(place["day"])
            _expect(seen, forms.BOARD)
            mark = sightings.mark_of(seen, cell)
            if mark in NOT_FREE:
                raise NOT_FREE[mark](cell)
            if not mark and place["technician"] in [row.technician for row in seen.grid]:
                raise codes.TechnicianOff("the board does not show that day")  # a Sunday
            if mark != forms.FREE:
                raise RecordNotFound(f"the board has no technician {place['technician']}")
        async with self.step("open the booking window"):
            seen = await self._board.new(cell)
            _expect(seen, forms.BOOK.number)
            sightings.check_form(seen, forms.BOOK, "", "")

    async def _open_change(self, job: Job) -> None:
        screen, reference = form_of(job), job.operation.target(job.entry)
        if not self._standing:
            raise RecordNotFound(reference)
        async with self.step("open the booking"):
            _expect(await self._board.booking(self._standing), forms.DISPLAY)
        async with self.step("open the booking window"):
            seen = await self._board.change(self._standing, screen)
            _expect(seen, screen.number)
            sightings.check_form(seen, screen, self._standing, reference)

    async def _rows(self, reference: str, name: str) -> list[dict[str, str]]:
        """The bookings of exactly this reference, as the search lists them; none when it finds nothing."""
        async with self.step(name):
            seen = await self._board.search(reference)
            if codes.code_of(seen.message) == codes.NOT_FOUND:
                return []
            _expect(seen, forms.LIST)
            return sightings.listed(seen, reference)

    async def _display(self, row: dict[str, str]) -> Seen:
        async with self.step("open the booking"):
            seen = await self._board.booking(row["booking_no"])
            _expect(seen, forms.DISPLAY)
            sightings.check_display(seen, row["booking_no"], row["reference"])
            return seen

    async def _read_booking(self, reference: str) -> dict[str, object]:
        rows = [row for row in await self._rows(reference, "read the booking") if row["status"] == BOOKED]
        if not rows:
            raise RecordNotFound(reference)
        if len(rows) > 1:
            raise Ambiguous(reference)
        fields = sightings.named(await self._display(rows[0]))
        return Booking.model_validate({name: fields[name] for name in Booking.model_fields}).model_dump(mode="json")

    async def _read_slots(self, wanted: SlotsWanted) -> dict[str, object]:
        """Week by week; what is free is told in order, the earliest first."""
        found: list[FreeSlot] = []
        monday = wanted.first - timedelta(days=wanted.first.weekday())
        while monday <= wanted.last:
            async with self.step("read the week"):
                seen = await self._board.week(screen_date(monday))
                _expect(seen, forms.BOARD)
                sightings.check_week(seen, monday)
            found += sightings.free_in(seen, wanted, monday)
            monday += timedelta(days=7)
        return FreeSlots(slots=tuple(sorted(found, key=lambda slot: slot.order))).model_dump(mode="json")


def _expect(seen: Seen, number: str) -> None:
    """Raise what the board's message means unless its screen is the expected one."""
    if seen.number == number and not (number == forms.BOARD and seen.message):
        return
    if seen.number == forms.SIGN_IN and not seen.message:
        raise SessionLost
    if codes.code_of(seen.message):
        raise codes.before_save(seen.message)
    raise ScreenUnexpected(f"screen {seen.number or 'without a number'} in place of {number}")
