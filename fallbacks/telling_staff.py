"""Carries what people of the house are told to where each wants it: mail or signed webhook, once, on their shift."""

import asyncio
from datetime import datetime, timedelta

import structlog

from core.faults import Fault, Refused, SystemDown, Unknown
from fallbacks.mail import Mail, MailServer, is_address
from fallbacks.webhook import Message, Webhooks
from records import tellings, told_preference
from records.database import Database
from records.told import Told, ToldState
from records.told_preference import Channel, ToldPreference

log = structlog.get_logger(__name__)

AGAIN = timedelta(minutes=1)
"""When a server that did not answer is tried again; surely nothing was sent."""
TOO_OLD = timedelta(days=7)
"""What could not be sent for so long is given up; it still stands on the page."""
SUBJECT = 120


class StaffMail:
    """Mails to people of the house."""

    def __init__(self, smtp_url: str, sender: str, console_url: str) -> None:
        self.server = MailServer(smtp_url)
        self.sender = sender
        self.console_url = console_url.rstrip("/")

    def link(self, row: Told) -> str:
        """The page to open; whoever follows it has read it."""
        return f"{self.console_url}/notices/{row.id}"

    def written(self, row: Told, now: datetime) -> Mail:
        """The mail: the sentence, the way to the page, and how to be told otherwise."""
        return Mail(
            sender=self.sender,
            recipient=row.person,
            subject=row.text.split("\n", 1)[0][:SUBJECT],
            body=f"{row.text}\n\n{self.link(row)}\n\n--\nHow you are told: {self.console_url}/me\n",
            message_id=f"<told-{row.id}@{self.sender.rpartition('@')[2]}>",
            date=now,
        )


class TellingStaff:
    """The beat that sends what is due. Of two at once only one passes *waiting* to *sending*, and only it sends."""

    def __init__(self, database: Database, mail: StaffMail, webhooks: Webhooks) -> None:
        self._database = database
        self._mail = mail
        self._webhooks = webhooks

    async def run_once(self, now: datetime) -> int:
        """Look at everything that is due, once; how many there were."""
        async with self._database.session() as session:
            rows = await tellings.due(session, now)
            moot = await tellings.moot(session, rows)
            wishes = await told_preference.of(session, {row.person for row in rows}, now)
        await asyncio.gather(*(self._one(row, wishes[row.person], row.id in moot, now) for row in rows))
        return len(rows)

    async def _one(self, row: Told, wishes: ToldPreference, moot: bool, now: datetime) -> None:
        channel = wishes.channel(row.kind)
        if row.state is ToldState.SENDING:
            await self._settle(row, ToldState.UNKNOWN, now, code="process lost")
        elif moot:
            await self._pass_over(row, ToldState.MOOT)
        elif wishes.on_shift(now) > now:
            await self._postpone(row, ToldState.WAITING, wishes.on_shift(now))
        elif channel is Channel.NONE:
            await self._pass_over(row, ToldState.READ, channel=channel.value, read_at=now)
        elif channel is Channel.PAGE:
            await self._pass_over(row, ToldState.SENT, channel=channel.value, sent_at=now)
        else:
            await self._send(row, channel, wishes, now)

    async def _send(self, row: Told, channel: Channel, wishes: ToldPreference, now: datetime) -> None:
        try:
            if channel is Channel.MAIL:
                sent = await self._by_mail(row, now)
            else:
                sent = await self._by_webhook(row, wishes, now)
            if sent:
                await self._settle(row, ToldState.SENT, now)
        except SystemDown as fault:
            begun = ToldState.SENDING if channel is Channel.WEBHOOK else ToldState.WAITING
            await self._again(row, begun, fault, now)
        except Refused as fault:
            await self._failed(row, ToldState.REFUSED, fault, now)
        except Unknown as fault:
            await self._failed(row, ToldState.UNKNOWN, fault, now)

    async def _by_mail(self, row: Told, now: datetime) -> bool:
        if not is_address(row.person):
            raise Refused("no mail address")
        async with self._mail.server.open_to(self._mail.sender, row.person) as conversation:
            if not await self._begin(row, Channel.MAIL, now):
                return False
            await conversation.send(self._mail.written(row, now))
        return True

    async def _by_webhook(self, row: Told, wishes: ToldPreference, now: datetime) -> bool:
        if not await self._begin(row, Channel.WEBHOOK, now):
            return False
        data = {"kind": row.kind, "text": row.text, "url": self._mail.link(row)}
        message = Message(id=str(row.id), type=f"told.{row.kind}", at=now, data=data)
        await self._webhooks.send(wishes.webhook_url, wishes.webhook_secret, message)
        return True

    async def _again(self, row: Told, was: ToldState, fault: Fault, now: datetime) -> None:
        if now - row.created_at > TOO_OLD:
            await self._failed(row, ToldState.REFUSED, fault, now)
        else:
            await self._postpone(row, was, now + AGAIN)

    async def _failed(self, row: Told, state: ToldState, fault: Fault, now: datetime) -> None:
        log.warning("told.failed", told=str(row.id), state=state.value, detail=fault.detail)
        await self._settle(row, state, now, code=fault.detail)

    async def _begin(self, row: Told, channel: Channel, now: datetime) -> bool:
        async with self._database.session() as session:
            return await tellings.begin(session, row.id, channel, now)

    async def _settle(self, row: Told, state: ToldState, now: datetime, **values: object) -> None:
        async with self._database.session() as session:
            await tellings.settle(session, row.id, state, now, **values)

    async def _pass_over(self, row: Told, state: ToldState, **values: object) -> None:
        async with self._database.session() as session:
            await tellings.pass_over(session, row.id, state, **values)

    async def _postpone(self, row: Told, was: ToldState, until: datetime) -> None:
        async with self._database.session() as session:
            await tellings.postpone(session, row.id, was, until)
