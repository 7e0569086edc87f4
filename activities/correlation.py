"""One id from form to screen: what belongs to one case carries it through Temporal, and every log line shows it.

The id is that of the workflow that the outbox started: `failed-delivery/FD-000123`, or `item/...` of an entry without a
case. It is readable in Temporal anyway and holds nothing of anybody. It travels as a header, which a replay does not
compare.
"""

from typing import Any

import structlog
from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadConverter
from temporalio.worker import (
    ActivityInboundInterceptor,
    ContinueAsNewInput,
    ExecuteActivityInput,
    ExecuteWorkflowInput,
    HandleQueryInput,
    HandleSignalInput,
    HandleUpdateInput,
    Interceptor,
    SignalChildWorkflowInput,
    SignalExternalWorkflowInput,
    StartActivityInput,
    StartChildWorkflowInput,
    StartLocalActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from activities.marks import marked

HEADER = "baton-correlation"
_CONVERTER = PayloadConverter.default


class Correlated(Interceptor):
    """Worker interceptor: hands the id on to whatever a workflow starts, and binds it to the lines of both."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Bind the id; the argument's name is the SDK's."""
        return _Activity(next)

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002, ARG002  (the SDK's)
    ) -> type[WorkflowInboundInterceptor]:
        """Hand the id on, and bind it."""
        return _Workflow


class _Activity(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002  (the SDK's name)
        info = activity.info()
        payload = input.headers.get(HEADER)
        correlation = _CONVERTER.from_payload(payload, str) if payload is not None else info.workflow_id
        with structlog.contextvars.bound_contextvars(correlation=correlation, workflow=info.workflow_id):
            return await super().execute_activity(input)


class _Workflow(WorkflowInboundInterceptor):
    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_HandingOn(outbound))

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002  (the SDK's name)
        _bind()
        return await super().execute_workflow(input)

    async def handle_signal(self, input: HandleSignalInput) -> None:  # noqa: A002
        _bind()
        await super().handle_signal(input)

    async def handle_query(self, input: HandleQueryInput) -> Any:  # noqa: A002
        _bind()
        return await super().handle_query(input)

    def handle_update_validator(self, input: HandleUpdateInput) -> None:  # noqa: A002
        _bind()
        super().handle_update_validator(input)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:  # noqa: A002
        _bind()
        return await super().handle_update_handler(input)


class _HandingOn(WorkflowOutboundInterceptor):
    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002
        input.headers = {**input.headers, HEADER: _own()}
        return super().start_activity(input)

    def start_local_activity(self, input: StartLocalActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002
        input.headers = {**input.headers, HEADER: _own()}
        return super().start_local_activity(input)

    async def start_child_workflow(
        self,
        input: StartChildWorkflowInput,  # noqa: A002
    ) -> workflow.ChildWorkflowHandle[Any, Any]:
        input.headers = {**input.headers, HEADER: _own()}
        return await super().start_child_workflow(input)

    async def signal_child_workflow(self, input: SignalChildWorkflowInput) -> None:  # noqa: A002
        input.headers = marked(input.headers)
        await super().signal_child_workflow(input)

    async def signal_external_workflow(self, input: SignalExternalWorkflowInput) -> None:  # noqa: A002
        input.headers = marked(input.headers)
        await super().signal_external_workflow(input)

    def continue_as_new(self, input: ContinueAsNewInput) -> Any:  # noqa: A002
        input.headers = {**input.headers, HEADER: _own()}
        super().continue_as_new(input)


def _bind() -> None:
    """For the lines of this task alone: each has a context of its own, which ends with it.

    Nothing is taken back at its end: a run that leaves the worker's memory ends in another context, where that fails.
    """
    correlation = _CONVERTER.from_payload(_own(), str)
    structlog.contextvars.bind_contextvars(correlation=correlation, workflow=workflow.info().workflow_id)


def _own() -> Payload:
    """The id that this workflow was given; of one that nobody gave any, its own."""
    info = workflow.info()
    return info.headers.get(HEADER) or _CONVERTER.to_payload(info.workflow_id)
