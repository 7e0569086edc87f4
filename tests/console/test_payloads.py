"""The codec for the Temporal UI: who reads which payload, from where, and what is noted of it."""

import base64
import json
import uuid
from dataclasses import replace

import httpx
import pytest
from limits import parse
from sqlmodel import select
from temporalio.api.common.v1 import Payload
from temporalio.converter import WorkflowSerializationContext

from baton.codec import ENCODING, WORKFLOW, AesGcmCodec
from baton.payload_keys import KeyRing
from console import payload_reading
from console.app import create_app
from records.people import Role
from records.trail import AuditEntry
from tests.console.conftest import Console, SignedIn
from tests.support.cast_of_cases import Cast

UI = "http://temporal.test"
CODEC = AesGcmCodec(KeyRing([b"k" * 32]))
SECRET = b'"Ada Lovelace, 12 Analytical Row"'


@pytest.fixture
async def console(console: Console) -> Console:
    """The console with a key for payloads."""
    parts = replace(console.parts, payloads=CODEC)
    return Console(create_app(parts), parts)


async def sealed(workflow_id: str) -> dict[str, object]:
    """A payload of this workflow, as Temporal keeps it and JSON carries it."""
    codec = CODEC.with_context(WorkflowSerializationContext("default", workflow_id)) if workflow_id else CODEC
    made = (await codec.encode([Payload(metadata={"encoding": b"json/plain"}, data=SECRET)]))[0]
    told = {key: base64.b64encode(value).decode() for key, value in made.metadata.items()}
    return {"metadata": told, "data": base64.b64encode(made.data).decode()}


async def decode(client: httpx.AsyncClient, *payloads: object, origin: str = UI) -> httpx.Response:
    """As a page of this origin asks, without any form's proof."""
    told = {"Origin": origin, "X-Namespace": "default", "X-CSRF-Token": "", "Accept": "*/*"}
    return await client.post("/codec/decode", json={"payloads": payloads}, headers=told)


def read(answer: httpx.Response) -> list[bool]:
    """Which payloads of an answer are in clear."""
    return [base64.b64decode(one["data"]) == SECRET for one in answer.json()["payloads"]]


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (Role.IT, [True, True, True, True]),
        (Role.SUPERVISOR, [True, True, True, True]),
        (Role.AGENT, [True, False, False, False]),
        (Role.DISPATCHER, [False, True, False, False]),
    ],
)
async def test_a_payload_is_read_by_right_to_its_journey(as_role: SignedIn, role: Role, seen: list[bool]) -> None:
    """Of a journey that is not theirs a person gets the payload as it is kept, beside those that they may read."""
    ids = ("failed-delivery/FD-1", "booking-dispatch/BD-1", "", "item/no-number")
    kept = [await sealed(one) for one in ids]

    answer = await decode(await as_role(role), *kept)

    assert read(answer) == seen
    assert [one for one, clear in zip(answer.json()["payloads"], seen, strict=True) if not clear] == [
        one for one, clear in zip(kept, seen, strict=True) if not clear
    ]


async def test_an_entry_belongs_to_the_journey_of_its_case(as_role: SignedIn, cast: Cast, console: Console) -> None:
    """An entry's workflow names the entry; its case says whose it is."""
    async with console.database.session() as session:
        item = await _an_item(session)
    kept = await sealed(f"item/{item}")

    agent, dispatcher = await as_role(Role.AGENT), await as_role(Role.DISPATCHER)

    assert [read(await decode(agent, kept)), read(await decode(dispatcher, kept))] == [[True], [False]]


async def _an_item(session: object) -> uuid.UUID:
    from records.case import Case
    from records.work_item import WorkItem

    found = select(WorkItem.id).join(Case).where(Case.journey == "failed-delivery").limit(1)
    return (await session.exec(found)).one()  # type: ignore[attr-defined,no-any-return]


async def test_each_reading_is_noted_before_it_is_answered(as_role: SignedIn, console: Console) -> None:
    """Who, which workflow and how many are in the audit; so is what was kept back."""
    agent = await as_role(Role.AGENT)
    mine, other = await sealed("failed-delivery/FD-1"), await sealed("booking-dispatch/BD-1")

    await decode(agent, mine, mine, other)

    async with console.database.session() as session:
        noted = (await session.exec(select(AuditEntry).where(AuditEntry.action == "payloads.decoded"))).one()
    assert (noted.actor, noted.about) == ("agent@example.org", "failed-delivery/FD-1")
    assert noted.data == {
        "workflows": {"failed-delivery/FD-1": 2},
        "shown": 2,
        "kept_back": 1,
        "namespace": "default",
    }


async def test_a_payload_cannot_be_passed_off_as_anothers(as_role: SignedIn) -> None:
    """The workflow's name is proven by the encryption: changed or taken away, nothing is opened. F47."""
    moved, bare = await sealed("booking-dispatch/BD-1"), await sealed("booking-dispatch/BD-1")
    moved["metadata"] = {**dict(moved["metadata"]), WORKFLOW: base64.b64encode(b"failed-delivery/FD-1").decode()}  # type: ignore[call-overload]
    bare["metadata"] = {key: value for key, value in dict(bare["metadata"]).items() if key != WORKFLOW}  # type: ignore[call-overload]

    assert read(await decode(await as_role(Role.AGENT), moved)) == [False]
    assert read(await decode(await as_role(Role.IT), moved, bare)) == [False, False]


async def test_only_the_temporal_ui_may_ask_from_elsewhere(as_role: SignedIn) -> None:
    """Its origin passes with cookies; another page is refused and could not read the answer."""
    client, kept = await as_role(Role.IT), await sealed("failed-delivery/FD-1")

    ours, foreign = await decode(client, kept), await decode(client, kept, origin="http://evil.test")
    elsewhere = await client.post("/sign-out", headers={"Origin": UI, "X-CSRF-Token": ""})

    assert (ours.headers["access-control-allow-origin"], ours.headers["access-control-allow-credentials"]) == (
        UI,
        "true",
    )
    assert (foreign.status_code, "access-control-allow-origin" in foreign.headers) == (403, False)
    assert (elsewhere.status_code, "access-control-allow-origin" in elsewhere.headers) == (403, False)


async def test_a_browser_that_asks_beforehand_is_told(console: Console) -> None:
    """The question before the request is answered for the UI's origin and for no other."""
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-namespace"}
    client = console.client()

    ours = await client.options("/codec/decode", headers={**asks, "Origin": UI})
    foreign = await client.options("/codec/decode", headers={**asks, "Origin": "http://evil.test"})

    assert (ours.status_code, foreign.status_code) == (200, 400)
    assert "access-control-allow-origin" not in foreign.headers


async def test_who_is_not_signed_in_reads_nothing_and_is_told_so(console: Console) -> None:
    """401 that the UI's page can read, so that it can say what is missing."""
    answer = await decode(console.client(), await sealed("failed-delivery/FD-1"))

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, UI)


async def test_what_was_decoded_is_kept_nowhere(as_role: SignedIn) -> None:
    """No browser and no proxy keeps an answer."""
    answer = await decode(await as_role(Role.IT), await sealed("failed-delivery/FD-1"))

    assert answer.headers["cache-control"] == "no-store"


async def test_nobody_copies_everything(as_role: SignedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many payloads in a short time a person waits; others do not."""
    monkeypatch.setattr(payload_reading, "PER_PERSON", parse("3/5 minutes"))
    busy, other, kept = await as_role(Role.IT), await as_role(Role.SUPERVISOR), await sealed("failed-delivery/FD-1")

    first, second = await decode(busy, kept, kept), await decode(busy, kept, kept)

    assert (first.status_code, second.status_code, second.headers["retry-after"]) == (200, 429, "300")
    assert (await decode(other, kept)).status_code == 200


@pytest.mark.parametrize("body", ["", '{"payloads": 1}', '{"payloads": [{"data": 7}]}', "\ud83d"])
async def test_what_is_no_list_of_payloads_is_refused(as_role: SignedIn, body: str) -> None:
    """One sentence in the one shape, whatever was sent."""
    client = await as_role(Role.IT)

    answer = await client.post(
        "/codec/decode",
        content=body.encode("utf-8", "surrogatepass"),
        headers={"Origin": UI, "X-CSRF-Token": "", "Accept": "application/json"},
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "no_payloads")


async def test_it_sends_input_that_the_workers_can_read(as_role: SignedIn, console: Console) -> None:
    """What IT types into the UI is encrypted before it lies in Temporal; an agent may not."""
    plain = {
        "metadata": {"encoding": base64.b64encode(b"json/plain").decode()},
        "data": base64.b64encode(SECRET).decode(),
    }
    told = {"Origin": UI, "X-CSRF-Token": "", "Accept": "application/json"}

    made = await (await as_role(Role.IT)).post("/codec/encode", json={"payloads": [plain]}, headers=told)
    refused = await (await as_role(Role.AGENT)).post("/codec/encode", json={"payloads": [plain]}, headers=told)

    assert base64.b64decode(made.json()["payloads"][0]["metadata"]["encoding"]) == ENCODING
    assert json.loads(SECRET) not in made.text
    assert refused.status_code == 403
