"""The numbers and sentences of the order desk, as its handbook has them."""

STATUS = {
    "10": "open",
    "20": "picked",
    "30": "out for delivery",
    "40": "delivered",
    "50": "delivery failed",
    "60": "new date set",
    "90": "cancelled",
}
CLOSED_STATUS = ("40", "90")
FAILURE_STATUS = ("10", "20", "30", "50")
REASON = {
    "11": "address",
    "12": "absence",
    "13": "access",
    "14": "damage",
    "15": "refusal",
    "16": "carrier",
    "17": "system",
}
BLOCK = {"CR": "credit check", "AD": "address check", "CU": "customs"}
WINDOW = {"1": "08-12", "2": "12-16", "3": "16-20", "9": "any"}

NOT_FOUND = "ORD-101 Order not found"
STATUS_FORBIDS = "ORD-120 status does not allow this change"
DUPLICATE = "ORD-130 a refund for this order already exists - create anyway?"
NO_RETURN = "ORD-131 no return for this order"
RETURN_FULL = "ORD-132 this return has five parcels already"
NO_BLOCK = "ORD-133 no such block on this order"
SESSION_EXPIRED = "ORD-301 session expired"
SIGN_IN_FAILED = "ORD-310 Sign-in failed"
ACCOUNT_LOCKED = "ORD-311 Account locked after three failed sign-ins"
PASSWORD_EXPIRED = "ORD-312 Password expired, choose a new one"
INTERNAL_ERROR = "ORD-500 Internal error"
NOT_AVAILABLE = "ORD-503 System not available"


def invalid(field: str) -> str:
    """A field of a change is wrong."""
    return f"ORD-102 Input not valid: {field}"


def locked(user: str) -> str:
    """Another user has the record open."""
    return f"ORD-113 record locked by {user.upper()}"


def overtaken(user: str) -> str:
    """Another user saved between opening and saving."""
    return f"ORD-114 record changed by {user.upper()} since it was opened"


def saved(change_no: str) -> str:
    """The change is committed under that number."""
    return f"ORD-201 Change {change_no} saved"
