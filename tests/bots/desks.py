"""The demo systems as child processes, for the bots' tests: started once, their faults reset for every test."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import httpx

from baton.sweep import cast
from tests.conftest import ROOT
from tests.support.patience import PATIENCE

ORDERS = [{"order_no": str(number), "status": "30", "blocks": ["CR"]} for number in range(4_800_001, 4_800_150)]
DELIVERED = "4800900"
BOOKINGS = [cast.read()["fieldboard"]["move"].booking_for(f"FB-{number:06}") for number in range(1, 100)]
KEY = {"X-Api-Key": "demo-servicedesk-key"}


class Demo:
    """One demo system in a process of its own."""

    def __init__(self, system: str, folder: Path) -> None:
        command = [sys.executable, "-m", f"demo.{system}", "--port", "0", "--data", str(folder / system)]
        if system == "orderdesk":
            seeds = folder / "orders.json"
            seeds.write_text(json.dumps([*ORDERS, {"order_no": DELIVERED, "status": "40"}]))
            command += ["--seed-orders", str(seeds)]
        if system == "fieldboard":
            seeds = folder / "bookings.json"
            seeds.write_text(json.dumps(BOOKINGS))
            command += ["--seed-bookings", str(seeds)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().split()[-1]
        self._client = httpx.Client(base_url=self.url, trust_env=False, timeout=PATIENCE)
        self._orders = iter([str(order["order_no"]) for order in ORDERS])
        self._bookings = iter([str(booking["reference"]) for booking in BOOKINGS])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._process.terminate()
        self._process.wait(PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def faults(self, **switches: object) -> dict[str, Any]:
        """Switch faults; the state of all."""
        state: dict[str, Any] = self._client.post("/faults", json=switches).json()
        return state

    def ledger(self, reference: str) -> list[dict[str, Any]]:
        """The committed changes that carry the reference."""
        return [row for row in self._client.get("/ledger.json").json() if row["reference"] == reference]

    def wrong_sign_in(self, account: str) -> None:
        """Somebody mistypes that account's password at the order desk."""
        self._client.post("/signin", data={"user": account, "password": "wrong"})

    def fresh_order(self) -> str:
        """An order that is out for delivery and that no other test has touched."""
        return next(self._orders)

    def fresh_booking(self) -> str:
        """The reference of a booking that stands and that no other test has touched."""
        return next(self._bookings)

    def fresh_ticket(self) -> str:
        """A ticket that somebody else opened."""
        ticket = {"external_reference": "desk", "title": "asked by phone"}
        return str(self._client.post("/api/tickets", json=ticket, headers=KEY).json()["id"])

    def api(self, method: str, path: str, **sent: object) -> None:
        """Somebody else's request to the service desk."""
        self._client.request(method, path, json=sent, headers=KEY).raise_for_status()

    def fresh_callback(self) -> str:
        """A callback that somebody else promised, on a ticket of its own: T-000123/C-1."""
        ticket = self.fresh_ticket()
        callback = {"phone": "0551 12", "day": "2026-12-04", "slot": "08-12"}
        answer = self._client.post(f"/api/tickets/{ticket}/callbacks", json=callback, headers=KEY)
        return f"{ticket}/{answer.json()['no']}"
