"""Hostile pages: what they try reaches nobody and is noted; the job goes on unless it is led away."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Error as PlaywrightError

from bots.kit.containment import Egress
from bots.kit.contract import Hands, Job, Route, RouteKey
from core.faults import LedAway
from tests.bots.conformance.cast import part_of
from tests.bots.desks import Demo
from tests.bots.kit.jobs import a_job
from tests.bots.kit.pages import showing

OPEN = part_of("servicedesk", "open_ticket")
STAYING = """download popup subresource redirect frame websocket worker camera geolocation notifications clipboard file
    beacon"""
DIALLED = """port => new Promise(done => {
  const call = new RTCPeerConnection({iceServers: [{urls: `stun:127.0.0.1:${port}`}]});
  call.createDataChannel('x');
  call.onicegatheringstatechange = () => call.iceGatheringState === 'complete' && done();
  call.createOffer().then(offer => call.setLocalDescription(offer));
})"""


@pytest.mark.failure_mode("F70")
async def test_hostile_pages_reach_nobody_and_the_entry_is_made(
    demos: dict[str, Demo], all_routes: dict[RouteKey, Route]
) -> None:
    """F70: thirteen tricks on every page of an entry: it is made once, nothing got out, what was blocked is noted."""
    demo, job, steps = demos["servicedesk"], OPEN.job("FD-000001"), list[str]()

    async with showing({}) as elsewhere:
        demo.faults(hostile_page=STAYING, elsewhere=elsewhere.url, forget_reached="now")
        async with all_routes[OPEN.way].open(OPEN.account, steps.append) as hands:
            await hands.find(job)
            await hands.enter(job)
            confirmation = await hands.submit(job)
            kept = await hands.read_back(job)
        state = demo.faults()

    assert elsewhere.asked == []
    assert [trick for trick in state["reached"] if trick != "download-asked"] == []
    assert [row["confirmation"] for row in demo.ledger(job.reference)] == [confirmation]
    assert len(kept.records) == 1
    noted = {step.removeprefix("blocked: ") for step in steps if step.startswith("blocked: ")}
    assert noted >= {
        *("a download", "a window", "a local file", f"a request to {elsewhere.url}", "asking for camera or microphone"),
        *(
            "asking for the place",
            "asking for notifications",
            "asking for the clipboard",
            "asking for a service worker",
        ),
        f"a connection to {elsewhere.url}",
    }


@pytest.mark.failure_mode("F70")
@pytest.mark.parametrize("trick", ["origin", "redirected-origin"])
async def test_a_page_that_leads_away_ends_the_job(
    trick: str, demos: dict[str, Demo], all_routes: dict[RouteKey, Route], quiet: Callable[[str], None]
) -> None:
    """F70: a page that goes elsewhere, by itself or by a redirect, is LedAway before anything is typed."""
    demo, job = demos["servicedesk"], OPEN.job("FD-000001")
    async with all_routes[OPEN.way].open(OPEN.account, quiet) as hands:
        await hands.find(job)  # signed in, so that the sign-in is not what meets the trick

    async with showing({}) as elsewhere:
        demo.faults(hostile_page=trick, elsewhere=elsewhere.url)
        async with all_routes[OPEN.way].open(OPEN.account, quiet) as hands:
            with pytest.raises(LedAway):
                await _work_on(hands, job)

    assert elsewhere.asked == []
    assert demo.ledger(job.reference) == []


async def _work_on(hands: Hands, job: Job) -> None:
    """Look again and again: the page's own script decides when it leaves."""
    while True:
        await hands.find(job)


async def test_the_egress_list_lets_through_what_it_names(tmp_path: Path) -> None:
    """Another origin that the system declares is reached, by redirect too; a third one is not."""
    async with showing({"/": "home"}) as pages, showing({"/a": "a"}) as known, showing({"/b": "b"}) as unknown:
        pages.shown["/away"] = f"-> {known.url}/a"
        async with a_job(pages, tmp_path, egress=(f"{known.url}/",)) as job:
            await job.page.goto(f"{pages.url}/away")
            with pytest.raises(PlaywrightError):
                await job.page.goto(f"{unknown.url}/b")
            with pytest.raises(LedAway):
                async with job.steps("go on"):
                    pass

    assert known.asked == ["/a"]
    assert unknown.asked == []


async def test_no_call_goes_round_the_walls(tmp_path: Path) -> None:
    """A page that dials another machine from browser to browser sends it nothing."""
    heard: list[bytes] = []

    class Listener(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, _: object) -> None:
            heard.append(data)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Listener, local_addr=("127.0.0.1", 0))
    async with showing({"/": "home"}) as pages, a_job(pages, tmp_path) as job:
        await job.page.evaluate(DIALLED, transport.get_extra_info("sockname")[1])
    transport.close()

    assert heard == []


async def test_a_page_that_never_stops_trying_fills_no_steps(tmp_path: Path) -> None:
    """A hundred other origins are a handful of notes."""
    steps: list[str] = []
    async with showing({"/": "home"}) as pages, a_job(pages, tmp_path, steps) as job:
        tried = "n => Promise.allSettled([...Array(n).keys()].map(i => fetch(`http://h${i}.example/`)))"
        await job.page.evaluate(tried, 100)

    assert 0 < len(steps) <= 20


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://desk.example:8405/x?y#z", True),
        ("http://DESK.example:8405", True),
        ("ws://desk.example:8405/live", True),
        ("https://login.example/", True),
        ("https://login.example:443/", True),
        ("about:blank", True),
        ("http://desk.example/", False),
        ("https://desk.example:8405/", False),
        ("http://desk.example:8405.evil.example/", False),
        ("http://desk.example:8405@evil.example/", False),
        ("https://login.example.evil.example/", False),
        ("https://sub.login.example/", False),
        ("file:///etc/passwd", False),
        ("ftp://desk.example:8405/", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, allowed: bool) -> None:
    """What looks like an allowed address and is another one is not let through, by both ways of asking."""
    egress = Egress.of("http://Desk.example:8405/", "https://login.example:443")

    assert egress.allows(url) is allowed
    if url == url.lower() and url.startswith("http") and ":443" not in url:  # as browsers write them
        assert (egress.elsewhere.match(url) is None) is allowed


def test_the_browsers_rule_names_hosts_with_their_ports() -> None:
    """The system, its egress list and its proxy; everything else cannot be looked up."""
    flag = Egress.of("https://desk.example/", "http://[::1]:81").flag("socks5://proxy.example:1080", "")

    assert flag == (
        "--host-resolver-rules=MAP desk.example:443 desk.example:443 , MAP [::1]:81 [::1]:81 , "
        "MAP proxy.example:1080 proxy.example:1080 , MAP * ~NOTFOUND"
    )
