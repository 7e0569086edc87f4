"""The order desk's bot: what is keyed there and how it is found again. No locators here, those are in `screens.py`."""

import re

from playwright.async_api import Frame

from bots.kit.contract import Job, Route
from bots.kit.hands import ScreenHands
from bots.kit.means import Credential, Means
from bots.kit.page import JobPage
from bots.kit.screen_route import ScreenRoute, Screens
from bots.orderdesk import codes, screens
from bots.orderdesk.masking import MASKING
from bots.orderdesk.screens import ChangeScreen, Desk, Seen
from core.faults import RecordNotFound, Refused, ScreenUnexpected, SessionLost
from core.outcome import Sighting
from systems.orderdesk import Order

VERSION = "orderdesk-1"

CHANGES: dict[str, ChangeScreen] = {
    "mark_failed_delivery": screens.FAILURE,
    "reschedule": screens.DATE,
    "correct_address": screens.ADDRESS,
}


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
        self._desk = Desk(job_page.page, job_page.url)
        self._credential = credential
        self._found: Sighting | None = None
        self._open_order: str | None = None

    def work_area(self) -> Frame:
        """The frame `main`, where all screens are."""
        return self._desk.main

    async def arrive(self) -> None:
        """The frameset with its search screen."""
        async with self.step("open the order desk"):
            seen = await self._desk.enter()
        if seen.number == screens.SIGN_IN:
            raise SessionLost
        _expect(seen, screens.SEARCH)

    async def sign_in(self) -> None:
        """One try; the order desk counts wrong ones."""
        secret = await self._credential(self.account)
        async with self.step("sign in"):
            _expect(await self._desk.sign_in_screen(), screens.SIGN_IN)
            seen = await self._desk.sign_in(secret.user or self.account, secret)
        _expect(seen, screens.SEARCH)

    async def find(self, job: Job) -> Sighting:
        """The order as its display shows it; ours when the list of changes holds our reference."""
        self._found = await self.signed_in(lambda: self._look(job, "find the order"))
        return self._found

    async def enter(self, job: Job) -> None:
        """Open the change screen, check it, fill it. A lost session restarts at *find*, which must see the same."""
        try:
            await self._fill(job)
        except SessionLost:
            await self.sign_in_again()
            if await self._look(job, "find the order again") != self._found:
                raise
            await self._fill(job)

    async def filled(self, job: Job) -> dict[str, str]:
        """What the change screen holds, our remark included."""
        holds = {field.name: field.holds or field.name for field in CHANGES[job.operation.name].fields}
        async with self.step("read the filled form"):
            seen = await self._desk.seen()
        return {holds[name]: value for _, name, value in seen.inputs if name in holds}

    async def submit(self, job: Job) -> str:
        """Save, confirm the desk's own question, take the change number."""
        order_no = _order_no(job)
        self._open_order = None
        async with self.step("save"):
            with self.job_page.dialogs.expecting(f"Save change of order {order_no}?"):
                seen = await self._desk.save()
            if seen.number != screens.SAVED or codes.code_of(seen.message) != codes.SAVED:
                fault = codes.after_save(seen.message)
                self._open_order = order_no if isinstance(fault, Refused) else None
                raise fault
            return seen.change_no

    async def read_back(self, job: Job) -> Sighting:
        """The order opened anew."""
        return await self.signed_in(lambda: self._look(job, "read the order back"))

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
            _expect(seen, screens.DISPLAY)
            fields = _named(seen)
        missing = sorted(Order.model_fields.keys() - fields.keys())
        if missing or fields["order_no"] != order_no:
            raise ScreenUnexpected(f"the display of {order_no} is not as it was; missing: {missing}")
        parcels = [part.strip() for part in fields["parcels"].split(",") if part.strip()]
        wanted = {name: fields[name] for name in Order.model_fields}
        return Order.model_validate({**wanted, "parcels": parcels}).model_dump(mode="json")

    async def _look(self, job: Job, name: str) -> Sighting:
        order_no = _order_no(job)
        async with self.step(name):
            seen = await self._desk.order(order_no)
            if codes.code_of(seen.message) == codes.NOT_FOUND:
                return Sighting()
            if seen.number == screens.LIST:
                return _sight_list(order_no, await self._desk.listed())
            _expect(seen, screens.DISPLAY)
            return _sight_display(job, order_no, seen)

    async def _fill(self, job: Job) -> None:
        order_no, screen = _order_no(job), CHANGES[job.operation.name]
        values = {field.name: job.part.image.get(field.holds, "") for field in screen.fields}
        values[screens.REMARKS.name] = f"{job.reference} {job.operation.title}"
        async with self.step("open the change screen"):
            seen = await self._desk.change(order_no, screen)
            _expect(seen, screen.number)
            self._open_order = order_no
            screens.check(seen, screen, order_no)
        async with self.step("fill the form"):
            await self._desk.type(screen, values)


def _expect(seen: Seen, number: str) -> None:
    """Raise what the desk's message means unless its screen is the expected one."""
    if seen.number == number:
        return
    if codes.code_of(seen.message):
        raise codes.before_save(seen.message)
    raise ScreenUnexpected(f"screen {seen.number or 'without a number'} in place of {number}")


def _order_no(job: Job) -> str:
    return job.operation.target(job.entry)


def _named(display: Seen) -> dict[str, str]:
    """The display's fields under the names of `systems.orderdesk`."""
    return {**display.fields, "delivery_date": display.fields.get("date", "")}


def _sight_list(order_no: str, numbers: list[str]) -> Sighting:
    """A list where one order was asked for: several of that very number, or nothing one can rely on."""
    same = [number for number in numbers if number == order_no]
    if len(same) < 2:
        return Sighting(readable=False)
    return Sighting(records=[{"order_no": number} for number in same], ours=[False] * len(same))


def _sight_display(job: Job, order_no: str, display: Seen) -> Sighting:
    fields = _named(display)
    names = [field.name for field in job.part.fields]
    if fields.get("order_no") != order_no or not fields.keys() >= set(names):
        return Sighting(readable=False)
    mine = re.compile(rf"\b{re.escape(job.reference)}(?![A-Z0-9])")
    kind = CHANGES[job.operation.name].kind
    numbers = [change.number for change in display.changes if change.kind == kind and mine.search(change.text)]
    return Sighting(
        records=[{name: fields[name] for name in names}],
        ours=[bool(numbers)],
        confirmation=numbers[-1] if numbers else None,  # newest first: the first entry counts, should there be two
    )
