"""The service desk over its REST API, under the same protocol as a bot: find, enter, submit once, read back."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from bots.kit.contract import Captured, Hands, Job, Route
from bots.kit.deadline import within
from bots.kit.masking import masked, public_fields
from bots.kit.means import Means
from bots.servicedesk import codes
from core.faults import Fault, Refused, ScreenUnexpected, SystemDown, TooSlow, Unknown
from core.outcome import Sighting
from systems.part import DataClass
from systems.servicedesk import SERVICEDESK, OpenTicket, UpdateTicket

VERSION = "servicedesk-api-1"
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol)
"""The request never left this machine: surely not done."""
PUBLIC = public_fields(SERVICEDESK.operations.values()) | {
    *("method", "path", "status", "id", "external_reference", "reference", "customer_no", "case_url"),
    *("version", "at", "code", "created_at", "updated_at"),
}
"""Fields of requests and answers that evidence may show; every other one may hold anything about a person."""


def route(means: Means) -> Route:
    """The service desk by its API."""
    return ServiceDeskApi(means.url, lambda: means.secret("SERVICEDESK_API_KEY"), means.page_seconds)


@dataclass
class _Talk:
    """The last request and what came back, for evidence. Headers are left out: one of them is the key."""

    method: str
    path: str
    sent: dict[str, Any] | None = None
    status: int | None = None
    answer: Any = field(default=None)


class ServiceDeskApi:
    """The route to the service desk. Each job has a client of its own; there is nothing to kill but the connection."""

    system = "servicedesk"
    name = "api"
    version = VERSION

    def __init__(self, url: str, key: Callable[[], str | None], page_seconds: float) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._seconds = page_seconds
        self._clients: dict[str, set[httpx.AsyncClient]] = {}

    @asynccontextmanager
    async def open(self, account: str, step: Callable[[str], None]) -> AsyncIterator[Hands]:
        """A client for one job."""
        client = httpx.AsyncClient(
            base_url=self._url,
            headers={"X-Api-Key": self._key() or ""},
            timeout=self._seconds,
            trust_env=False,  # a legacy system is reached directly, whatever proxy this machine has for the outside
        )
        mine = self._clients.setdefault(account, set())
        mine.add(client)
        try:
            yield ServiceDeskHands(client, step, self._seconds)
        finally:
            mine.discard(client)
            await client.aclose()

    async def kill(self, account: str) -> None:
        """Drop the account's connections. What was sent may still be carried out; the settle window waits for that."""
        for client in list(self._clients.pop(account, ())):
            await client.aclose()

    async def close(self) -> None:
        """Drop all connections."""
        for account in list(self._clients):
            await self.kill(account)


class ServiceDeskHands:
    """One job at the service desk."""

    browser_pid: int | None = None
    browser_started: float | None = None

    def __init__(self, client: httpx.AsyncClient, step: Callable[[str], None], seconds: float) -> None:
        self._client = client
        self._step = step
        self._seconds = seconds
        self._ready: _Talk | None = None
        self._last: _Talk | None = None

    async def find(self, job: Job) -> Sighting:
        """Our tickets by their external reference; our changes by their reference within the ticket."""
        return await self._look(job, "find")

    async def enter(self, job: Job) -> None:
        """Make the request ready; nothing is sent."""
        self._step("make the request ready")
        self._ready = _request(job)

    async def filled(self, job: Job) -> dict[str, str]:
        """The request as it will be sent."""
        talk = self._ready or _request(job)
        return {name: str(value) for name, value in (talk.sent or {}).items()}

    async def submit(self, job: Job) -> str:
        """Send the request once; the ticket's id, and its new version for a change.

        Raises Unknown for whatever may have been carried out: no answer, a broken one, or a server's error.
        """
        talk = self._ready or _request(job)
        self._step("send")
        try:
            ticket = await self._send(talk)
        except (Refused, SystemDown) as fault:
            if isinstance(fault, SystemDown) and talk.status is not None:
                raise Unknown(fault.detail) from fault
            raise
        except Fault as fault:
            raise Unknown(fault.detail) from fault
        if not isinstance(ticket, dict) or not ticket.get("id"):
            raise Unknown("the answer holds no ticket")
        return _confirmation(job, ticket)

    async def read_back(self, job: Job) -> Sighting:
        """The same search again."""
        return await self._look(job, "read back")

    async def read(self, what: str, key: str) -> dict[str, object]:
        """One ticket by its id; RecordNotFound when there is none."""
        if what != "ticket":
            raise ValueError(f"the service desk holds no {what}")
        self._step("read the ticket")
        ticket = await self._send(_Talk("GET", f"/api/tickets/{quote(key, safe='')}"))
        if not isinstance(ticket, dict):
            raise ScreenUnexpected("the answer holds no ticket")
        return ticket

    async def capture(self, taken: str) -> list[Captured]:
        """The last request and its answer; before a submit, the request that will be sent."""
        talk = self._ready if taken == "before_submit" else self._last
        if talk is None:
            return []
        shown, count = masked(vars(talk), PUBLIC)
        data = json.dumps(shown, ensure_ascii=False, indent=2).encode()
        name, holds = "request.json", DataClass.PUBLIC
        return [Captured(kind="exchange", taken=taken, name=name, data=data, data_class=holds, masked=count)]

    async def _look(self, job: Job, name: str) -> Sighting:
        self._step(name)
        if isinstance(job.entry, UpdateTicket):
            ticket = await self.read("ticket", job.entry.ticket_id)
            return _sight_changes(job, ticket)
        found = await self._send(_Talk("GET", f"/api/tickets?external_reference={job.reference}"))
        return _sight_tickets(job, found)

    async def _send(self, talk: _Talk) -> Any:
        """Send one request and read its JSON. Trouble leaves as a fault; `talk.status` tells whether it answered."""
        self._last = talk
        try:
            async with within(self._seconds, f"{talk.method} {talk.path}"):
                answer = await self._client.request(talk.method, talk.path, json=talk.sent)
        except NOT_SENT as error:
            raise SystemDown(str(error)) from error
        except httpx.TimeoutException as error:
            raise TooSlow(str(error)) from error
        except (httpx.HTTPError, RuntimeError) as error:  # RuntimeError: the client was closed by `kill`
            raise ScreenUnexpected(str(error)) from error
        talk.status = answer.status_code
        talk.answer = _json(answer)
        if not answer.is_success:
            raise codes.fault_of(answer.status_code, answer.text)
        if talk.answer is None:
            raise ScreenUnexpected("the answer is no JSON")
        return talk.answer


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _request(job: Job) -> _Talk:
    entry = job.entry
    if isinstance(entry, UpdateTicket):
        sent = {"state": entry.state, "note": entry.note, "reference": job.reference}
        return _Talk("PATCH", f"/api/tickets/{quote(entry.ticket_id, safe='')}", sent)
    if not isinstance(entry, OpenTicket):
        raise TypeError(f"the service desk cannot {job.operation.name}")
    ticket = {"external_reference": job.reference, **entry.model_dump(exclude={"case_ref"})}
    return _Talk("POST", "/api/tickets", ticket)


def _confirmation(job: Job, ticket: dict[str, Any]) -> str:
    if isinstance(job.entry, UpdateTicket):
        return f"{ticket['id']}/{ticket.get('version', '')}"
    return str(ticket["id"])


def _sight_tickets(job: Job, found: Any) -> Sighting:
    """Every ticket that bears our reference, and no other: the search is not trusted to be exact."""
    if not isinstance(found, list) or not all(isinstance(ticket, dict) for ticket in found):
        return Sighting(readable=False)
    mine = [ticket for ticket in found if ticket.get("external_reference") == job.reference]
    return Sighting(
        records=[_fields(job, ticket) for ticket in mine],
        ours=[True] * len(mine),
        confirmation=str(mine[0].get("id", "")) if mine else None,
    )


def _sight_changes(job: Job, ticket: dict[str, Any]) -> Sighting:
    changes = ticket.get("changes")
    if not isinstance(changes, list) or not all(isinstance(change, dict) for change in changes):
        return Sighting(readable=False)
    mine = [change for change in changes if change.get("reference") == job.reference]
    return Sighting(
        records=[_fields(job, change) for change in mine],
        ours=[True] * len(mine),
        confirmation=f"{ticket.get('id')}/{mine[0].get('version')}" if mine else None,
    )


def _fields(job: Job, seen: dict[str, Any]) -> dict[str, str]:
    return {name.name: str(seen.get(name.name) or "") for name in job.part.fields}
