"""What an environment asks for reaches browser and client: authority, certificate, proxy, language, time zone."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Error as PlaywrightError

from bots.kit.browser import Launcher
from bots.kit.browser_path import find_browser
from bots.kit.driver import Driver
from bots.kit.surroundings import Surroundings
from bots.kit.trust import can_trust, home_that_trusts
from systems.environment import Environment
from tests.support.tls import Papers, asked_over_tls, papers


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """Certificates of this test."""
    return papers(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def launcher(tmp_path: Path) -> AsyncIterator[Launcher]:
    """Browsers of this test's own."""
    started = Launcher(find_browser().path, tmp_path / "browsers", Driver())
    yield started
    await started.stop()


def around(address: str, **fields: object) -> Surroundings:
    """The surroundings of an environment with these fields."""
    return Surroundings.of(Environment.model_validate({"system": "orderdesk", "address": address, **fields}))


async def shown(launcher: Launcher, ways: Surroundings, url: str, script: str = "document.body.innerText") -> object:
    """What a page at that address says to a browser in these surroundings."""
    browser = await launcher.launch(ways.flag(url), ways.home)
    try:
        page = await (await browser.playwright.new_context(**ways.for_context(url))).new_page()
        await page.goto(url)
        return await page.evaluate(script)
    finally:
        await browser.kill()


async def test_a_client_trusts_the_authority_of_its_environment_alone(mine: Papers) -> None:
    """An API's client takes the environment's authority, shows its certificate, and refuses a stranger's."""
    with asked_over_tls(mine, client=True) as url:
        ways = around(url, ca_file=mine.ca, client_certificate=mine.client[0], client_key=mine.client[1])
        async with httpx.AsyncClient(**ways.for_client()) as client:
            said = (await client.get(url)).text
        async with httpx.AsyncClient(**around(url).for_client()) as stranger:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await stranger.get(url)

    assert said == "hello bot"


async def test_a_browser_refuses_a_strange_certificate(mine: Papers, launcher: Launcher) -> None:
    """Without the authority a certificate error stands: it is never passed over."""
    with asked_over_tls(mine) as url, pytest.raises(PlaywrightError, match="ERR_CERT_AUTHORITY_INVALID"):
        await shown(launcher, around(url), url)


@pytest.mark.skipif(not can_trust(), reason="this machine has no certutil, which fills a browser's key store")
async def test_a_browser_trusts_the_authority_of_its_environment(
    mine: Papers, launcher: Launcher, tmp_path: Path
) -> None:
    """With the authority in its own home folder the browser opens the page."""
    with asked_over_tls(mine) as url:
        ways = replace(around(url, ca_file=mine.ca), home=home_that_trusts(mine.ca, tmp_path))

        assert await shown(launcher, ways, url) == "hello nobody"


async def test_a_browser_shows_its_certificate(
    mine: Papers, launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client certificate is shown to the environment's own address."""
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(mine.ca))
    with asked_over_tls(mine, client=True) as url:
        ways = around(url, client_certificate=mine.client[0], client_key=mine.client[1])

        assert await shown(launcher, ways, url) == "hello bot"


async def test_a_browser_goes_through_the_proxy(launcher: Launcher) -> None:
    """The system is reached through its environment's proxy, which alone looks up its name."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        ways = around("http://desk.example", proxy=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")

        assert await shown(launcher, ways, "http://desk.example/") == "hello"
    assert asked[0] == "http://desk.example/"


async def test_a_browser_has_language_and_time_zone(launcher: Launcher) -> None:
    """Dates and numbers are written as the environment's people write them."""
    ways = around("http://x", locale="de-DE", time_zone="Asia/Tokyo")
    ask = "[navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone, (1234.5).toLocaleString()]"

    assert await shown(launcher, ways, "data:text/html,x", ask) == ["de-DE", "Asia/Tokyo", "1.234,5"]
