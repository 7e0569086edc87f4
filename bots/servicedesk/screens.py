"""Where things are on the service desk's screens: captions, lists, forms, buttons. No business here.

The ids of fields are other ones on every load, so everything is found by the caption that people read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from playwright.async_api import Response
from pydantic import BaseModel, ConfigDict

from bots.kit.layouts import drifted
from bots.kit.masking import Masking
from bots.kit.page import JobPage
from bots.kit.secrets.seam import Secret
from bots.kit.sign_in import type_secret
from core.faults import ElementMissing, ElementTwice, InputRefused, ScreenUnexpected, SystemDown, WrongApplication
from failure.difference import Layout, LayoutField

APPLICATION = "Service Desk 2"
SIGN_IN, LIST, CALLBACKS, HISTORY = "Sign in", "tickets", "callbacks", "history"
MOST_PAGES = 20
MASKING = Masking(
    personal=("[data-title]",),
    captions=("Title", "Description", "Customer number", "Phone", "Note"),
    public=("select", "[name=external_reference]", "[name=reference]", "[name=order_no]", "[name=day]", "[name=slot]"),
)


class Seen(BaseModel):
    """All of a screen, read at once.

    `heading` and `message` are empty on a page that is not the desk's. `fields` are captions and texts; `rows` the
    lists by name, each row by column; `inputs` a form's captions and values, `twice` those captions that stand there
    more than once; `buttons` the captions of the buttons that can be seen.
    """

    model_config = ConfigDict(frozen=True)

    application: str
    heading: str
    message: str
    ticket: str
    fields: dict[str, str]
    rows: dict[str, list[dict[str, str]]]
    inputs: dict[str, str]
    twice: list[str]
    buttons: list[str]
    more: bool

    @property
    def screen(self) -> str:
        """What people call it; a ticket's heading names the ticket, and is called just that."""
        return "Ticket" if self.heading.startswith("T-") else self.heading

    @property
    def layout(self) -> Layout:
        """The form as it is."""
        return _form(self.screen, [*self.inputs, *self.twice], [text for text in self.buttons if text])


@dataclass(frozen=True)
class FormScreen:
    """A form as it must look before anything is typed: where, its heading, its button, its captions."""

    path: str
    heading: str
    button: str
    captions: tuple[str, ...]

    @property
    def layout(self) -> Layout:
        """The form as it is known."""
        return _form(self.heading, self.captions, [self.button])


def _form(screen: str, captions: Iterable[str], buttons: Iterable[str]) -> Layout:
    """What is found by its caption alone: the names that the page gives it mean nothing."""
    fields = Layout.of(screen, [(caption, "") for caption in captions]).fields
    below = [LayoutField(caption=text, kind="button", row=len(fields) + 1) for text in buttons]
    return Layout(screen=screen, fields=(*fields, *below))


NEW_TICKET = FormScreen(
    "tickets/new",
    "New ticket",
    "Save ticket",
    ("External reference", "Title", "Description", "Order number", "Customer number", "Priority", "Link"),
)
CHANGE = FormScreen("tickets/{}/change", "Change ticket", "Save change", ("State", "Note", "Your reference"))
NEW_CALLBACK = FormScreen(
    "tickets/{}/callbacks/new", "New callback", "Save callback", ("Phone", "Day", "Time", "Note", "Your reference")
)
REMOVAL = FormScreen("tickets/{}/callbacks/{}/remove", "Remove callback", "Remove callback", ("Your reference",))

_SEEN = """() => {
  const text = node => node?.textContent.trim() ?? '';
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const rows = table => {
    const heads = all('th', table).map(text);
    return all('tr[data-row]', table).map(row =>
      Object.fromEntries(all('td', row).map((cell, i) => [heads[i] || 'links', text(cell)])));
  };
  const value = field => field.tagName === 'SELECT' ? text(field.selectedOptions[0]) : field.value;
  const form = document.querySelector('form[data-form]');
  const inputs = form ? [
    ...all('label[for]', form).map(label => [text(label), value(document.getElementById(label.htmlFor))]),
    ...all('[role=radiogroup]', form).map(group => [
      text(document.getElementById(group.getAttribute('aria-labelledby'))),
      group.querySelector('input:checked')?.value ?? '']),
  ] : [];
  const captions = inputs.map(([caption]) => caption);
  return {
    application: document.querySelector('meta[name=application-name]')?.content ?? '',
    heading: text(document.querySelector('main h1')),
    message: text(document.querySelector('main [role=alert]') ?? document.querySelector('main [role=status]')),
    ticket: text(document.querySelector('[data-ticket]')),
    fields: Object.fromEntries(all('dl[data-part] dt').map(dt => [text(dt), text(dt.nextElementSibling)])),
    rows: Object.fromEntries(all('table[data-list]').map(table => [table.dataset.list, rows(table)])),
    inputs: Object.fromEntries(inputs),
    twice: captions.filter((caption, i) => captions.indexOf(caption) !== i),
    buttons: form ? all('button', form).filter(button => button.offsetParent !== null).map(text) : [],
    more: document.querySelector('a[rel=next]') !== null,
  };
}"""


class Desk:
    """The service desk's screens on one page."""

    def __init__(self, job_page: JobPage) -> None:
        self._page = job_page.page
        self._url = job_page.url
        self._steps = job_page.steps

    async def tickets(self, reference: str = "", page: int = 1) -> Seen:
        """The list of tickets whose reference contains this, a page of it."""
        return await self._go(f"tickets?{urlencode({'reference': reference, 'page': page})}")

    async def ticket(self, ticket_id: str) -> Seen:
        """One ticket with its callbacks and its history."""
        return await self._go(f"tickets/{quote(ticket_id, safe='')}")

    async def form(self, screen: FormScreen, *names: str) -> Seen:
        """Open a form; `names` are the ticket and callback that it is about."""
        return await self._go(screen.path.format(*(quote(name, safe="") for name in names)))

    async def sign_in_screen(self) -> Seen:
        """Open the sign-in screen."""
        return await self._go("login")

    async def sign_in(self, user: str, secret: Secret) -> Seen:
        """Fill and send the sign-in form."""
        await self._page.get_by_label("Account", exact=True).fill(user)
        await type_secret(self._page.get_by_label("Password", exact=True), secret)
        async with self._page.expect_navigation(wait_until="domcontentloaded") as answer:
            await self._page.get_by_role("button", name="Sign in", exact=True).click()
        return await self._seen(await answer.value)

    async def now(self) -> Seen:
        """The present screen."""
        return await self._seen(None)

    async def type(self, values: dict[str, str]) -> None:
        """Fill the form by caption, then see that every field took its value whole. Raises InputRefused otherwise."""
        form = self._page.locator("form[data-form]")
        for caption, value in values.items():
            choices = form.get_by_role("radiogroup", name=caption, exact=True)
            field = form.get_by_label(caption, exact=True)
            if await choices.count():
                await choices.get_by_label(value, exact=True).check()
            elif await field.evaluate("field => field.tagName") == "SELECT":
                await field.select_option(label=value)
            else:
                await field.fill(value)
        typed = (await self.now()).inputs
        cut = [caption for caption, value in values.items() if typed.get(caption) != value]
        if cut:
            raise InputRefused(f"the screen does not take the whole of: {', '.join(cut)}")

    async def save(self, screen: FormScreen) -> Seen:
        """Click once, on the button that people see, and see what the desk answers."""
        button = self._page.locator("form[data-form]").get_by_role("button", name=screen.button, exact=True)
        async with self._page.expect_navigation(wait_until="domcontentloaded") as answer:
            await button.click()
        return await self._seen(await answer.value)

    async def _go(self, path: str) -> Seen:
        return await self._seen(await self._page.goto(f"{self._url}/desk/{path}", wait_until="domcontentloaded"))

    async def _seen(self, answer: Response | None) -> Seen:
        """The screen as it is. Raises SystemDown, or WrongApplication for a page that is not the desk's."""
        seen = Seen.model_validate(await self._page.evaluate(_SEEN))
        if seen.application == APPLICATION:
            self._steps.screen = seen.screen
            return seen
        if answer is not None and answer.status >= 500:
            raise SystemDown(f"HTTP {answer.status}")
        raise WrongApplication(f"it calls itself {seen.application or await self._page.title()!r}")


def check(seen: Seen, screen: FormScreen, ticket: str) -> None:
    """Raise what is wrong with a form before anything is typed into it; nothing when it is as it is known."""
    if (seen.heading, seen.ticket) != (screen.heading, ticket):
        raise ScreenUnexpected(f"{seen.heading} of {seen.ticket!r} in place of {screen.heading} of {ticket!r}")
    shown = seen.buttons.count(screen.button)
    if shown == 0 or any(caption not in seen.inputs for caption in screen.captions):
        raise drifted(ElementMissing, seen.layout, screen.layout)
    if seen.twice or shown > 1:
        raise drifted(ElementTwice, seen.layout, screen.layout)
    if any(caption not in screen.captions for caption in seen.inputs):
        raise drifted(ScreenUnexpected, seen.layout, screen.layout)
