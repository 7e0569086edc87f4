"""The codec of the Temporal UI and of the command `temporal`: payloads in clear, by right of who is signed in."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from google.protobuf.json_format import MessageToJson, Parse, ParseError
from starlette.responses import Response
from temporalio.api.common.v1 import Payload, Payloads

from console.access import OpensTemporal, Parts, ReadsPayloads
from console.payload_reading import read
from console.problems import Problem
from records import access

router = APIRouter(prefix="/codec")
Namespace = Annotated[str, Header(alias="X-Namespace")]


@router.post("/decode")
async def decode(request: Request, parts: Parts, person: ReadsPayloads, namespace: Namespace = "") -> Response:
    """Each payload in clear, or as it came when this person may not read it."""
    asked = await _asked(request)
    await request.app.state.reading_pace.count(person, len(asked))
    return _answer(await read(parts, person, asked, namespace))


@router.post("/encode")
async def encode(request: Request, parts: Parts, person: OpensTemporal, namespace: Namespace = "") -> Response:
    """Each payload encrypted, as the input of a signal or an Update that IT sends from the UI."""
    asked = await _asked(request)
    await request.app.state.reading_pace.count(person, len(asked))
    if parts.payloads is None:
        raise Problem(503, "no_payload_key", "This console has no key for payloads.", kept="Nothing was sent.")
    async with parts.database.session() as session:
        now, told = parts.clock(), namespace[:100]
        access.audit(session, now, person.email, "payloads.encoded", payloads=len(asked), namespace=told)
    return _answer(await parts.payloads.encode(asked))


async def _asked(request: Request) -> list[Payload]:
    try:
        return list(Parse(await request.body(), Payloads()).payloads)
    except (ParseError, UnicodeDecodeError):
        raise Problem(400, "no_payloads", "This is not a list of payloads as the codec's protocol has it.") from None


def _answer(payloads: list[Payload]) -> Response:
    text = MessageToJson(Payloads(payloads=payloads))
    return Response(text, media_type="application/json", headers={"Cache-Control": "no-store"})
