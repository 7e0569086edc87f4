"""Failures of one cause have one signature, and no value of a customer stands in it."""

import pytest

from core.work_item import State
from failure.kinds import FailureClass, Standing, class_of, fails, standing_of
from failure.signature import Signature, normalised


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("E104 ORDER 4700141 IS CLOSED", "E104 ORDER 4700982 IS CLOSED"),
        ("no slot on 2026-11-22 at 08:30", "no slot on 3.12.2026 at 14:15"),
        ("locked by MILLER", "locked by Anna Schmidt-Roth"),
        ("Record locked by jsmith", "Record locked by m.keller"),
        ("Customer Ms. Smith-Jones is gone", "Customer Ms. Miller is gone"),
        ("USER: jsmith", "USER: amiller"),
        ("mail of ada@example.org refused", "mail of bo.li@example.com refused"),
        ("http://desk:8123/order/1 said no", "http://desk:8124/order/2 said no"),
        ("item 8c2f3f1e-1111-4222-8333-1234567890ab is gone", "item 0c2f3f1e-9111-4222-8333-1234567890ab is gone"),
    ],
)
def test_what_differs_from_entry_to_entry_is_no_other_cause(one: str, other: str) -> None:
    """Numbers, dates, names and addresses do not tell two failures apart."""
    assert normalised(one) == normalised(other)


def test_another_message_is_another_cause() -> None:
    """What the system says in other words stays apart."""
    assert normalised("ORDER 4700141 IS CLOSED") != normalised("ORDER 4700141 IS BLOCKED")


def test_the_entrys_own_values_are_taken_out() -> None:
    """What was to be entered names customers; it stands in no signature, however it is written."""
    said = normalised("Street Lindenallee not known to Nordpost", ["LINDENALLEE", "Nordpost", "DE"])

    assert said == "Street … not known to …"


@pytest.mark.parametrize("said", ["CUSTOMER BERG, JANE IS BLOCKED", "CUSTOMER JANE  VAN DER BERG IS BLOCKED"])
def test_a_name_is_taken_out_as_systems_turn_it(said: str) -> None:
    """The last name first, or with another space between: it stands in no signature."""
    assert normalised(said, ["Jane van der Berg", "12 Elm Street"]) == "CUSTOMER … IS BLOCKED"


def test_each_part_of_a_signature_tells_apart() -> None:
    """Another system, operation, screen, step, code, message or change of the screen is another group."""
    parts = {
        "system": "a",
        "environment": "b",
        "operation": "c",
        "screen": "d",
        "step": "e",
        "code": "f",
        "message": "g",
    }
    whole = Signature.model_validate(parts)

    others = [whole.model_copy(update={name: "other"}) for name in parts]
    others.append(whole.model_copy(update={"drift": ({"kind": "gone"},)}))

    assert len({one.key for one in [whole, *others]}) == len(parts) + 2
    assert Signature.model_validate(parts).key == whole.key


@pytest.mark.parametrize(
    ("state", "code", "expected"),
    [
        (State.REFUSED, "status_forbids", FailureClass.REFUSED),
        (State.BROKEN, "system_down", FailureClass.BROKEN),
        (State.BROKEN, "element_missing", FailureClass.DRIFT),
        (State.UNKNOWN, "too_slow", FailureClass.UNKNOWN),
        (State.UNKNOWN, "worker_lost", FailureClass.LOST),
        (State.WITH_PERSON, "cannot_tell", FailureClass.UNKNOWN),
        (State.BROKEN, "no_such_code", FailureClass.BROKEN),
    ],
)
def test_a_failure_has_a_class(state: State, code: str, expected: FailureClass) -> None:
    """The class says what kind of trouble it is."""
    assert class_of(state, code) is expected


def test_what_a_person_asked_for_is_no_failure() -> None:
    """An entry that a person keys, or a form that waits for approval, needs no review; a doubt does."""
    found = [fails(State.WITH_PERSON, "by_hand"), fails(State.WITH_PERSON, "under_watch"), fails(State.UNKNOWN, "")]

    assert found == [False, False, True]


@pytest.mark.parametrize(
    ("state", "code", "doubts", "parts", "confirmed", "expected"),
    [
        (State.BROKEN, "system_down", 0, 0, False, Standing.NOT_ENTERED),
        (State.BROKEN, "system_down", 1, 0, False, Standing.MAYBE),
        (State.REFUSED, "not_entered_after_doubt", 1, 0, False, Standing.NOT_ENTERED),
        (State.REFUSED, "confirmed_but_absent", 0, 0, True, Standing.MAYBE),
        (State.REFUSED, "conflict", 0, 2, False, Standing.PARTLY),
        (State.WITH_PERSON, "read_back_differs", 0, 0, True, Standing.ENTERED),
        (State.UNKNOWN, "too_slow", 1, 0, False, Standing.MAYBE),
    ],
)
def test_surely_not_entered_is_sure(
    state: State, code: str, doubts: int, parts: int, confirmed: bool, expected: Standing
) -> None:
    """An entry is called *not entered* only when nobody doubts it."""
    assert standing_of(state, code, open_doubts=doubts, parts_done=parts, confirmed=confirmed) is expected
