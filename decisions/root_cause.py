"""Why a delivery failed: the report's words become signs, and a versioned table makes a verdict of them.

Two files of data, both versioned: `root_cause.words.v1.json` (which phrases are a sign of what) and
`root_cause.v1.json` (a JDM decision table, first matching row). The verdict names its rule and both versions, so that
it can be read again years later. The table is linted when it is loaded: zen-engine would skip a row it cannot read.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from decisions.phrases import Phrases
from decisions.table import Table

RULE = "root_cause"
VERSION = "1"
_HERE = Path(__file__).parent

CauseName = Literal["address", "absence", "access", "damage", "refusal", "carrier", "system"]
ResolutionKind = Literal["reschedule", "correct_address", "close"]


class CauseInputs(BaseModel):
    """What the verdict may look at. `order_status` is the order desk's two digits, "" when the order was not read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason_text: str
    driver_note: str = ""
    attempt: int = Field(1, ge=1)
    order_status: str = Field("", pattern=r"^(\d{2})?$")
    tier: str = ""


class Cause(BaseModel):
    """The verdict: the cause, why, what to do next, which resolutions make sense, by which rule and version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    """The table's version and, after the dot, that of the words."""
    cause: CauseName
    reason: str
    next_best_step: str
    allowed: tuple[ResolutionKind, ...]
    rule: str
    signals: tuple[str, ...] = ()


def decide(inputs: CauseInputs) -> Cause:
    """The cause of a failed delivery. Always answers: the table's last row takes what no other row does.

    The reason counts first; the driver's note is only read when the reason itself holds no sign.
    """
    words, table = rules()
    signals = words.found_in(inputs.reason_text) or words.found_in(inputs.driver_note)
    given = {
        "signals": signals,
        "attempt": inputs.attempt,
        "order_status": inputs.order_status,
        "tier": inputs.tier.strip().upper(),
    }
    return Cause(**table.first(given), signals=tuple(signals), version=f"{table.version}.{words.version}")


@cache
def rules() -> tuple[Phrases, Table]:
    """Both files, read and linted once. Raises BadTable when a row could not be read and would be skipped."""
    return Phrases(_read(f"{RULE}.words.v{VERSION}.json")), Table(_read(f"{RULE}.v{VERSION}.json"))


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((_HERE / name).read_text(encoding="utf-8"))
    return content
