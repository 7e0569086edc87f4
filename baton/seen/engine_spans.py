"""Spans of Temporal's own doings, by its SDK's interceptor: starts, signals, updates, workflows, activities.

A span of a workflow has no length (a workflow runs for days, in several processes, and again at each replay): it marks
when something was begun. All of one workflow hang on the span that started it, which travels as a header; a replay
makes none and does not compare headers. How long something waited for a worker is the gap before its activity's span.
"""

import dataclasses
from typing import Any

from opentelemetry.trace import Tracer
from temporalio import client, worker
from temporalio.contrib.opentelemetry import TracingInterceptor, TracingWorkflowInboundInterceptor

from core import tracing

FILE = "legacy-entry/"
"""Ids of the workflows that enter a file's rows. Each row is a trace of its own: that of a file would have no end."""


class CaseSpans(TracingInterceptor):
    """The spans of a worker."""

    def __init__(self, tracer: Tracer) -> None:
        super().__init__(tracer)
        self.text_map_propagator = tracing.PROPAGATOR

    def workflow_interceptor_class(
        self,
        input: worker.WorkflowInterceptorClassInput,  # noqa: A002  (the SDK's name)
    ) -> type[TracingWorkflowInboundInterceptor]:
        """As the SDK's, with our propagator."""
        super().workflow_interceptor_class(input)
        return _Workflow

    def _completed_workflow_span(self, params: Any) -> Any:
        of_file = str((params.attributes or {}).get("temporalWorkflowID", "")).startswith(FILE)
        if of_file and params.name.startswith("StartChildWorkflow:"):
            params = dataclasses.replace(params, context={}, link_context=params.context)
        return super()._completed_workflow_span(params)


class _Workflow(TracingWorkflowInboundInterceptor):
    def __init__(self, following: worker.WorkflowInboundInterceptor) -> None:
        super().__init__(following)
        self.text_map_propagator = tracing.PROPAGATOR


class ActSpans(client.Interceptor):
    """The spans of a client: what it starts, signals and asks to be done. Queries change nothing and are left out."""

    def __init__(self, tracer: Tracer) -> None:
        self._spans = CaseSpans(tracer)

    def intercept_client(self, next: client.OutboundInterceptor) -> client.OutboundInterceptor:  # noqa: A002
        """Wrap the chain of one client; the argument's name is the SDK's."""
        return _NoQueries(self._spans.intercept_client(next), next)


class _NoQueries(client.OutboundInterceptor):
    def __init__(self, spans: client.OutboundInterceptor, plain: client.OutboundInterceptor) -> None:
        super().__init__(spans)
        self._plain = plain

    async def query_workflow(self, input: client.QueryWorkflowInput) -> Any:  # noqa: A002  (the SDK's name)
        return await self._plain.query_workflow(input)
