"""The order desk's forms, lists and display as they must look before the bot trusts them. No business here."""

from dataclasses import dataclass

from failure.difference import Layout

SIGN_IN, NEW_PASSWORD, CODE, SEARCH, LIST, DISPLAY, SAVED, QUESTION = (
    "S00",
    "S01",
    "S02",
    "S10",
    "S15",
    "S20",
    "S40",
    "S41",
)


@dataclass(frozen=True)
class ChangeField:
    """A field of a change screen: its caption, its input's name, and the field of the operation that it takes."""

    caption: str
    name: str
    holds: str


@dataclass(frozen=True)
class ChangeScreen:
    """A change screen as it must look before anything is typed into it.

    `kind` is its word in the order's list of changes. `records` is the list on the order display that holds what it
    makes or takes away; empty when it changes the order itself. `window`: it is in a window of its own.
    """

    number: str
    title: str
    path: str
    kind: str
    fields: tuple[ChangeField, ...]
    records: str = ""
    window: bool = False

    @property
    def layout(self) -> Layout:
        """The screen as it is known."""
        fields = [(field.caption, field.name) for field in self.fields]
        return Layout.of(f"{self.number} {self.title}", fields, title=self.title)


REMARKS = ChangeField("Remarks", "remarks", "")
_REASON = ChangeField("Reason code", "reason", "reason")

FAILURE = ChangeScreen(
    "S31",
    "DELIVERY FAILURE",
    "failure",
    "FAIL",
    (ChangeField("Status", "status", "status"), _REASON, ChangeField("Attempt", "attempt", "attempt"), REMARKS),
)
DATE = ChangeScreen(
    "S32",
    "NEW DELIVERY DATE",
    "date",
    "DATE",
    (ChangeField("Delivery date", "date", "delivery_date"), ChangeField("Time window", "window", "window"), REMARKS),
)
ADDRESS = ChangeScreen(
    "S33",
    "DELIVERY ADDRESS",
    "address",
    "ADDR",
    (
        ChangeField("Street", "street", "street"),
        ChangeField("House no.", "house_no", "house_no"),
        ChangeField("Postcode", "postcode", "postcode"),
        ChangeField("City", "city", "city"),
        REMARKS,
    ),
)
REFUND = ChangeScreen(
    "S34",
    "REFUND",
    "refund",
    "REF",
    (ChangeField("Amount", "amount", "amount"), ChangeField("Currency", "currency", "currency"), _REASON, REMARKS),
    records="refunds",
)
RETURN = ChangeScreen(
    "S35",
    "RETURN TO SENDER",
    "return",
    "RETH",
    (_REASON, ChangeField("Carrier", "carrier", "carrier"), REMARKS),
    records="returns",
    window=True,
)
LINE = ChangeScreen(
    "S36",
    "RETURN PARCEL",
    "return",
    "RETL",
    (ChangeField("Parcel", "parcel", "parcel"), REMARKS),
    records="lines",
    window=True,
)
BLOCK = ChangeScreen(
    "S38",
    "REMOVE DELIVERY BLOCK",
    "block",
    "UNBL",
    (ChangeField("Delivery block", "block", "block"), REMARKS),
    records="blocks",
)
ALL = (FAILURE, DATE, ADDRESS, REFUND, RETURN, LINE, BLOCK)

SIGN_IN_FORM = [("User", "user"), ("Password", "password")]
CELLS = [
    ("Order no.", "order_no"),
    ("Customer no.", "customer_no"),
    ("Name", "name"),
    ("Tier", "tier"),
    ("Street", "street"),
    ("House no.", "house_no"),
    ("Postcode", "postcode"),
    ("City", "city"),
    ("Phone", "phone"),
    ("E-mail", "email"),
    ("Status", "status"),
    ("", "status_text"),
    ("Reason", "reason"),
    ("", "reason_text"),
    ("Attempt", "attempt"),
    ("Version", "version"),
    ("Delivery date", "date"),
    ("Parcels", "parcels"),
    ("Window", "window"),
    ("", "window_text"),
    ("Remarks", "remarks"),
]
"""The order display, cell by cell: caption and name, in the order of the screen."""
LISTS = {
    "blocks": [("Block", "block"), ("Text", "why")],
    "refunds": [
        ("Refund", "number"),
        ("Amount", "amount"),
        ("Curr.", "currency"),
        ("Reason", "reason"),
        ("Text", "text"),
    ],
    "returns": [
        ("Return", "number"),
        ("Reason", "reason"),
        ("Carrier", "carrier"),
        ("Lines", "lines"),
        ("Text", "text"),
    ],
    "lines": [("Line", "number"), ("Return", "return_no"), ("Parcel", "parcel"), ("Text", "text")],
    "changes": [("Change", "c_no"), ("On (UTC)", "c_at"), ("By", "c_user"), ("Op", "c_op"), ("Text", "c_text")],
}
"""The lists below it: the caption and name of each column. A list without rows is not shown, but for the changes."""
