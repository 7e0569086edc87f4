"""The shop floor: the demo systems as real processes, shared by all tests; each test takes orders of its own."""

import contextlib
import itertools
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from baton.sweep import cast
from baton.sweep.records import Records
from tests.support.patience import PATIENCE
from tests.support.processes import Program

FIRST_ORDER = 4800001
CAST_ORDERS = 20
"""Beside them so many for each operation of the cast, as its entry wants them."""
ORDERS = itertools.count(FIRST_ORDER)
"""Each test takes the next ones; all are out for delivery, to a customer of tier A who reads mail."""


def seed(count: int = 300) -> list[dict[str, Any]]:
    """Orders for tests: alike but for their numbers and mail addresses."""
    return [
        {
            "order_no": str(FIRST_ORDER + index),
            "customer_no": f"K-{50000 + index}",
            "name": "Greta Lindqvist",
            "street": "Hafenweg",
            "house_no": "12a",
            "postcode": "28195",
            "city": "Bremen",
            "phone": "0421 555 0123",
            "email": f"greta.{FIRST_ORDER + index}@example.org",
            "tier": "A",
            "status": "30",
            "attempt": 0,
            "parcels": [f"P-{88000000 + index}"],
            "delivery_date": "20.11.2026",
            "window": "9",
            "remarks": "",
        }
        for index in range(count)
    ]


def seeds_of_the_cast() -> dict[str, list[dict[str, Any]]]:
    """By system a record as it must be before each entry of the cast, several times."""
    known = cast.read()
    return Records(known, cast.targets(known), CAST_ORDERS, no_desk).seeds()


async def no_desk(path: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Seeds are made without asking anybody."""
    raise AssertionError(f"{path} is not wanted with {fields}")


@dataclass(frozen=True)
class Floor:
    """Addresses of the demo systems, their fault switches and ledgers."""

    orderdesk: str
    servicedesk: str
    fieldboard: str
    smtp: str
    mail: str
    data: Path = Path()

    def fault(self, system: str, **switches: Any) -> None:
        """Set fault switches of `orderdesk`, `servicedesk`, `fieldboard` or `mail`."""
        httpx.post(f"{getattr(self, system)}/faults", json=switches, timeout=PATIENCE).raise_for_status()

    def ledger(self, system: str, key: str | None = None) -> list[dict[str, Any]]:
        """The committed changes, of one record when `key` is given."""
        answer = httpx.get(f"{getattr(self, system)}/ledger.json", timeout=PATIENCE)
        rows: list[dict[str, Any]] = answer.raise_for_status().json()
        return [row for row in rows if key is None or row["key"] == key]

    def mails(self, recipient: str) -> list[dict[str, Any]]:
        """What arrived for `recipient`."""
        answer = httpx.get(f"{self.mail}/mails.json", params={"to": recipient}, timeout=PATIENCE)
        found: list[dict[str, Any]] = answer.json()
        return found

    def meier_saves(self, order_no: str, screen: str, **typed: Any) -> str:
        """A colleague at the order desk changes an order on `failure`, `date` or `address`; what the desk says."""
        with httpx.Client(base_url=self.orderdesk, follow_redirects=True, timeout=PATIENCE) as colleague:
            colleague.post("/signin", data={"user": "meier", "password": "demo-meier"})
            colleague.get(f"/order/{order_no}/{screen}")
            return colleague.post(f"/order/{order_no}/{screen}", data={"remarks": "by phone", **typed}).text

    def take_slot(self, technician: str, day: date, slot: str) -> None:
        """A colleague at the dispatch board takes that place."""
        self.fault("fieldboard", take_slot=f"{technician} {day:%d.%m.%Y} {slot}")

    def arrives(self, order_no: str) -> None:
        """The parcel arrives after all: the order is delivered, which no screen can say."""
        with contextlib.closing(sqlite3.connect(self.data / "orderdesk" / "orderdesk.sqlite")) as file, file:
            file.execute("UPDATE orders SET status = '40' WHERE order_no = ?", (order_no,))

    def of_tier(self, order_no: str, tier: str) -> None:
        """Its customer is of another tier."""
        with contextlib.closing(sqlite3.connect(self.data / "orderdesk" / "orderdesk.sqlite")) as file, file:
            file.execute("UPDATE orders SET tier = ? WHERE order_no = ?", (tier, order_no))


@pytest.fixture(scope="session")
def shared_floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    """The demo systems on free ports, for the whole run."""
    data, seeds = tmp_path_factory.mktemp("floor"), seeds_of_the_cast()
    orders, bookings = data / "orders.json", data / "bookings.json"
    orders.write_text(json.dumps([*seed(), *seeds["orderdesk"]]), encoding="utf-8")
    bookings.write_text(json.dumps(seeds["fieldboard"]), encoding="utf-8")
    desk = ["-m", "demo.orderdesk", "--port", "0", "--lock-seconds", "3", "--data", str(data / "orderdesk")]
    desk += ["--seed-orders", str(orders)]
    service = ["-m", "demo.servicedesk", "--port", "0", "--data", str(data / "servicedesk")]
    board = ["-m", "demo.fieldboard", "--port", "0", "--data", str(data / "fieldboard")]
    board += ["--seed-bookings", str(bookings)]
    mail = ["-m", "demo.mail", "--smtp-port", "0", "--http-port", "0", "--data", str(data / "mail")]
    with Program(*desk) as one, Program(*service) as two, Program(*mail) as three, Program(*board) as four:
        addresses = three.says("listening on").split()
        yield Floor(
            orderdesk=one.says("listening on").split()[-1],
            servicedesk=two.says("listening on").split()[-1],
            fieldboard=four.says("listening on").split()[-1],
            mail=next(word for word in addresses if word.startswith("http://")),
            smtp=next(word for word in addresses if word.startswith("smtp://")),
            data=data,
        )


@pytest.fixture
def floor(shared_floor: Floor) -> Iterator[Floor]:
    """The shop floor without any fault, before and after the test."""
    yield shared_floor
    for system in ("orderdesk", "servicedesk", "fieldboard", "mail"):
        shared_floor.fault(system, reset=True)


@pytest.fixture
def order_no() -> str:
    """An order that no other test touches."""
    return str(next(ORDERS))
