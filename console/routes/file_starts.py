"""The start of a file: its good rows are handed in, once, whoever presses how often."""

import uuid

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.access import Parts, StartsWork
from console.file_starts import FileStarts
from console.kept import KeepsTyped
from console.pages import go
from console.routes.files import find
from records import intake_files

router = APIRouter(prefix="/files/{file_id}/starts", route_class=KeepsTyped)


@router.post("")
async def start(request: Request, parts: Parts, person: StartsWork, file_id: uuid.UUID) -> Response:
    """Hand in the rows that are left; the page shows how far it is."""
    file = await find(parts, file_id)
    async with parts.database.session() as session:
        await intake_files.start(session, file_id, person.email, parts.clock())
    starts: FileStarts = request.app.state.file_starts
    await starts.start(file)
    return go(f"/files/{file_id}?show=handed-in")


@router.get("")
async def elsewhere(_person: StartsWork, file_id: uuid.UUID) -> Response:
    """Its progress is on the file's page."""
    return go(f"/files/{file_id}")
