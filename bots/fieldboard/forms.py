"""The board's forms, lists, display and grid as they must look before the bot trusts them. No business here."""

from dataclasses import dataclass

from failure.difference import Layout

SIGN_IN, BOARD, SEARCH, LIST, DISPLAY, SAVED, MESSAGE = "F00", "F10", "F15", "F16", "F30", "F40", "F90"


@dataclass(frozen=True)
class FormField:
    """A field of a form: its caption, its input's name, the field of the entry's image that it takes."""

    caption: str
    name: str


@dataclass(frozen=True)
class FormScreen:
    """A form of the booking window as it must look before anything is typed into it.

    `op` is its word in a booking's list of changes, `asks` the board's question about its booking.
    """

    number: str
    title: str
    path: str
    op: str
    asks: str
    fields: tuple[FormField, ...]

    @property
    def layout(self) -> Layout:
        """The form as it is known."""
        fields = [(field.caption, field.name) for field in self.fields]
        return Layout.of(f"{self.number} {self.title}", fields, title=self.title)

    def question(self, booking_no: str) -> str:
        """What the board asks before it saves."""
        return self.asks.format(booking_no)


REFERENCE, REMARKS = FormField("Reference", "reference"), FormField("Remarks", "remarks")
_PLACE = (FormField("Technician", "technician"), FormField("Day", "day"), FormField("Slot", "slot"))

BOOK = FormScreen(
    "F20",
    "NEW BOOKING",
    "new",
    "BOOK",
    "Save this booking?",
    (
        REFERENCE,
        FormField("Name", "name"),
        FormField("Street", "street"),
        FormField("House no.", "house_no"),
        FormField("Postcode", "postcode"),
        FormField("City", "city"),
        FormField("Phone", "phone"),
        *_PLACE,
        FormField("Skill", "skill"),
        REMARKS,
    ),
)
MOVE = FormScreen("F31", "MOVE BOOKING", "move", "MOVE", "Move booking {}?", (*_PLACE, REMARKS))
CANCEL = FormScreen("F32", "CANCEL BOOKING", "cancel", "CANC", "Cancel booking {}?", (REMARKS,))

SIGN_IN_FORM = [("User", "user"), ("Password", "password")]
CELLS = [
    ("Booking no.", "booking_no"),
    ("Reference", "reference"),
    ("Status", "status"),
    ("", "status_text"),
    ("Name", "name"),
    ("Phone", "phone"),
    ("Street", "street"),
    ("House no.", "house_no"),
    ("Postcode", "postcode"),
    ("City", "city"),
    ("Technician", "technician"),
    ("Day", "day"),
    ("Slot", "slot"),
    ("", "slot_text"),
    ("Skill", "skill"),
    ("", "skill_text"),
]
"""The booking display, cell by cell: caption and name, in the order of the screen."""
CHANGES = [("No.", "c_no"), ("On (UTC)", "c_at"), ("By", "c_user"), ("Op", "c_op"), ("Remarks", "c_text")]
"""The list below it: the caption and name of each column."""
BOOKINGS = [
    ("Booking no.", "booking_no"),
    ("Reference", "reference"),
    ("Name", "name"),
    ("Tech.", "technician"),
    ("Day", "day"),
    ("Slot", "slot"),
    ("St", "status"),
]
"""The list of bookings, in the same way."""
GRID = ["Technician", "Skills", "Area"]
"""The head of the week's grid, before its days."""
HOURS = ["1 08-10", "2 10-12", "3 12-14", "4 14-16"]
"""The slots of each of its days."""
DAYS = 6
FREE, TAKEN, OFF, PAST = "free", "taken", "off", "past"
"""What a cell of the grid may be."""
MOST_ROWS = 200
"""The board lists no more bookings than that, and does not say which ones it leaves out."""
