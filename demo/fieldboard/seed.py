"""The bookings with which a new board begins: the same ones for the same day, so that a week always looks lived in."""

import json
import random
from datetime import date, timedelta
from pathlib import Path

from demo.fieldboard import codes, technicians
from demo.store import Row

_NAMES = (
    "Greta Lindqvist", "Jonas Brandt", "Amira Yılmaz", "Søren Østergaard", "Katrin Müller", "Piotr Kowalska",
    "Lucía Fernández", "Tobias Weiß", "Yara Okafor", "Bernd Petersen", "Nadja Schäfer", "Emre Novak",
)  # fmt: skip
_STREETS = ("Hafenweg", "Lindenstraße", "Am Markt", "Mühlgasse", "Gartenweg", "Nordring", "Deichweg", "Rosenhof")
_CITIES = (
    ("28195", "Bremen"), ("20457", "Hamburg"), ("04109", "Leipzig"), ("50667", "Köln"), ("90402", "Nürnberg"),
    ("24103", "Kiel"), ("18055", "Rostock"), ("34117", "Kassel"), ("68159", "Mannheim"), ("99084", "Erfurt"),
)  # fmt: skip
_BEHIND, _AHEAD = 7, 28
"""Days before and after today that are seeded."""
_TAKEN = 0.4
_HOURS_NOBODY_SEEDS = "110"
"""This technician's slots are free at first, so that every skill has a free slot every working day."""


def standard_bookings(today: date) -> list[Row]:
    """What other dispatchers booked, from last week to four weeks ahead."""
    days = [(offset, today + timedelta(days=offset)) for offset in range(-_BEHIND, _AHEAD)]
    places = [
        (technician, offset, day, slot)
        for offset, day in days
        for technician in technicians.ALL.values()
        for slot in codes.SLOTS
        if technician.code != _HOURS_NOBODY_SEEDS and not technician.off(day, slot)
    ]
    return [
        _booking(f"{technician.code} {offset} {slot}", technician, day, slot)
        for technician, offset, day, slot in places
        if random.Random(f"taken {technician.code} {offset} {slot}").random() < _TAKEN
    ]


def bookings_of_file(path: Path) -> list[Row]:
    """Bookings of a JSON file: a list of objects, each with reference, technician, day, slot and any other fields."""
    bookings: list[Row] = json.loads(path.read_text(encoding="utf-8"))
    return bookings


def _booking(what: str, technician: technicians.Technician, day: date, slot: str) -> Row:
    dice = random.Random(f"booking {what}")
    postcode, city = dice.choice([place for place in _CITIES if place[0].startswith(technician.areas)])
    return {
        "reference": f"TEL-{dice.randint(10_000, 99_999)}",
        "name": dice.choice(_NAMES),
        "street": dice.choice(_STREETS),
        "house_no": str(dice.randint(1, 148)),
        "postcode": postcode,
        "city": city,
        "phone": f"0{dice.randint(200, 999)} 555 {dice.randint(0, 9999):04}",
        "technician": technician.code,
        "day": day.strftime("%d.%m.%Y"),
        "slot": slot,
        "skill": dice.choice(technician.skills),
    }
