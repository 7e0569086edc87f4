"""Where things are on the order desk's screens: frames, fields, links, captions. No business here."""

from dataclasses import dataclass

from playwright.async_api import Frame, Page
from pydantic import BaseModel, ConfigDict

from bots.kit.secrets.seam import Secret
from bots.kit.sign_in import type_secret
from core.faults import InputRefused, ScreenUnexpected

SIGN_IN, SEARCH, LIST, DISPLAY, SAVED = "S00", "S10", "S15", "S20", "S40"


class Change(BaseModel):
    """One line of an order's list of changes."""

    model_config = ConfigDict(frozen=True)

    number: str
    kind: str
    text: str


class Seen(BaseModel):
    """All of a screen, read at once: each question to a page costs as much as the whole.

    `number` is empty on a bare error page. `fields` are the order display's texts by name, `changes` its list, newest
    first. `inputs` are a change screen's fields as (caption, name, value).
    """

    model_config = ConfigDict(frozen=True)

    number: str
    title: str
    message: str
    order_no: str
    change_no: str
    fields: dict[str, str]
    changes: list[Change]
    inputs: list[tuple[str, str, str]]


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
  const text = node => node?.textContent.trim() ?? '';
  const id = name => text(document.getElementById(name));
  const all = selector => [...document.querySelectorAll(selector)];
  return {
    number: id('screen'), title: id('title'), message: id('msg'),
    order_no: id('c_order_no'), change_no: id('change_no'),
    fields: Object.fromEntries(all('[id^=d_]').map(cell => [cell.id.slice(2), text(cell)])),
    changes: all('tr.change').map(row => ({
      number: text(row.querySelector('td.c_no')),
      kind: text(row.querySelector('td.c_op')),
      text: text(row.querySelector('td.c_text')),
    })),
    inputs: all('#f_change input[type=text]').map(
      input => [text(input.closest('td').previousElementSibling), input.name, input.value]),
  };
}"""


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
        return await self._opened()

    async def sign_in_screen(self) -> Seen:
        """Open the sign-in screen."""
        await self._page.goto(f"{self._url}/signin", wait_until="domcontentloaded")
        return await self._opened()

    async def sign_in(self, user: str, secret: Secret) -> Seen:
        """Fill and send the sign-in form."""
        await self._page.fill("#user", user)
        await type_secret(self._page.locator("#password"), secret)
        async with self._page.expect_navigation(wait_until="domcontentloaded"):
            await self._page.click("#signin")
        return await self._opened()

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
        """The present screen."""
        return Seen.model_validate(await self.main.evaluate(_SEEN))

    async def listed(self) -> list[str]:
        """The order numbers on a list of orders."""
        return await self.main.locator("a.order_no").all_inner_texts()

    async def type(self, screen: ChangeScreen, values: dict[str, str]) -> None:
        """Fill the form, then see that every field took its value whole. Raises InputRefused when one did not."""
        for field in screen.fields:
            await self.main.fill(f"#{field.name}", values[field.name])
        typed = {name: value for _, name, value in (await self.seen()).inputs}
        cut = [field.caption for field in screen.fields if typed.get(field.name) != values[field.name]]
        if cut:
            raise InputRefused(f"the screen does not take the whole of: {', '.join(cut)}")

    async def save(self) -> Seen:
        """Click once, and see what the desk answers."""
        async with self.main.expect_navigation(wait_until="domcontentloaded"):
            await self.main.click("#save")
        return await self.seen()

    async def _opened(self) -> Seen:
        """The screen after the page itself changed: its frame is there a moment later, and not yet by its name."""
        frame = self._page.main_frame
        element = await self._page.query_selector("frame[name=main]")
        if element is not None:
            frame = await element.content_frame() or frame
        await frame.locator("#msg").wait_for(state="attached")
        return Seen.model_validate(await frame.evaluate(_SEEN))

    async def _go(self, path: str) -> Seen:
        await self.main.goto(f"{self._url}/{path}", wait_until="domcontentloaded")
        return await self.seen()


def check(seen: Seen, screen: ChangeScreen, order_no: str) -> None:
    """Raise ScreenUnexpected unless the change screen is exactly the one that is known, field for field."""
    expected = (screen.title, order_no, [(field.caption, field.name) for field in screen.fields])
    found = (seen.title, seen.order_no, [(caption, name) for caption, name, _ in seen.inputs])
    if found != expected:
        raise ScreenUnexpected(f"{screen.number} shows {found} in place of {expected}")
