"""The same hundred and twenty orders every time, so that a test can name one."""

import json
import random
import unicodedata
from pathlib import Path
from typing import Any

FIRST_ORDER = 4_700_101
_FIRST = (
    "Greta", "Jonas", "Amira", "Søren", "Katrin", "Mehmet", "Lucía", "Piotr", "Hannah", "Olaf", "Ines", "Tobias",
    "Yara", "Bernd", "Nadja", "Emre", "Clara", "Dietmar", "Paula", "Viktor", "Rosa", "Henning", "Leyla", "Marek",
    "Anneliese",
)  # fmt: skip
_LAST = (
    "Lindqvist", "Brandt", "Yılmaz", "Østergaard", "Müller", "Kowalska", "Fernández", "Weiß", "Okafor", "Petersen",
    "Schäfer", "Novak", "Bauer", "Rossi", "Dąbrowski", "Hoffmann", "Nguyen", "Krüger", "Lorenz", "Adeyemi", "Vogel",
    "Santos", "Engel", "Wolff",
)  # fmt: skip
_STREETS = (
    "Hafenweg", "Lindenstraße", "Am Markt", "Mühlgasse", "Bahnhofstraße", "Gartenweg", "Kirchplatz", "Nordring",
    "Schillerstraße", "Industriepark Süd", "Werftstraße", "Birkenallee", "Alte Poststraße", "Deichweg", "Rosenhof",
)  # fmt: skip
_CITIES = (
    ("28195", "Bremen"), ("20457", "Hamburg"), ("04109", "Leipzig"), ("50667", "Köln"), ("90402", "Nürnberg"),
    ("24103", "Kiel"), ("99084", "Erfurt"), ("68159", "Mannheim"), ("34117", "Kassel"), ("18055", "Rostock"),
)  # fmt: skip
_REMARKS = ("", "", "", "", "Ring twice.", "Dog in the yard.", "Call before delivery.", "Deliver to the back door.")


def standard_orders(count: int = 120) -> list[dict[str, Any]]:
    """That many orders from 4700101 on; the first ones are the same for every count."""
    return [_order(index) for index in range(count)]


def orders_of_file(path: Path) -> list[dict[str, Any]]:
    """Orders of a JSON file: a list of objects, each with order_no and any other fields."""
    orders: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return orders


def _customer(number: int) -> dict[str, Any]:
    dice = random.Random(f"customer {number}")
    first, last = dice.choice(_FIRST), dice.choice(_LAST)
    postcode, city = dice.choice(_CITIES)
    return {
        "customer_no": f"K-{10201 + number}",
        "name": f"{first} {last}",
        "street": dice.choice(_STREETS),
        "house_no": f"{dice.randint(1, 148)}{dice.choice(['', '', '', 'a', 'b'])}",
        "postcode": postcode,
        "city": city,
        "phone": f"0{dice.randint(200, 999)} 555 {dice.randint(0, 9999):04}",
        "email": f"{_ascii(first)}.{_ascii(last)}.{number}@example.org",
        "tier": dice.choices("ABC", (2, 5, 3))[0],
    }


def _order(index: int) -> dict[str, Any]:
    dice = random.Random(f"order {index}")
    status = dice.choices(("10", "20", "30", "40", "60", "90"), (5, 6, 74, 8, 3, 4))[0]
    day = f"{dice.choice((2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20)):02}.11.2026"
    later = f"{dice.choice((1, 2, 3, 4)):02}.12.2026"
    return {
        **_customer(dice.randrange(index * 2 // 3 + 2)),
        "order_no": str(FIRST_ORDER + index),
        "status": status,
        "attempt": 1 if status in ("40", "60") else 0,
        "parcels": [f"P-{88_112_300 + index * 4 + n}" for n in range(dice.choice((1, 1, 1, 2, 3)))],
        "delivery_date": later if status in ("10", "20", "60") else day,
        "window": dice.choice("12399"),
        "remarks": dice.choice(_REMARKS),
    }


def _ascii(text: str) -> str:
    plain = text.replace("ß", "ss").translate(str.maketrans("øØıł", "oOil"))
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode().lower()
