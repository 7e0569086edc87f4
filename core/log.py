"""How events become log lines: structlog through the standard library, one shape for ours and the libraries'."""

import logging
import sys

import structlog
from structlog.typing import EventDict, WrappedLogger

from core import tracing

PERSONAL_FIELDS = frozenset({"customer_name", "email", "phone", "street", "address", "password", "body", "note"})
"""Fields that never reach a log line, whatever the code hands over."""


def configure(part: str, *, style: str = "text", level: str = "INFO") -> None:
    """Set up logging of this process; `part` stands in every line, `style` is text or json."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        tracing.in_log,
        _redact,
    ]
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if style == "text":
        renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "asyncio", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # They warn of what is in order: a beat that is still at work when it is due again, a reader who leaves a page.
    for warning in ("apscheduler", "psycopg"):
        logging.getLogger(warning).setLevel(logging.ERROR)
    # A collector that is away is told once, where spans go out.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(part=part)


def _redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name in PERSONAL_FIELDS & event.keys():
        event[name] = "[kept out of the log]"
    return event
