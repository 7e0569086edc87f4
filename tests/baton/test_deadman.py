"""A sign of life: it comes while all is well, and does not when something is missing, whoever then wonders."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest

from baton.seen.deadman import Deadman
from baton.temporal_server import EmbeddedTemporal
from core import clock
from tests.support import seen_parts
from tests.support.patience import PATIENCE

TOKEN = "a-token-that-nobody-may-read"


class Outside:
    """Somebody else's watch: who called, and what it answers."""

    def __init__(self) -> None:
        self.called: Queue[str] = Queue()
        self.status = 200
        outside = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                """Heard."""
                outside.called.put(self.path)
                self.send_response(outside.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server.server_port}/{TOKEN}"


@pytest.fixture
def outside() -> Iterator[Outside]:
    """One that answers."""
    made = Outside()
    serving = Thread(target=made.server.serve_forever)
    serving.start()
    yield made
    made.server.shutdown()
    serving.join()
    made.server.server_close()


async def test_a_sign_comes_only_while_all_is_well(outside: Outside) -> None:
    """Something that the ticks need is missing: no call. It is back: the next beat calls."""
    missing = ["records"]

    async def well() -> tuple[bool, None]:
        return not missing, None

    deadman = Deadman(outside.url, well)
    before = await deadman.run_once(clock.now())
    missing.clear()
    after = await deadman.run_once(clock.now())

    assert (before, after, outside.called.qsize()) == (0, 1, 1)


async def test_nobody_hears_it_and_nothing_stops(outside: Outside) -> None:
    """An answer that is an error, an address where nobody is, one that is none: not heard, and no exception."""

    async def well() -> tuple[bool, None]:
        return True, None

    outside.status = 500
    heard = [await Deadman(url, well).run_once(clock.now()) for url in (outside.url, "http://127.0.0.1:1", "nowhere")]

    assert heard == [0, 0, 0]


def test_ticks_give_it(outside: Outside, database_url: str, temporal_server: EmbeddedTemporal, tmp_path: Path) -> None:
    """`baton ticks` calls the address by itself once it works, and its log holds nothing of the address."""
    environment = seen_parts.environment(database_url, temporal_server.address, tmp_path)
    ticks = seen_parts.running("ticks", {**environment, "BATON_DEADMAN_URL": outside.url, "BATON_LOG_LEVEL": "DEBUG"})
    with ticks, seen_parts.heard(ticks):
        called = outside.called.get(timeout=PATIENCE)

    assert called == f"/{TOKEN}"
    assert TOKEN not in "\n".join(ticks.said)
