"""The numbers and sentences of the dispatch board, as its handbook has them."""

SLOTS = {"1": "08-10", "2": "10-12", "3": "12-14", "4": "14-16"}
SKILLS = {"1": "white goods", "2": "heating", "3": "electrical", "4": "kitchen fitting"}
BOOKED, CANCELLED = "10", "90"
STATUS = {BOOKED: "booked", CANCELLED: "cancelled"}

NOT_FOUND = "FB-101 No booking found"
TAKEN = "FB-120 slot was taken meanwhile"
OFF = "FB-121 technician is off"
UNSKILLED = "FB-122 technician lacks the skill"
PAST = "FB-123 day lies in the past"
IS_CANCELLED = "FB-124 booking is cancelled"
SESSION_EXPIRED = "FB-301 session expired"
SIGN_IN_FAILED = "FB-310 Sign-in failed"
ACCOUNT_LOCKED = "FB-311 Account locked after three failed sign-ins"
PASSWORD_EXPIRED = "FB-312 Password expired, choose a new one"
INTERNAL_ERROR = "FB-500 Internal error"
NOT_AVAILABLE = "FB-503 System not available"
_SAVED = {"BOOK": "FB-201 Booking {} saved", "MOVE": "FB-202 Booking {} moved", "CANC": "FB-203 Booking {} cancelled"}


def invalid(field: str) -> str:
    """A field of a form is wrong."""
    return f"FB-102 Input not valid: {field}"


def overtaken(user: str) -> str:
    """Another user saved between opening and saving."""
    return f"FB-114 booking changed by {user.upper()} since it was opened"


def saved(op: str, number: str) -> str:
    """It is committed under that number."""
    return _SAVED[op].format(number)
