"""Which journeys stand on which systems, at which stage: what an outage hits, declared; tests hold it to the code."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.case import Stage

FAILED_DELIVERY = "failed-delivery"
BOOKING = "booking-dispatch"
BOT_TO_AGENT = "bot-to-agent"
PLAIN_ENTRY = "legacy-entry"


@dataclass(frozen=True)
class Need:
    """What one stage asks of one system: the operations that it enters, and the records that it reads there.

    `stops`: a case stands still on this stage while the system is away; else its people go on with less, as without
    look-ups or with a ticket that follows later.
    """

    system: str
    operations: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    stops: bool = True


@dataclass(frozen=True)
class Station:
    """One stage of a journey, and what it needs."""

    stage: Stage
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True)
class Journey:
    """A business process as systems see it: its stages in order. Plain entry has none: it may enter anything."""

    name: str
    title: str
    stations: tuple[Station, ...]

    def needs(self, system: str) -> Iterator[tuple[Stage, Need]]:
        """Where it needs this system."""
        for station in self.stations:
            for need in station.needs:
                if need.system == system:
                    yield station.stage, need


_TICKET_FOLLOWS = Need("servicedesk", ("update_ticket",), stops=False)
_RESOLUTIONS = ("reschedule", "correct_address", "refund", "return_to_sender")

JOURNEYS: dict[str, Journey] = {
    journey.name: journey
    for journey in (
        Journey(
            FAILED_DELIVERY,
            "Failed delivery",
            (
                Station(Stage.RECEIVED),
                Station(Stage.READING, (Need("orderdesk", reads=("order",)),)),
                Station(Stage.CORRECTION),
                Station(Stage.MARKING, (Need("orderdesk", ("mark_failed_delivery",), ("order",)),)),
                Station(Stage.TICKETING, (Need("servicedesk", ("open_ticket",)),)),
                Station(Stage.WITH_SERVICE, (Need("orderdesk", reads=("order",), stops=False), _TICKET_FOLLOWS)),
                Station(Stage.RESOLVING, (Need("orderdesk", _RESOLUTIONS, ("order",)), _TICKET_FOLLOWS)),
                Station(Stage.TELLING),
                Station(Stage.CLOSED),
            ),
        ),
        Journey(
            BOOKING,
            "Booking to dispatch",
            (
                Station(Stage.RECEIVED),
                Station(Stage.FINDING, (Need("fieldboard", reads=("slots",)),)),
                Station(Stage.WITH_DISPATCH, (Need("fieldboard", reads=("slots",), stops=False),)),
                Station(Stage.BOOKING, (Need("fieldboard", ("book", "move", "cancel_booking"), ("booking",)),)),
                Station(Stage.TELLING),
                Station(Stage.BOOKED, (Need("fieldboard", ("move", "cancel_booking"), ("booking",), stops=False),)),
                Station(Stage.CLOSED),
            ),
        ),
        Journey(
            BOT_TO_AGENT,
            "Bot to agent",
            (
                Station(Stage.RECEIVED),
                Station(Stage.CORRECTION),
                Station(Stage.WITH_SERVICE),
                Station(Stage.CLOSED),
            ),
        ),
        Journey(PLAIN_ENTRY, "Plain entry", ()),
    )
}


def touched_by(system: str) -> list[Journey]:
    """The journeys that an outage of this system hits; plain entry may enter anything, so it always may be."""
    return [journey for journey in JOURNEYS.values() if not journey.stations or any(journey.needs(system))]
