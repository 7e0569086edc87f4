"""Where things are on the order desk's screens: frames, windows, fields, links, captions. No business here."""

from playwright.async_api import Frame, Page
from pydantic import BaseModel, ConfigDict

from bots.kit.layouts import expect
from bots.kit.page import JobPage
from bots.kit.secrets.seam import Secret
from bots.kit.sign_in import type_code, type_secret
from bots.orderdesk import forms
from bots.orderdesk.forms import ChangeScreen
from core import clock
from core.faults import InputRefused, UnknownWindow, WrongApplication
from failure.difference import Layout

KNOWN_WINDOWS = ("Maintenance on Sunday", "How do you like ORDERDESK?")
"""Windows that may stand before a screen and mean nothing to an entry: they are closed. Any other one stops the bot."""


class Listed(BaseModel):
    """One list of the order display: the caption and name of its columns, its rows by these names."""

    model_config = ConfigDict(frozen=True)

    columns: list[tuple[str, str]]
    rows: list[dict[str, str]]


class Seen(BaseModel):
    """All of a screen, read at once: each question to a page costs as much as the whole.

    `number` is empty on a bare error page. `window` is the title of what stands before the screen. `cells` are the
    order display's (caption, name, text), `lists` what stands below it, newest change first. `inputs` are a form's
    fields as (caption, name, value), whatever they are; `orders` the rows of a list of orders as (number, address).
    """

    model_config = ConfigDict(frozen=True)

    number: str
    title: str
    message: str
    window: str
    order_no: str
    change_no: str
    cells: list[tuple[str, str, str]]
    lists: dict[str, Listed]
    inputs: list[tuple[str, str, str]]
    orders: list[tuple[str, str]]

    @property
    def screen(self) -> str:
        """What people call it: S31 DELIVERY FAILURE; empty on a bare error page."""
        return f"{self.number} {self.title}".strip()


_SEEN = """() => {
  const text = node => node?.textContent.trim() ?? '';
  const id = name => text(document.getElementById(name));
  const all = selector => [...document.querySelectorAll(selector)];
  const shown = cell => cell.querySelector('[id^=d_]') ?? cell;
  const columns = table => [...table.rows[0].cells].map(text);
  return {
    number: id('screen'), title: id('title'), message: id('msg'), window: id('modal_title'),
    order_no: id('c_order_no'), change_no: id('change_no'),
    cells: all('#display td.cap').map(cell => cell.nextElementSibling).map(cell =>
      [text(cell.previousElementSibling), shown(cell).id.slice(2), text(cell)]),
    lists: Object.fromEntries(all('#blocks, #refunds, #returns, #lines, #changes').map(table => [table.id, {
      columns: columns(table).map((caption, at) => [caption, table.rows[1]?.cells[at]?.className ?? '']),
      rows: [...table.rows].slice(1).map(
        row => Object.fromEntries([...row.cells].map(cell => [cell.className, text(cell)]))),
    }])),
    inputs: all('#f_change, #f_signin').flatMap(form => [...form.elements]).filter(
      field => !['hidden', 'submit', 'button'].includes(field.type)).map(field =>
        [text(field.closest('td')?.previousElementSibling), field.name, field.type === 'password' ? '' : field.value]),
    orders: all('a.order_no').map(link => [text(link), link.href]),
  };
}"""


class Desk:
    """The order desk in one page: the frameset with the screens in its frame `main`, and one window beside it."""

    def __init__(self, job_page: JobPage) -> None:
        self._job_page = job_page
        self._page = job_page.page
        self._url = job_page.url
        self._window: Page | None = None

    @property
    def main(self) -> Frame:
        """The frame where work happens; the page itself while there are no frames (sign-in)."""
        return self._page.frame(name="main") or self._page.main_frame

    @property
    def work(self) -> Frame:
        """The frame of the form: that of the open window, else `main`."""
        if self._window is None or self._window.is_closed():
            return self.main
        return self._window.frame(name="form") or self._window.main_frame

    async def enter(self) -> Seen:
        """Open the desk: the search screen in its frame, or the sign-in screen."""
        await self._page.goto(f"{self._url}/", wait_until="domcontentloaded")
        return await self._opened(self._page, "main")

    async def sign_in_screen(self) -> Seen:
        """Open the sign-in screen. Raises ScreenUnexpected when its form is not the known one."""
        await self._page.goto(f"{self._url}/signin", wait_until="domcontentloaded")
        seen = await self._opened(self._page, "main")
        fields = [(caption, name) for caption, name, _ in seen.inputs]
        expect(Layout.of(seen.screen, fields), Layout.of(seen.screen, forms.SIGN_IN_FORM))
        return seen

    async def sign_in(self, user: str, secret: Secret) -> Seen:
        """Fill and send the sign-in form."""
        await self._page.fill("#user", user)
        await type_secret(self._page.locator("#password"), secret)
        async with self._page.expect_navigation(wait_until="domcontentloaded"):
            await self._page.click("#signin")
        return await self._opened(self._page, "main")

    async def give_code(self, secret: Secret) -> Seen:
        """Type the one-time code of this moment and send it."""
        await type_code(self._page.locator("#code"), secret, clock.now())
        async with self._page.expect_navigation(wait_until="domcontentloaded"):
            await self._page.click("#send_code")
        return await self._opened(self._page, "main")

    async def order(self, order_no: str) -> Seen:
        """Open the display of one order, from a list the one row of exactly this number.

        Opening another screen of the same session gives back its record lock.
        """
        await self._close_window()
        seen = await self._go(f"{self._url}/order/{order_no}")
        exact = [address for number, address in seen.orders if number == order_no]
        return await self._go(exact[0]) if seen.number == forms.LIST and len(exact) == 1 else seen

    async def change(self, order_no: str, screen: ChangeScreen) -> Seen:
        """Open a change screen, which takes the record lock."""
        if not screen.window:
            return await self._go(f"{self._url}/order/{order_no}/{screen.path}")
        path = f"/order/{order_no}/{screen.path}"
        async with self._job_page.expecting_popup(path) as popup:
            await self.main.click(f"#to_{screen.path}")
        self._window = popup.page
        return await self._opened(popup.page, "form")

    async def leave(self, order_no: str) -> None:
        """Leave a change screen without saving, which gives back the record lock."""
        await self._go(f"{self._url}/order/{order_no}/leave")

    async def seen(self) -> Seen:
        """The present screen; a known window before it is closed. Raises UnknownWindow for any other."""
        return await self._read(self.work)

    async def type(self, screen: ChangeScreen, values: dict[str, str]) -> None:
        """Fill the form, then see that every field took its value whole. Raises InputRefused when one did not."""
        for field in screen.fields:
            await self.work.fill(f"#{field.name}", values[field.name])
        typed = {name: value for _, name, value in (await self.seen()).inputs}
        cut = [field.caption for field in screen.fields if typed.get(field.name) != values[field.name]]
        if cut:
            raise InputRefused(f"the screen does not take the whole of: {', '.join(cut)}")

    async def save(self) -> Seen:
        """Click once, and see what the desk answers, whatever stands before it."""
        frame = self.work
        async with frame.expect_navigation(wait_until="domcontentloaded"):
            await frame.click("#save")
        return Seen.model_validate(await frame.evaluate(_SEEN))

    async def _opened(self, page: Page, name: str) -> Seen:
        """The screen after a whole page changed: its frame is there a moment later, and not yet by its name.

        Raises WrongApplication when the page is not the order desk's.
        """
        title = await page.title()
        if not title.startswith("ORDERDESK"):
            raise WrongApplication(f"a page called {title}")
        frame = page.main_frame
        element = await page.query_selector(f"frame[name={name}]")
        if element is not None:
            frame = await element.content_frame() or frame
        await frame.locator("#msg").wait_for(state="attached")
        await frame.wait_for_load_state("domcontentloaded")  # or the fields below it may be missing still
        return await self._read(frame)

    async def _go(self, address: str) -> Seen:
        await self.main.goto(address, wait_until="domcontentloaded")
        return await self._read(self.main)

    async def _read(self, frame: Frame) -> Seen:
        seen = Seen.model_validate(await frame.evaluate(_SEEN))
        self._job_page.steps.screen = seen.screen
        if seen.window in KNOWN_WINDOWS:
            await frame.click("#modal_close")
            seen = Seen.model_validate(await frame.evaluate(_SEEN))
        if seen.window:
            raise UnknownWindow(seen.window)
        return seen

    async def _close_window(self) -> None:
        window, self._window = self._window, None
        if window is not None:
            await window.close()
