"""What agents write again and again: texts that fill a form of the workbench, for each journey, as data."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Macro(BaseModel):
    """One button: which form it fills, and with what; `{order_no}` and the like are what is known of the case."""

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    form: Literal["ask", "note", "decide"]
    fields: Mapping[str, str]
    causes: tuple[str, ...] = ()
    """The causes that it is for; none: for all."""


MACROS: Mapping[str, tuple[Macro, ...]] = {
    "failed-delivery": (
        Macro(
            name="right-address",
            title="Ask for the right address",
            form="ask",
            fields={
                "to_kind": "customer",
                "question": "Your order {order_no} could not be delivered to {street} {house_no}, {postcode} {city}. "
                "What is the right address, and is there a name at the door?",
            },
            causes=("address", "access"),
        ),
        Macro(
            name="when-home",
            title="Ask when somebody is at home",
            form="ask",
            fields={
                "to_kind": "customer",
                "question": "Nobody was at home when we brought your order {order_no}. On which day, in the morning or "
                "in the afternoon, may we come again?",
            },
            causes=("absence", "access", "refusal"),
        ),
        Macro(
            name="photo-of-damage",
            title="Ask for a photo of the damage",
            form="ask",
            fields={
                "to_kind": "customer",
                "question": "We are sorry that order {order_no} arrived damaged. Please send us a photo of what is "
                "broken, and of the label on the box.",
            },
            causes=("damage",),
        ),
        Macro(
            name="where-is-it",
            title="Ask the depot where the parcel is",
            form="ask",
            fields={
                "to_kind": "depot",
                "question": "Where is parcel {parcels} of order {order_no} now, and can it go out again tomorrow?",
            },
        ),
        Macro(
            name="carrier-what-happened",
            title="Ask the carrier what happened",
            form="ask",
            fields={
                "to_kind": "carrier",
                "question": "What kept parcel {parcels} of order {order_no} from being delivered, and when do you try "
                "again?",
            },
            causes=("carrier", "damage", "system"),
        ),
        Macro(
            name="nobody-answers",
            title="Called, nobody answered",
            form="note",
            fields={"note_kind": "phone", "said": "Called {phone}: nobody answered."},
        ),
        Macro(
            name="customer-cancelled",
            title="The customer cancelled",
            form="decide",
            fields={"kind": "close", "note": "The customer cancelled the order by phone; nothing is to be delivered."},
        ),
    )
}


def macros(journey: str, cause: str, known: Mapping[str, str]) -> list[Macro]:
    """The buttons of a case, their texts filled with what is known; a text that lacks something is not offered."""
    filled = []
    for macro in MACROS.get(journey, ()):
        if macro.causes and cause not in macro.causes:
            continue
        try:
            fields = {name: text.format_map(known) for name, text in macro.fields.items()}
        except KeyError:
            continue
        filled.append(macro.model_copy(update={"fields": fields}))
    return filled
