"""Dialogs that a screen opens: the expected one is accepted, once; every other is dismissed and ends the job."""

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
        self.watch(page)

    def watch(self, page: Page) -> None:
        """Answer this window's dialogs too."""
        page.on("dialog", self._answer)

    @contextmanager
    def expecting(self, text: str) -> Iterator[None]:
        """Accept one dialog of exactly this text within the block: around the click that submits, nowhere else."""
        self._expected = text
        try:
            yield
        finally:
            self._expected = None

    async def _answer(self, dialog: Dialog) -> None:
        known, self._expected = dialog.message == self._expected, None
        try:
            if known:
                await dialog.accept()
            else:
                await dialog.dismiss()
        except PlaywrightError as error:
            self._surprise(fault_of(error))
        if not known:
            self._surprise(ScreenUnexpected(f"an unknown dialog: {dialog.message}"))
