"""The screens of the order desk: sign-in, frames, search, display; the changes are in `changes.py`."""

import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from demo import faults as faults_
from demo.orderdesk import changes, codes, layouts, misdeeds
from demo.orderdesk.desk import COOKIE, OrderDesk, SessionExpiredError, Settings
from demo.orderdesk.sessions import Session
from demo.store import Row


def create_app(settings: Settings) -> FastAPI:
    """The order desk as a web application, with its data open until the application ends."""
    desk = OrderDesk(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        desk.store.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    faults_.install(app, desk.faults, lambda _: _plain(codes.NOT_AVAILABLE, 503))
    _add_entrance(app, desk)
    _add_second_step(app, desk)
    _add_search(app, desk)
    changes.add(app, desk)

    @app.get("/ledger.json")
    async def ledger() -> list[Row]:
        return desk.store.ledger()

    @app.exception_handler(SessionExpiredError)
    async def expired(request: Request, _: Exception) -> HTMLResponse:
        return desk.show(request, "message", {"msg": codes.SESSION_EXPIRED})

    @app.exception_handler(faults_.CommittedThenFailedError)
    async def failed(_: Request, __: Exception) -> HTMLResponse:
        return _plain(codes.INTERNAL_ERROR, 500)

    return app


def _add_entrance(app: FastAPI, desk: OrderDesk) -> None:
    @app.get("/")
    async def frameset(request: Request) -> Response:
        if desk.sessions.find(request.cookies.get(COOKIE)) is None:
            return RedirectResponse("/signin", status_code=303)
        return desk.show(request, "frameset", {})

    @app.get("/signin")
    async def sign_in_screen(request: Request) -> HTMLResponse:
        return _entrance(request, desk)

    @app.post("/signin")
    async def sign_in(request: Request) -> Response:
        form = {name: str(value).strip() for name, value in (await request.form()).items()}
        user, password = form.get("user") or form.get("user_new", ""), form.get("password", "")
        problem = desk.turned_away(user, password)
        if problem == codes.PASSWORD_EXPIRED:
            return desk.show(request, "password", {"msg": problem})
        if problem:
            return _entrance(request, desk, user, problem)
        return _asked_for_code(request, desk, user) or _signed_in(desk, user)

    @app.get("/signoff")
    async def sign_off(request: Request) -> RedirectResponse:
        cookie = request.cookies.get(COOKIE, "")
        desk.sessions.drop(cookie)
        desk.locks.release_session(cookie)
        answer = RedirectResponse("/signin", status_code=303)
        answer.delete_cookie(COOKIE)
        return answer


def _add_second_step(app: FastAPI, desk: OrderDesk) -> None:
    @app.post("/signin/code")
    async def sign_in_code(request: Request) -> Response:
        form = {name: str(value).strip() for name, value in (await request.form()).items()}
        user = desk.sessions.second_step(form.get("pass_on", ""), form.get("code", ""), time.time())
        return _signed_in(desk, user) if user else _entrance(request, desk, "", codes.SIGN_IN_FAILED)


def _asked_for_code(request: Request, desk: OrderDesk, user: str) -> Response | None:
    return desk.show(request, "code", {"pass_on": desk.sessions.half_way(user)}) if desk.asks_for_code(user) else None


def _signed_in(desk: OrderDesk, user: str) -> RedirectResponse:
    answer = RedirectResponse("/", status_code=303)
    answer.set_cookie(COOKIE, desk.sessions.begin(user).id, httponly=True, samesite="lax")
    return answer


def _add_search(app: FastAPI, desk: OrderDesk) -> None:
    @app.get("/menu")
    async def menu(request: Request) -> HTMLResponse:
        session = desk.session_of(request)
        return desk.show(request, "menu", {"user": session.user})

    @app.get("/search")
    async def search(request: Request) -> HTMLResponse:
        session = desk.session_of(request)
        desk.locks.release_session(session.id)
        return desk.show(request, "search", {"user": session.user})

    @app.get("/result")
    async def result(request: Request, order_no: str = "", customer_no: str = "", name: str = "") -> Response:
        session = desk.session_of(request)
        desk.locks.release_session(session.id)
        if re.fullmatch("[0-9]+", order_no.strip()):
            return RedirectResponse(f"/order/{order_no.strip()}", status_code=303)
        customer_no, name = customer_no.strip(), name.strip()
        found = desk.orders.of_customer(customer_no, name) if customer_no or name else []
        if not found:
            return desk.show(request, "search", {"user": session.user, "msg": codes.NOT_FOUND})
        return _list(request, desk, session, found)

    @app.get("/order/{order_no}")
    async def display(request: Request, order_no: str, exact: bool = False) -> HTMLResponse:
        session = desk.session_of(request)
        desk.locks.release_session(session.id)
        order, how = desk.orders.get(order_no), desk.faults.text("homonyms")
        if order and how and not exact:
            other = {**order, "order_no": order_no if how == "double" else f"{order_no}1", "name": "Somebody Else"}
            return _list(request, desk, session, [other, order])
        return desk.show_order(request, session, order_no)


def _list(request: Request, desk: OrderDesk, session: Session, orders: list[Row]) -> HTMLResponse:
    exact = desk.faults.on("homonyms")
    return desk.show(request, "list", {"user": session.user, "orders": orders, "exact": exact})


def _entrance(request: Request, desk: OrderDesk, typed: str = "", msg: str = "") -> HTMLResponse:
    lines = layouts.form(layouts.SIGN_IN, misdeeds.layout_of(desk.faults, misdeeds.SIGN_IN))
    return desk.show(request, "signin", {"lines": lines, "typed": typed, "msg": msg})


def _plain(message: str, status: int) -> HTMLResponse:
    page = f'<html><head><title>ORDERDESK</title></head><body><h1 id="msg">{message}</h1></body></html>'
    return HTMLResponse(page, status_code=status)
