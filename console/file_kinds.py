"""What a file of work may hold: failed deliveries or bookings, each with its columns, its check and its way in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from console import booking_forms, reports
from console.intake_file import REPORTS, Sheet
from handoff import booking, failed_delivery
from handoff.booking import BookingRequest
from handoff.failed_delivery import FailedDeliveryReport
from records.intake import HandedIn


@dataclass(frozen=True)
class FileKind:
    """One journey whose work can be handed in as a file.

    `sheet` is asked with the present day; `work` makes what intake takes of a kept row, in the uploader's name.
    """

    journey: str
    title: str
    about: str
    """What two rows have in common that are about the same."""
    titles: Mapping[str, str]
    sheet: Callable[[date], Sheet]
    work: Callable[[dict[str, Any], str], HandedIn]
    long: tuple[str, ...] = ()
    """Columns that hold sentences."""


KINDS = {
    kind.journey: kind
    for kind in (
        FileKind(
            journey=failed_delivery.JOURNEY,
            title="Failed deliveries",
            about="delivery",
            titles=reports.TITLES,
            sheet=lambda _today: REPORTS,
            work=lambda row, by: reports.work_of(FailedDeliveryReport.model_validate(row), "file", by),
            long=("reason_text", "driver_note"),
        ),
        FileKind(
            journey=booking.JOURNEY,
            title="Bookings",
            about="booking",
            titles=booking_forms.COLUMNS,
            sheet=booking_forms.sheet,
            work=lambda row, by: booking_forms.work_of(BookingRequest.model_validate(row), "file", by),
            long=("note",),
        ),
    )
}


def template(kind: FileKind) -> bytes:
    """An empty CSV file with the kind's columns, as Excel opens it."""
    return b"\xef\xbb\xbf" + ";".join(kind.titles.values()).encode() + b"\r\n"
