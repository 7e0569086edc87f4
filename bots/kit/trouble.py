"""What Playwright raises, said in our words: the one place where a browser's errors become faults."""

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout

from core.faults import BrowserDied, Fault, ScreenUnexpected, SystemDown, TooSlow

_DEAD = ("crashed", "has been closed", "Connection closed", "Browser closed", "Target closed")
_TOO_SLOW = ("net::ERR_TIMED_OUT", "net::ERR_CONNECTION_TIMED_OUT")


def fault_of(error: PlaywrightError) -> Fault:
    """The fault that a browser's error stands for; what it said goes into the detail."""
    if isinstance(error, PlaywrightTimeout):
        return TooSlow(error.message)
    if any(mark in error.message for mark in _DEAD):
        return BrowserDied(error.message)
    if any(mark in error.message for mark in _TOO_SLOW):
        return TooSlow(error.message)
    if "net::ERR_" in error.message:
        return SystemDown(error.message)
    return ScreenUnexpected(error.message)
