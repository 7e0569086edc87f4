"""The one door for pages of another origin: the Temporal UI may ask the codec, with the cookie of whoever signed in."""

from urllib.parse import urlsplit

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/codec/"


def origin_of(address: str) -> str:
    """Scheme, host and port of an address, as browsers name who asks; empty when there is none."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def asked_by(request: Request, origin: str) -> bool:
    """Whether a page of this origin asks the codec: browsers say so themselves, and no page can say it for another."""
    return bool(origin) and request.url.path.startswith(PREFIX) and request.headers.get("origin") == origin


class CodecDoor:
    """Lets pages of one origin read what the codec answers, refusals included; every other address stays shut."""

    def __init__(self, app: ASGIApp, *, origin: str) -> None:
        self._app = app
        self._open = CORSMiddleware(
            app,
            allow_origins=[origin] if origin else [],
            allow_credentials=True,
            allow_methods=["POST"],
            allow_headers=["Content-Type", "X-Namespace"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the browser's question beforehand, and name the origin in what follows."""
        through = scope["type"] == "http" and scope["path"].startswith(PREFIX)
        await (self._open if through else self._app)(scope, receive, send)
