"""Histories as files: decoded and readable on disk, and the very same events again for the Replayer.

One line for each event. A payload is written as what it holds (`{"~json": …}`), so a diff of two recordings reads like
one. Nothing of the machine that recorded stays in: no host, no path, no stack trace.
"""

import base64
import json
import os
import socket
import uuid
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from activities.correlation import Correlated
from activities.edge import FaultEdge
from activities.strays import Strays
from baton import wiring
from baton.codec import data_converter
from handoff import booking
from handoff.failed_delivery import JOURNEY
from records.entry_file import EntryFile
from records.entry_files import workflow_id
from records.intake import Receipt
from records.work_item import WorkItem
from tests.support.journey import KEY, Journey

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent.parent
SWITCH = "BATON_TESTS_RECORD"
"""Set by `tests.replay.record`: what the tests keep is then written down too."""
FOLDERS = {
    "AccountTrialWorkflow": "account_trial",
    "BookingDispatchWorkflow": "booking_dispatch",
    "BotToAgentWorkflow": "bot_to_agent",
    "BulkActionWorkflow": "bulk_action",
    "FailedDeliveryWorkflow": "failed_delivery",
    "HandoffWorkflow": "handoff",
    "LegacyEntryWorkflow": "legacy_entry",
    "LookUpWorkflow": "look_up",
    "WorkItemWorkflow": "work_item",
}
"""Where the histories of each workflow lie."""


async def keep_case(journey: Journey, receipt: Receipt, reason: str) -> None:
    """The case's workflow is one for the record: it replays at once, and is written down when recording."""
    await _keep(journey.client.get_workflow_handle(f"{JOURNEY}/{receipt.case_number}"), f"failed_delivery/{reason}")


async def keep_booking(journey: Journey, receipt: Receipt, reason: str) -> None:
    """The same for the workflow of a booking."""
    await _keep(
        journey.client.get_workflow_handle(f"{booking.JOURNEY}/{receipt.case_number}"), f"booking_dispatch/{reason}"
    )


async def keep_session(journey: Journey, number: str, reason: str) -> None:
    """The same for the workflow of a failed session."""
    await _keep(journey.client.get_workflow_handle(f"bot-to-agent/{number}"), f"bot_to_agent/{reason}")


async def keep_item(journey: Journey, item: WorkItem, reason: str) -> None:
    """The same for an item's workflow."""
    await _keep(journey.client.get_workflow_handle(f"item/{item.id}"), f"work_item/{reason}")


async def keep_handoff(handle: WorkflowHandle[Any, Any], reason: str) -> None:
    """The same for a handoff's workflow: its newest run."""
    await _keep(handle, f"handoff/{reason}")


async def keep_entries(journey: Journey, file: EntryFile, reason: str) -> None:
    """The same for the workflow of a file of plain entry."""
    await _keep(journey.client.get_workflow_handle(workflow_id(file.id)), f"legacy_entry/{reason}")


async def keep_trial(journey: Journey, workflow_id: str, reason: str) -> None:
    """The same for the workflow of one try of an account."""
    await _keep(journey.client.get_workflow_handle(workflow_id), f"account_trial/{reason}")


async def keep_bulk(journey: Journey, bulk_id: uuid.UUID, reason: str) -> None:
    """The same for the workflow of a bulk action: its newest run."""
    await _keep(journey.client.get_workflow_handle(f"bulk/{bulk_id}"), f"bulk_action/{reason}")


async def keep_look_up(journey: Journey, look_up_id: uuid.UUID, reason: str) -> None:
    """The same for the workflow of a look-up."""
    await _keep(journey.client.get_workflow_handle(f"look-up/{look_up_id}"), f"look_up/{reason}")


async def _keep(handle: WorkflowHandle[Any, Any], name: str) -> None:
    history = await decoded(await handle.fetch_history())
    await replayer().replay_workflow(history)
    if os.environ.get(SWITCH):
        path = FOLDER / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(written(history), encoding="utf-8")


def replayer(*workflows: type) -> Replayer:
    """A Replayer as the product's worker runs workflows, without the codec; `workflows` in place of the product's."""
    return Replayer(
        workflows=workflows or wiring.WORKFLOWS,
        workflow_runner=wiring.workflow_runner(),
        data_converter=pydantic_data_converter,
        interceptors=[Correlated(), Strays(), FaultEdge()],
    )


async def decoded(history: WorkflowHistory) -> WorkflowHistory:
    """The history with every payload decrypted."""
    codec = data_converter(KEY).payload_codec
    assert codec is not None
    for event in history.events:
        for payload in payloads(event):
            (plain,) = await codec.decode([payload])
            payload.CopyFrom(plain)
    return history


def payloads(message: Message) -> list[Payload]:
    """Every payload inside a message, as deep as it lies."""
    if isinstance(message, Payload):
        return [message]
    return [found for part in _parts(message) for found in payloads(part)]


def _parts(message: Message) -> list[Message]:
    values: list[Any] = []
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            values += value.values()
        else:
            values += value if field.is_repeated else [value]
    return [value for value in values if isinstance(value, Message)]


def written(history: WorkflowHistory) -> str:
    """The history as text."""
    events = [_readable(event) for event in history.to_json_dict()["events"]]
    lines = ",\n".join(json.dumps(event, ensure_ascii=False) for event in events)
    text = lines.replace(f"{ROOT}/", "").replace(socket.gethostname(), "machine")
    return f'{{"workflow_id": {json.dumps(history.workflow_id)}, "events": [\n{text}\n]}}\n'


def read(path: Path) -> WorkflowHistory:
    """The history that was written to `path`."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    return WorkflowHistory.from_json(kept["workflow_id"], {"events": [_packed(event) for event in kept["events"]]})


def recorded() -> list[Path]:
    """Every recorded history."""
    return sorted(FOLDER.glob("*/*.json"))


def _readable(value: Any) -> Any:
    if isinstance(value, list):
        return [_readable(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "encoding" in (value.get("metadata") or {}):
        return _readable_payload(value)
    changed = {"stackTrace": "", "identity": "test", "workerName": "test"}
    if "applicationFailureInfo" in value:  # its details are for us alone: values from screens, traces of this machine
        value["applicationFailureInfo"].pop("details", None)
    return {name: changed.get(name, _readable(part)) for name, part in value.items()}


def _readable_payload(payload: dict[str, Any]) -> dict[str, Any]:
    metadata = {name: base64.b64decode(part).decode() for name, part in payload["metadata"].items()}
    data = base64.b64decode(payload.get("data", ""))
    if metadata["encoding"] == "json/plain":
        about = {name: part for name, part in metadata.items() if name != "encoding"}
        return {"~json": json.loads(data), **({"~metadata": about} if about else {})}
    assert metadata["encoding"] == "binary/null", f"a payload that no reader understands: {metadata}"
    return {"~null": True}


def _packed(value: Any) -> Any:
    if isinstance(value, list):
        return [_packed(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "~json" in value:
        metadata = {"encoding": "json/plain", **value.get("~metadata", {})}
        return {"metadata": _base64(metadata), "data": _text64(json.dumps(value["~json"], ensure_ascii=False))}
    if "~null" in value:
        return {"metadata": _base64({"encoding": "binary/null"})}
    return {name: _packed(part) for name, part in value.items()}


def _base64(texts: dict[str, str]) -> dict[str, str]:
    return {name: _text64(text) for name, text in texts.items()}


def _text64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
