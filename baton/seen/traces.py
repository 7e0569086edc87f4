"""Traces of a part's work: configured by OpenTelemetry's own OTEL_* alone; off, nothing of it is loaded."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog
from temporalio import client, worker

from core import tracing

log = structlog.get_logger(__name__)

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
SPOKEN = "http/protobuf"


@contextmanager
def sent(part: str) -> Iterator[None]:
    """For the length of a block, send the spans of this process, if a collector is named."""
    if not wanted(os.environ):
        yield
        return
    from baton.seen import collector as sending

    with sending.sent(part):
        yield


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether OTEL_* name a collector that can be spoken to."""
    if not collector(environment) or environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if environment.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return False
    if (protocol := _first(environment, PROTOCOLS) or SPOKEN) != SPOKEN:
        log.warning("tracing.off", why=f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol}; {SPOKEN} is spoken here")
        return False
    return True


def collector(environment: Mapping[str, str]) -> str:
    """The address that OTEL_* name."""
    return _first(environment, ENDPOINTS)


def of_workers() -> list[worker.Interceptor]:
    """What a worker of Temporal says its spans by; after `Correlated`, which says whose they are."""
    if (tracer := tracing.tracer()) is None:
        return []
    from baton.seen import engine_spans

    return [engine_spans.CaseSpans(tracer)]


def of_clients() -> list[client.Interceptor]:
    """What a client of Temporal says its spans by."""
    if (tracer := tracing.tracer()) is None:
        return []
    from baton.seen import engine_spans

    return [engine_spans.ActSpans(tracer)]


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := environment.get(name, "").strip())), "")
