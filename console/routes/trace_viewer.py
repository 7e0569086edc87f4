"""The trace viewer of Playwright's own package, served from here: a trace is opened in place and sent nowhere.

Its service worker needs the console's origin, so what a trace shows is kept from acting on it: snapshots run no script
but the viewer's own (its nonce), nothing of a trace is a page by itself, and neither page nor worker asks another host.
The viewer and its worker stand under the console's own content policy, so they have no other.
"""

import mimetypes
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

from console.access import SeesCases
from console.problems import not_found

router = APIRouter(prefix="/trace-viewer")

PAGE, SNAPSHOT, WORKER = "index.html", "snapshot.html", "sw.bundle.js"
INERT = """\
self.Response = class extends self.Response {
  constructor(body, options) {
    super(body, options);
    const own = this.headers.get("Content-Security-Policy");
    const more = "connect-src 'none'; form-action 'none'; frame-src 'self'; worker-src 'none'";
    this.headers.set("Content-Security-Policy", own ? own + ", " + more : "sandbox; default-src 'none'");
  }
};
"""
"""Stands before the worker: a snapshot asks nobody, and whatever else lies in a trace is inert as a page."""
_LEFT_OUT = re.compile(r'<link rel="manifest"[^>]*>|<script>.*?</script>', re.DOTALL)
"""A web app that nobody installs here, and an inline script for pages opened from a disk."""


@router.get("/{path:path}")
async def one(_person: SeesCases, path: str) -> Response:
    """A file of the viewer."""
    found = _files().get(path)
    if found is None:
        raise not_found("This part of the trace viewer")
    data = found.read_bytes()
    if path in {PAGE, SNAPSHOT}:
        data = _LEFT_OUT.sub("", data.decode()).encode()
    if path == WORKER:
        data = INERT.encode() + data
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return Response(data, media_type=kind, headers={"Cache-Control": "no-cache"})


@cache
def _files() -> dict[str, Path]:
    """The viewer's files by their addresses; none where the package has no viewer."""
    package = find_spec("playwright")
    if package is None or not package.submodule_search_locations:
        return {}
    folder = Path(package.submodule_search_locations[0]) / "driver" / "package" / "lib" / "vite" / "traceViewer"
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
