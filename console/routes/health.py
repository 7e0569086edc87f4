"""Whether the console lives, whether it can do its work, and its numbers: for supervisors, balancers and alarms."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse, PlainTextResponse, Response

from console.access import Parts

router = APIRouter()


@router.get("/healthz")
async def alive() -> PlainTextResponse:
    """The process answers."""
    return PlainTextResponse("ok")


@router.get("/readyz")
async def ready(parts: Parts) -> JSONResponse:
    """What it needs is there, or 503 with the reasons; without the records no page can be drawn."""
    is_ready, said = await parts.seen.readiness()
    return JSONResponse(said, status_code=200 if is_ready else 503)


@router.get("/metrics")
async def metrics(parts: Parts) -> Response:
    """Its own numbers; nothing of customers, cases or people stands in them."""
    return Response(await parts.seen.metrics(), headers={"content-type": CONTENT_TYPE_LATEST})
