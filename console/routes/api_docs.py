"""The API described for programs, as OpenAPI; drawn pages of it would break the content policy."""

from typing import Any

from fastapi import APIRouter, Request

from console.access import Anybody

router = APIRouter()


@router.get("/api/openapi.json", include_in_schema=False)
async def described(request: Request, _person: Anybody) -> dict[str, Any]:
    """OpenAPI of everything below /api."""
    whole: dict[str, Any] = request.app.openapi()
    return {**whole, "paths": {path: found for path, found in whole["paths"].items() if path.startswith("/api/")}}
