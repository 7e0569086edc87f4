"""What Baton's own parts send a workflow is marked, so that what somebody sends by hand is told from it.

The mark travels as a header, which a replay does not compare. It proves nothing: whoever may write to Temporal could
set it too. It tells what is Baton's from what was typed into the Temporal UI or the `temporal` command.
"""

from collections.abc import Mapping
from typing import Any

from temporalio import client
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadConverter

HEADER = "baton-sent"
_YES = PayloadConverter.default.to_payload(True)


def marked(headers: Mapping[str, Payload]) -> dict[str, Payload]:
    """These headers, and the mark."""
    return {**headers, HEADER: _YES}


class Marks(client.Interceptor):
    """Client interceptor of every part that sends workflows anything."""

    def intercept_client(self, next: client.OutboundInterceptor) -> client.OutboundInterceptor:  # noqa: A002
        """Mark what goes out; the argument's name is the SDK's."""
        return _Marking(next)


class _Marking(client.OutboundInterceptor):
    async def signal_workflow(self, input: client.SignalWorkflowInput) -> None:  # noqa: A002  (the SDK's name)
        input.headers = marked(input.headers)
        await super().signal_workflow(input)

    async def start_workflow_update(self, input: client.StartWorkflowUpdateInput) -> Any:  # noqa: A002
        input.headers = marked(input.headers)
        return await super().start_workflow_update(input)
