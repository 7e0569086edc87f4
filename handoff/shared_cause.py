"""What cases may have in common: who reported them, the day, the cause, the system in which an entry is stuck."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from handoff.packet import Packet

Trait = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)]


class SharedCause(BaseModel):
    """What is the same in all of them; "" is not asked for. `day` is as in 2026-11-18."""

    model_config = ConfigDict(frozen=True)

    party: Trait = ""
    day: Trait = ""
    cause: Trait = ""
    system: Trait = ""

    def named(self) -> dict[str, str]:
        """What is asked for, by name."""
        return {name: text for name, text in self.model_dump().items() if text}


def of(content: Mapping[str, Any], packet: Packet) -> SharedCause:
    """What a case brings of it: from the report as it was handed in, and from what was passed along."""
    return SharedCause(
        party=str(content.get("reported_by", "")).strip()[:80],
        day=str(content.get("failed_on", "")),
        cause=packet.cause,
        system=packet.entry.system if packet.entry is not None else "",
    )
