"""The order desk's bot: what is keyed there and how it is found again. No locators here, those are in `screens.py`."""

import asyncio
import time

from playwright.async_api import Frame

from bots.kit.contract import Job, Route
from bots.kit.hands import ScreenHands
from bots.kit.means import Credential, Means
from bots.kit.page import JobPage
from bots.kit.screen_route import ScreenRoute, Screens
from bots.orderdesk import codes, forms, sightings
from bots.orderdesk.masking import MASKING
from bots.orderdesk.screens import Desk, Seen
from bots.orderdesk.sightings import form_of
from core.faults import Ambiguous, Fault, RecordNotFound, Refused, ScreenUnexpected, SessionLost
from core.outcome import Sighting
from core.work_item import Kind
from systems.orderdesk import Order

VERSION = "orderdesk-2"
LOOK_AGAIN_SECONDS = 0.5


def route(means: Means) -> Route:
    """The order desk by its screens."""

    def hands(job_page: JobPage, account: str) -> ScreenHands:
        return OrderDeskHands(job_page, account, means.credential)

    what = Screens("orderdesk", VERSION, means.url, hands, means.page_seconds, MASKING, means.surroundings)
    return ScreenRoute(what, means.launcher())


class OrderDeskHands(ScreenHands):
    """One job at the order desk."""

    def __init__(self, job_page: JobPage, account: str, credential: Credential) -> None:
        super().__init__(job_page, account)
        self._desk = Desk(job_page)
        self._credential = credential
        self._display: Seen | None = None
        self._open_order: str | None = None

    def work_area(self) -> Frame:
        """The frame of the form: in a window of its own while that is open, else `main`."""
        return self._desk.work

    async def arrive(self) -> None:
        """The frameset with its search screen."""
        async with self.step("open the order desk"):
            seen = await self._desk.enter()
        if seen.number == forms.SIGN_IN:
            raise SessionLost
        _expect(seen, forms.SEARCH)

    async def sign_in(self) -> None:
        """One try; the order desk counts wrong ones, and locks the account at the third."""
        secret = await self._credential(self.account)
        async with self.step("sign in"):
            _expect(await self._desk.sign_in_screen(), forms.SIGN_IN)
            seen = await self._desk.sign_in(secret.user or self.account, secret)
            if seen.number == forms.CODE:
                seen = await self._desk.give_code(secret)
        _expect(seen, forms.SEARCH)

    async def look(self, job: Job, name: str) -> Sighting:
        """The record as the order display shows it; ours when our reference stands beside it."""
        order_no = _order_no(job)
        async with self.step(name):
            seen = await self._desk.order(order_no)
            if codes.code_of(seen.message) == codes.NOT_FOUND:
                return _without_order(job, order_no)
            if seen.number == forms.LIST:
                return sightings.of_list(order_no, seen)
            _expect(seen, forms.DISPLAY)
            sightings.check_display(seen)
            self._display = seen
            return sightings.of_display(job, order_no, seen)

    async def fill(self, job: Job) -> None:
        """Open the change screen, check it, fill it."""
        order_no, screen = _order_no(job), form_of(job)
        values = {field.name: job.part.image.get(field.holds, "") for field in screen.fields}
        values[forms.REMARKS.name] = f"{job.reference} {job.part.title}"
        async with self.step("open the change screen"):
            seen = await self._desk.change(order_no, screen)
            _expect(seen, screen.number)
            self._open_order = order_no
            sightings.check_form(seen, screen, order_no)
        async with self.step("fill the form"):
            await self._desk.type(screen, values)

    async def filled(self, job: Job) -> dict[str, str]:
        """What the change screen holds, our remark included."""
        holds = {field.name: field.holds or field.name for field in form_of(job).fields}
        async with self.step("read the filled form"):
            seen = await self._desk.seen()
        return {holds[name]: value for _, name, value in seen.inputs if name in holds}

    async def submit(self, job: Job) -> str:
        """Save, confirm the desk's own question and no other, take the number. The page may post once, not twice."""
        order_no = _order_no(job)
        self._open_order = None
        async with self.step("save"):
            await self.job_page.posts.allow("/order/")
            with self.job_page.dialogs.expecting(f"Save change of order {order_no}?", declining=codes.QUESTIONS):
                seen = await self._desk.save()
            if seen.number != forms.SAVED or codes.code_of(seen.message) != codes.SAVED:
                fault = self._refusal(job, seen)
                self._open_order = order_no if isinstance(fault, Refused) else None
                raise fault
            return seen.change_no

    async def read_back(self, job: Job) -> Sighting:
        """The order opened anew, and once more while its display may still lag behind what was saved."""
        until = time.monotonic() + job.operation.lag_seconds
        seen = await self.signed_in(lambda: self.look(job, "read the order back"))
        while not sightings.shows_it(job, seen) and time.monotonic() < until:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            seen = await self.signed_in(lambda: self.look(job, "read the order back again"))
        return seen

    async def read(self, what: str, key: str) -> dict[str, object]:
        """The whole order as `systems.orderdesk.Order` has it; RecordNotFound when the desk does not know it."""
        if what != "order":
            raise ValueError(f"the order desk holds no {what}")
        return await self.signed_in(lambda: self._read_order(key))

    async def leave(self) -> None:
        """Give back the record lock of a change that was opened and not saved."""
        if self._open_order is not None:
            await self._desk.leave(self._open_order)

    async def _read_order(self, order_no: str) -> dict[str, object]:
        async with self.step("read the order"):
            seen = await self._desk.order(order_no)
            if codes.code_of(seen.message) == codes.NOT_FOUND:
                raise RecordNotFound(order_no)
            if seen.number == forms.LIST:
                raise Ambiguous(order_no)
            _expect(seen, forms.DISPLAY)
            sightings.check_display(seen)
            fields = sightings.named(seen)
        if fields["order_no"] != order_no:
            raise ScreenUnexpected(f"the display is not that of {order_no}")
        parcels = [part.strip() for part in fields["parcels"].split(",") if part.strip()]
        wanted = {name: fields[name] for name in Order.model_fields}
        return Order.model_validate({**wanted, "parcels": parcels}).model_dump(mode="json")

    def _refusal(self, job: Job, seen: Seen) -> Fault:
        """What the answer to the click means; a conflict shows what stands there beside what we wanted."""
        fault = codes.after_save(seen.message)
        if codes.code_of(seen.message) == codes.DUPLICATE and self._display is not None:
            fault.differences = sightings.stands_against(job, self._display)
        return fault


def _expect(seen: Seen, number: str) -> None:
    """Raise what the desk's message means unless its screen is the expected one."""
    if seen.number == number:
        return
    if codes.code_of(seen.message):
        raise codes.before_save(seen.message)
    raise ScreenUnexpected(f"screen {seen.number or 'without a number'} in place of {number}")


def _order_no(job: Job) -> str:
    return job.operation.target(job.entry)


def _without_order(job: Job, order_no: str) -> Sighting:
    """An order that the desk does not know has no record to change, and none to hang another on."""
    if job.part.kind is Kind.CHANGE:
        return Sighting()
    raise RecordNotFound(order_no)
