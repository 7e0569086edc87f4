"""The service desk's REST API, its plain list of tickets, and its screens put beside them."""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, Field

from demo import faults as faults_
from demo.servicedesk.screens import Desk, add_screens, page_of
from demo.servicedesk.tickets import SCHEMA, Callback, Change, StaleVersionError, Tickets
from demo.store import Row, Store

ACCOUNT = "api"
_templates = Jinja2Templates(directory=Path(__file__).parent / "templates")


class RefusalError(Exception):
    """An answer of the API that is not a ticket."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def response(self) -> JSONResponse:
        """The one error shape."""
        return JSONResponse({"code": f"SD-{self.status}", "message": self.message}, status_code=self.status)


class NewTicket(BaseModel):
    """The body of POST /api/tickets."""

    external_reference: str = Field(min_length=1, max_length=100)
    title: str = Field(min_length=1, max_length=200)
    description: str = Field(default="", max_length=10_000)
    order_no: str = Field(default="", max_length=20)
    customer_no: str = Field(default="", max_length=20)
    priority: str = Field(default="normal", max_length=20)
    case_url: str = Field(default="", max_length=500)


class TicketChange(BaseModel):
    """The body of PATCH /api/tickets/{id}."""

    state: Literal["open", "in_progress", "solved"] | None = None
    note: str | None = Field(default=None, max_length=10_000)
    reference: str | None = Field(default=None, max_length=100)
    version: int | None = None


class NewCallback(BaseModel):
    """The body of POST /api/tickets/{id}/callbacks."""

    phone: str = Field(min_length=1, max_length=40)
    day: date
    slot: Literal["08-12", "12-16", "16-20"]
    note: str = Field(default="", max_length=200)
    reference: str = Field(default="", max_length=100)
    version: int | None = None


def create_app(data: Path, session_idle: float = 900) -> FastAPI:
    """The service desk as a web application, with its data open until the application ends."""
    store = Store(data, "servicedesk", SCHEMA)
    tickets = Tickets(store)
    desk = Desk(tickets, session_idle)
    faults = desk.faults

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        store.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    faults_.install(app, faults, _unavailable)
    _add_api(app, tickets, faults)
    _add_callbacks(app, tickets, faults)
    _add_pages(app, tickets)
    add_screens(app, desk)

    @app.get("/ledger.json")
    async def ledger() -> list[Row]:
        return store.ledger()

    @app.exception_handler(RefusalError)
    async def refused(_: Request, error: RefusalError) -> JSONResponse:
        return error.response()

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        fields = ", ".join(sorted({str(part["loc"][-1]) for part in error.errors()}))
        return RefusalError(422, f"Not valid: {fields}").response()

    @app.exception_handler(faults_.CommittedThenFailedError)
    async def failed(request: Request, _: Exception) -> Response:
        if request.url.path.startswith("/desk/"):
            return page_of(500, "Internal error")
        return RefusalError(500, "Internal error").response()

    return app


def _known_caller(x_api_key: Annotated[str, Header()] = "") -> None:
    key = os.environ.get("BATON_SECRET_SERVICEDESK_API_KEY") or "demo-servicedesk-key"
    if not secrets.compare_digest(x_api_key.encode(), key.encode()):
        raise RefusalError(401, "X-Api-Key is missing or wrong")


def _ticket_of(tickets: Tickets, ticket_id: str) -> Row:
    ticket = tickets.get(ticket_id)
    if ticket is None:
        raise RefusalError(404, f"No ticket {ticket_id}")
    return ticket


def _add_api(app: FastAPI, tickets: Tickets, faults: faults_.Faults) -> None:
    guarded = [Depends(_known_caller)]

    @app.post("/api/tickets", status_code=201, dependencies=guarded)
    async def open_ticket(new: NewTicket) -> Row:
        await faults.before_commit()
        ticket = tickets.open(new.model_dump(), ACCOUNT)
        await faults.after_commit()
        return ticket

    @app.get("/api/tickets", dependencies=guarded)
    async def find_tickets(external_reference: str | None = None, order_no: str | None = None) -> list[Row]:
        return tickets.find(external_reference, order_no)

    @app.get("/api/tickets/{ticket_id}", dependencies=guarded)
    async def read_ticket(ticket_id: str) -> Row:
        return _ticket_of(tickets, ticket_id)

    @app.patch("/api/tickets/{ticket_id}", dependencies=guarded)
    async def change_ticket(ticket_id: str, wanted: TicketChange) -> Row:
        await faults.before_commit()
        ticket = _ticket_of(tickets, ticket_id)
        try:
            changed = tickets.update(ticket, Change(**wanted.model_dump()), ACCOUNT)
        except StaleVersionError:
            raise _stale(ticket) from None
        await faults.after_commit()
        return changed


def _add_callbacks(app: FastAPI, tickets: Tickets, faults: faults_.Faults) -> None:
    guarded = [Depends(_known_caller)]

    @app.post("/api/tickets/{ticket_id}/callbacks", status_code=201, dependencies=guarded)
    async def add_callback(ticket_id: str, new: NewCallback) -> Row:
        await faults.before_commit()
        ticket = _ticket_of(tickets, ticket_id)
        wanted = Callback(new.phone, new.day.isoformat(), new.slot, new.note, new.reference)
        try:
            added = tickets.add_callback(ticket, wanted, ACCOUNT, new.version)
        except StaleVersionError:
            raise _stale(ticket) from None
        await faults.after_commit()
        return added

    @app.delete("/api/tickets/{ticket_id}/callbacks/{number}", dependencies=guarded)
    async def remove_callback(ticket_id: str, number: str, reference: str = "", version: int | None = None) -> Row:
        await faults.before_commit()
        ticket = _ticket_of(tickets, ticket_id)
        try:
            removed = tickets.remove_callback(ticket, number, reference, ACCOUNT, version)
        except StaleVersionError:
            raise _stale(ticket) from None
        if removed is None:
            raise RefusalError(404, f"No callback {number} on ticket {ticket_id}")
        await faults.after_commit()
        return removed


def _stale(ticket: Row) -> RefusalError:
    return RefusalError(409, f"Ticket {ticket['id']} is at version {ticket['version']}")


def _add_pages(app: FastAPI, tickets: Tickets) -> None:
    @app.get("/")
    async def list_page(request: Request) -> HTMLResponse:
        return _templates.TemplateResponse(request, "list.html", {"tickets": tickets.find(None, None)[::-1]})

    @app.get("/tickets/{ticket_id}")
    async def ticket_page(request: Request, ticket_id: str) -> HTMLResponse:
        ticket = tickets.get(ticket_id)
        context = {"t": ticket, "ticket_id": ticket_id}
        return _templates.TemplateResponse(request, "ticket.html", context, status_code=200 if ticket else 404)


def _unavailable(path: str) -> Response:
    if path.startswith("/api/"):
        return RefusalError(503, "System not available").response()
    return page_of(503, "System not available")
