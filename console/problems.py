"""When something cannot be done: one JSON shape for programs, one page for people, the same facts in both."""

import logging
import uuid
from collections.abc import Mapping, Sequence

import psycopg
import sqlalchemy.exc
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from secure import Secure
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response
from temporalio.service import RPCError

from console import pages
from console.forms import FieldError, field_errors

log = logging.getLogger(__name__)


class Problem(Exception):
    """Raise it anywhere below a route. `kept` says what was kept, `todo` what to do now; both are for people."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        fields: Sequence[FieldError] = (),
        kept: str = "",
        todo: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fields = tuple(fields)
        self.kept = kept
        self.todo = todo
        self.headers: dict[str, str] = {}

    def with_headers(self, headers: Mapping[str, str]) -> "Problem":
        """The same problem with further response headers, as Retry-After."""
        self.headers.update(headers)
        return self


class ErrorBody(BaseModel):
    """The one error shape of the API."""

    model_config = ConfigDict(frozen=True)

    code: str
    message: str
    fields: tuple[FieldError, ...] = ()


class ErrorAnswer(BaseModel):
    """`{"error": {"code", "message", "fields": [{"field", "message"}]}}`."""

    model_config = ConfigDict(frozen=True)

    error: ErrorBody


_SENTENCES: dict[int, tuple[str, str, str]] = {
    400: ("bad_request", "This request cannot be understood.", "Go back and try again."),
    404: ("not_found", "There is nothing at this address.", "Check the address, or search for the case."),
    405: (
        "method_not_allowed",
        "This address does not take that kind of request.",
        "Go back and use the page's buttons.",
    ),
}
_AWAY = "Baton's database does not answer at the moment."


def not_found(what: str, number: str = "") -> Problem:
    """404 for a thing by its name, as in `Case FD-000123`; a thing without a number is found where it is listed."""
    todo = "Check the number, or search for it." if number else "Check the address, or open it from where it is listed."
    return Problem(404, "not_found", f"{what} {number}".strip() + " is not here.", todo=todo)


def database_away(trouble: Exception | None = None) -> Problem:
    """503: nothing can be read or kept now; it is safe to try again. `trouble` is what the driver raised."""
    if isinstance(getattr(trouble, "orig", trouble), psycopg.errors.DiskFull):
        return Problem(
            503,
            "database_full",
            "Baton's database has no room left, so nothing can be kept at the moment.",
            kept="Everything that was confirmed before is kept. This request changed nothing.",
            todo="Tell IT that the database's disk is full. As soon as there is room, sending it again works.",
        ).with_headers({"Retry-After": "60"})
    kept = "This request changed nothing."
    if _lost_at_commit(trouble):
        kept = "Whether this request was kept is not known: the connection broke as it was. Sent again, it counts once."
    return Problem(
        503,
        "database_away",
        _AWAY,
        kept=f"Everything that was confirmed before is kept. {kept}",
        todo="Wait a moment and load the page again; a form that you just sent is still there when you go back.",
    ).with_headers({"Retry-After": "5"})


def _lost_at_commit(trouble: Exception | None) -> bool:
    """Whether a connection broke while it was told to commit: SQLAlchemy names no statement then."""
    if not isinstance(trouble, sqlalchemy.exc.DBAPIError):
        return False
    return trouble.connection_invalidated and trouble.statement is None


def temporal_away() -> Problem:
    """503: a running case cannot be reached; the records still can."""
    return Problem(
        503,
        "temporal_away",
        "Temporal does not answer, so the case cannot be told at the moment.",
        kept="The case stands as it was and nothing was keyed.",
        todo="Try again in a minute. New work can be handed in meanwhile; it starts by itself.",
    ).with_headers({"Retry-After": "10"})


def wants_json(request: Request) -> bool:
    """Programs get JSON: everything below /api, and whoever asks for JSON and not for a page."""
    accept = request.headers.get("accept", "")
    return request.url.path.startswith(("/api/", "/codec/")) or (
        "application/json" in accept and "text/html" not in accept
    )


def answer(request: Request, problem: Problem) -> Response:
    """The problem as JSON or as a page."""
    if wants_json(request):
        body = ErrorBody(code=problem.code, message=problem.message, fields=problem.fields)
        return JSONResponse(ErrorAnswer(error=body).model_dump(), problem.status, headers=problem.headers)
    if problem.status == 401:
        return RedirectResponse(pages.sign_in_address(request), 303)
    shown = pages.page(request, "problem.html", status=problem.status, problem=problem)
    shown.headers.update(problem.headers)
    return shown


def install(app: FastAPI, strict: Secure) -> None:
    """Give every kind of trouble its answer."""

    @app.exception_handler(Problem)
    async def raised(request: Request, problem: Problem) -> Response:
        return answer(request, problem)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, trouble: RequestValidationError) -> Response:
        if all(error["loc"][:1] == ("path",) for error in trouble.errors()):  # no such thing can be at that address
            code, message, todo = _SENTENCES[404]
            return answer(request, Problem(404, code, message, todo=todo))
        fields = field_errors(trouble.errors())
        return answer(request, Problem(422, "invalid", "Some of the values are not right.", fields=fields))

    @app.exception_handler(HTTPException)
    async def refused(request: Request, trouble: HTTPException) -> Response:
        code, message, todo = _SENTENCES.get(trouble.status_code, ("refused", str(trouble.detail), ""))
        problem = Problem(trouble.status_code, code, message, todo=todo)
        return answer(request, problem.with_headers(trouble.headers or {}))

    _install_away(app)

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, trouble: Exception) -> Response:
        mark = uuid.uuid4().hex[:8]
        log.error("unforeseen trouble: %s", mark, extra={"path": request.url.path, "kind": type(trouble).__name__})
        message = f"Something went wrong here that nobody foresaw (mark {mark})."
        kept = "Whatever was confirmed before is kept."
        problem = Problem(500, "unforeseen", message, kept=kept, todo="Try again; tell IT the mark if it stays.")
        shown = answer(request, problem)
        shown.headers.update(strict.headers)  # this answer is given outside the middleware
        return shown


def _install_away(app: FastAPI) -> None:
    """What others cannot answer: the records (503), Temporal (503)."""

    async def away(request: Request, trouble: Exception) -> Response:
        log.warning("the database does not answer", extra={"kind": type(trouble).__name__})
        return answer(request, database_away(trouble))

    for kind in (
        sqlalchemy.exc.OperationalError,
        sqlalchemy.exc.InterfaceError,
        sqlalchemy.exc.TimeoutError,
        psycopg.OperationalError,
    ):
        app.add_exception_handler(kind, away)

    @app.exception_handler(RPCError)
    async def unreachable(request: Request, _trouble: RPCError) -> Response:
        return answer(request, temporal_away())
