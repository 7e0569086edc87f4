"""House rule: nothing is kept that nobody calls. `make lint` looks for unused names; this looks for unused doors."""

import re

from vulture import Vulture  # type: ignore[import-untyped] # vulture ships no types

from tests.house import tree

DOORS = ("function", "method", "class", "property", "unreachable_code")

# Called by a library that finds them by their decorator.
CALLED_BY_DECORATOR = [
    "@*.command", "@*.callback", "@*.get", "@*.post", "@*.put", "@*.patch", "@*.delete", "@*.middleware",
    "@*.exception_handler", "@workflow.*", "@activity.*", "@*.validator", "@field_validator", "@model_validator",
    "@computed_field", "@field_serializer", "@flow", "@task",
]  # fmt: skip
# Called by a library that finds them by their name.
CALLED_BY_NAME = {
    "upgrade": "Alembic runs a migration",
    "downgrade": "Alembic takes a migration back",
    "handle_MAIL": "aiosmtpd hands over the sender",
    "handle_RCPT": "aiosmtpd hands over a recipient",
    "handle_DATA": "aiosmtpd hands over a mail",
    "connection_made": "asyncio tells of a connection",
    "handle_starttag": "HTMLParser asks whoever reads a page",
    "handle_endtag": "HTMLParser asks whoever reads a page",
    "handle_data": "HTMLParser asks whoever reads a page",
    "intercept_activity": "Temporal asks a worker's interceptor",
    "intercept_client": "Temporal asks a client's interceptor",
    "workflow_interceptor_class": "Temporal asks a worker's interceptor",
    "start_activity": "Temporal tells of what a workflow starts",
    "start_local_activity": "Temporal tells of what a workflow starts",
    "start_child_workflow": "Temporal tells of what a workflow starts",
    "collect": "Prometheus asks for numbers",
    "capture_signals": "uvicorn asks whoever would rather not have it catch them",
    "on_start": "OpenTelemetry tells of a span that begins",
    "with_context": "Temporal tells a codec whose payloads it has before it",
}
# Kept without a caller, each with the reason; this list may only shrink.
KEPT: dict[str, str] = {}
# Tests may use what ships; only their common ground counts as a reason to ship it.
COUNTS_AS_USE = ("tests/support/", "tests/house/", "tests/conftest.py", "benchmarks/")


def test_everything_that_is_written_is_called() -> None:
    """No function, method or class of the rooms is without a caller in the rooms, the pages or the tests' support."""
    finder = Vulture(ignore_decorators=CALLED_BY_DECORATOR, ignore_names=[*CALLED_BY_NAME, *KEPT])
    finder.scavenge([str(path) for path in tree.files(".py") if _counts(tree.name(path))])
    finder.used_names |= _names_in_pages()

    unused = [
        f"{item.filename.relative_to(tree.ROOT)}:{item.first_lineno} {item.name}"
        for item in finder.get_unused_code()
        if item.typ in DOORS and not tree.name(item.filename).startswith("tests/")
    ]

    assert unused == []


def _counts(name: str) -> bool:
    return not name.startswith("tests/") or name.startswith(COUNTS_AS_USE)


def _names_in_pages() -> set[str]:
    """Words of pages and settings, and of the template from which new bots are made."""
    kinds = (".html", ".yaml", ".toml", ".ini", ".txt")
    pages = (path for path in tree.files(*kinds) if "/vendor/" not in tree.name(path))
    return {word for path in pages for word in re.findall(r"[A-Za-z_]\w+", path.read_text(encoding="utf-8"))}
