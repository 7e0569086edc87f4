"""The edge to Temporal: whatever an activity meets leaves as a code and a fixed sentence, without a single value."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Error as PlaywrightError
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from activities.edge import FaultEdge
from baton.codec import data_converter
from core.fault_list import every_fault
from core.faults import Conflict, Fault, RecordLocked, SystemDown
from tests.support.journey import KEY

CANARY = "Greta Lindqvist, Hafenweg 12a"


class _Form(BaseModel):
    postcode: int


def refused_by_a_model() -> Exception:
    """What Pydantic says of a value that it cannot read: it quotes it."""
    try:
        _Form.model_validate({"postcode": CANARY})
    except ValueError as error:
        return error
    raise AssertionError


EXCEPTIONS: dict[str, tuple[Callable[[], Exception], str]] = {
    "a fault": (lambda: SystemDown(CANARY), "system_down"),
    "a refusal": (lambda: Conflict(CANARY), "conflict"),
    "playwright": (lambda: PlaywrightError(f"locator('text={CANARY}') not found"), "unforeseen"),
    "pydantic": (refused_by_a_model, "unforeseen"),
    "sql": (lambda: IntegrityError("INSERT", {"name": CANARY}, Exception(CANARY)), "records_away"),
    "database away": (lambda: OperationalError("SELECT", {"name": CANARY}, Exception(CANARY)), "records_away"),
    "pool": (lambda: PoolTimeout(CANARY), "records_away"),
    "a folder": (lambda: OSError(CANARY), "unforeseen"),
}


class Raising(ActivityInboundInterceptor):
    """An activity that meets trouble."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        """Meet it."""
        raise self._error


async def told(error: Exception) -> ApplicationError:
    """What leaves the edge when an activity raises `error`."""
    inbound = FaultEdge().intercept_activity(Raising(error))

    async def run() -> ApplicationError:
        with pytest.raises(ApplicationError) as raised:
            await inbound.execute_activity(ExecuteActivityInput(fn=run, args=[], executor=None, headers={}))
        return raised.value

    return await ActivityEnvironment().run(run)


@pytest.mark.failure_mode("F67")
@pytest.mark.parametrize("name", EXCEPTIONS)
async def test_no_value_leaves_with_a_failure(name: str) -> None:
    """F67: of {name} Temporal keeps a code and its sentence; what was met is encrypted, and the cause is cut."""
    make, code = EXCEPTIONS[name]

    error = await told(make())
    stored = Failure()
    await data_converter(KEY).encode_failure(error, stored)

    assert error.type == code
    assert error.message == every_fault()[code].sentence()
    assert error.__cause__ is None
    assert any(CANARY in str(detail) for detail in error.details)
    assert CANARY.encode() not in stored.SerializeToString()
    assert b"Hafenweg" not in stored.SerializeToString()


@pytest.mark.parametrize(
    ("fault", "final", "soon"), [(Conflict(), True, False), (RecordLocked(), False, True), (SystemDown(), False, False)]
)
async def test_only_refusals_are_final(fault: Fault, final: bool, soon: bool) -> None:
    """A refusal is not tried again by Temporal; what is not yet possible is tried again soon."""
    error = await told(fault)

    assert error.non_retryable is final
    assert (error.next_retry_delay is not None) is soon
