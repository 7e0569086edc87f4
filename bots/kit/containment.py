"""What a job's page may reach: the system, the origins that its egress list allows, and nothing else.

Three walls stand one behind the other. The browser itself looks up no other address, which holds for redirects,
connections and beacons too; requests elsewhere are refused as they are made; whatever a page asks the browser for
(windows, downloads, the camera) it does not get. What was refused is noted among the steps and the job goes on, unless
the page itself was led away.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from playwright.async_api import BrowserContext, ConsoleMessage, Frame, Page, Request, Route, WebSocket
from playwright.async_api import Error as PlaywrightError

from bots.kit.steps import Steps
from core.faults import LedAway

log = structlog.get_logger(__name__)

MOST_NOTES = 20
"""A page that tries a thousand times fills no attempt with it."""
PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_WEB = {"ws": "http", "wss": "https"}
_BINDING = "batonAsked"
_ASKED = """name => {
  const tell = globalThis[name];
  delete globalThis[name];
  const heed = (object, method, what) => {
    const real = object?.[method];
    if (real && tell) object[method] = function (...given) { tell(what); return real.apply(this, given); };
  };
  heed(globalThis.MediaDevices?.prototype, 'getUserMedia', 'camera or microphone');
  heed(globalThis.MediaDevices?.prototype, 'getDisplayMedia', 'the screen');
  heed(globalThis.Geolocation?.prototype, 'getCurrentPosition', 'the place');
  heed(globalThis.Geolocation?.prototype, 'watchPosition', 'the place');
  heed(globalThis.Notification, 'requestPermission', 'notifications');
  heed(globalThis.Clipboard?.prototype, 'readText', 'the clipboard');
  heed(globalThis.Clipboard?.prototype, 'read', 'the clipboard');
  heed(globalThis.navigator?.serviceWorker, 'register', 'a service worker');
}"""
"""Tells what a page asks for; the browser is what refuses it."""


@dataclass(frozen=True)
class Egress:
    """The origins that a system's pages may reach, as scheme://host[:port]; the system's own is the first."""

    origins: tuple[str, ...]

    @classmethod
    def of(cls, *urls: str) -> "Egress":
        """The origins of these addresses."""
        return cls(tuple(dict.fromkeys(origin(url) for url in urls if url)))

    def allows(self, url: str) -> bool:
        """Whether a page may reach this address; whatever is not on a network (about:, data:, blob:) reaches nobody."""
        return "://" not in url or origin(url) in self.origins

    @property
    def elsewhere(self) -> re.Pattern[str]:
        """Every address that is not allowed; the browser's side understands it too."""
        known = "|".join(re.escape(one) for one in self.origins)
        return re.compile(rf"^(?!(?:{known})(?:[/?#]|$))[a-z]+://")

    def flag(self, *through: str) -> str:
        """The browser's own rule: these hosts at these ports, a proxy's, and no others can be looked up."""
        places = [_place(one) for one in (*self.origins, *through) if one]
        return "--host-resolver-rules=" + " , ".join([*(f"MAP {one} {one}" for one in places), "MAP * ~NOTFOUND"])


class Containment:
    """The walls round one job's context; `steps` takes the notes, and ends when the page is led away."""

    def __init__(self, egress: Egress, steps: Steps) -> None:
        self._egress = egress
        self._steps = steps
        self._noted: set[str] = set()

    async def surround(self, context: BrowserContext) -> None:
        """Put the walls up, before anything is opened."""
        context.on("requestfailed", self._failed)
        await context.expose_binding(_BINDING, self._asked)
        await context.add_init_script(f"({_ASKED})({_BINDING!r})")
        await context.route(self._egress.elsewhere, self._refuse)

    def watch(self, page: Page) -> None:
        """Mind a window that the bot works in."""
        page.on("framenavigated", self._arrived)
        page.on("websocket", self._connected)
        page.on("download", lambda _: self.note("a download"))
        page.on("console", self._said)

    def note(self, what: str) -> None:
        """Note among the steps that this was refused, once for each thing."""
        if what in self._noted or len(self._noted) >= MOST_NOTES:
            return
        self._noted.add(what)
        self._steps.note(f"blocked: {what}")

    async def _refuse(self, route: Route) -> None:
        self._refused(route.request)
        try:
            await route.abort("blockedbyclient")
        except PlaywrightError as error:
            log.info("request.not_aborted", kind=type(error).__name__)

    def _failed(self, request: Request) -> None:
        """A redirect elsewhere is followed by the browser without asking, and fails at its own rule."""
        if not self._egress.allows(request.url):
            self._refused(request)

    def _refused(self, request: Request) -> None:
        self.note(f"a request to {origin(request.url)}")
        if _is_the_page(request):
            self._steps.interrupt(LedAway(origin(request.url)))

    def _arrived(self, frame: Frame) -> None:
        if not self._egress.allows(frame.url) and frame.url.startswith(("http:", "https:")):
            self._steps.interrupt(LedAway(origin(frame.url)))

    def _connected(self, socket: WebSocket) -> None:
        if not self._egress.allows(socket.url):
            self.note(f"a connection to {origin(socket.url)}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.text.startswith("Not allowed to load local resource"):
            self.note("a local file")

    def _asked(self, _: object, what: object) -> None:
        self.note(f"asking for {str(what)[:40]}")


def origin(url: str) -> str:
    """Scheme, host and port of an address as browsers write them; of a connection the same as of its page."""
    parts = urlsplit(url)
    scheme = _WEB.get(parts.scheme, parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    try:
        port = parts.port
    except ValueError:
        port = None
    return f"{scheme}://{host}" if port in (None, PORTS.get(scheme)) else f"{scheme}://{host}:{port}"


def _place(url: str) -> str:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return f"{host}:{parts.port or PORTS.get(parts.scheme, 443)}"


def _is_the_page(request: Request) -> bool:
    """Whether the request would bring a whole window somewhere; a window that has not opened yet is closed anyway."""
    if not request.is_navigation_request():
        return False
    try:
        return request.frame.parent_frame is None
    except PlaywrightError:
        return False
