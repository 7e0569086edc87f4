"""A session that failed: what a chat, a self-service page or a call hands over when it cannot help the customer."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from handoff.packet import Customer, Packet, Said

JOURNEY = "bot-to-agent"
CASE_PREFIX = "BA"
CHANNELS = {"chat": "A chat", "self_service": "A self-service session", "phone": "A call"}


def _text(longest: int, shortest: int = 0) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=shortest, max_length=longest)


class Frozen(BaseModel):
    """Base of what a program sends: nothing that we would overlook."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Who(Frozen):
    """Whom it is about, as far as the session knows."""

    name: Annotated[str, _text(80)] = ""
    email: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=r"^([^@\s,;<>]{1,80}@[^@\s,;<>]{1,80})?$")
    ] = ""
    phone: Annotated[str, _text(40)] = ""
    customer_no: Annotated[str, _text(40)] = ""


class About(Frozen):
    """What it is about, as far as the session knows."""

    order_no: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^(\d{7})?$")] = ""
    parcel_no: Annotated[str, _text(20)] = ""


class Line(Frozen):
    """What one side said."""

    by: Annotated[str, _text(80, 1)]
    at: AwareDatetime | None = None
    text: Annotated[str, _text(4000, 1)]


class FailedSession(Frozen):
    """A session that comes to a person, with everything that was said in it."""

    channel: Literal["chat", "self_service", "phone"]
    customer: Who = Who()
    about: About = About()
    transcript: Annotated[tuple[Line, ...], Field(max_length=300)] = ()
    what_failed: Annotated[str, _text(500, 3)]
    wanted: Annotated[str, _text(500)] = ""

    @property
    def subject_key(self) -> str:
        """What it happened to: cases about the same are shown beside each other."""
        return self.about.order_no or self.customer.customer_no or self.customer.email or self.customer.phone


def packet_of(number: str, session: FailedSession, submitted_by: str) -> Packet:
    """Everything the session knew, so that nobody asks the customer twice."""
    prefers: Literal["mail", "phone"] = "phone" if not session.customer.email and session.customer.phone else "mail"
    order = {name: value for name, value in session.about.model_dump().items() if value}
    failed = session.what_failed.rstrip(".")
    return Packet(
        case_number=number,
        happened=f"{CHANNELS[session.channel]} of {submitted_by} could not help the customer: {failed}.",
        customer=Customer(**session.customer.model_dump(), contact_preference=prefers),
        order=order,
        missing=() if order else ("What it is about: the session named no order",),
        next_best_step="Read what was said, help the customer, and close the case with a note that says how.",
        allowed=("close",),
        transcript=tuple(Said(by=line.by, at=line.at, text=line.text) for line in session.transcript),
        wanted=session.wanted,
    )
