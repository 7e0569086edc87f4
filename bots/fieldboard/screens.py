"""Where things are on the board's screens: the grid, the booking window, fields, captions. No business here."""

from urllib.parse import urlencode

from playwright.async_api import Frame, Page
from pydantic import BaseModel, ConfigDict

from bots.fieldboard import forms
from bots.fieldboard.forms import FormScreen
from bots.kit.layouts import expect
from bots.kit.page import JobPage
from bots.kit.secrets.seam import Secret
from bots.kit.sign_in import type_secret
from core.faults import InputRefused, UnknownWindow, WrongApplication
from failure.difference import Layout

KNOWN_WINDOWS = ("Maintenance on Sunday", "How do you like FIELDBOARD?")
"""Windows that may stand before a screen and mean nothing to an entry: they are closed. Any other one stops the bot."""


class Row(BaseModel):
    """One technician's week: the cells by their ids (s104_24.11.2026_2), each with what it is (free, taken, off)."""

    model_config = ConfigDict(frozen=True)

    technician: str
    skills: str
    area: str
    cells: list[tuple[str, str]]


class Listed(BaseModel):
    """A list: the caption and name of its columns, its rows by these names."""

    model_config = ConfigDict(frozen=True)

    columns: list[tuple[str, str]]
    rows: list[dict[str, str]]


class Seen(BaseModel):
    """All of a screen, read at once: each question to a page costs as much as the whole.

    `number` is empty on a bare error page. `window` is the title of what stands before the screen. `cells` are the
    booking display's (caption, name, text), `changes` what stands below it, newest first. `inputs` are a form's fields
    as (caption, name, value), whatever they are. `head`, `days`, `hours` and `grid` are a week's.
    """

    model_config = ConfigDict(frozen=True)

    number: str
    title: str
    message: str
    window: str
    booking_no: str
    reference: str
    confirmation: str
    cells: list[tuple[str, str, str]]
    bookings: Listed | None
    changes: Listed | None
    inputs: list[tuple[str, str, str]]
    head: list[str]
    days: list[str]
    hours: list[str]
    grid: list[Row]

    @property
    def screen(self) -> str:
        """What people call it: F20 NEW BOOKING; empty on a bare error page."""
        return f"{self.number} {self.title}".strip()


_SEEN = """() => {
  const text = node => node?.textContent.trim() ?? '';
  const id = name => text(document.getElementById(name));
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const list = table => table && {
    columns: [...table.rows[0].cells].map((cell, at) => [text(cell), table.rows[1]?.cells[at]?.className ?? '']),
    rows: [...table.rows].slice(1).map(
      row => Object.fromEntries([...row.cells].map(cell => [cell.className, text(cell)]))),
  };
  return {
    number: id('screen'), title: id('title'), message: id('msg'), window: id('modal_title'),
    booking_no: id('c_booking_no'), reference: id('c_reference'), confirmation: id('confirmation'),
    cells: all('#display td.cap').map(cell => cell.nextElementSibling).map(cell =>
      [text(cell.previousElementSibling), cell.id.slice(2), text(cell)]),
    bookings: list(document.getElementById('bookings')), changes: list(document.getElementById('changes')),
    inputs: all('#f_booking, #f_signin').flatMap(form => [...form.elements]).filter(
      field => !['hidden', 'submit', 'button'].includes(field.type)).map(field =>
        [text(field.closest('td')?.previousElementSibling), field.name, field.type === 'password' ? '' : field.value]),
    head: all('#grid th.head').map(text), days: all('#grid th.day').map(text), hours: all('#grid th.hours').map(text),
    grid: all('#grid tr.row').map(row => ({
      technician: text(row.querySelector('td.code')), skills: text(row.querySelector('td.skills')),
      area: text(row.querySelector('td.area')),
      cells: all('td[id]', row).map(cell => [cell.id, cell.className]),
    })),
  };
}"""


class Board:
    """The dispatch board in one page, and its booking window beside it."""

    def __init__(self, job_page: JobPage) -> None:
        self._job_page = job_page
        self._page = job_page.page
        self._url = job_page.url
        self._window: Page | None = None

    @property
    def work(self) -> Frame:
        """Where work happens: the booking window while that is open, else the page."""
        if self._window is None or self._window.is_closed():
            return self._page.main_frame
        return self._window.main_frame

    async def week(self, day: str = "") -> Seen:
        """The grid of the week of that day; this week's when none is named."""
        return await self._go(f"/board?{urlencode({'week': day})}" if day else "/board")

    async def sign_in_screen(self) -> Seen:
        """Open the sign-in screen. Raises ScreenUnexpected when its form is not the known one."""
        seen = await self._go("/signin")
        fields = [(caption, name) for caption, name, _ in seen.inputs]
        expect(Layout.of(seen.screen, fields), Layout.of(seen.screen, forms.SIGN_IN_FORM))
        return seen

    async def sign_in(self, user: str, secret: Secret) -> Seen:
        """Fill and send the sign-in form."""
        await self._page.fill("#user", user)
        await type_secret(self._page.locator("#password"), secret)
        async with self._page.expect_navigation(wait_until="domcontentloaded"):
            await self._page.click("#signin")
        return await self._read(self._page.main_frame)

    async def search(self, reference: str) -> Seen:
        """The list of the bookings whose reference begins so, or the search screen when there is none."""
        return await self._go(f"/result?{urlencode({'reference': reference})}")

    async def booking(self, booking_no: str) -> Seen:
        """The display of one booking."""
        return await self._go(f"/booking/{booking_no}")

    async def new(self, cell: str) -> Seen:
        """Open the window of a new booking from a free cell of the week on the screen."""
        return await self._open("/booking/new", f'[id="{cell}"] a')

    async def change(self, booking_no: str, screen: FormScreen) -> Seen:
        """Open a form of the booking on the screen in its window; the display again where the board refuses that."""
        return await self._open(f"/booking/{booking_no}/{screen.path}", f"#to_{screen.path}")

    async def seen(self) -> Seen:
        """The present screen; a known window before it is closed. Raises UnknownWindow for any other."""
        return await self._read(self.work)

    async def type(self, screen: FormScreen, values: dict[str, str]) -> None:
        """Fill the form, then see that every field took its value whole. Raises InputRefused when one did not."""
        for field in screen.fields:
            await self.work.fill(f"#f_booking #{field.name}", values[field.name])
        typed = {name: value for _, name, value in (await self.seen()).inputs}
        cut = [field.caption for field in screen.fields if typed.get(field.name) != values[field.name]]
        if cut:
            raise InputRefused(f"the screen does not take the whole of: {', '.join(cut)}")

    async def save(self) -> Seen:
        """Click once, and see what the board answers, whatever stands before it."""
        frame = self.work
        async with frame.expect_navigation(wait_until="domcontentloaded"):
            await frame.click("#save")
        return Seen.model_validate(await frame.evaluate(_SEEN))

    async def _open(self, path: str, link: str) -> Seen:
        async with self._job_page.expecting_popup(path) as popup:
            await self._page.click(link)
        self._window = popup.page
        await popup.page.locator("#msg").wait_for(state="attached")
        await popup.page.wait_for_load_state("domcontentloaded")  # or the fields below it may be missing still
        return await self._read(popup.page.main_frame)

    async def _go(self, path: str) -> Seen:
        """Open an address in the page; the booking window is closed before. Raises WrongApplication for a stranger."""
        window, self._window = self._window, None
        if window is not None:
            await window.close()
        await self._page.goto(f"{self._url}{path}", wait_until="domcontentloaded")
        title = await self._page.title()
        if not title.startswith("FIELDBOARD"):
            raise WrongApplication(f"a page called {title}")
        return await self._read(self._page.main_frame)

    async def _read(self, frame: Frame) -> Seen:
        seen = Seen.model_validate(await frame.evaluate(_SEEN))
        self._job_page.steps.screen = seen.screen
        if seen.window in KNOWN_WINDOWS:
            await frame.click("#modal_close")
            seen = Seen.model_validate(await frame.evaluate(_SEEN))
        if seen.window:
            raise UnknownWindow(seen.window)
        return seen
