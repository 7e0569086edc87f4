"""Playbooks: which there are, what each says and tells customers, and which one counts for an outage that lasts."""

import uuid
from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.responses import Response

from console import failure_words, playbook_view
from console.access import Parts, SeesSystems, SteersSystems
from console.forms import check, typed
from console.kept import KeepsTyped
from console.pages import go, page
from console.problems import not_found
from fallbacks.playbooks import policies_of
from records import access, outage_deeds, playbooks
from records.health import Outage
from records.playbook import PlaybookVersion
from systems.playbooks import Playbook
from systems.registry import SYSTEMS

router = APIRouter(prefix="/playbooks", route_class=KeepsTyped)

Name = Annotated[str, StringConstraints(max_length=200)]


class Choice(BaseModel):
    """Which playbook is to count for which outage ("": none), over which choice before it."""

    model_config = ConfigDict(frozen=True)

    outage: uuid.UUID
    playbook: Name = ""
    seen: Name = ""


@router.get("")
async def listing(request: Request, parts: Parts, _person: SeesSystems) -> Response:
    """What counts now, and every playbook by system."""
    async with parts.database.session() as session:
        standing = await playbook_view.standing(session, parts.clock())
        versions = await playbooks.history(session)
    current = [row for row in versions if row.current]
    return page(
        request,
        "playbooks/list.html",
        standing=standing,
        by_system={name: _sorted(row for row in current if row.system == name) for name in SYSTEMS},
        earlier=[row for row in versions if not row.current],
        trouble=playbook_view.trouble(parts.settings),
        file=parts.settings.playbooks_file,
        systems=SYSTEMS,
        view=playbook_view,
        of=playbooks.playbook_of,
        journey_name=failure_words.journey,
    )


@router.post("/choices")
async def choose(request: Request, parts: Parts, person: SteersSystems) -> Response:
    """Let another one count for an outage, at once; who comes second is told who was quicker."""
    asked, errors = check(Choice, await typed(request))
    if asked is None:
        return go("/playbooks", f"Nothing was changed. {errors[0].message}", "bad")
    policies = {row.name: row for row in policies_of(parts.settings.policies_file).rows}
    async with parts.database.session() as session:
        outage = await session.get(Outage, asked.outage, with_for_update=True)
        known = await playbooks.current(session, outage.system) if outage is not None else []
        wanted = [row for row in known if row.name == asked.playbook]
        if (why := _not_now(outage, wanted, asked)) or outage is None:
            return go("/playbooks", f"Nothing was changed. {why}", "bad")
        chosen = playbooks.playbook_of(wanted[0]) if wanted else None
        playbooks.choose(outage, chosen, person.email, parts.clock())
        about = f"{outage.system}/{outage.environment}/{outage.route}"
        access.audit(session, parts.clock(), person.email, "playbook.chosen", about, playbook=asked.playbook)
        await session.flush()
        await outage_deeds.follow(session, outage.id, policies, parts.clock())
    said = f"“{chosen.called}” counts from now on." if chosen else "No playbook counts for it any more."
    return go("/playbooks", said)


@router.get("/{name}/{version}")
async def one(
    request: Request,
    parts: Parts,
    _person: SeesSystems,
    name: str,
    version: str,
    case: str = "",
) -> Response:
    """One version of a playbook, and each of its mails as the customer of a real case would read it."""
    async with parts.database.session() as session:
        row = await session.get(PlaybookVersion, (name, version))
        if row is None:
            raise not_found("This playbook")
        playbook = playbooks.playbook_of(row)
        mails = [
            (
                journey,
                over,
                await playbook_view.shown(session, playbook, journey, case.strip(), parts.clock(), over=over),
            )
            for journey, text in playbook.customers.items()
            for over in (False, True)
            if not over or text.over_text
        ]
    return page(
        request,
        "playbooks/one.html",
        row=row,
        playbook=playbook,
        mails=mails,
        case=case.strip(),
        system=SYSTEMS[row.system].title if row.system in SYSTEMS else row.system,
        view=playbook_view,
        journey_name=failure_words.journey,
    )


def _sorted(rows: Iterable[PlaybookVersion]) -> list[PlaybookVersion]:
    """The default first."""
    return sorted(rows, key=lambda row: (not row.is_default, row.name))


def _not_now(outage: Outage | None, wanted: list[PlaybookVersion], asked: Choice) -> str:
    """Why this choice cannot be made now."""
    if outage is None or outage.ended_at is not None:
        return "The outage is over, and its playbook with it."
    if asked.playbook and not wanted:
        return f"There is no playbook {asked.playbook} for this system."
    if playbooks.mark(outage) != asked.seen and outage.playbook_by not in ("", playbooks.BY_ITSELF):
        now = f"“{Playbook.model_validate(outage.playbook).called}”" if outage.playbook else "none"
        return f"{outage.playbook_by} has chosen meanwhile: {now}. Look, and choose again."
    return ""
