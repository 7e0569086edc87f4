"""The service desk over its REST API, under the same protocol as a bot: find, enter, submit once, read back."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from bots.kit.contract import Captured, Hands, Job, Route
from bots.kit.deadline import within
from bots.kit.masking import masked, public_fields
from bots.kit.means import Means
from bots.servicedesk import codes, requests
from core.faults import AnswerBroken, Fault, Refused, ScreenUnexpected, SystemDown, TooSlow, Unknown
from core.outcome import Sighting
from systems.part import DataClass
from systems.servicedesk import SERVICEDESK

VERSION = "servicedesk-api-1"
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol)
"""The request never left this machine: surely not done."""
PUBLIC = public_fields(SERVICEDESK.operations.values()) | {
    *("method", "path", "status", "id", "external_reference", "reference", "customer_no", "case_url"),
    *("version", "at", "code", "no", "created_at", "updated_at"),
}
"""Fields of requests and answers that evidence may show; every other one may hold anything about a person."""


def route(means: Means) -> Route:
    """The service desk by its API."""
    return ServiceDeskApi(means)


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

    def __init__(self, means: Means) -> None:
        self._url = means.url.rstrip("/")
        self._credential = means.credential
        self._seconds = means.page_seconds
        self._options = means.surroundings.for_client()
        self._clients: dict[str, set[httpx.AsyncClient]] = {}

    @asynccontextmanager
    async def open(self, account: str, step: Callable[[str], None]) -> AsyncIterator[Hands]:
        """A client for one job; the key is fetched anew for each."""
        key = (await self._credential(account)).reveal()
        headers = {"X-Api-Key": key}
        client = httpx.AsyncClient(base_url=self._url, headers=headers, timeout=self._seconds, **self._options)
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

    async def sign_in_once(self) -> None:
        """Ask for tickets that nobody has: the key is looked at first."""
        self._step("sign in")
        await self._send(_Talk("GET", "/api/tickets?external_reference=-"))

    async def find(self, job: Job) -> Sighting:
        """Our tickets by their external reference; changes and callbacks within their ticket."""
        return await self._look(job, "find")

    async def enter(self, job: Job) -> None:
        """Make the request ready; nothing is sent."""
        self._step("make the request ready")
        self._ready = _Talk(*requests.change(job))

    async def filled(self, job: Job) -> dict[str, str]:
        """The request as it will be sent."""
        talk = self._ready or _Talk(*requests.change(job))
        return {name: str(value) for name, value in (talk.sent or {talk.method: talk.path}).items()}

    async def submit(self, job: Job) -> str:
        """Send the request once; the ticket's id, with its new version or the callback's number where there is one.

        Raises Unknown for whatever may have been carried out: no answer, a broken one, or a server's error.
        """
        talk = self._ready or _Talk(*requests.change(job))
        self._step("send")
        try:
            answer = await self._send(talk)
        except (Refused, SystemDown) as fault:
            if isinstance(fault, SystemDown) and talk.status is not None:
                raise Unknown(fault.detail) from fault
            raise
        except Fault as fault:
            raise Unknown(fault.detail) from fault
        confirmation = requests.confirmation(job, answer)
        if confirmation is None:
            raise Unknown("the answer holds no number")
        return confirmation

    async def read_back(self, job: Job) -> Sighting:
        """The same search again."""
        return await self._look(job, "read back")

    async def read(self, what: str, key: str) -> dict[str, object]:
        """One ticket by its id; RecordNotFound when there is none."""
        if what != "ticket":
            raise ValueError(f"the service desk holds no {what}")
        self._step("read the ticket")
        ticket = await self._send(_Talk("GET", requests.ticket_path(key)))
        if not isinstance(ticket, dict):
            raise AnswerBroken("the answer holds no ticket")
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
        return requests.sight(job, await self._send(_Talk(*requests.search(job))))

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
        except httpx.HTTPError as error:
            raise AnswerBroken(str(error)) from error
        except RuntimeError as error:  # the client was closed by `kill`
            raise ScreenUnexpected(str(error)) from error
        talk.status = answer.status_code
        talk.answer = _json(answer)
        if not answer.is_success:
            raise codes.fault_of(answer.status_code, answer.text)
        if talk.answer is None:
            raise AnswerBroken("the answer is no JSON")
        return talk.answer


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
