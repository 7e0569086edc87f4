"""The mailbox that the settings name, for the upkeep that reads it and the check that opens it."""

from baton import wiring
from core.faults import Fault
from core.settings import Settings
from fallbacks.mailbox import Mailbox, MailboxAway, mailbox_at

CREDENTIAL = "mailbox"
"""Its password's name where credentials are kept."""


def of(settings: Settings) -> Mailbox | None:
    """Where customers' answers arrive; None when no mailbox is named. SystemExit when it cannot be used."""
    if not settings.mailbox_url:
        return None

    async def password() -> str:
        try:
            return (await wiring.secrets(settings).fetch(CREDENTIAL)).reveal()
        except Fault as fault:
            raise MailboxAway(f"the credential {CREDENTIAL}: {fault.code}") from None

    return mailbox_at(settings.mailbox_url, password, settings.mailbox_ca_file)
