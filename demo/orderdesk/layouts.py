"""What a new release does to a screen: layouts v1 (today) to v6, for forms and for the order display."""

from dataclasses import dataclass, replace

from demo.orderdesk import codes
from demo.orderdesk.forms import Field, Screen
from demo.store import Row

LAYOUTS = ("v1", "v2", "v3", "v4", "v5", "v6")
COST_CENTRE = Field("cost_centre", "Cost centre", "", 6, "needed")
_NEW_WORDS = {
    "Status": "State", "Delivery date": "Date", "Street": "Street name", "Amount": "Total", "Reason code": "Cause",
    "Parcel": "Piece", "Delivery block": "Hold", "User": "Account",
}  # fmt: skip
SIGN_IN = (Field("user", "User", "", 12), Field("password", "Password", "", 20))
REMARKS = Field("remarks", "Remarks", "", 70)


@dataclass(frozen=True)
class Line:
    """A line of a form as it is shown now: the field, its input's name in this layout."""

    field: Field
    name: str


def form(fields: tuple[Field, ...], layout: str) -> list[Line]:
    """A form's lines: v2 moved, v3 a caption renamed, v4 an input renamed, v5 a field removed, v6 one more needed."""
    lines = [Line(field, field.name) for field in fields]
    if layout == "v2":
        lines.reverse()
    if layout == "v3":
        first = lines[0].field
        lines[0] = replace(lines[0], field=replace(first, caption=_NEW_WORDS[first.caption]))
    if layout == "v4":
        lines[0] = replace(lines[0], name=f"{lines[0].name}_new")
    if layout == "v5":
        del lines[-2 if len(lines) > 1 else -1]
    if layout == "v6":
        lines.append(Line(COST_CENTRE, COST_CENTRE.name))
    return lines


def change_form(screen: Screen, layout: str) -> list[Line]:
    """The lines of a change screen, its remarks last."""
    return form((*screen.fields, REMARKS), layout)


def display(order: Row, layout: str) -> list[list[tuple[str, str, str]]]:
    """The order display's rows of cells: caption, id, text."""
    rows = [
        [("Order no.", "order_no", order["order_no"]), ("Customer no.", "customer_no", order["customer_no"])],
        [("Name", "name", order["name"]), ("Tier", "tier", order["tier"])],
        [("Street", "street", order["street"]), ("House no.", "house_no", order["house_no"])],
        [("Postcode", "postcode", order["postcode"]), ("City", "city", order["city"])],
        [("Phone", "phone", order["phone"]), ("E-mail", "email", order["email"])],
        [("Status", "status", order["status"]), ("", "status_text", codes.STATUS.get(order["status"], ""))],
        [("Reason", "reason", order["reason"]), ("", "reason_text", codes.REASON.get(order["reason"], ""))],
        [("Attempt", "attempt", str(order["attempt"])), ("Version", "version", str(order["version"]))],
        [("Delivery date", "date", order["delivery_date"]), ("Parcels", "parcels", ", ".join(order["parcels"]))],
        [("Window", "window", order["window"]), ("", "window_text", codes.WINDOW.get(order["window"], ""))],
    ]
    if layout == "v2":
        rows[2], rows[3] = rows[3], rows[2]
    if layout == "v3":
        rows[2][0] = ("Road", *rows[2][0][1:])
    if layout == "v4":
        rows[5][0] = ("Status", "state", order["status"])
    if layout == "v5":
        del rows[9]
    if layout == "v6":  # a column swapped: each caption stands over the other's text
        rows[3] = [("Postcode", "postcode", order["city"]), ("City", "city", order["postcode"])]
    return rows
