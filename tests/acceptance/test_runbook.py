"""What the night leaves out of the runbook: broken on a running Baton, told, and mended by what the paragraph says."""

import signal
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from baton import wiring
from baton.data_folder import demo_sign_ins
from bots.kit.secrets.seam import Secret
from core import clock
from records.intake import Receipt
from records.people import Role
from tests.support import tls
from tests.support.floor import ORDERS
from tests.support.night import ACCOUNT, KEYS, Night, in_a_year, night, own_database, volume
from tests.support.seen_parts import NOBODY
from tests.workflows.cast import at_desk, in_three_days, resolved
from tests.workflows.test_process_gone import once_each
from workflows.acts import Act, Resolve

__all__ = ["night", "own_database", "volume"]

GONE = [
    ("bots", "BatonBotsSilent", "A bot process is silent"),
    ("ticks", "BatonTicksGone", "Ticks are silent"),
    ("worker", "BatonNoPoller", "Nobody takes work"),
]
"""A part that is killed, what rings, and its paragraph."""


def _next_order() -> str:
    return str(next(ORDERS))


async def _decided(night: Night, receipt: Receipt, order_no: str) -> None:
    await resolved(night.journey, receipt, in_three_days())
    await once_each(night.journey, receipt, order_no)


async def _decided_but_not_told(night: Night, receipt: Receipt) -> None:
    """Its mail has waited for the server for an hour."""
    journey, agent = night.journey, await night.journey.person(Role.AGENT)
    await journey.act_at_desk(receipt, "pick_up", Act(by=agent))
    await journey.act_at_desk(receipt, "complete", Resolve(by=agent, resolution=in_three_days()))

    async def waits() -> bool:
        return (await journey.case(receipt)).wait_about == "the mail server"

    await journey.until(receipt, waits)
    async with journey.database.session() as session:
        an_hour_ago = text("UPDATE notices SET created_at = created_at - interval '1 hour' WHERE case_id = :case")
        await (await session.connection()).execute(an_hour_ago, {"case": receipt.case_id})


@pytest.mark.parametrize(("part", "alert", "heading"), GONE, ids=[one[0] for one in GONE])
async def test_a_part_is_started_again(night: Night, part: str, alert: str, heading: str) -> None:
    """{part} is killed under a case: what was handed in meanwhile goes from report to end, each entry once."""
    order_no = _next_order()
    night.running[part].signal(signal.SIGKILL)
    receipt = await night.journey.hand_in(order_no)
    await night.until(alert, rings=True)

    await night.follow(heading, PART=part)

    await night.until(alert, rings=False)
    await night.journey.until_stage(receipt, "with_service")
    await _decided(night, receipt, order_no)


async def test_mail_to_a_wrong_address(night: Night) -> None:
    """The mail server's address is wrong: the customer's mail waits. With the right one it is sent, once."""
    order_no, right = _next_order(), night.environment["BATON_SMTP_URL"]
    with night.surrounded_by(BATON_SMTP_URL=f"smtp://{NOBODY}"):
        night.start("worker")
    receipt = await at_desk(night.journey, order_no)
    await _decided_but_not_told(night, receipt)
    await night.until("BatonMailStuck", rings=True)

    await night.follow("Mail is stuck", ADDRESS=right)

    await night.journey.until_stage(receipt, "closed")
    await night.until("BatonMailStuck", rings=False)
    await once_each(night.journey, receipt, order_no)


async def test_a_certificate_near_its_end(night: Night, tmp_path: Path) -> None:
    """An authority ends in two days. With a new file in its place it is quiet."""
    papers = tls.papers(tmp_path)
    with night.surrounded_by(BATON_MAILBOX_CA_FILE=str(papers.ca)):
        night.start("ticks")
        await night.until("BatonKeyExpires", rings=True)
        tls.papers(tmp_path, days=365)

        await night.follow("A certificate or key ends", PART="ticks")

        await night.until("BatonKeyExpires", rings=False)
    night.start("ticks")


async def test_a_key_near_its_end(night: Night) -> None:
    """The declared day of the key is tomorrow. With the day of the new one it is quiet."""
    tomorrow = (clock.now() + timedelta(days=1)).date().isoformat()
    with night.surrounded_by(BATON_KEYS_END=f"{KEYS[0]}={tomorrow}"):
        night.start("ticks")
    await night.until("BatonKeyExpires", rings=True)

    await night.follow("A certificate or key ends", block=1, DAY=in_a_year(), PART="ticks")

    await night.until("BatonKeyExpires", rings=False)
    night.start("ticks")


async def test_a_key_without_a_day(night: Night) -> None:
    """Nobody declared when the keys end. With a day for each it is quiet."""
    with night.surrounded_by(BATON_KEYS_END=""):
        night.start("ticks")
    await night.until("BatonExpiryUndeclared", rings=True)

    await night.follow("No day is declared", block=1, DAY=in_a_year())

    await night.until("BatonExpiryUndeclared", rings=False)
    night.start("ticks")


async def test_a_credential_without_a_day(night: Night) -> None:
    """A credential was kept without a day. Once somebody has said its day it is quiet."""
    value = demo_sign_ins()["BATON_SECRET_ORDERDESK_BOT01"]
    wiring.secrets_file(night.journey.settings).keep(Secret(ACCOUNT, value), clock.now(), new=False)
    await night.until("BatonExpiryUndeclared", rings=True)

    await night.follow("No day is declared", NAME=ACCOUNT, DAY=in_a_year())

    await night.until("BatonExpiryUndeclared", rings=False)


async def test_an_evidence_store_with_nothing_in_it(night: Night, tmp_path: Path) -> None:
    """A mistyped folder holds nothing of what was kept. With the right address it is quiet."""
    order_no, right = _next_order(), night.environment["BATON_EVIDENCE_URL"]
    await _decided(night, await at_desk(night.journey, order_no), order_no)
    with night.surrounded_by(BATON_EVIDENCE_URL=f"file://{tmp_path}"):
        night.start("ticks")
    await night.until("BatonEvidenceAway", rings=True)

    await night.follow("The evidence store is away", ADDRESS=right, PART="ticks")

    await night.until("BatonEvidenceAway", rings=False)
