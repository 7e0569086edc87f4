"""The loopback port on which a part without pages says how it is: /healthz, /readyz and /metrics."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from baton.seen.health import Health

log = structlog.get_logger(__name__)


def app(health: Health) -> Starlette:
    """The three addresses. They are served by the part's own loop: one that stands still answers none of them."""

    async def alive(_request: Request) -> Response:
        return PlainTextResponse("ok")

    async def readiness(_request: Request) -> Response:
        is_ready, said = await health.readiness()
        return JSONResponse(said, status_code=200 if is_ready else 503)

    async def metrics(_request: Request) -> Response:
        return Response(await health.metrics(), headers={"content-type": CONTENT_TYPE_LATEST})

    return Starlette(routes=[Route("/healthz", alive), Route("/readyz", readiness), Route("/metrics", metrics)])


@contextlib.asynccontextmanager
async def served(health: Health, host: str, port: int) -> AsyncIterator[str]:
    """Serve for the length of a block; the address. SystemExit with a sentence when the port is taken."""
    with _listening(host, port) as listening:
        address = f"http://{host}:{listening.getsockname()[1]}"
        config = uvicorn.Config(app(health), log_config=None, access_log=False, lifespan="off", server_header=False)
        server = _Beside(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        log.info("health.served", url=address)
        try:
            yield address
        finally:
            server.should_exit = server.force_exit = True
            await serving


class _Beside(uvicorn.Server):
    """uvicorn without its signal handlers: when the part ends, it ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the part's own in place."""
        yield


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise SystemExit(
            f"BATON_HEALTH_PORT: {host}:{port} cannot be listened on ({error.strerror}). "
            "Name a free port, or 0 for any free one."
        ) from error
