"""The report of a failed delivery: one schema for form, file and API."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

JOURNEY = "failed-delivery"
CASE_PREFIX = "FD"
URGENT_TIER = "A"
"""Customers whose entries go before those of others."""


def _unpadded(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


class FailedDeliveryReport(BaseModel):
    """What a driver or carrier reports when a parcel could not be delivered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    order_no: Annotated[
        str,
        StringConstraints(strip_whitespace=True, pattern=r"^\d{7}$"),
        Field(title="Order number", description="Seven digits, as on the delivery note.", examples=["4700123"]),
    ]
    parcel_no: Annotated[
        str,
        StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^P-\d{8}$"),
        Field(title="Parcel number", description="P- and eight digits, as on the label.", examples=["P-88112345"]),
    ]
    attempt: Annotated[
        int,
        BeforeValidator(_unpadded),
        Field(title="Attempt", description="Which delivery attempt failed.", ge=1, le=9),
    ] = 1
    failed_on: Annotated[date, Field(title="Failed on", description="The day of the attempt.")]
    reason_text: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
        Field(title="Reason", description="In the driver's or carrier's own words."),
    ]
    driver_note: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=1000),
        Field(title="Note", description="Anything else that helps the person who takes over."),
    ] = ""
    reported_by: Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=80),
        Field(title="Reported by", description="Driver, depot or carrier."),
    ] = ""
    contact_preference: Annotated[
        Literal["mail", "phone", "none"],
        Field(title="Customer prefers", description="How the customer wants to be told."),
    ] = "mail"

    @property
    def business_key(self) -> str:
        """What happened: the same key twice is one case."""
        return f"{self.order_no}/{self.parcel_no}/{self.attempt}"

    @property
    def subject_key(self) -> str:
        """What it happened to: cases with the same subject are shown beside each other."""
        return f"{self.order_no}/{self.parcel_no}"
