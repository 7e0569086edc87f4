"""How the signed-in person is told: the channel of each kind, their webhook with its secret, and their shift."""

import uuid
from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from console import wishes
from console.access import IsTold, Parts
from console.collaborators import Collaborators
from console.forms import FieldError, typed
from console.kept import KeepsTyped
from console.pages import go, page
from console.told_words import KINDS
from core.faults import Refused, SystemDown, Unknown
from fallbacks.outbound import Outbound
from fallbacks.webhook import Message, Webhooks, new_secret
from records import access, tellings, told_preference
from records.access import Person
from records.told_preference import ToldPreference

router = APIRouter(prefix="/me", route_class=KeepsTyped)

LABELS = {**{f"to_{kind}": title for kind, title in KINDS.items()}, **wishes.LABELS}


@router.get("")
async def form(request: Request, parts: Parts, person: IsTold) -> Response:
    """What is kept of their wishes, or what holds for who never said any."""
    row = await _row(parts, person)
    return _draw(request, row, wishes.kept(row))


@router.post("")
async def save(request: Request, parts: Parts, person: IsTold) -> Response:
    """Keep their wishes; what waits to be sent is looked at again by them."""
    values = await typed(request)
    wanted, errors = await wishes.check(values, _outbound(parts))
    if wanted is None:
        return _draw(request, await _row(parts, person), values, errors)
    now = parts.clock()
    async with parts.database.session() as session:
        row = await _kept(session, person, parts)
        wishes.keep(row, wanted, now)
        row.webhook_secret = row.webhook_secret or (new_secret() if wanted.webhook_url else "")
        session.add(row)
        await tellings.reconsider(session, person.email, now)
        access.audit(session, now, person.email, "told.wishes", person.email, webhook=bool(wanted.webhook_url))
    return go("/me", "Kept. It holds from the next notice on, and for what still waits.")


@router.post("/secrets")
async def renew(parts: Parts, person: IsTold) -> Response:
    """A new signing secret; the old one signs nothing any more."""
    async with parts.database.session() as session:
        row = await _kept(session, person, parts)
        row.webhook_secret = new_secret()
        session.add(row)
        access.audit(session, parts.clock(), person.email, "told.secret_renewed", person.email)
    return go("/me", "There is a new secret. Give it to your receiver, then send a test.")


@router.post("/tests")
async def test(parts: Parts, person: IsTold) -> Response:
    """Call the webhook that is kept, once, and say what came of it."""
    row = await _row(parts, person)
    if not row.webhook_url:
        return go("/me", "There is no webhook yet: give its address and save first.", "bad")
    data = {"kind": "test", "text": f"A test for {person.name}.", "url": parts.settings.console_url}
    message = Message(id=str(uuid.uuid4()), type="told.test", at=parts.clock(), data=data)
    try:
        await Webhooks(_outbound(parts)).send(row.webhook_url, row.webhook_secret, message)
    except Refused as fault:
        return go("/me", f"Your webhook did not take the test: {fault.detail}.", "bad")
    except SystemDown:
        return go("/me", "Your webhook does not answer; nothing was sent. Check the address.", "bad")
    except Unknown as fault:
        return go("/me", f"The test was sent, but nobody knows whether it arrived ({fault.detail}).", "bad")
    return go("/me", "Your webhook took the test.")


def _outbound(parts: Collaborators) -> Outbound:
    return Outbound(parts.settings.webhook_networks)


async def _row(parts: Collaborators, person: Person) -> ToldPreference:
    async with parts.database.session() as session:
        return await _kept(session, person, parts)


async def _kept(session: AsyncSession, person: Person, parts: Collaborators) -> ToldPreference:
    return (await told_preference.of(session, {person.email}, parts.clock()))[person.email]


def _draw(
    request: Request, row: ToldPreference, values: Mapping[str, str], errors: Sequence[FieldError] = ()
) -> Response:
    return page(
        request,
        "me/me.html",
        status=422 if errors else 200,
        row=row,
        fields=wishes.fields(values, errors),
        errors=errors,
        labels=LABELS,
        zones=wishes.zones(),
    )
