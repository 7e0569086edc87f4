"""The span of what somebody sends to the console: where the trace of a case begins."""

from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.codec_door import PREFIX as CODEC
from core import tracing

READS = ("GET", "HEAD", "OPTIONS")
BY_ITSELF = "/presences"
"""What an open page sends again and again is no work."""


class RequestSpan:
    """A span around each request that may change something, named by its route: an address may hold a customer's link.

    It begins a trace of its own: what a browser says of a trace is not believed.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand it on, under its span."""
        if scope["type"] != "http" or scope["method"] in READS or _aside(scope["path"]):
            await self.app(scope, receive, send)
            return
        with tracing.span(scope["method"], alone=True, kind=SpanKind.SERVER):
            span = trace.get_current_span()

            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(StatusCode.ERROR)
                await send(message)

            span.set_attribute("http.request.method", scope["method"])
            try:
                await self.app(scope, receive, sending)
            finally:
                if route := _path(scope.get("route")):
                    span.update_name(f"{scope['method']} {route}")
                    span.set_attribute("http.route", route)


def _aside(path: str) -> bool:
    return path.startswith(CODEC) or path.endswith(BY_ITSELF)


def _path(route: BaseRoute | None) -> str:
    return str(getattr(route, "path", ""))
