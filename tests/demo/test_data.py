"""The forty failed deliveries that ship with the demo fit the seeded orders and hold exactly the promised oddities."""

import csv
import re
from collections import Counter
from datetime import date
from pathlib import Path

from demo.orderdesk import seed

FILE = Path(__file__).parents[2] / "demo" / "data" / "failed_deliveries.csv"
COLUMNS = "order_no;parcel_no;attempt;failed_on;reason_text;driver_note;reported_by;contact_preference"


def rows() -> list[dict[str, str]]:
    with FILE.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def faults_of(row: dict[str, str]) -> list[str]:
    try:
        date(*(int(part) for part in reversed(row["failed_on"].split("."))))
        wrong = []
    except ValueError:
        wrong = ["failed_on"]
    patterns = {
        "order_no": r"\d{7}",
        "parcel_no": r"P-\d{8}",
        "attempt": "[1-5]",
        "contact_preference": "mail|phone|none",
    }
    return wrong + [name for name, pattern in patterns.items() if not re.fullmatch(pattern, row[name])]


def test_it_is_written_as_excel_does() -> None:
    """UTF-8 with BOM, semicolons, CRLF, the agreed columns."""
    raw = FILE.read_bytes()

    assert raw.startswith(b"\xef\xbb\xbf" + COLUMNS.encode() + b"\r\n")
    assert raw.count(b"\n") == raw.count(b"\r\n") == 41


def test_three_of_forty_rows_are_bad() -> None:
    """One impossible date, one missing order number, one attempt that is no number."""
    assert len(rows()) == 40
    assert sorted(fault for row in rows() for fault in faults_of(row)) == ["attempt", "failed_on", "order_no"]


def test_the_good_rows_hold_the_promised_oddities() -> None:
    """One unknown order, one delivered order, one exact repeat, one second attempt; all others are on their way."""
    orders = {order["order_no"]: order for order in seed.standard_orders()}
    good = [row for row in rows() if not faults_of(row)]

    status = Counter(orders[row["order_no"]]["status"] if row["order_no"] in orders else "unknown" for row in good)
    keys = Counter((row["order_no"], row["parcel_no"], row["attempt"]) for row in good)
    second = [row for row in good if row["attempt"] == "2"]

    assert status == {"30": 35, "40": 1, "unknown": 1}
    assert sorted(keys.values())[-2:] == [1, 2]
    assert len({tuple(row.values()) for row in good}) == 36
    assert [(r["order_no"], r["parcel_no"], "1") in keys for r in second] == [True]
    assert all(r["parcel_no"] in orders[r["order_no"]]["parcels"] for r in good if r["order_no"] in orders)


def test_the_seeded_orders_are_always_the_same() -> None:
    """Two seeds are equal, numbers and parcels are unique, every mail address is at example.org."""
    orders = seed.standard_orders()

    assert orders == seed.standard_orders()
    assert len({order["order_no"] for order in orders}) == 120
    assert len({parcel for order in orders for parcel in order["parcels"]}) == sum(len(o["parcels"]) for o in orders)
    assert {order["email"].rsplit("@")[1] for order in orders} == {"example.org"}
