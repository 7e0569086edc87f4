"""What stands before every page: permissions, the proof of forms, strict headers, ceilings."""

import re
import uuid
from collections.abc import Iterator

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from console.access import Needs, Open
from console.app import ROUTERS
from console.middleware import FORM_LIMIT
from records import access
from records.access import Action, may
from records.people import Role
from tests.console.conftest import Console, SignedIn

OPEN = {"/healthz", "/readyz", "/metrics"}


def routes() -> list[APIRoute]:
    """Every route of every noun."""
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def methods(route: APIRoute) -> set[str]:
    """The methods a route answers to."""
    return set(route.methods or ()) - {"HEAD"}


def guards(dependant: Dependant) -> Iterator[Needs | Open]:
    """The guards a route declares."""
    for inner in dependant.dependencies:
        if isinstance(inner.call, Needs | Open):
            yield inner.call
        yield from guards(inner)


def test_every_route_declares_who_may_use_it() -> None:
    """A route without a declared permission does not exist, but for the three that tell how the process is."""
    bare = [route.path for route in routes() if not list(guards(route.dependant)) and route.path not in OPEN]

    assert not bare


def test_every_write_needs_more_than_being_signed_in() -> None:
    """A route that changes something asks for a right of its own, but for signing in and out, and where
    the link in a mail is itself the right."""
    weak = [
        route.path
        for route in routes()
        if methods(route) & {"POST", "PUT", "PATCH", "DELETE"}
        and route.path not in {"/sign-in", "/sign-out", "/answers/{token}", "/bookings/{token}"}
        and not any(isinstance(g, Needs) and g.action not in _READING for g in guards(route.dependant))
    ]

    assert not weak


_READING = {Action.SIGNED_IN, Action.SEE_CASES, Action.SEE_DESK}


def address(route: APIRoute) -> str:
    """The route's address with made-up names in it."""
    return re.sub(r"\{\w*_id\}", str(uuid.UUID(int=0)), route.path).replace("{number}", "FD-999999")


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_reaches_exactly_what_it_may(role: Role, console: Console, as_role: SignedIn) -> None:
    """On every route, whoever may not gets 403, and whoever may gets anything but 401 and 403."""
    client = await as_role(role)
    wrong = []
    for route in routes():
        needed = [guard.action for guard in guards(route.dependant) if isinstance(guard, Needs)]
        if not needed or route.path in ("/sign-out", "/live/cases", "/live/told"):
            continue
        allowed = all(may(role, action) for action in needed)
        for method in methods(route):
            status = (await client.request(method, address(route))).status_code
            if (status in (401, 403)) is allowed:
                wrong.append((method, route.path, status))

    assert not wrong


async def test_nobody_signed_in_reaches_nothing(console: Console) -> None:
    """Every guarded route sends a browser to the sign-in page and answers a program with 401."""
    client = console.client()
    await client.get("/sign-in")
    wrong = []
    for route in routes():
        if not any(isinstance(guard, Needs) for guard in guards(route.dependant)):
            continue
        for method in methods(route):
            answer = await client.request(method, address(route), headers={"Accept": "application/json"})
            if answer.status_code != 401 or answer.json()["error"]["code"] != "not_signed_in":
                wrong.append((method, route.path, answer.status_code))

    assert not wrong


async def test_the_way_to_sign_in_leads_back(console: Console) -> None:
    """A browser without a session is sent to the sign-in page, which remembers the address."""
    answer = await console.client().get("/cases?q=4700")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/cases%3Fq%3D4700"


async def test_a_form_without_its_proof_is_refused(ops: httpx.AsyncClient) -> None:
    """A post that does not show the page's token changes nothing, whatever cookies it carries."""
    missing = await ops.post("/sign-out", headers={"X-CSRF-Token": ""})
    forged = await ops.post("/sign-out", data={"csrf": "made-up"}, headers={"X-CSRF-Token": "made-up"})

    assert [missing.status_code, forged.status_code] == [403, 403]
    assert (await ops.get("/cases")).status_code == 200


async def test_a_form_shows_its_proof_in_a_field(console: Console) -> None:
    """The hidden field of the page is taken as well as the header, in both encodings of forms."""
    client = httpx.AsyncClient(transport=httpx.ASGITransport(console.app), base_url="http://console.test")
    token = re.search(r'name="csrf" value="([^"]+)"', (await client.get("/sign-in")).text)
    assert token
    form = {"csrf": token[1], "email": "ops@example.org", "password": access.DEMO_PASSWORD}

    plain = await client.post("/sign-in", data=form)
    multipart = await client.post("/sign-in", data=form, files={"unused": b""})

    assert [plain.status_code, multipart.status_code] == [303, 303]


async def test_a_proof_of_another_console_is_none(console: Console) -> None:
    """A token that was not signed here is refused even when cookie and field agree."""
    client = console.client()
    client.cookies.set("baton_csrf", "equal", domain="console.test")

    answer = await client.post("/sign-in", data={"csrf": "equal"}, headers={"X-CSRF-Token": "equal"})

    assert answer.status_code == 403


async def test_strict_headers_are_on_everything(console: Console) -> None:
    """No inline script or style, nothing from elsewhere, no framing: on pages, errors, API and assets alike."""
    loose = []
    for path in ("/sign-in", "/", "/api/nothing", "/healthz", "/static/console.css"):
        headers = (await console.client().get(path)).headers
        policy = headers["content-security-policy"]
        strict = "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        if not strict or headers["x-content-type-options"] != "nosniff" or headers["x-frame-options"] != "DENY":
            loose.append(path)

    assert not loose


async def test_no_page_has_anything_inline(supervisor: httpx.AsyncClient) -> None:
    """Neither script nor style nor handler stands in a page: the policy would refuse it."""
    pages = [(await supervisor.get(path)).text for path in ("/", "/cases", "/nothing-here")]

    assert not [page for page in pages if re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", page)]


async def test_too_much_is_refused_before_it_is_read(console: Console) -> None:
    """64 KB is the most a form or the API takes; the answer says so in the one error shape."""
    answer = await console.client().post("/api/failed-deliveries", content=b"x" * (FORM_LIMIT + 1))

    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"
    assert "64 KB" in answer.json()["error"]["message"]


async def test_a_bearer_token_needs_no_proof(console: Console) -> None:
    """A program without cookies posts with its token alone, and is still held to its role."""
    client = console.client()

    answer = await client.post("/sign-out", headers={"Authorization": "Bearer nonsense", "Accept": "application/json"})

    assert answer.status_code == 401
