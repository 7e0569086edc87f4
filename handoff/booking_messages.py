"""What a customer reads about an appointment, pure: the desk previews with it exactly what the mail will say."""

from core.inert import visible_line
from handoff.booking import Place
from handoff.messages import Message


def booking_link(console_url: str, case_number: str, token: str) -> str:
    """Where the customer changes or cancels the appointment."""
    return f"{console_url.rstrip('/')}/bookings/{case_number}.{token}"


def booked(place: Place, *, name: str, link: str, case_number: str) -> Message:
    """The appointment as it stands now, with the link to change it."""
    return _mail(
        "Your appointment",
        name,
        f"our technician comes on {place.spoken()}.\n\n"
        f"If that does not suit you, choose another time or cancel here, without signing in:\n{link}",
        case_number,
    )


def cancelled(*, name: str, case_number: str) -> Message:
    """The appointment is cancelled, as the customer wished."""
    return _mail(
        "Your appointment is cancelled", name, "we have cancelled your appointment, as you asked.", case_number
    )


def _mail(subject: str, name: str, text: str, case_number: str) -> Message:
    body = (
        f"Dear {visible_line(name) or 'customer'},\n\n{text}\n\n"
        f"If anything is not right, please answer this mail. Your reference is {case_number}.\n\n"
        "Kind regards\nCustomer service\n"
    )
    return Message(subject=subject, body=body)
