"""The service desk's screens: sign-in, list, ticket, and its forms; the same store and ledger as the API."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import quote, unquote

from fastapi import FastAPI, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates

from demo import hostile
from demo.faults import Faults, Switch
from demo.servicedesk import forms
from demo.servicedesk.sessions import Session, Sessions
from demo.servicedesk.tickets import StaleVersionError, Tickets
from demo.store import Row

COOKIE = "SDSESSION"
PER_PAGE = 10
SWITCHES = (
    Switch("search_lag_seconds", "The screens' search lags: seconds until a new ticket is found", 0.0),
    Switch("hostile_page", "Hostile pages: tricks that every page tries", ""),
    Switch("elsewhere", "Where hostile pages lead", "http://localhost:9"),
    Switch("hostile_text", "Text put behind every title, note and phone number", ""),
)
_templates = Jinja2Templates(directory=Path(__file__).parent / "templates" / "desk")
# The ids of fields are other ones each time a form is shown, as generated pages have them.
_templates.env.globals.update(rid=lambda: f"x{token_hex(3)}", STATES=forms.STATES, PRIORITIES=forms.PRIORITIES)


class NotSignedInError(Exception):
    """No live session belongs to this request."""


class DeskError(Exception):
    """An answer of the screens that is an error page."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass
class Desk:
    """The desk behind the screens: tickets, sessions and faults of one process."""

    tickets: Tickets
    session_idle: float

    def __post_init__(self) -> None:
        self.sessions = Sessions(self.session_idle)
        self.reached: list[str] = []
        actions = {"expire_sessions": lambda _: self.sessions.drop_all(), "forget_reached": lambda _: self._forget()}
        self.faults = Faults("servicedesk", actions, self._status, SWITCHES)

    def session_of(self, request: Request) -> Session:
        """The session of this request; NotSignedInError otherwise."""
        session = self.sessions.find(request.cookies.get(COOKIE))
        if session is None:
            raise NotSignedInError
        return session

    def ticket(self, ticket_id: str) -> Row:
        """One ticket; DeskError when there is none."""
        found = self.tickets.get(ticket_id)
        if found is None:
            raise DeskError(404, f"No ticket {ticket_id}")
        return found

    def search(self, reference: str, order_no: str) -> list[Row]:
        """What the screens' search finds; its index may lag behind."""
        lag = timedelta(seconds=self.faults.number("search_lag_seconds"))
        younger = (datetime.now(UTC) - lag).isoformat(timespec="milliseconds")
        return self.tickets.search(reference.strip(), order_no.strip(), younger)

    def _forget(self) -> None:
        self.reached.clear()

    def _status(self) -> dict[str, Any]:
        signed = {"sessions": self.sessions.count(), "failed_signins": dict(self.sessions.failed)}
        return {**signed, "reached": list(self.reached)}


@dataclass(frozen=True)
class FormPage:
    """One showing of a form: to whom, and about what."""

    request: Request
    desk: Desk
    session: Session
    form: forms.DeskForm
    subject: forms.Subject


def add_screens(app: FastAPI, desk: Desk) -> None:
    """Put all screens under /desk/."""
    _add_entrance(app, desk)
    _add_tickets(app, desk)
    for form in forms.FORMS:
        _add_form(app, desk, form)
    _add_hostile(app, desk)

    @app.exception_handler(NotSignedInError)
    async def expired(request: Request, _: Exception) -> Response:
        if request.method == "GET":
            return RedirectResponse(f"/desk/login?after={quote(request.url.path)}", status_code=303)
        return page_of(401, "Your session has expired. Nothing was saved.", "SD-402")

    @app.exception_handler(DeskError)
    async def refused(_: Request, error: DeskError) -> Response:
        return page_of(error.status, error.message)


def page_of(status: int, message: str, code: str = "") -> HTMLResponse:
    """An error page: a code and a sentence."""
    page = _templates.get_template("error.html").render(code=code or f"SD-{status}", message=message)
    return HTMLResponse(page, status_code=status)


def _add_entrance(app: FastAPI, desk: Desk) -> None:
    @app.get("/desk")
    async def front() -> RedirectResponse:
        return RedirectResponse("/desk/tickets", status_code=303)

    @app.get("/desk/login")
    async def sign_in_screen(request: Request, after: str = "/desk/tickets") -> HTMLResponse:
        return _templates.TemplateResponse(request, "login.html", {"after": after, "typed": "", "message": ""})

    @app.post("/desk/login")
    async def sign_in(
        request: Request, account: str = Form(""), password: str = Form(""), after: str = Form("")
    ) -> Response:
        session = desk.sessions.sign_in(account.strip().lower(), password)
        if session is None:
            message = "SD-401 Account or password is wrong."
            context = {"after": after, "typed": account, "message": message}
            return _templates.TemplateResponse(request, "login.html", context, status_code=401)
        target = after if after.startswith("/desk/") else "/desk/tickets"
        answer = RedirectResponse(target, status_code=303)
        answer.set_cookie(COOKIE, session.id, httponly=True, samesite="lax")
        return answer

    @app.post("/desk/logout")
    async def sign_off(request: Request, token: str = Form("")) -> Response:
        _check_token(desk.session_of(request), "/desk/logout", token)
        desk.sessions.drop(request.cookies.get(COOKIE, ""))
        return RedirectResponse("/desk/login", status_code=303)


def _add_tickets(app: FastAPI, desk: Desk) -> None:
    @app.get("/desk/tickets")
    async def list_screen(request: Request, reference: str = "", order_no: str = "", page: int = 1) -> HTMLResponse:
        session = desk.session_of(request)
        found = desk.search(reference, order_no)
        pages = max((len(found) + PER_PAGE - 1) // PER_PAGE, 1)
        page = min(max(page, 1), pages)
        shown = found[(page - 1) * PER_PAGE : page * PER_PAGE]
        typed = {"reference": reference, "order_no": order_no}
        context = {"tickets": shown, "total": len(found), "typed": typed, "page": page, "pages": pages}
        return _show(request, desk, session, "list.html", context)

    @app.get("/desk/tickets/{ticket_id}")
    async def ticket_screen(request: Request, ticket_id: str) -> HTMLResponse:
        session = desk.session_of(request)
        if ticket_id == "new":
            return _show_form(FormPage(request, desk, session, forms.OPEN, forms.Subject("/desk/tickets/new")), {})
        ticket = desk.ticket(ticket_id)
        return _show(request, desk, session, "ticket.html", {"t": ticket, "history": forms.history(ticket)})


def _add_form(app: FastAPI, desk: Desk, form: forms.DeskForm) -> None:
    """One form: shown on GET, saved on POST; then the ticket with a message, once."""

    def subject_of(request: Request) -> forms.Subject:
        named = request.path_params
        ticket = desk.ticket(named["ticket_id"]) if "ticket_id" in named else None
        subject = forms.Subject(unquote(request.url.path), ticket, named.get("number", ""))
        if subject.number and subject.callback is None:
            raise DeskError(404, f"No callback {subject.number}")
        return subject

    async def show(request: Request) -> Response:
        session = desk.session_of(request)
        return _show_form(FormPage(request, desk, session, form, subject_of(request)), {})

    async def save(request: Request) -> Response:
        typed = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
        session = desk.session_of(request)
        await desk.faults.before_commit()
        subject = subject_of(request)
        _check_token(session, subject.path, typed.get("token", ""))
        try:
            wanted = form.read(typed)
        except forms.InvalidFieldError as field:
            page = FormPage(request, desk, session, form, subject)
            return _show_form(page, typed, f"SD-422 Not valid: {field}")
        ticket_id = _commit(desk, form, subject, wanted, typed, session)
        await desk.faults.after_commit()
        return RedirectResponse(f"/desk/tickets/{ticket_id}", status_code=303)

    app.get(form.path)(show)
    app.post(form.path)(save)


def _commit(
    desk: Desk, form: forms.DeskForm, subject: forms.Subject, wanted: Any, typed: forms.Typed, session: Session
) -> str:
    """Save it; twice when the button that nobody is meant to press was pressed."""
    message = ticket_id = ""
    for _ in range(2 if typed.get("then") == "again" else 1):
        try:
            message, ticket_id = form.save(desk.tickets, subject, wanted, session.account, _version(typed))
        except StaleVersionError:
            now = subject.ticket["version"] if subject.ticket else ""
            raise DeskError(409, f"The ticket is at version {now}; you had version {typed.get('version')}.") from None
        typed = {**typed, "version": ""}
        subject = forms.Subject(subject.path, desk.tickets.get(ticket_id), subject.number)
    session.message = message
    return ticket_id


def _add_hostile(app: FastAPI, desk: Desk) -> None:
    @app.get("/reached/{trick}")
    async def reached(trick: str) -> Response:
        desk.reached.append(trick)
        return Response(status_code=204)

    @app.get("/away")
    async def away(to: str) -> RedirectResponse:
        return RedirectResponse(f"{desk.faults.text('elsewhere')}/reached/{to}", status_code=302)

    @app.get("/download")
    async def download() -> Response:
        desk.reached.append("download-asked")
        named = {"Content-Disposition": "attachment; filename=offer.exe"}
        return Response(b"MZ", media_type="application/octet-stream", headers=named)

    @app.get("/worker.js")
    async def worker() -> Response:
        return Response("self.addEventListener('fetch', () => 0)", media_type="text/javascript")


def _show(
    request: Request, desk: Desk, session: Session, template: str, context: dict[str, Any], status: int = 200
) -> HTMLResponse:
    told, session.message = session.message, ""
    faults = desk.faults
    tricks = hostile.markup(faults.text("hostile_page"), "", faults.text("elsewhere"))
    more = {"account": session.account, "logout": session.token("/desk/logout"), "told": told, "tricks": tricks}
    answer = _templates.TemplateResponse(
        request, template, {**more, "tail": faults.text("hostile_text"), **context}, status_code=status
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _show_form(page: FormPage, typed: forms.Typed, message: str = "") -> HTMLResponse:
    stored, subject = page.form.stored(page.subject), page.subject
    context = {"form": page.form, "s": subject, "typed": {**stored, **typed}, "message": message}
    token = page.session.token(subject.path)
    status = 422 if message else 200
    return _show(page.request, page.desk, page.session, "form.html", {**context, "token": token}, status)


def _check_token(session: Session, action: str, token: str) -> None:
    if not session.knows(action, token):
        raise DeskError(403, "This form was not given to you here. Nothing was saved.")


def _version(typed: forms.Typed) -> int | None:
    text = typed.get("version", "")
    return int(text) if text.isascii() and text.isdigit() else None
