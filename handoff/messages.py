"""The texts customers get, pure: the console previews with them exactly what the mail will say."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from core.inert import visible, visible_line
from handoff.resolution import CorrectAddress, Decision, Refund, Reschedule, ReturnToSender


class Message(BaseModel):
    """A mail's subject and plain text."""

    model_config = ConfigDict(frozen=True)

    subject: str
    body: str


_WINDOWS = {
    "1": "between 8 and 12 o'clock",
    "2": "between 12 and 16 o'clock",
    "3": "between 16 and 20 o'clock",
    "9": "during the day",
}


def for_resolution(resolution: Decision, *, name: str, order_no: str, case_number: str) -> Message | None:
    """The mail that tells the customer what was decided; None when the customer is not written to."""
    if isinstance(resolution, Reschedule):
        return _mail(
            f"New delivery date for your order {order_no}",
            name,
            f"we could not deliver your order {order_no}. We will deliver it on "
            f"{_spoken(resolution.delivery_date)}, {_WINDOWS[resolution.window_code]}.",
            case_number,
        )
    if isinstance(resolution, CorrectAddress):
        return _mail(
            f"Delivery address of your order {order_no} corrected",
            name,
            f"we could not deliver your order {order_no}. We have corrected the delivery address to "
            f"{resolution.street} {resolution.house_no}, {resolution.postcode} {resolution.city}, and will deliver "
            "it there.",
            case_number,
        )
    if isinstance(resolution, Refund):
        return _mail(
            f"Refund for your order {order_no}",
            name,
            f"we could not deliver your order {order_no} as promised. We refund {resolution.amount} "
            f"{resolution.currency} to the account you paid from.",
            case_number,
        )
    if isinstance(resolution, ReturnToSender):
        return _mail(
            f"Your order {order_no} goes back to the sender",
            name,
            f"we could not deliver your order {order_no}. It goes back to the sender with {resolution.carrier}.",
            case_number,
        )
    return None


def answer(text: str, *, name: str, order_no: str, case_number: str) -> Message:
    """The mail with what somebody of the house wrote to a customer."""
    about = f"your order {order_no}" if order_no else case_number
    return _mail(f"About {about}", name, visible(text).strip(), case_number)


def outage(subject: str, text: str, *, name: str, case_number: str) -> Message:
    """The mail that says that a matter takes longer, or goes on, since a system was away."""
    return _mail(visible_line(subject), name, visible(text).strip(), case_number)


def question(text: str, *, link: str, until: datetime, case_number: str) -> Message:
    """The mail that asks somebody outside: the question, the link, and until when it can be answered. No name, no
    order: it may go to a depot or a carrier."""
    body = (
        f"Hello,\n\nwe have a question about {case_number}:\n\n{visible(text).strip()}\n\n"
        f"Please answer here, without signing in:\n{link}\n\n"
        f"The link can be used once, until {_spoken(until.date())}, {until:%H:%M} UTC. "
        "You can also simply answer this mail.\n\n"
        "Kind regards\nCustomer service\n"
    )
    return Message(subject=f"A question about {case_number}", body=body)


def _mail(subject: str, name: str, sentence: str, case_number: str) -> Message:
    body = (
        f"Dear {visible_line(name) or 'customer'},\n\n{sentence}\n\n"
        f"If anything is not right, please answer this mail. Your reference is {case_number}.\n\n"
        "Kind regards\nCustomer service\n"
    )
    return Message(subject=subject, body=body)


def _spoken(day: date) -> str:
    return f"{day.strftime('%A')}, {day.day} {day.strftime('%B %Y')}"
