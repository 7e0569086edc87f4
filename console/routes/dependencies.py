"""What stands on which system: journeys drawn, the cases that wait, and the promises that run out next."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from console import dependency_map, failure_words, words
from console.access import Parts, SeesSystems
from console.pages import page
from core.case import STAGE_TITLES, Stage
from records import dependencies, health, outage_hits
from systems.base import PRODUCTION
from systems.registry import SYSTEMS

router = APIRouter(prefix="/dependencies")


@router.get("")
async def drawn(request: Request, parts: Parts, _person: SeesSystems, system: str = "") -> Response:
    """All of it, or what stands on one system."""
    shown = system if system in SYSTEMS else ""
    async with parts.database.session() as session:
        found = [one for one in await health.open_outages(session) if shown in ("", one.system)]
        real = [one for one in found if one.environment == PRODUCTION]
        open_cases = await dependencies.open_cases(session)
        waiting = await dependencies.waiting(session, real)
        hits = [
            (
                one,
                await outage_hits.count(session, one),
                await dependencies.entries_without_case(session, one),
                await dependencies.promises(session, one),
            )
            for one in real
        ]
    out = {one.system for one in real}
    return page(
        request,
        "dependencies/map.html",
        maps=dependency_map.maps(shown, open_cases, waiting, out),
        hits=hits,
        system=shown,
        systems=SYSTEMS,
        tall=dependency_map.TALL,
        wide=dependency_map.WIDE,
        gap=dependency_map.GAP,
        journey_name=failure_words.journey,
        stage_name=lambda stage: STAGE_TITLES[Stage(stage)],
        counted=words.counted,
    )
