"""One text for many customers: names in curly brackets, which each customer's own data fills."""

import re
from collections.abc import Mapping

NAMES: Mapping[str, str] = {
    "name": "the customer's name",
    "order_no": "the order number",
    "case": "the case's number",
    "street": "the street",
    "house_no": "the house number",
    "postcode": "the postcode",
    "city": "the city",
    "delivery_date": "the day of delivery on the order",
    "window_text": "the time of day on the order",
    "parcels": "the parcels",
}
"""What a text may name."""
_NAME = re.compile(r"\{\s*([^{}]*?)\s*\}")


def unknown(text: str) -> list[str]:
    """What the text names that no case could fill."""
    return [name for name in dict.fromkeys(_NAME.findall(text)) if name not in NAMES]


def lacking(text: str, known: Mapping[str, str]) -> list[str]:
    """What the text names that is not known of this customer, in words."""
    return [NAMES[name] for name in dict.fromkeys(_NAME.findall(text)) if name in NAMES and not known.get(name)]


def filled(text: str, known: Mapping[str, str]) -> str:
    """The text as this customer reads it; what is not known stays as it was typed."""
    return _NAME.sub(lambda found: known.get(found[1]) or found[0], text)
