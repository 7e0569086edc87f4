"""What Playwright raises, said in our words: the one place where a browser's errors become faults."""

import re

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout

from core.faults import BrowserDied, ElementMissing, ElementTwice, Fault, ScreenUnexpected, SystemDown, TooSlow

_DEAD = ("crashed", "has been closed", "Connection closed", "Browser closed", "Target closed")
_TOO_SLOW = ("net::ERR_TIMED_OUT", "net::ERR_CONNECTION_TIMED_OUT")
_SOUGHT = re.compile(r"- waiting for (locator|get_by_\w+|frame_locator)\(")


def fault_of(error: PlaywrightError) -> Fault:
    """The fault that a browser's error stands for; what it said goes into the detail."""
    if isinstance(error, PlaywrightTimeout):
        return ElementMissing(error.message) if _never_there(error.message) else TooSlow(error.message)
    if "strict mode violation" in error.message:
        return ElementTwice(error.message.partition("\n")[0])  # what follows quotes the screen
    if any(mark in error.message for mark in _DEAD):
        return BrowserDied(error.message)
    if any(mark in error.message for mark in _TOO_SLOW):
        return TooSlow(error.message)
    if "net::ERR_" in error.message:
        return SystemDown(error.message)
    return ScreenUnexpected(error.message)


def _never_there(message: str) -> bool:
    """Whether a wait ended although nothing but the element itself was missing: it was never found."""
    return _SOUGHT.search(message) is not None and "locator resolved to" not in message
