"""The API described for programs, as OpenAPI; drawn pages of it would break the content policy."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.openapi.utils import get_openapi
from starlette.routing import Route

from console.access import Anybody

router = APIRouter()


@router.get("/api/openapi.json", include_in_schema=False)
async def described(request: Request, _person: Anybody) -> dict[str, Any]:
    """OpenAPI of everything below /api."""
    routes = [route for route in request.app.routes if isinstance(route, Route) and route.path.startswith("/api/")]
    return get_openapi(title="Baton", version="1", description="Hand work in, follow it, act on it.", routes=routes)
