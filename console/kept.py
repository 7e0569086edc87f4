"""Nothing typed is lost: a form that cannot be taken now comes back filled, with a button to send it again."""

from collections.abc import Callable, Coroutine
from typing import Any

import psycopg
import sqlalchemy.exc
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from console.forms import typed
from console.pages import page
from console.problems import Problem, answer, database_away, wants_json
from console.reports import TITLES

AWAY = (
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    sqlalchemy.exc.TimeoutError,
    psycopg.OperationalError,
)
"""What the drivers raise when the database does not answer."""
_HIDDEN = frozenset({"key", "kind", "step", "seen", "zone"})
_FOR_A_WHILE = (401, 403, 503)
"""Signed out, a right taken away since the page was loaded, or something is away."""


class KeepsTyped(APIRoute):
    """A form's route: signed out meanwhile, a right gone, database or Temporal away: what was typed comes back."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, with the way back around it."""
        handle = super().get_route_handler()

        async def keeping(request: Request) -> Response:
            try:
                return await handle(request)
            except AWAY as trouble:
                return await resend(request, database_away(trouble))
            except Problem as problem:
                if problem.status not in _FOR_A_WHILE:
                    raise
                return await resend(request, problem)

        return keeping


async def resend(request: Request, problem: Problem) -> Response:
    """The problem, and the form as it was sent; whoever sent no form gets the problem alone."""
    kind = request.headers.get("content-type", "")
    if request.method != "POST" or wants_json(request) or not kind.startswith("application/x-www-form-urlencoded"):
        return answer(request, problem)
    values = await typed(request)
    shown = [(TITLES.get(name, _words(name)), value) for name, value in values.items() if name not in _HIDDEN and value]
    again = page(request, "resend.html", status=problem.status, problem=problem, values=values, shown=shown)
    again.headers.update(problem.headers)
    return again


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
