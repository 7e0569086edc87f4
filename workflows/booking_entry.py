"""What a place on the board keys: the desk's preview shows exactly this."""

from handoff.booking import BookingRequest, Place
from systems.fieldboard import Book, CancelBooking, Move

GONE = ("slot_taken", "technician_off", "day_past")
"""With these codes the board says that the place is not to be had; another one is."""


def entry_for(request: BookingRequest, place: Place, reference: str) -> Book:
    """A new booking."""
    address = request.model_dump(include={"name", "street", "house_no", "postcode", "city", "phone"})
    return Book.model_validate({**address, "skill_code": request.skill, **_at(place, reference)})


def to_move(place: Place, reference: str) -> Move:
    """The booking moved to another place."""
    return Move.model_validate(_at(place, reference))


def to_cancel(place: Place, reference: str) -> CancelBooking:
    """The booking cancelled, as long as it stands at that place."""
    return CancelBooking.model_validate(_at(place, reference))


def _at(place: Place, reference: str) -> dict[str, object]:
    return {
        "reference": reference,
        "technician": place.technician,
        "day": place.day,
        "slot_code": place.slot,
    }
