"""The SMTP sink beside its page: one process, one loop, the same fault switches for both."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import FastAPI, File, Form, Request, Response, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates

from demo import faults as faults_
from demo.mail.answers import Answers
from demo.mail.box import MailBox

_templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
_NOT_AVAILABLE = "421 4.3.2 System not available"


class Sink:
    """Takes every mail for everybody, unless a fault says otherwise."""

    def __init__(self, box: MailBox, faults: faults_.Faults) -> None:
        self._box = box
        self._faults = faults

    async def handle_MAIL(  # noqa: N802 - aiosmtpd finds its hooks by name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuses the mail of a connection that was open before the system went down."""
        if self._faults.on("down"):
            return _NOT_AVAILABLE
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        """Keeps the mail, then answers, or fails to."""
        if self._faults.number("slow_seconds"):
            await asyncio.sleep(self._faults.number("slow_seconds"))
        content = envelope.original_content or b""
        mail_id = self._box.keep(envelope.mail_from or "", [str(to) for to in envelope.rcpt_tos], content)
        try:
            await self._faults.after_commit()
        except faults_.CommittedThenFailedError:
            return "451 4.3.0 Internal error"
        return f"250 OK {mail_id}"


class _Closed(asyncio.Protocol):
    """The greeting of a system that is down."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(f"{_NOT_AVAILABLE}\r\n".encode())
        transport.close()


def create_app(data: Path, smtp: socket.socket, replies: Path | None = None) -> FastAPI:
    """The mail page; while it runs, the SMTP server answers on the given socket. With `replies`, mails can be answered
    on the page: the answers go into that Maildir, as a customer's mail server would deliver them."""
    box = MailBox(data)
    faults = faults_.Faults("mail")
    sink = Sink(box, faults)

    def connection() -> asyncio.Protocol:
        return _Closed() if faults.on("down") else SMTP(sink, hostname="demo-mail", enable_SMTPUTF8=True)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        server = await asyncio.get_running_loop().create_server(connection, sock=smtp)
        yield
        server.close()
        box.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    faults_.install(app, faults, lambda _: HTMLResponse("<h1>System not available</h1>", status_code=503))
    answers = Answers(replies) if replies else None
    _add_pages(app, box, answers)
    if answers is not None:
        _add_answers(app, box, answers)
    return app


def _add_pages(app: FastAPI, box: MailBox, answers: Answers | None) -> None:
    def narrowed(to: str | None, message_id: str | None) -> list[dict[str, Any]]:
        mails = [mail for mail in box.all() if to is None or to in mail["to"]]
        return [mail for mail in mails if message_id is None or mail["message_id"] == message_id]

    @app.get("/mails.json")
    async def mails(to: str | None = None, message_id: str | None = None) -> list[dict[str, Any]]:
        return narrowed(to, message_id)

    @app.get("/")
    async def list_page(request: Request, to: str | None = None, message_id: str | None = None) -> HTMLResponse:
        return _templates.TemplateResponse(request, "list.html", {"mails": narrowed(to, message_id)[::-1]})

    @app.get("/mails/{mail_id}")
    async def mail_page(request: Request, mail_id: str, answered: bool = False) -> HTMLResponse:
        mail = box.get(mail_id)
        context = {"m": mail, "mail_id": mail_id, "may_answer": answers is not None, "answered": answered}
        return _templates.TemplateResponse(request, "mail.html", context, status_code=200 if mail else 404)


def _add_answers(app: FastAPI, box: MailBox, answers: Answers) -> None:
    @app.post("/mails/{mail_id}/answers")
    async def answer(
        mail_id: str,
        text: Annotated[str, Form()] = "",
        kind: Annotated[str, Form()] = "person",
        photo: Annotated[UploadFile | None, File()] = None,
    ) -> Response:
        mail = box.get(mail_id)
        if mail is None:
            return HTMLResponse(f"<h1>No mail {mail_id}</h1>", status_code=404)
        attached = (photo.filename, await photo.read()) if photo is not None and photo.filename else None
        answers.deliver(mail, text, kind, attached)
        return RedirectResponse(f"/mails/{mail_id}?answered=true", 303)
