"""Personal data of a real job is where it belongs and nowhere else: one entry that was made, and one in trouble."""

import pytest

from handoff.resolution import CorrectAddress
from records.evidence_store import EvidenceStore
from records.people import Role
from tests.support import canary
from tests.support.journey import Journey
from tests.workflows.cast import at_desk, until_asked
from workflows.acts import Act, Resolve

LONG_STREET = "Straße der Kanarienvögel am alten Ostbahnhof"
CANARIES = ("Greta", "Lindqvist", "Hafenweg", "Bremen", "0421 555", "@example.org", "Kanarienv", "Vogelsang")


@pytest.mark.failure_mode("F67")
async def test_no_canary_sings_after_real_jobs(
    journey: Journey, order_no: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """F67: name, address, telephone and mail are in no log, evidence at rest, masked text, exchange, trace or error;
    that they were on the screens is shown by what was sealed of them."""
    receipt = await at_desk(journey, order_no)
    agent = await journey.person(Role.AGENT)
    address = CorrectAddress(street=LONG_STREET, house_no="7", postcode="10243", city="Vogelsang")
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    await journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=address))
    await until_asked(journey, receipt, "correct_address", "refused")
    folder = journey.settings.data_dir / "evidence"
    store = EvidenceStore.local(folder)

    shown = await canary.evidence(journey.database, store, "snapshot", "exchange", "trace")
    sealed = await canary.evidence(journey.database, store, "sealed")
    logged = {"log": "".join(capfd.readouterr()).encode()}
    errors = await canary.said_of_attempts(journey.database)

    assert {name for _, name in canary.sung(sealed, CANARIES)} >= {"Greta", "Lindqvist", "Kanarienv", "Vogelsang"}
    assert any(".zip/trace.trace" in name for name in shown)
    assert any("request.json" in name for name in shown)
    assert canary.sung(shown, CANARIES) == []
    assert canary.sung(canary.files(folder), CANARIES) == []
    assert canary.sung(logged, CANARIES) == []
    assert canary.sung(errors, CANARIES) == []
    assert canary.sung({"Temporal": await canary.held_by_temporal(journey, receipt)}, CANARIES) == []
