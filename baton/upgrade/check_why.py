"""Why a history does not replay, in one plain sentence that quotes nothing of anybody."""

import dataclasses
import enum
import re
from collections.abc import Sequence

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory
from temporalio.converter import DataConverter, PayloadCodec, SerializationContext, WithSerializationContext

from baton.payload_keys import KeyTroubleError

_SAID = re.compile(r'message: "((?:[^"\\]|\\.)*)"')
_KIND = re.compile(r'r#type: "(\w+)"')
_EVENT = re.compile(r"(?:HistoryEvent\(id: |event_id: )(\d+)")
_WHERE = re.compile(r'File \\"([^"\\]+)\\", line (\d+)')
_CALL_EVERY_WORKFLOW = ("activities/correlation.py", "activities/strays.py")
"""They stand above whatever a workflow raises, and raise nothing."""
_ROOM = re.compile(r"(?:^|/)((?:workflows|activities|handoff|core|systems|records|failure)/[\w/]+\.py)$")


class Why(enum.StrEnum):
    """The kinds of reasons, each with another remedy."""

    DIFFERS = "differs"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"
    FAILS = "fails"
    SLOW = "slow"


@dataclasses.dataclass(frozen=True)
class Words:
    """A kind of reason and its sentence."""

    why: Why
    sentence: str


class Noticing(PayloadCodec, WithSerializationContext):
    """A converter's codec, remembering what it could not read: a replay itself only says that a task failed."""

    def __init__(self, codec: PayloadCodec, troubles: list[str] | None = None) -> None:
        self._codec = codec
        self._troubles = troubles if troubles is not None else []

    def with_context(self, context: SerializationContext) -> "Noticing":
        """The same for the payloads of one workflow."""
        inner = self._codec
        inside = inner.with_context(context) if isinstance(inner, WithSerializationContext) else inner
        return Noticing(inside, self._troubles)

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """As the codec does."""
        return await self._codec.encode(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """As the codec does; what it says of a key is kept."""
        try:
            return await self._codec.decode(payloads)
        except KeyTroubleError as trouble:
            self._troubles.append(str(trouble))
            raise

    def taken(self) -> str:
        """What could not be read since it was last asked."""
        said = self._troubles[0] if self._troubles else ""
        self._troubles.clear()
        return said


def noticing(converter: DataConverter) -> tuple[DataConverter, Noticing]:
    """The same converter with a codec that remembers. Raises KeyTroubleError when it has none."""
    if converter.payload_codec is None:
        raise KeyTroubleError("Without a payload key no history can be read.")
    codec = Noticing(converter.payload_codec)
    return dataclasses.replace(converter, payload_codec=codec), codec


def words(failure: Exception, history: WorkflowHistory, unread: str) -> Words:
    """Why this history did not replay; `unread`: what the codec said of it."""
    if unread:
        return Words(Why.UNREADABLE, unread)
    text = str(failure)
    found = _SAID.search(text)
    said = (found[1] if found else text).replace('\\"', '"')
    if isinstance(failure, workflow.NondeterminismError) or "Fatal error in workflow machines" in said:
        return Words(Why.DIFFERS, _differs(said, history))
    if "[TMPRL1101]" in said:
        return Words(Why.SLOW, "It thought for more than two seconds without resting, twice: is this machine too busy?")
    if "is not registered on this worker" in said:
        return Words(Why.UNKNOWN, "This build has no workflow of that type.")
    kind = _KIND.search(text)
    return Words(Why.FAILS, f"This build raises {kind[1] if kind else 'an error'}{_where(text)}: it would stand there.")


def _differs(said: str, history: WorkflowHistory) -> str:
    reason = said.rpartition("Nondeterminism error: ")[2].rpartition("Fatal error in workflow machines: ")[2]
    number = _EVENT.search(reason)
    reason = reason.split(": HistoryEvent")[0].rstrip(". ")
    if number is None:
        return f"This build does something else than was recorded: {reason}."
    event = next((one for one in history.events if one.event_id == int(number[1])), None)
    at = f"event {number[1]}{f' ({_named(event)})' if event is not None else ''}"
    return f"This build does something else than was recorded at {at}: {reason}."


def _named(event: HistoryEvent) -> str:
    """An event's kind, with the activity's or the child's type."""
    kind = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_").replace("_", " ").lower()
    named = (
        event.activity_task_scheduled_event_attributes.activity_type.name
        or event.start_child_workflow_execution_initiated_event_attributes.workflow_type.name
        or event.timer_started_event_attributes.timer_id
    )
    return f"{kind}: {named}" if named else kind


def _where(text: str) -> str:
    """The last place of ours in a stack trace; what the error itself says may quote a customer."""
    places = [(_ROOM.search(file), line) for file, line in _WHERE.findall(text)]
    ours = [f" in {room[1]}, line {line}" for room, line in places if room and room[1] not in _CALL_EVERY_WORKFLOW]
    return ours[-1] if ours else ""
