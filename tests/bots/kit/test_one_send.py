"""One click, one request on the wire: what a browser repeats by itself below the page, where no bot sees it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Error as PlaywrightError

from tests.bots.kit.jobs import a_job
from tests.bots.kit.pages import Pages, showing

FORM = b"<title>form</title><form method=post action=/save><button id=save>Save</button></form>"
AGAIN = """<title>saved</title><script>
  const asked = new XMLHttpRequest();
  asked.open('POST', '/save', false);
  try { asked.send(); } catch { /* kept back */ }
</script>"""
"""An answer that sends the save a second time by itself."""


@asynccontextmanager
async def a_system_that_drops_answers(saved: list[str]) -> AsyncIterator[Pages]:
    """Keeps connections open for the next request, as every server does; commits a save, and ends without a word."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                if head.startswith("POST"):
                    saved.append(head.partition("\r\n")[0])
                    return
                last = "connection: close" in head.lower()
                stays = "close" if last else "keep-alive"
                top = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(FORM)}\r\n"
                writer.write(f"{top}Connection: {stays}\r\n\r\n".encode() + FORM)
                await writer.drain()
                if last:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # a browser opens connections ahead of need
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield Pages(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", {})


async def test_a_save_whose_answer_is_dropped_is_sent_once(tmp_path: Path) -> None:
    """F03, F07: a connection that ends after the commit, before the answer, does not make the browser save again."""
    saved: list[str] = []
    async with a_system_that_drops_answers(saved) as system, a_job(system, tmp_path) as job_page:
        page = job_page.page
        await page.goto(system.url)
        with pytest.raises(PlaywrightError):
            async with page.expect_navigation(wait_until="domcontentloaded"):
                await page.click("#save")

    assert saved == ["POST /save HTTP/1.1"]


async def test_one_click_posts_once_however_the_systems_address_is_written(tmp_path: Path) -> None:
    """F07: capitals and a trailing slash in a system's address take nothing from it: one click is one post."""
    async with showing({"/": FORM.decode(), "/save": AGAIN}) as system:
        written = Pages(f"{system.url.upper()}/", {})
        async with a_job(written, tmp_path) as job_page:
            page = job_page.page
            await page.goto(written.url)
            await job_page.posts.allow("/save")
            async with page.expect_navigation(wait_until="domcontentloaded"):
                await page.click("#save")

    assert system.asked.count("/save") == 1
