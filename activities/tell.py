"""Telling the customer: one mail of a notice row, tried once; what nobody saw arrive is *unknown* and stays so."""

import uuid
from collections.abc import Callable
from datetime import datetime

import structlog
from opentelemetry.trace import SpanKind
from pydantic import BaseModel, ConfigDict
from temporalio import activity

from core import tracing
from core.faults import Refused, SystemDown, Unknown
from fallbacks.mail import Mail, MailServer, is_address
from handoff import links
from records import notices, replies
from records.database import Database
from records.notice import Notice, NoticeState

log = structlog.get_logger(__name__)

_SETTLED = frozenset({NoticeState.SENT, NoticeState.UNKNOWN, NoticeState.REFUSED, NoticeState.WITHDRAWN})


class SendNotice(BaseModel):
    """Which notice to send; its row was written with the case's bookkeeping."""

    model_config = ConfigDict(frozen=True)

    notice_id: uuid.UUID


class NoticeSent(BaseModel):
    """What came of it: `state` is sent, unknown or refused; `code` says why when it is not sent."""

    model_config = ConfigDict(frozen=True)

    state: str
    code: str = ""


class Tell:
    """Sends notices by mail. Temporal may run it again: only a row that is still *waiting* is ever sent."""

    def __init__(
        self, database: Database, smtp_url: str, sender: str, clock: Callable[[], datetime], reply_to: str = ""
    ) -> None:
        self._database = database
        self._server = MailServer(smtp_url)
        self._sender = sender
        self._clock = clock
        self._reply_to = reply_to

    @activity.defn(name="send_notice")
    async def send_notice(self, asked: SendNotice) -> NoticeSent:
        """Send a waiting notice, once. A row found in *sending* is the trace of a try that died: it becomes *unknown*.

        Raises SystemDown when the server could not be reached: nothing was sent, the row still waits, try again.
        """
        async with self._database.session() as session:
            notice = await notices.read(session, asked.notice_id)
        if notice.state in _SETTLED:
            return NoticeSent(state=notice.state.value, code=notice.code)
        if notice.state is NoticeState.SENDING:
            return await self._finish(notice, NoticeState.UNKNOWN, "worker_lost")
        if not is_address(notice.recipient):
            return await self._finish(notice, NoticeState.REFUSED, "no_address")
        with tracing.span("send a mail", kind=SpanKind.CLIENT):
            sent = await self._send(notice)
            tracing.note(outcome=sent.state, code=sent.code)
        return sent

    async def _send(self, notice: Notice) -> NoticeSent:
        mail = await self._written(notice)
        try:
            async with self._server.open_to(self._sender, notice.recipient) as conversation:
                if not await self._begin(notice):
                    return await self._answer(notice)
                await conversation.send(mail)
                return await self._finish(notice, NoticeState.SENT, "")
        except SystemDown:
            async with self._database.session() as session:
                await notices.hold(session, notice.id, self._clock())
            raise
        except Refused as fault:
            log.warning("notice.refused", notice=str(notice.id), detail=fault.detail)
            return await self._finish(notice, NoticeState.REFUSED, fault.code)
        except Unknown as fault:
            log.warning("notice.unknown", notice=str(notice.id), detail=fault.detail)
            return await self._finish(notice, NoticeState.UNKNOWN, fault.code)

    async def _written(self, notice: Notice) -> Mail:
        """The mail with what an answer finds its case by: the address, the thread, and a mark as the last line."""
        async with self._database.session() as session:
            token = await replies.token_of(session, notice.case_id, self._clock())
            thread = await replies.thread_of(session, notice)
        return Mail(
            sender=self._sender,
            recipient=notice.recipient,
            subject=notice.subject,
            body=f"{notice.body.rstrip()}\n\n{links.mark(token)}\n",
            message_id=notice.message_id,
            date=notice.created_at,
            reply_to=links.reply_address(self._reply_to, token) if self._reply_to else "",
            references=thread,
        )

    async def _begin(self, notice: Notice) -> bool:
        """The guard: committed before the first byte of the mail, and passed by one try only."""
        async with self._database.session() as session:
            return await notices.begin(session, notice.id)

    async def _finish(self, notice: Notice, state: NoticeState, code: str) -> NoticeSent:
        async with self._database.session() as session:
            await notices.finish(session, notice.id, state, code, self._clock())
        return await self._answer(notice)

    async def _answer(self, notice: Notice) -> NoticeSent:
        """How the row stands now, whoever wrote it; one that is still *sending* is in another try's hands."""
        async with self._database.session() as session:
            found = await notices.read(session, notice.id)
        state = NoticeState.UNKNOWN if found.state is NoticeState.SENDING else found.state
        return NoticeSent(state=state.value, code=found.code)
