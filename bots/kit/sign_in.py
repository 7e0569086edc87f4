"""Typing a secret so that it stays on the screen for no longer than the sign-in, and in nothing that outlives it."""

from datetime import datetime

import structlog
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Locator, Page

from bots.kit.deadline import EVIDENCE_SECONDS, within
from bots.kit.secrets.seam import Secret
from bots.kit.secrets.totp import code_at
from bots.kit.trouble import fault_of
from core.faults import TooSlow

log = structlog.get_logger(__name__)

_EMPTY = """() => {
  const selector = "input[type=password], input[autocomplete=one-time-code]";
  for (const field of document.querySelectorAll(selector)) field.value = "";
}"""


async def type_secret(field: Locator, secret: Secret) -> None:
    """Fill a password field."""
    await _type(field, secret.reveal())


async def type_code(field: Locator, secret: Secret, now: datetime) -> None:
    """Fill in the one-time code of this moment. Raises CredentialMissing when the credential has no seed for it."""
    await _type(field, code_at(secret.totp_seed(), now))


async def empty_fields(page: Page) -> None:
    """Empty what secrets were typed into: a sign-in that failed must leave none on the screen that is photographed."""
    for frame in page.frames:
        try:
            async with within(EVIDENCE_SECONDS, "emptying the sign-in"):
                await frame.evaluate(_EMPTY)
        except (PlaywrightError, TooSlow) as error:
            log.info("sign_in.not_emptied", kind=type(error).__name__)  # a frame that is gone took it along


async def _type(field: Locator, text: str) -> None:
    try:
        await field.fill(text)
    except PlaywrightError as error:  # its words quote what was typed
        raise type(fault_of(error))("while a secret was typed") from None
