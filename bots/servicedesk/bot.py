"""The service desk's bot: what is keyed on its screens and how it is found again. Locators are in `screens.py`."""

from dataclasses import dataclass

from bots.kit.contract import Job, Route
from bots.kit.hands import ScreenHands
from bots.kit.means import Credential, Means
from bots.kit.page import JobPage
from bots.kit.screen_route import ScreenRoute, Screens
from bots.servicedesk import codes, screens
from bots.servicedesk.screens import Desk, FormScreen, Seen
from core.faults import RecordNotFound, ScreenUnexpected, SessionLost
from core.outcome import Sighting
from systems.servicedesk import AddCallback, OpenTicket, RemoveCallback, UpdateTicket

VERSION = "servicedesk-1"
CAPTIONS = {
    "title": "Title",
    "description": "Description",
    "order_no": "Order number",
    "customer_no": "Customer number",
    "priority": "Priority",
    "case_url": "Link",
    "state": "State",
    "note": "Note",
    "phone": "Phone",
    "day": "Day",
    "slot": "Time",
}
"""The fields of the entries by what the screens call them."""


@dataclass(frozen=True)
class Filling:
    """A form to fill: the screen, the ticket and callback that it is about, what goes where by caption."""

    screen: FormScreen
    names: tuple[str, ...]
    values: dict[str, str]

    @property
    def ticket(self) -> str:
        """The ticket it is about; empty for a new one."""
        return self.names[0] if self.names else ""


def route(means: Means) -> Route:
    """The service desk by its screens."""

    def hands(job_page: JobPage, account: str) -> ScreenHands:
        return ServiceDeskBot(job_page, account, means.credential)

    told = Screens("servicedesk", VERSION, means.url, hands, means.page_seconds, screens.MASKING, means.surroundings)
    return ScreenRoute(told, means.launcher())


class ServiceDeskBot(ScreenHands):
    """One job on the service desk's screens."""

    def __init__(self, job_page: JobPage, account: str, credential: Credential) -> None:
        super().__init__(job_page, account)
        self._desk = Desk(job_page)
        self._credential = credential
        self._opened = ""

    async def arrive(self) -> None:
        """The list of tickets."""
        async with self.step("open the service desk"):
            _expect(await self._desk.tickets(), "Tickets")

    async def sign_in(self) -> None:
        """One try; the service desk counts wrong ones."""
        secret = await self._credential(self.account)
        async with self.step("sign in"):
            seen = await self._desk.sign_in_screen()
            if seen.heading != screens.SIGN_IN:
                raise ScreenUnexpected(f"{seen.heading} in place of the sign-in")
            seen = await self._desk.sign_in(secret.user or self.account, secret)
        if seen.heading == screens.SIGN_IN:
            raise codes.before_save(seen.message)
        _expect(seen, "Tickets")

    async def look(self, job: Job, name: str) -> Sighting:
        """Our ticket by its external reference; our changes and callbacks within their ticket."""
        entry = job.entry
        if isinstance(entry, OpenTicket):
            return await self._look_for_ticket(job, name)
        if isinstance(entry, RemoveCallback):
            seen = await self._ticket(entry.ticket_id, name)
            return _sight_removal(job, entry, seen)
        if isinstance(entry, AddCallback):
            return _sight_callback(job, entry.ticket_id, await self._ticket(entry.ticket_id, name))
        if isinstance(entry, UpdateTicket):
            return _sight_change(job, entry.ticket_id, await self._ticket(entry.ticket_id, name))
        raise TypeError(f"the service desk cannot {job.operation.name}")

    async def fill(self, job: Job) -> None:
        """Open the form, check it, fill it."""
        filling = _filling(job)
        async with self.step("open the form"):
            seen = await self._desk.form(filling.screen, *filling.names)
            _expect(seen, filling.screen.heading)
            screens.check(seen, filling.screen, filling.ticket)
        async with self.step("fill the form"):
            await self._desk.type(filling.values)

    async def filled(self, job: Job) -> dict[str, str]:
        """What the form holds, our reference included."""
        async with self.step("read the filled form"):
            seen = await self._desk.now()
        names = {CAPTIONS[name]: name for name in CAPTIONS if CAPTIONS[name] in _filling(job).values}
        found = {names.get(caption, "reference"): value for caption, value in seen.inputs.items()}
        return {name: codes.stored(name, value) for name, value in found.items()}

    async def submit(self, job: Job) -> str:
        """Save; the number that the desk's message names. Whatever it says otherwise is refused or unknown."""
        filling = _filling(job)
        async with self.step("save"):
            await self.job_page.posts.allow("/desk/tickets/")
            seen = await self._desk.save(filling.screen)
        confirmation = codes.confirmation(job.operation.name, seen.message)
        if confirmation is None or not confirmation.startswith(filling.ticket):
            raise codes.after_save(seen.message)
        self._opened = confirmation
        return confirmation

    async def read_back(self, job: Job) -> Sighting:
        """The ticket opened anew; a new one by its number, for the search may lag behind."""
        if isinstance(job.entry, OpenTicket) and self._opened:
            return await self.signed_in(lambda: self._read_ticket(job, self._opened))
        return await super().read_back(job)

    async def read(self, what: str, key: str) -> dict[str, object]:
        """One ticket by its id; RecordNotFound when there is none."""
        if what != "ticket":
            raise ValueError(f"the service desk holds no {what}")
        seen = await self.signed_in(lambda: self._ticket(key, "read the ticket"))
        known = {name: seen.fields[caption] for name, caption in CAPTIONS.items() if caption in seen.fields}
        named = {name: codes.stored(name, text) for name, text in known.items()}
        return {"id": key, **named, "external_reference": seen.fields.get("External reference", "")}

    async def _look_for_ticket(self, job: Job, name: str) -> Sighting:
        """The search finds whatever contains the reference: only the very reference counts."""
        mine: list[dict[str, str]] = []
        for page in range(1, screens.MOST_PAGES + 1):
            async with self.step(name if page == 1 else f"{name}, page {page}"):
                seen = await self._desk.tickets(job.reference, page)
                _expect(seen, "Tickets")
            mine += [row for row in seen.rows.get(screens.LIST, []) if row.get("Reference") == job.reference]
            if not seen.more:
                break
        else:
            return Sighting(readable=False)
        if len(mine) == 1:
            return await self._read_ticket(job, mine[0]["Ticket"])
        return Sighting(records=[{"ticket": row["Ticket"]} for row in mine], ours=[True] * len(mine))

    async def _read_ticket(self, job: Job, ticket_id: str) -> Sighting:
        seen = await self._ticket(ticket_id, "open the ticket")
        if seen.fields.get("External reference") != job.reference:
            return Sighting(readable=False)
        return _sight(job, [seen.fields], ticket_id)

    async def _ticket(self, ticket_id: str, name: str) -> Seen:
        async with self.step(name):
            seen = await self._desk.ticket(ticket_id)
        if codes.code_of(seen.message) == codes.NOT_FOUND:
            raise RecordNotFound(ticket_id)
        _expect(seen, ticket_id)
        return seen


def _expect(seen: Seen, heading: str) -> None:
    """Raise what the desk's message means unless its screen is the expected one: a heading, or a ticket's."""
    if seen.heading == heading or seen.heading.startswith(f"{heading} "):
        return
    if seen.heading == screens.SIGN_IN:
        raise SessionLost
    if codes.code_of(seen.message):
        raise codes.before_save(seen.message)
    raise ScreenUnexpected(f"{seen.heading or 'a page without a heading'} in place of {heading}")


def _filling(job: Job) -> Filling:
    entry = job.entry
    known = {CAPTIONS[name]: codes.shown(name, value) for name, value in job.part.image.items()}
    ours = {"Your reference": job.reference}
    if isinstance(entry, OpenTicket):
        more = {"Description": entry.description, "Customer number": entry.customer_no, "Link": entry.case_url}
        return Filling(screens.NEW_TICKET, (), {"External reference": job.reference, **known, **more})
    if isinstance(entry, UpdateTicket):
        return Filling(screens.CHANGE, (entry.ticket_id,), {**known, **ours})
    if isinstance(entry, AddCallback):
        return Filling(screens.NEW_CALLBACK, (entry.ticket_id,), {**known, "Note": entry.note, **ours})
    if isinstance(entry, RemoveCallback):
        return Filling(screens.REMOVAL, (entry.ticket_id, entry.callback_no), ours)
    raise TypeError(f"the service desk cannot {job.operation.name}")


def _sight_change(job: Job, ticket_id: str, seen: Seen) -> Sighting:
    """Our change in the history, by our reference; the state is told within the words of the line."""
    lines = [row for row in _history(seen) if row["Reference"] == job.reference and codes.is_change(row["What"])]
    records = [{**row, "State": codes.state_of(row["What"])} for row in lines]
    return _sight(job, records, f"{ticket_id}/{lines[0]['Version']}" if lines else None)


def _sight_callback(job: Job, ticket_id: str, seen: Seen) -> Sighting:
    """Our callback in the list. One that the history knows and the list does not was taken away: a person looks."""
    mine = [row for row in seen.rows.get(screens.CALLBACKS, []) if row["Reference"] == job.reference]
    added = [row for row in _history(seen) if row["Reference"] == job.reference and codes.callback_added(row["What"])]
    if added and not mine:
        return Sighting(readable=False)
    return _sight(job, mine, f"{ticket_id}/{mine[0]['No.']}" if mine else None)


def _sight_removal(job: Job, entry: RemoveCallback, seen: Seen) -> Sighting:
    """The callback that is to go. One that was never there cannot have been taken back."""
    there = [row for row in seen.rows.get(screens.CALLBACKS, []) if row["No."] == entry.callback_no]
    if there:
        return Sighting(records=[_fields(job, row) for row in there], ours=[False] * len(there))
    gone = [row for row in _history(seen) if codes.callback_removed(row["What"]) == entry.callback_no]
    if not gone:
        raise RecordNotFound(f"{entry.ticket_id}/{entry.callback_no}")
    ours = gone[0]["Reference"] == job.reference
    return Sighting(confirmation=f"{entry.ticket_id}/{gone[0]['Version']}" if ours else None)


def _history(seen: Seen) -> list[dict[str, str]]:
    return seen.rows.get(screens.HISTORY, [])


def _sight(job: Job, rows: list[dict[str, str]], confirmation: str | None) -> Sighting:
    return Sighting(
        records=[_fields(job, row) for row in rows],
        ours=[True] * len(rows),
        confirmation=confirmation if rows else None,
    )


def _fields(job: Job, row: dict[str, str]) -> dict[str, str]:
    names = [field.name for field in job.part.fields]
    return {name: codes.stored(name, row.get(CAPTIONS[name], "")) for name in names}
