"""The service desk's API: tickets, changes, its error shape, its ledger."""

from typing import Any

import pytest

KEY = {"X-Api-Key": "demo-servicedesk-key"}
TICKET = {
    "external_reference": "BTN-TICKET01",
    "title": "Failed delivery 4700123",
    "description": "nobody home",
    "order_no": "4700123",
    "customer_no": "K-10203",
    "priority": "high",
    "case_url": "http://127.0.0.1:8400/cases/1",
}


async def open_ticket(desk: Any, **other: str) -> dict[str, Any]:
    answer = await desk.http.post("/api/tickets", json={**TICKET, **other}, headers=KEY)
    assert answer.status_code == 201
    ticket: dict[str, Any] = answer.json()
    return ticket


async def test_a_ticket_is_opened_found_and_in_the_ledger(servicedesk: Any) -> None:
    """A new ticket can be read by id and by reference and leaves one ledger row."""
    ticket = await open_ticket(servicedesk)

    found = (await servicedesk.http.get("/api/tickets?external_reference=BTN-TICKET01", headers=KEY)).json()
    read = (await servicedesk.http.get(f"/api/tickets/{ticket['id']}", headers=KEY)).json()
    rows = (await servicedesk.http.get("/ledger.json")).json()

    assert found == [ticket] == [read]
    assert (ticket["state"], ticket["version"], ticket["changes"]) == ("open", 1, [])
    (row,) = [row for row in rows if row["key"] == ticket["id"]]
    told = {name: row[name] for name in ("operation", "reference", "before", "confirmation", "account", "system")}
    assert told == {
        "operation": "open_ticket",
        "reference": "BTN-TICKET01",
        "before": None,
        "confirmation": ticket["id"],
        "account": "api",
        "system": "servicedesk",
    }


async def test_duplicates_are_accepted(servicedesk: Any) -> None:
    """The same ticket twice is two tickets."""
    for _ in range(2):
        await open_ticket(servicedesk, external_reference="BTN-TWICE")

    found = (await servicedesk.http.get("/api/tickets?external_reference=BTN-TWICE", headers=KEY)).json()
    assert len(found) == 2


async def test_a_change_keeps_its_reference(servicedesk: Any) -> None:
    """A PATCH moves state and version on, and its reference can be found in the ticket and in the ledger."""
    ticket = await open_ticket(servicedesk, external_reference="BTN-CHANGED")
    wanted = {"state": "solved", "note": "new date agreed", "reference": "BTN-NOTE01", "version": 1}

    changed = (await servicedesk.http.patch(f"/api/tickets/{ticket['id']}", json=wanted, headers=KEY)).json()

    assert (changed["state"], changed["version"]) == ("solved", 2)
    assert [(c["reference"], c["state"], c["note"]) for c in changed["changes"]] == [
        ("BTN-NOTE01", "solved", "new date agreed")
    ]
    row = (await servicedesk.http.get("/ledger.json")).json()[-1]
    assert (row["operation"], row["reference"], row["confirmation"]) == (
        "update_ticket",
        "BTN-NOTE01",
        f"{ticket['id']}/2",
    )


async def test_a_stale_version_is_a_conflict(servicedesk: Any) -> None:
    """Who names an older version gets 409 and changes nothing."""
    ticket = await open_ticket(servicedesk, external_reference="BTN-STALE")
    path = f"/api/tickets/{ticket['id']}"
    await servicedesk.http.patch(path, json={"state": "in_progress"}, headers=KEY)

    answer = await servicedesk.http.patch(path, json={"state": "solved", "version": 1}, headers=KEY)

    assert answer.status_code == 409
    assert answer.json() == {"code": "SD-409", "message": f"Ticket {ticket['id']} is at version 2"}
    assert (await servicedesk.http.get(path, headers=KEY)).json()["state"] == "in_progress"


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("GET", "/api/tickets", None, {}, 401),
        ("POST", "/api/tickets", TICKET, {"X-Api-Key": "wrong"}, 401),
        ("GET", "/api/tickets/T-999999", None, KEY, 404),
        ("PATCH", "/api/tickets/nonsense", {"state": "open"}, KEY, 404),
        ("POST", "/api/tickets", {"title": "no reference"}, KEY, 422),
        ("POST", "/api/tickets", {**TICKET, "title": ""}, KEY, 422),
        ("PATCH", "/api/tickets/T-000001", {"state": "forgotten"}, KEY, 422),
    ],
)
async def test_errors_have_one_shape(
    servicedesk: Any, method: str, path: str, body: Any, headers: dict[str, str], status: int
) -> None:
    """Every error is JSON with a code and a message."""
    answer = await servicedesk.http.request(method, path, json=body, headers=headers)

    assert answer.status_code == status
    assert answer.json().keys() == {"code", "message"}
    assert answer.json()["code"] == f"SD-{status}"


async def test_faults_reach_the_api(servicedesk: Any) -> None:
    """Down is 503; commit then 500 leaves the ticket behind an error."""
    await servicedesk.faults(down=True)
    down = await servicedesk.http.post("/api/tickets", json=TICKET, headers=KEY)
    await servicedesk.faults(down=False, commit_then_500=1)

    failed = await servicedesk.http.post(
        "/api/tickets", json={**TICKET, "external_reference": "BTN-FAILED"}, headers=KEY
    )

    assert (down.status_code, down.json()["code"]) == (503, "SD-503")
    assert (failed.status_code, failed.json()["code"]) == (500, "SD-500")
    found = (await servicedesk.http.get("/api/tickets?external_reference=BTN-FAILED", headers=KEY)).json()
    assert len(found) == 1


async def test_the_list_shows_tickets_as_text(servicedesk: Any) -> None:
    """The list and the ticket's page show what was sent, as text and never as markup."""
    ticket = await open_ticket(servicedesk, title="<b>bold</b>", case_url="javascript:alert(1)")

    listed = (await servicedesk.http.get("/")).text
    shown = (await servicedesk.http.get(f"/tickets/{ticket['id']}")).text

    assert ticket["id"] in listed
    assert "&lt;b&gt;bold" in shown
    assert 'href="javascript' not in shown
