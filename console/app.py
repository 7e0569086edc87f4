"""The console's app factory: routes, guards and pages put together over the collaborators it is given."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from secure.middleware import SecureASGIMiddleware
from sqlalchemy.exc import OperationalError
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from console import pages, problems
from console.codec_door import CodecDoor, origin_of
from console.collaborators import Collaborators
from console.file_starts import FileStarts
from console.form_key import form_key
from console.live import Bells
from console.middleware import Ceiling, FormProof, headers
from console.payload_reading import ReadingPace
from console.request_span import RequestSpan
from console.routes import (
    account_clearances,
    account_trials,
    accounts,
    answers,
    api_cases,
    api_docs,
    api_entries,
    appointments,
    asides,
    availability,
    board,
    bookings,
    bot_versions,
    bulk_actions,
    bulk_deeds,
    cases,
    change_items,
    corrections,
    dependencies,
    desk,
    desk_notes,
    drills,
    entries,
    entry_acts,
    entry_handoffs,
    evidence,
    failed_deliveries,
    failed_sessions,
    failure_fixes,
    failure_groups,
    failure_holds,
    failure_snoozes,
    failures,
    feedback,
    file_starts,
    file_withdrawals,
    files,
    handoffs,
    health,
    home,
    intake,
    item_ways,
    items,
    joint_answers,
    joint_resolutions,
    live,
    live_failures,
    look_ups,
    mails,
    me,
    moves,
    notes,
    notices,
    payloads,
    pickups,
    playbooks,
    preparations,
    presences,
    previews,
    problem_closings,
    problem_ties,
    proposals,
    questions,
    queues,
    receipts,
    recoveries,
    releases,
    replies,
    resolutions,
    return_answers,
    returns,
    reveals,
    shared_problems,
    sign_in,
    system_changes,
    systems,
    takebacks,
    takeups,
    temporal,
    trace_viewer,
    transfers,
    tries,
    window_drills,
    withdrawals,
)
from console.strangers import Strangers
from records import access

log = logging.getLogger(__name__)

ROUTERS = (
    home.router,
    drills.router,
    window_drills.router,
    cases.router,
    items.router,
    item_ways.router,
    proposals.router,
    evidence.router,
    reveals.router,
    payloads.router,
    tries.router,
    trace_viewer.router,
    live.router,
    api_cases.router,
    notes.router,
    mails.router,
    answers.router,
    appointments.router,
    bookings.router,
    bookings.api,
    bulk_actions.router,
    bulk_deeds.router,
    intake.router,
    failed_deliveries.router,
    failed_deliveries.api,
    receipts.router,
    recoveries.router,
    receipts.api,
    files.router,
    file_starts.router,
    file_withdrawals.router,
    entries.router,
    entry_acts.router,
    api_entries.router,
    corrections.router,
    desk.router,
    entry_handoffs.router,
    handoffs.api,
    failed_sessions.api,
    board.router,
    failures.router,
    failure_groups.router,
    live_failures.router,
    queues.router,
    availability.router,
    moves.router,
    shared_problems.router,
    problem_ties.router,
    problem_closings.router,
    joint_answers.router,
    joint_resolutions.router,
    pickups.router,
    pickups.api,
    releases.router,
    releases.api,
    questions.router,
    questions.api,
    replies.router,
    replies.api,
    asides.router,
    asides.api,
    takeups.router,
    temporal.router,
    takeups.api,
    returns.router,
    return_answers.router,
    return_answers.api,
    returns.api,
    transfers.router,
    transfers.api,
    desk_notes.router,
    look_ups.router,
    look_ups.api,
    desk_notes.api,
    presences.router,
    previews.router,
    preparations.router,
    resolutions.router,
    resolutions.api,
    takebacks.router,
    takebacks.api,
    withdrawals.router,
    withdrawals.api,
    api_docs.router,
    accounts.router,
    account_trials.router,
    account_clearances.router,
    playbooks.router,
    dependencies.router,
    system_changes.router,
    change_items.router,
    bot_versions.router,
    failure_fixes.router,
    failure_snoozes.router,
    failure_holds.router,
    systems.router,
    notices.router,
    me.router,
    feedback.router,
    sign_in.router,
    health.router,
)
"""Every noun's routes; a new noun adds its router here."""


class Assets(StaticFiles):
    """Static files that browsers may keep for ever: their addresses change with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with a year to live when its address names its content."""
        response = await super().get_response(path, scope)
        if b"v=" in scope.get("query_string", b""):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def create_app(collaborators: Collaborators) -> FastAPI:
    """The console over these collaborators; it starts whatever is away and says so on its pages."""
    settings = collaborators.settings
    strict = headers()
    temporal_ui = origin_of(settings.temporal_ui_url)
    app = FastAPI(
        title="Baton",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan,
        middleware=[
            Middleware(RequestSpan),
            Middleware(SecureASGIMiddleware, secure=strict),
            Middleware(CodecDoor, origin=temporal_ui),
            Middleware(Ceiling),
            Middleware(
                FormProof,
                key=form_key(settings),
                secure=settings.console_url.startswith("https:"),
                temporal_ui=temporal_ui,
            ),
        ],
    )
    app.state.collaborators = collaborators
    app.state.guesses = sign_in.Guesses()
    app.state.strangers = Strangers()
    app.state.reading_pace = ReadingPace()
    app.state.bells = Bells(collaborators.database.url)
    app.state.file_starts = FileStarts(collaborators)
    pages.install(app)
    problems.install(app, strict)
    app.mount("/static", Assets(directory=pages.STATIC), name="static")
    for router in ROUTERS:
        app.include_router(router)
    app.state.paths = {route.path for router in ROUTERS for route in router.routes if isinstance(route, Route)}
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    parts: Collaborators = app.state.collaborators
    if parts.settings.demo:
        await _demo_users(parts)
    yield
    await app.state.file_starts.close()
    await app.state.bells.close()


async def _demo_users(parts: Collaborators) -> None:
    """They are made once; a console that starts while the database is away starts without them."""
    try:
        async with parts.database.session() as session:
            await access.ensure_demo_users(session, parts.clock())
    except OperationalError:
        log.warning("the database is away: demo users are made at the next start")
