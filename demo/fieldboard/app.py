"""The screens of the dispatch board: sign-in, the week, search, display; the booking window is in `windows.py`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from demo import faults as faults_
from demo.fieldboard import codes, layouts, misdeeds, windows
from demo.fieldboard.board import COOKIE, FieldBoard, SessionExpiredError, Settings, monday_of
from demo.fieldboard.forms import InvalidFieldError, day_of
from demo.store import Row


def create_app(settings: Settings) -> FastAPI:
    """The dispatch board as a web application, with its data open until the application ends."""
    board = FieldBoard(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        board.store.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    faults_.install(app, board.faults, lambda _: _plain(codes.NOT_AVAILABLE, 503))
    _add_entrance(app, board)
    _add_board(app, board)
    _add_search(app, board)
    windows.add(app, board)

    @app.get("/ledger.json")
    async def ledger() -> list[Row]:
        return board.store.ledger()

    @app.exception_handler(SessionExpiredError)
    async def expired(request: Request, _: Exception) -> HTMLResponse:
        return board.show(request, "message", {"msg": codes.SESSION_EXPIRED})

    @app.exception_handler(faults_.CommittedThenFailedError)
    async def failed(_: Request, __: Exception) -> HTMLResponse:
        return _plain(codes.INTERNAL_ERROR, 500)

    return app


def _add_entrance(app: FastAPI, board: FieldBoard) -> None:
    @app.get("/signin")
    async def sign_in_screen(request: Request) -> HTMLResponse:
        return _entrance(request, board)

    @app.post("/signin")
    async def sign_in(request: Request) -> Response:
        form = {name: str(value).strip() for name, value in (await request.form()).items()}
        user, password = form.get("user") or form.get("user_new", ""), form.get("password", "")
        problem = board.turned_away(user, password)
        if problem:
            return _entrance(request, board, user, problem)
        answer = RedirectResponse("/board", status_code=303)
        answer.set_cookie(COOKIE, board.sessions.begin(user).id, httponly=True, samesite="lax")
        return answer

    @app.get("/signoff")
    async def sign_off(request: Request) -> RedirectResponse:
        board.sessions.drop(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse("/signin", status_code=303)
        answer.delete_cookie(COOKIE)
        return answer


def _add_board(app: FastAPI, board: FieldBoard) -> None:
    @app.get("/")
    async def front() -> RedirectResponse:
        return RedirectResponse("/board", status_code=303)

    @app.get("/board")
    async def week(request: Request, week: str = "") -> Response:
        if board.sessions.find(request.cookies.get(COOKIE)) is None:
            return RedirectResponse("/signin", status_code=303)
        session = board.session_of(request)
        try:
            day = day_of(week.strip()) if week.strip() else board.today()
            return board.show_week(request, session, monday_of(day))
        except (InvalidFieldError, OverflowError):
            return board.show_week(request, session, monday_of(board.today()), codes.invalid("Week of"))


def _add_search(app: FastAPI, board: FieldBoard) -> None:
    @app.get("/search")
    async def search(request: Request) -> HTMLResponse:
        return board.show(request, "search", {"user": board.session_of(request).user})

    @app.get("/result")
    async def result(request: Request, reference: str = "", booking_no: str = "") -> Response:
        session = board.session_of(request)
        if booking_no.strip():
            return RedirectResponse(f"/booking/{booking_no.strip().upper()}", status_code=303)
        found = board.bookings.find(reference.strip(), board.faults.number("lag_seconds")) if reference.strip() else []
        if not found:
            return board.show(request, "search", {"user": session.user, "msg": codes.NOT_FOUND})
        listed = [misdeeds.shown(board.faults, booking) for booking in misdeeds.namesakes(board.faults, found)]
        return board.show(request, "list", {"user": session.user, "bookings": listed})


def _entrance(request: Request, board: FieldBoard, typed: str = "", msg: str = "") -> HTMLResponse:
    lines = layouts.lines(layouts.SIGN_IN, misdeeds.layout_of(board.faults, misdeeds.SIGN_IN))
    return board.show(request, "signin", {"lines": lines, "typed": typed, "msg": msg})


def _plain(message: str, status: int) -> HTMLResponse:
    page = f'<html><head><title>FIELDBOARD</title></head><body><h1 id="msg">{message}</h1></body></html>'
    return HTMLResponse(page, status_code=status)
