"""The desk's refund and return to sender: offered where the packet allows them, checked, shown before they are done."""

import re
from html import unescape
from typing import Any

import httpx

from tests.console.conftest import Console
from tests.console.test_desk import mine

REFUND = {"kind": "refund", "amount": "12,50", "refund_reason": "damage"}
RETURN = {"kind": "return_to_sender", "return_reason": "refusal", "carrier": "Nordpost"}
ALLOWED: dict[str, Any] = {"allowed": ("refund", "return_to_sender", "close"), "cause": "refusal"}


def keyed(page: str) -> list[tuple[str, str]]:
    """What the preview says is keyed: label and text."""
    return re.findall(r'<tr><th scope="row">([^<]+)</th>.*?<strong class="code">([^<]+)</strong>', page)


async def test_a_refund_is_shown_before_it_is_keyed(agent: httpx.AsyncClient, console: Console) -> None:
    """An amount typed with a comma is keyed as the order desk wants it, and the mail names it."""
    number = await mine(console, **ALLOWED)

    page = unescape((await agent.post(f"/cases/{number}/previews", data=REFUND)).text)

    assert keyed(page) == [("Amount", "12,50"), ("Currency", "EUR"), ("Reason code", "14")]
    assert "damage" in page
    assert "We refund 12.50 EUR to the account you paid from." in page.replace("\n", " ")


async def test_a_return_is_shown_with_its_parcels(agent: httpx.AsyncClient, console: Console) -> None:
    """Every parcel of the order is named, and the customer reads who brings it back."""
    number = await mine(console, **ALLOWED)

    page = unescape((await agent.post(f"/cases/{number}/previews", data=RETURN)).text)

    assert keyed(page) == [("Reason code", "15"), ("Carrier", "Nordpost"), ("Parcels", "P-88112345")]
    assert "goes back to the sender with Nordpost" in page.replace("\n", " ")


async def test_the_form_knows_the_cause(agent: httpx.AsyncClient, console: Console) -> None:
    """Both decisions stand on the workbench, their reason set to the case's cause."""
    number = await mine(console, **ALLOWED)

    page = (await agent.get(f"/desk/{number}")).text

    assert re.findall(r'<option value="(\w+)" selected', page) == ["refusal", "refusal"]
    assert 'name="amount"' in page
    assert 'name="carrier"' in page


async def test_an_amount_that_is_none_is_refused(agent: httpx.AsyncClient, console: Console) -> None:
    """Nothing, less than a cent, three decimals, words, too much: a sentence beside the field, and nothing is shown."""
    number = await mine(console, **ALLOWED)
    amounts = ("", "0", "-3", "12.345", "ten", "1000000")

    answers = [await agent.post(f"/cases/{number}/previews", data={**REFUND, "amount": each}) for each in amounts]

    assert {answer.status_code for answer in answers} == {422}
    assert all('href="#field-amount"' in answer.text for answer in answers)


async def test_a_refund_needs_a_cause_that_allows_it(agent: httpx.AsyncClient, console: Console) -> None:
    """Where the packet does not allow a refund none is offered, and one that is sent all the same is refused."""
    number = await mine(console)

    shown = (await agent.get(f"/desk/{number}")).text
    answer = await agent.post(f"/cases/{number}/previews", data=REFUND)

    assert 'value="refund"' not in shown
    assert answer.status_code == 422
