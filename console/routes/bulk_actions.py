"""Bulk actions: a preview that says exactly what is covered, the action itself, and its page with a result for each."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from sqlmodel import col, select
from starlette.responses import Response

from console import bulk_asking, bulk_preview, bulk_view, failure_words, moments
from console.access import Parts, ReviewsFailures, SeesCases
from console.bulk_asking import Asked
from console.bulk_kinds import KINDS, FailureKind, Retrying
from console.bulk_preview import Preview
from console.collaborators import Collaborators
from console.forms import check, new_key, typed
from console.kept import KeepsTyped
from console.pages import go, page
from console.problems import not_found
from records import bulk
from records.access import Action, may
from records.bulk_failures import Selection
from records.people import Role, User

router = APIRouter(prefix="/bulk-actions", route_class=KeepsTyped)

MENU = "/failures"
"""Where the bar says that these pages are."""


@router.get("")
async def listing(request: Request, parts: Parts, _person: SeesCases, before: datetime | None = None) -> Response:
    """Every bulk action, the newest first: left, and found again."""
    rows = await bulk_view.listed(parts, before)
    older = rows[-1][0].asked_at.isoformat() if len(rows) == bulk_view.PAGE else ""
    older = urlencode({"before": older}) if older else ""
    return page(request, "bulk_actions/list.html", path=MENU, rows=rows, older=older)


@router.get("/new")
async def preview(
    request: Request,
    parts: Parts,
    person: ReviewsFailures,
    kind: str = "retry",
    ids: Annotated[list[uuid.UUID] | None, Query(alias="id", max_length=2000)] = None,
) -> Response:
    """What would happen, before anything does."""
    values: dict[str, Any] = {**request.query_params, "ids": tuple(ids or ())}
    values["due_before"] = moments.utc(values.get("due_before", ""), values.get("zone", ""))
    selection = bulk_asking.selection_of(values)
    wish, _ = check(Retrying, request.query_params)
    rate = wish.rate if isinstance(wish, Retrying) else 0
    found = await bulk_preview.of(parts, person, _kind(kind), selection, rate)
    form = {"rate": str(rate), "stop_after": "3", "canary": "on" if len(found.covered) > 1 else ""}
    return await _draw(request, parts, Asked(found), form | dict(request.query_params))


@router.post("")
async def ask(request: Request, parts: Parts, person: ReviewsFailures) -> Response:
    """Ask for it; when the page was stale, or a field is wrong, it comes back with what was typed and what is true."""
    form = await typed(request)
    ids = [str(value) for value in (await request.form()).getlist("id")]
    selection = bulk_asking.selection_of({**form, "ids": tuple(ids)})
    asked = await bulk_asking.ask(parts, person, _kind(form.get("kind", "")), selection, form)
    if asked.action is not None:
        return go(bulk.path_of(asked.action.id))
    return await _draw(request, parts, asked, form)


@router.get("/{bulk_id}")
async def one(
    request: Request, parts: Parts, person: SeesCases, bulk_id: uuid.UUID, show: str = "", after: int = -1
) -> Response:
    """How far it has come, and what came of each thing."""
    found = await bulk_view.view(parts, person, bulk_id, show, after)
    return page(
        request, "bulk_actions/one.html", path=MENU, view=found, fates=bulk_view.FATES, key=new_key(), after=after
    )


def _kind(name: str) -> FailureKind:
    if name not in KINDS:
        raise not_found("This kind of bulk action")
    return KINDS[name]


async def _draw(request: Request, parts: Collaborators, asked: Asked, form: Mapping[str, str]) -> Response:
    """The preview, with what was typed and what is wrong."""
    found = asked.preview
    return page(
        request,
        "bulk_actions/preview.html",
        path=MENU,
        status=409 if asked.stale else 422 if asked.errors else 200,
        view=found,
        what=failure_words.sentence(found.group) if found.group is not None else "",
        kinds=[kind for kind in KINDS.values() if kind.of_line == (found.selection.behind is not None)],
        said=failure_words,
        query=_query(found.selection),
        kept=found.selection.words(),
        form=form,
        errors=asked.errors,
        wrong={error.field: error.message for error in asked.errors},
        stale=asked.stale,
        owners=await _owners(parts, found),
        takers=await bulk_asking.takers(parts) if found.kind.name in ("hand_over", "hand_over_held") else [],
        shown=bulk_preview.SHOWN,
        key=form.get("key") if form.get("key") and not asked.stale else new_key(),
    )


def _query(selection: Selection, **more: str) -> str:
    """The selection as an address says it."""
    words = selection.words()
    ids = [("id", str(one)) for one in words.pop("ids", ())]
    return urlencode([*words.items(), *ids, *more.items()])


async def _owners(parts: Collaborators, found: Preview) -> list[tuple[str, str]]:
    """Who could look after failures, where that is asked."""
    if found.kind.name != "assign":
        return []
    roles = [role for role in Role if may(role, Action.ACT_ON_ITEM) or role is Role.IT]
    asked = select(User).where(col(User.disabled_at).is_(None), col(User.role).in_(roles)).order_by(User.name)
    async with parts.database.session() as session:
        return [(one.email, one.name) for one in await session.exec(asked)]
