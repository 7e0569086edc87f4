"""What a new release does to a screen: layouts v1 (today) to v6, for forms, the booking display and the board."""

from dataclasses import dataclass, replace

from demo.fieldboard import codes
from demo.fieldboard.forms import Field, Form
from demo.store import Row

LAYOUTS = ("v1", "v2", "v3", "v4", "v5", "v6")
COST_CENTRE = Field("cost_centre", "Cost centre", 6, "needed")
REMARKS = Field("remarks", "Remarks", 70)
SIGN_IN = (Field("user", "User", 12), Field("password", "Password", 20))
_NEW_WORDS = {"Reference": "Order", "Technician": "Staff", "Remarks": "Notes", "User": "Account"}


@dataclass(frozen=True)
class Line:
    """A line of a form as it is shown now: the field, its input's name in this layout."""

    field: Field
    name: str


def lines(fields: tuple[Field, ...], layout: str) -> list[Line]:
    """A form's lines: v2 moved, v3 a caption renamed, v4 an input renamed, v5 a field removed, v6 one more needed."""
    found = [Line(field, field.name) for field in fields]
    if layout == "v2":
        found.reverse()
    if layout == "v3":
        first = found[0].field
        found[0] = replace(found[0], field=replace(first, caption=_NEW_WORDS[first.caption]))
    if layout == "v4":
        found[0] = replace(found[0], name=f"{found[0].name}_new")
    if layout == "v5":
        del found[-2 if len(found) > 1 else -1]
    if layout == "v6":
        found.append(Line(COST_CENTRE, COST_CENTRE.name))
    return found


def of_form(form: Form, layout: str) -> list[Line]:
    """The lines of a form of the booking window, its remarks last."""
    return lines((*form.fields, REMARKS), layout)


def display(booking: Row, layout: str) -> list[list[tuple[str, str, str]]]:
    """The booking display's rows of cells: caption, id, text."""
    one = booking
    rows = [
        [("Booking no.", "booking_no", one["booking_no"]), ("Reference", "reference", one["reference"])],
        [("Status", "status", one["status"]), ("", "status_text", codes.STATUS.get(one["status"], ""))],
        [("Name", "name", one["name"]), ("Phone", "phone", one["phone"])],
        [("Street", "street", one["street"]), ("House no.", "house_no", one["house_no"])],
        [("Postcode", "postcode", one["postcode"]), ("City", "city", one["city"])],
        [("Technician", "technician", one["technician"]), ("Day", "day", one["day"])],
        [("Slot", "slot", one["slot"]), ("", "slot_text", codes.SLOTS.get(one["slot"], ""))],
        [("Skill", "skill", one["skill"]), ("", "skill_text", codes.SKILLS.get(one["skill"], ""))],
    ]
    if layout == "v2":
        rows[2], rows[3] = rows[3], rows[2]
    if layout == "v3":
        rows[5][0] = ("Staff", *rows[5][0][1:])
    if layout == "v4":
        rows[5][0] = ("Technician", "staff", one["technician"])
    if layout == "v5":
        del rows[6]
    if layout == "v6":  # a column swapped: each caption stands over the other's text
        rows[5] = [("Technician", "technician", one["day"]), ("Day", "day", one["technician"])]
    return rows


def hours(layout: str) -> list[tuple[str, str]]:
    """The slots of a day as the board's head shows them; v6 swaps two of them."""
    shown = list(codes.SLOTS.items())
    if layout == "v6":
        shown[0], shown[1] = shown[1], shown[0]
    return shown
