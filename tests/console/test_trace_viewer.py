"""The trace viewer in a real browser: a masked trace opens in place, acts on nothing and asks nobody else."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page
from sqlmodel import select
from starlette.responses import Response

from bots.kit.masked_trace import masked_trace
from records import evidence_store
from records.case import Case
from records.trail import AuditEntry, Evidence
from tests.console.conftest import NOW, Console
from tests.console.test_in_a_browser import sign_in
from tests.support.cast_of_cases import Cast
from tests.support.served import served

HOSTILE = """<!doctype html><html><head><link rel=stylesheet href="{0}/a.css"></head><body>
<h1>Order 4711</h1><p data-baton="personal">Greta Holm</p><img src="{0}/a.png" onerror="top.came = 1">
<form action="{0}/form"><button onclick="top.came = 1">Save</button></form><script>top.came = 1</script>
<a href="javascript:top.came=1">More</a><iframe srcdoc="<script>top.came = 1</script>"></iframe></body></html>"""


@dataclass
class Elsewhere:
    """Another host, and what it was asked."""

    address: str
    asked: list[str] = field(default_factory=list)


@pytest.fixture
async def elsewhere() -> AsyncIterator[Elsewhere]:
    """Another host that hears every request."""
    app, found = FastAPI(), Elsewhere("")

    @app.get("/{path:path}")
    async def hear(path: str) -> Response:
        found.asked.append(path)
        return Response(status_code=404)

    async with served(app) as found.address:
        yield found


@pytest.fixture
async def trace(console: Console, cast: Cast, screen: Browser, elsewhere: Elsewhere, tmp_path: Path) -> Evidence:
    """A trace of a try on a hostile page, recorded and masked as the bots do it."""
    context = await screen.new_context()
    await context.tracing.start(snapshots=True)
    page = await context.new_page()
    await page.set_content(HOSTILE.replace("{0}", elsewhere.address))
    await page.get_by_role("button", name="Save").click(trial=True)
    await context.tracing.stop(path=tmp_path / "recorded.zip")
    await context.close()
    elsewhere.asked.clear()
    data, _ = masked_trace(tmp_path / "recorded.zip")
    async with console.database.session() as session:
        case = (await session.exec(select(Case).where(Case.number == cast.refused))).one()
        picture = (await session.exec(select(Evidence).where(Evidence.case_id == case.id))).first()
        assert picture is not None
        columns = {"kind": "trace", "taken": "trouble", "at": NOW, "item_id": picture.item_id}
        kept = evidence_store.reference(
            f"{case.id}/trace.zip", data, case_id=case.id, attempt_id=picture.attempt_id, **columns
        )
        (tmp_path / "evidence" / kept.path).write_bytes(data)
        session.add(kept)
    return kept


async def opened(page: Page, trace: Evidence) -> Page:
    """The viewer, opened from the page of the try in a tab of its own."""
    async with page.context.expect_page() as coming:
        await page.locator(f'a[href$="/evidence/{trace.id}"]', has_text="Open the trace").click()
    return await coming.value


async def test_a_trace_opens_in_place(
    console: Console, screen: Browser, address: str, trace: Evidence, elsewhere: Elsewhere
) -> None:
    """The viewer shows an action and its masked screen; nothing in it ran, nobody else was asked, and it is noted."""
    context = await screen.new_context()
    page = await sign_in(context, address, "supervisor")
    await page.goto(f"{address}/tries/{trace.attempt_id}")

    viewer = await opened(page, trace)
    await viewer.locator(".action-title", has_text="Click").first.click()
    shown = viewer.frame_locator("iframe[name=snapshot]").first
    await shown.get_by_role("heading", name="Order 4711").wait_for()
    text = await shown.locator("body").inner_text()
    came = await viewer.evaluate("window.came")
    policy = "async () => (await fetch(`contexts${location.search}`)).headers.get('content-security-policy')"
    inert = await viewer.evaluate(policy)
    await context.close()
    async with console.database.session() as session:
        noted = (await session.exec(select(AuditEntry).where(AuditEntry.action == "evidence.opened"))).all()

    assert "Greta" not in text
    assert came is None
    assert inert == "sandbox; default-src 'none'"
    assert elsewhere.asked == []
    assert [(one.actor, one.about) for one in noted] == [("supervisor@example.org", str(trace.id))]


async def test_the_viewer_opens_nothing_from_elsewhere(
    console: Console, cast: Cast, screen: Browser, address: str, elsewhere: Elsewhere
) -> None:
    """An address that names a trace on another host asks nobody: the worker may only ask the console."""
    context = await screen.new_context()
    page = await sign_in(context, address, "supervisor")

    await page.goto(f"{address}/trace-viewer/index.html?trace={elsewhere.address}/trace.zip")
    await page.get_by_text("Could not load trace").wait_for()
    await context.close()

    assert elsewhere.asked == []


async def test_who_sees_no_evidence_gets_no_viewer(console: Console, supervisor: httpx.AsyncClient) -> None:
    """The viewer's files need a sign-in, are there alone, and stand under the console's own policy."""
    stranger = console.client()

    barred = await stranger.get("/trace-viewer/sw.bundle.js")
    missing = [await supervisor.get(f"/trace-viewer/{path}") for path in ("none.js", "%2e%2e/%2e%2e/cli.js")]
    page = await supervisor.get("/trace-viewer/index.html")
    gone = await supervisor.get(f"/evidence/{uuid.uuid4()}")
    await stranger.aclose()

    assert barred.status_code in (303, 401)
    assert [answer.status_code for answer in (*missing, gone)] == [404, 404, 404]
    assert "script-src 'self'; style-src 'self';" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "<script>" not in page.text
