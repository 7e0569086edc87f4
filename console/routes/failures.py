"""Failures: the queue, its groups by what hurts most, and beside it what happened since somebody was here."""

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from console import failure_list, failure_words
from console.access import Parts, SeesFailures
from console.forms import field_errors
from console.pages import page, with_query
from console.problems import Problem
from records import activity_retry, failure_choices, failure_news, failure_queue, failure_visit
from records.access import Action
from records.failure_queue import Wanted
from records.in_passing import in_passing

router = APIRouter(prefix="/failures")

RETRIES = 50
"""Activities under *tried again* that are named; how many more there are is said."""


@router.get("")
async def listing(request: Request, parts: Parts, person: SeesFailures) -> Response:
    """Every group; what is new comes beside it by itself."""
    wanted, now = read(request), parts.clock()
    async with parts.database.session() as session:
        found = await failure_queue.find(session, wanted, now)
        retries = (
            await activity_retry.now_retrying(session, now, RETRIES + 1) if person.may(Action.OPEN_TEMPORAL) else []
        )
        choices = await failure_choices.now_open(session, now)
    return page(
        request,
        "failures/list.html",
        wanted=wanted,
        query=failure_list.query(wanted),
        found=found,
        lines=failure_list.lines(found, now),
        counted=failure_list.counted(found),
        more=with_query("/failures", {**failure_list.query(wanted), "after": found.next}) if found.next else "",
        retries=retries[:RETRIES],
        more_retries=len(retries) > RETRIES,
        view=failure_words,
        lists=failure_list,
        drawn=now,
        choices=choices,
    )


@router.get("/news")
async def since(request: Request, parts: Parts, person: SeesFailures) -> Response:
    """What happened since somebody was here: a late part of the queue, so that no list waits for it."""
    now = parts.clock()
    async with parts.database.session() as session:
        then: datetime | None = None
        async with in_passing(session):
            then = await failure_visit.arrive(session, person.email, now)
        news = await failure_news.since(session, then or now - failure_visit.FIRST, person.email, now)
    return page(request, "failures/since.html", news=news, first_visit=then is None, view=failure_words)


def read(request: Request) -> Wanted:
    """The filters of the address; 422 names the one that is none."""
    try:
        return failure_list.read(request.query_params)
    except ValidationError as trouble:
        fields = field_errors(trouble.errors())
        raise Problem(
            422, "invalid", "This filter is not known here.", fields=fields, todo="Open the list anew."
        ) from None
