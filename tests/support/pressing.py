"""An act as the console delivers it: under a key, and again while the workflow's own tasks fail."""

import uuid
from typing import Any

from temporalio.client import WorkflowHandle

from fallbacks.pressing import press
from workflows.acts import Told


async def pressed(handle: WorkflowHandle[Any, Any], update: str, argument: Any, **options: Any) -> str:
    """The sentence it answers; `options` go to the SDK, its key (`id`) among them."""
    key = options.pop("id", "") or str(uuid.uuid4())
    told: Told = await press(handle, update, argument, key=key, result_type=Told, **options)
    return told.message
