"""Where things are on the order desk's screens: frames, fields, links, captions. No business here."""

from dataclasses import dataclass

from playwright.async_api import Frame, Page
from pydantic import BaseModel, ConfigDict

from bots.kit.hands import type_secret
from core.faults import InputRefused, ScreenUnexpected

SIGN_IN, SEARCH, LIST, DISPLAY, SAVED = "S00", "S10", "S15", "S20", "S40"


class Seen(BaseModel):
    """What a screen shows: its number (empty on a bare error page), its message line, and where the frame is."""

    model_config = ConfigDict(frozen=True)

    number: str
    message: str


class Change(BaseModel):
    """One line of an order's list of changes."""

    model_config = ConfigDict(frozen=True)

    number: str
    kind: str
    text: str


class Display(BaseModel):
    """The order display: each field's text by its name, and the changes, newest first."""

    model_config = ConfigDict(frozen=True)

    fields: dict[str, str]
    changes: list[Change]


@dataclass(frozen=True)
class ChangeField:
    """A field of a change screen: its caption, its input's name, and the field of the operation that it takes."""

    caption: str
    name: str
    holds: str


@dataclass(frozen=True)
class ChangeScreen:
    """A change screen as it must look before anything is typed into it."""

    number: str
    title: str
    path: str
    kind: str
    fields: tuple[ChangeField, ...]


REMARKS = ChangeField("Remarks", "remarks", "")
FAILURE = ChangeScreen(
    "S31",
    "DELIVERY FAILURE",
    "failure",
    "FAIL",
    (
        ChangeField("Status", "status", "status"),
        ChangeField("Reason code", "reason", "reason"),
        ChangeField("Attempt", "attempt", "attempt"),
        REMARKS,
    ),
)
DATE = ChangeScreen(
    "S32",
    "NEW DELIVERY DATE",
    "date",
    "DATE",
    (
        ChangeField("Delivery date", "date", "delivery_date"),
        ChangeField("Time window", "window", "window"),
        REMARKS,
    ),
)
ADDRESS = ChangeScreen(
    "S33",
    "DELIVERY ADDRESS",
    "address",
    "ADDR",
    (
        ChangeField("Street", "street", "street"),
        ChangeField("House no.", "house_no", "house_no"),
        ChangeField("Postcode", "postcode", "postcode"),
        ChangeField("City", "city", "city"),
        REMARKS,
    ),
)

_SEEN = """() => {
  const text = id => document.getElementById(id)?.textContent.trim() ?? '';
  return {number: text('screen'), message: text('msg')};
}"""
_DISPLAY = """() => ({
  fields: Object.fromEntries([...document.querySelectorAll('[id^=d_]')].map(
    cell => [cell.id.slice(2), cell.textContent.trim()])),
  changes: [...document.querySelectorAll('tr.change')].map(row => {
    const cell = name => row.querySelector('td.' + name).textContent.trim();
    return {number: cell('c_no'), kind: cell('c_op'), text: cell('c_text')};
  }),
})"""
_FINGERPRINT = """() => ({
  title: document.getElementById('title').textContent.trim(),
  order_no: document.getElementById('c_order_no').textContent.trim(),
  fields: [...document.querySelectorAll('#f_change input[type=text]')].map(
    input => [input.closest('td').previousElementSibling.textContent.trim(), input.name]),
})"""
_TYPED = """() => Object.fromEntries(
  [...document.querySelectorAll('#f_change input[type=text]')].map(input => [input.name, input.value]))"""


class Desk:
    """The order desk in one page: the frameset, and the screens in its frame `main`."""

    def __init__(self, page: Page, url: str) -> None:
        self._page = page
        self._url = url

    @property
    def main(self) -> Frame:
        """The frame where work happens; the page itself while there are no frames (sign-in)."""
        return self._page.frame(name="main") or self._page.main_frame

    async def enter(self) -> Seen:
        """Open the desk: the search screen in its frame, or the sign-in screen."""
        await self._page.goto(f"{self._url}/", wait_until="domcontentloaded")
        return await self.seen()

    async def sign_in_screen(self) -> Seen:
        """Open the sign-in screen."""
        await self._page.goto(f"{self._url}/signin", wait_until="domcontentloaded")
        return await self.seen()

    async def sign_in(self, account: str, password: str) -> Seen:
        """Fill and send the sign-in form."""
        await self._page.fill("#user", account)
        await type_secret(self._page.locator("#password"), password)
        async with self._page.expect_navigation(wait_until="domcontentloaded"):
            await self._page.click("#signin")
        return await self.seen()

    async def order(self, order_no: str) -> Seen:
        """Open the display of one order; opening another screen of the same session gives back its record lock."""
        return await self._go(f"order/{order_no}")

    async def change(self, order_no: str, screen: ChangeScreen) -> Seen:
        """Open a change screen, which takes the record lock."""
        return await self._go(f"order/{order_no}/{screen.path}")

    async def leave(self, order_no: str) -> None:
        """Leave a change screen without saving, which gives back the record lock."""
        await self._go(f"order/{order_no}/leave")

    async def seen(self) -> Seen:
        """The present screen, once its message line is there."""
        frame = await self._frame()
        await frame.locator("#msg").wait_for(state="attached")
        return Seen.model_validate(await frame.evaluate(_SEEN))

    async def display(self) -> Display:
        """Everything on the order display."""
        return Display.model_validate(await self.main.evaluate(_DISPLAY))

    async def listed(self) -> list[str]:
        """The order numbers on a list of orders."""
        return await self.main.locator("a.order_no").all_inner_texts()

    async def check(self, screen: ChangeScreen, order_no: str) -> None:
        """Raise ScreenUnexpected unless the change screen is exactly the one that is known."""
        expected = {
            "title": screen.title,
            "order_no": order_no,
            "fields": [[field.caption, field.name] for field in screen.fields],
        }
        found = await self.main.evaluate(_FINGERPRINT)
        if found != expected:
            raise ScreenUnexpected(f"{screen.number} shows {found} in place of {expected}")

    async def type(self, screen: ChangeScreen, values: dict[str, str]) -> None:
        """Fill the form, then see that every field took its value whole. Raises InputRefused when one did not."""
        for field in screen.fields:
            await self.main.fill(f"#{field.name}", values[field.name])
        typed = await self.main.evaluate(_TYPED)
        cut = [field.caption for field in screen.fields if typed.get(field.name) != values[field.name]]
        if cut:
            raise InputRefused(f"the screen does not take the whole of: {', '.join(cut)}")

    async def save(self) -> Seen:
        """Click once, and see what the desk answers."""
        async with self.main.expect_navigation(wait_until="domcontentloaded"):
            await self.main.click("#save")
        return await self.seen()

    async def change_number(self) -> str:
        """The number of the change that was just saved."""
        return (await self.main.locator("#change_no").inner_text()).strip()

    async def _frame(self) -> Frame:
        """Like `main`, and sure: a frame that has only just been opened is not known by its name yet."""
        if self._page.frame(name="main") is None:
            element = await self._page.query_selector("frame[name=main]")
            return (await element.content_frame() if element else None) or self._page.main_frame
        return self.main

    async def _go(self, path: str) -> Seen:
        await self.main.goto(f"{self._url}/{path}", wait_until="domcontentloaded")
        return await self.seen()
