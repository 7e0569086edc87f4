"""A trace without what is personal: it is rewritten before it leaves the bot's process.

Playwright has no way to leave something out while it records. The marks of `bots/kit/masking.py` stand in every DOM
snapshot, so what is under them is replaced here; typed values, results, messages, headers, cookies, queries and network
bodies other than styles and fonts are left out altogether. What is kept is listed, what is not on a list is gone.
"""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from bots.kit.masking import MARK, TOKENS

KNOWN_VERSIONS = frozenset({10})
"""Formats that this module was tried with; a trace of another one is not kept, for nobody knows what it holds."""

_ATTRIBUTES = frozenset(
    "id class name type style rel href src action method for colspan rowspan width height align valign border"
    " cellpadding cellspacing bgcolor text color face size cols rows frameborder scrolling role lang dir"
    " checked selected disabled readonly multiple value".split()
)
_LINKS = frozenset({"href", "src", "action"})
_VALUES = frozenset({"value", "__playwright_value_"})
_PARAMS = frozenset("selector timeout waitUntil state strict force button modifiers expression fullPage".split())
_OPENING = frozenset(
    "version type origin browserName playwrightVersion platform wallTime monotonicTime sdkLanguage"
    " testIdAttributeName".split()
)
_CALL = frozenset(
    "type callId startTime endTime class method pageId beforeSnapshot afterSnapshot inputSnapshot point box"
    " parentId stepId".split()
)
_REQUEST = frozenset("pageref startedDateTime time timings _frameref _monotonicTime _resourceType".split())
_KEPT_BODIES = ("text/css", "font/", "application/font")


class TraceUnknown(ValueError):
    """The trace is not of a format that can be masked for sure."""


def masked_trace(file: Path) -> tuple[bytes, int]:
    """The trace in `file` with nothing personal in it, and how many spots were covered. Raises TraceUnknown."""
    try:
        with zipfile.ZipFile(file) as recorded:
            return _rewritten(recorded)
    except (zipfile.BadZipFile, ValueError, LookupError, TypeError, AttributeError) as error:
        raise TraceUnknown(type(error).__name__) from None


def _rewritten(recorded: zipfile.ZipFile) -> tuple[bytes, int]:
    told = io.BytesIO()
    snapshots = _Snapshots()
    with zipfile.ZipFile(told, "w", zipfile.ZIP_DEFLATED) as kept:
        bodies: set[str] = set()
        for name in recorded.namelist():
            if name.endswith(".trace"):
                lines = [_event(json.loads(line), snapshots) for line in recorded.read(name).splitlines()]
                kept.writestr(name, _lines(lines))
            elif name.endswith(".network"):
                resources = [_resource(json.loads(line), bodies) for line in recorded.read(name).splitlines()]
                kept.writestr(name, _lines(resources))
        for name in recorded.namelist():
            if name.startswith("resources/") and name.removeprefix("resources/") in bodies:
                kept.writestr(name, recorded.read(name))
    return told.getvalue(), snapshots.covered


def _lines(events: list[dict[str, Any] | None]) -> str:
    return "".join(f"{json.dumps(event)}\n" for event in events if event is not None)


def _event(event: dict[str, Any], snapshots: "_Snapshots") -> dict[str, Any] | None:
    """The event as it may be kept, None when it is left out. Snapshots are rewritten in place, older ones included."""
    kind = event["type"]
    if kind == "context-options":
        if event["version"] not in KNOWN_VERSIONS:
            raise TraceUnknown
        return {**_only(event, _OPENING), "options": _only(event.get("options", {}), frozenset({"viewport"}))}
    if kind == "frame-snapshot":
        snapshot = event["snapshot"]
        snapshot["frameUrl"] = _bare(snapshot["frameUrl"])
        snapshot["resourceOverrides"] = []
        snapshots.add(snapshot)
        return event
    if kind == "before":
        params = event.get("params", {})
        url = {"url": _bare(str(params["url"]))} if "url" in params else {}
        return {**_only(event, _CALL), "params": {**_only(params, _PARAMS), **url}}
    if kind == "after":
        error = {"error": {"name": "Error", "message": "(left out)"}} if "error" in event else {}
        return {**_only(event, _CALL), **error}
    return _only(event, _CALL) if kind == "input" else None


def _only(found: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name in names}


def _bare(url: str) -> str:
    """An address without its query: what was searched for often stands there."""
    if url.startswith("data:"):
        return "data:,"
    return url.split("?", 1)[0].split("#", 1)[0]


def _resource(event: dict[str, Any], bodies: set[str]) -> dict[str, Any] | None:
    """A request with its address and status; `bodies` learns which bodies may be kept."""
    if event["type"] != "resource-snapshot":
        return None
    found = event["snapshot"]
    request, response = found["request"], found["response"]
    content = _only(response.get("content", {}), frozenset({"size", "mimeType"}))
    body = response.get("content", {}).get("_sha1", "")
    if body and str(content.get("mimeType", "")).startswith(_KEPT_BODIES):
        content["_sha1"] = body
        bodies.add(body)
    headers = [one for one in response.get("headers", []) if one["name"].lower() == "content-type"]
    nothing = {"cookies": [], "headersSize": -1, "bodySize": -1, "httpVersion": request.get("httpVersion", "")}
    return {
        "type": "resource-snapshot",
        "snapshot": {
            **_only(found, _REQUEST),
            "cache": {},
            "request": {
                **nothing,
                "method": request["method"],
                "url": _bare(request["url"]),
                "headers": [],
                "queryString": [],
            },
            "response": {
                **nothing,
                "status": response["status"],
                "statusText": "",
                "redirectURL": "",
                "headers": headers,
                "content": content,
            },
        },
    }


Slot = tuple[list[Any], int]
"""Where a node stands: its parent's list, and its place in it."""


class _Snapshots:
    """The DOM snapshots of all frames."""

    def __init__(self) -> None:
        self._frames: dict[str, _Frame] = {}

    @property
    def covered(self) -> int:
        """How many spots were covered."""
        return sum(frame.covered for frame in self._frames.values())

    def add(self, snapshot: dict[str, Any]) -> None:
        """Cover what is under a mark; when that is part of an older snapshot, there as well."""
        snapshot["html"] = self._frames.setdefault(snapshot["frameId"], _Frame()).add(snapshot["html"])


class _Frame:
    """The DOM snapshots of one frame. A node is a text, [name, attributes, *children], or [[ago, index]]: the node of
    that index, children before parents, in the snapshot so many snapshots ago."""

    def __init__(self) -> None:
        self._snapshots: list[list[Slot]] = []
        self.covered = 0

    def add(self, root: Any) -> Any:
        """The snapshot's root with what is hidden covered."""
        holder = [root]
        self._snapshots.append([])
        self._visit((holder, 0), "", len(self._snapshots) - 1, self._snapshots[-1])
        return holder[0]

    def _visit(self, slot: Slot, hidden: str, number: int, nodes: list[Slot] | None) -> None:
        """`nodes` collects a snapshot's nodes in the order in which later ones refer to them; None: known already."""
        holder, at = slot
        node = holder[at]
        if isinstance(node, str):
            if hidden:
                holder[at] = self._cover(node, hidden)
        elif isinstance(node[0], list):
            if hidden:
                ago, index = node[0]
                self._visit(self._snapshots[number - ago][index], hidden, number - ago, None)
            return
        else:
            if len(node) > 1:
                hidden = _state(node[1], hidden)
                node[1] = self._attributes(node[1], hidden)
            for child in range(2, len(node)):
                self._visit((node, child), hidden, number, nodes)
        if nodes is not None:
            nodes.append(slot)

    def _attributes(self, found: dict[str, str], hidden: str) -> dict[str, str]:
        kept = {}
        for name, value in found.items():
            if name in _VALUES and hidden:
                kept[name] = self._cover(value, hidden)
            elif name.lower() in _LINKS:
                kept[name] = _bare(value)
            elif name.lower() in _ATTRIBUTES or name.startswith("__playwright") or name == MARK:
                kept[name] = value
        return kept

    def _cover(self, text: str, hidden: str) -> str:
        if not text.strip() or text == TOKENS[hidden]:
            return text
        self.covered += 1
        return TOKENS[hidden]


def _state(attributes: dict[str, str], before: str) -> str:
    mark = attributes.get(MARK, before)
    return "" if mark == "shown" else mark
