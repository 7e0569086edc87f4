"""The root cause: what the phrases of real reports come to, and that no row of the table is dead."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from decisions.root_cause import Cause, CauseInputs, decide, rules
from handoff.resolution import TITLES
from systems.orderdesk import REASONS

REPORTS = Path(__file__).parents[2] / "demo/data/failed_deliveries.csv"

# The demo file's own words, each with the cause that a dispatcher would write down.
DEMO = {
    "nobody home": "absence",
    "nobody home again": "absence",
    "wrong house number": "address",
    "gate locked": "access",
    "box crushed": "damage",
    "refused by customer": "refusal",
    "van broke down": "carrier",
    "scanner down": "system",
    "customer not at home": "absence",
    "unknown at this address": "address",
    "no answer at the door": "absence",
    "building site, road closed": "access",
    "parcel wet": "damage",
    "customer did not want it": "refusal",
    "route not finished": "carrier",
    "absent": "absence",
    "address incomplete": "address",
    "reception closed": "absence",
    "damaged in transit": "damage",
    "wrong street": "address",
    "acceptance refused, cash on delivery": "refusal",
    "wrong postcode": "address",
    "handheld crashed": "system",
    "recipient on holiday": "absence",
    "no access to the yard": "access",
    "glass broken inside": "damage",
    "missorted at hub": "carrier",
    "no one in": "absence",
    "street not found": "address",
    "lift out of order": "access",
    "returned to sender by customer": "refusal",
    "system error at delivery scan": "system",
    "closed on Mondays": "absence",
    "moved away": "address",
    "packaging open": "damage",
}

MORE = [
    ("NOBODY  HOME!!", "absence"),
    ("No-one in, card left", "absence"),
    ("wasn't home", "absence"),
    ("Customer on vacation until Friday", "absence"),
    ("shop closed, public holiday", "absence"),
    ("niemand angetroffen", "absence"),
    ("Empfänger nicht zu Hause", "absence"),
    ("customer was out", "absence"),
    ("Wrong address on the label", "address"),
    ("customer has moved", "address"),
    ("nobody home, neighbour says he moved in May", "address"),
    ("no name on the bell", "address"),
    ("house not found", "address"),
    ("Hausnummer fehlt", "address"),
    ("Empfänger unbekannt verzogen", "address"),
    ("Adresse unvollständig", "address"),
    ("street doesn't exist: no such street", "address"),
    ("front door locked, bell broken", "access"),
    ("gate locked and nobody home", "access"),
    ("no parking anywhere near", "access"),
    ("aggressive dog in the garden", "access"),
    ("road blocked by roadworks", "access"),
    ("Baustelle, Straße gesperrt", "access"),
    ("door code wrong", "access"),
    ("parcel torn and soaked", "damage"),
    ("Karton beschädigt", "damage"),
    ("contents leaking", "damage"),
    ("refused: box is crushed", "damage"),
    ("Annahme verweigert", "refusal"),
    ("customer says never ordered this", "refusal"),
    ("did not order", "refusal"),
    ("customer would not sign", "refusal"),
    ("engine failure", "carrier"),
    ("flat tyre on the A7", "carrier"),
    ("driver ran out of time", "carrier"),
    ("arrived too late, shop already closed", "carrier"),
    ("snow storm", "carrier"),
    ("parcel not loaded", "carrier"),
    ("van in an accident, parcel not damaged", "carrier"),
    ("barcode unreadable", "system"),
    ("label missing", "system"),
    ("handheld had no network", "system"),
    ("no data for this stop", "system"),
    ("scanner failed while customer was away", "system"),
    ("already delivered yesterday", "system"),
    ("", "carrier"),
    ("see note", "carrier"),
]


@pytest.mark.parametrize(("words", "cause"), [*DEMO.items(), *MORE])
def test_words_come_to_the_cause_a_dispatcher_would_write(words: str, cause: str) -> None:
    """A phrase of a report comes to its cause, whatever its case, accents and punctuation."""
    verdict = decide(CauseInputs(reason_text=words))

    assert verdict.cause == cause


def test_every_reason_of_the_demo_file_is_in_this_test() -> None:
    """No row of the demo file has a reason that this test does not know, and each holds a sign."""
    with REPORTS.open(encoding="utf-8-sig", newline="") as file:
        reasons = {row["reason_text"] for row in csv.DictReader(file, delimiter=";")}

    signs = {reason: decide(CauseInputs(reason_text=reason)).signals for reason in reasons}

    assert reasons <= DEMO.keys()
    assert all(signs.values())


def test_every_row_of_the_table_can_decide() -> None:
    """Each rule is reached by some input: a row that the engine skips, or that another hides, would show here."""
    texts = ["", *DEMO, *(words for words, _ in MORE)]

    reached = {
        decide(CauseInputs(reason_text=text, attempt=attempt, order_status=status, tier=tier)).rule
        for text in texts
        for attempt in (1, 2, 3)
        for status in ("", "50", "40", "90")
        for tier in ("A", "C")
    }

    assert reached == {row["_id"] for row in rules()[1].rows}


def test_the_note_is_read_when_the_reason_says_nothing() -> None:
    """A reason without a sign falls back to the driver's note, and only then."""
    from_note = decide(CauseInputs(reason_text="see note", driver_note="gate locked"))
    from_reason = decide(CauseInputs(reason_text="nobody home", driver_note="gate locked"))

    assert (from_note.cause, from_reason.cause) == ("access", "absence")


def test_an_order_that_is_over_can_only_be_closed() -> None:
    """A delivered or cancelled order leaves closing as the only resolution, whatever the report says."""
    verdicts = [decide(CauseInputs(reason_text="box crushed", order_status=status)) for status in ("40", "90")]

    assert [verdict.allowed for verdict in verdicts] == [("close",), ("close",)]


def test_a_later_attempt_asks_for_another_step() -> None:
    """The same words on the third attempt keep the cause and change the next step."""
    first, third = (decide(CauseInputs(reason_text="nobody home", attempt=attempt)) for attempt in (1, 3))

    assert first.cause == third.cause
    assert first.next_best_step != third.next_best_step


def test_the_verdict_names_its_rule_and_version() -> None:
    """A verdict can be explained later: rule, version, reason and step are all there."""
    verdict = decide(CauseInputs(reason_text="nobody home", tier="b"))

    assert (verdict.rule, verdict.version) == ("RC-73", "1.1")
    assert verdict.reason.endswith(".")
    assert verdict.next_best_step.endswith(".")


def test_the_tables_words_are_known_elsewhere() -> None:
    """Every cause has a code on the order desk and every allowed resolution has a form."""
    verdicts = [decide(CauseInputs(reason_text=text)) for text in [*DEMO, *(words for words, _ in MORE)]]

    assert {verdict.cause for verdict in verdicts} == REASONS.keys()
    assert {kind for verdict in verdicts for kind in verdict.allowed} <= TITLES.keys()


@given(reason=st.text(max_size=200), note=st.text(max_size=200), attempt=st.integers(1, 9))
def test_any_text_gets_the_same_verdict_twice(reason: str, note: str, attempt: int) -> None:
    """Whatever a driver types, there is a verdict, and the same input gives the same one."""
    inputs = CauseInputs(reason_text=reason, driver_note=note, attempt=attempt)

    verdict = decide(inputs)

    assert isinstance(verdict, Cause)
    assert decide(inputs) == verdict


@pytest.mark.parametrize(
    "wrong", [{"attempt": 0}, {"order_status": "delivered"}, {"mood": "bad"}, {"reason_text": None}]
)
def test_inputs_are_checked_before_the_table_sees_them(wrong: dict[str, object]) -> None:
    """A missing or wrong input is an error and never falls to the catch-all row."""
    with pytest.raises(ValidationError):
        CauseInputs.model_validate({"reason_text": "nobody home", **wrong})
