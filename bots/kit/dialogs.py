"""Dialogs that a screen opens: the expected one is accepted, once; others are dismissed, unknown ones end the job."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.async_api import Dialog, Page
from playwright.async_api import Error as PlaywrightError

from bots.kit.trouble import fault_of
from core.faults import Fault, ScreenUnexpected


class Dialogs:
    """Answers the dialogs of a job's windows; `surprise` is told of the ones nobody foresaw."""

    def __init__(self, page: Page, surprise: Callable[[Fault], None]) -> None:
        self._surprise = surprise
        self._expected: str | None = None
        self._declined: tuple[str, ...] = ()
        self.watch(page)

    def watch(self, page: Page) -> None:
        """Answer this window's dialogs too."""
        page.on("dialog", self._answer)

    @contextmanager
    def expecting(self, text: str, declining: tuple[str, ...] = ()) -> Iterator[None]:
        """Accept one dialog of exactly this text within the block: around the click that submits, nowhere else.

        `declining` are questions that a save may raise: they are answered with no and are no surprise, the screen
        behind them tells the bot what came of it.
        """
        self._expected, self._declined = text, declining
        try:
            yield
        finally:
            self._expected, self._declined = None, ()

    async def _answer(self, dialog: Dialog) -> None:
        known, self._expected = dialog.message == self._expected, None
        try:
            if known:
                await dialog.accept()
            else:
                await dialog.dismiss()
        except PlaywrightError as error:
            self._surprise(fault_of(error))
        if not known and dialog.message not in self._declined:
            self._surprise(ScreenUnexpected(f"an unknown dialog: {dialog.message}"))
