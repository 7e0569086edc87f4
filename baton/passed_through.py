"""What the workflow sandbox takes as it is: our pure rooms, and the modules of `workflows` that define no workflow."""

ROOMS_PASSED_THROUGH = (
    "activities",
    "bots",
    "core",
    "decisions",
    "failure",
    "handoff",
    "records",
    "systems",
    "structlog",
)
PARTS_PASSED_THROUGH = (
    "acts",
    "appointment",
    "book",
    "case_start",
    "booking_acts",
    "booking_entry",
    "booking_telling",
    "bulk_acts",
    "bulk_people",
    "correcting",
    "dispatching",
    "doubt",
    "entries",
    "giving_back",
    "handing_over",
    "handoff_acts",
    "handoff_alarms",
    "handoff_asking",
    "handoff_book",
    "handoff_entry",
    "handoff_inbox",
    "handoff_mark",
    "handoff_people",
    "handoff_standing",
    "item_book",
    "item_handoff",
    "item_packet",
    "item_people",
    "journal",
    "marking",
    "not_tried",
    "notices",
    "order_reader",
    "packets",
    "policies",
    "record_reader",
    "resolver",
    "resolving",
    "revision",
    "search",
    "slots",
    "returned",
    "taking_back",
    "telling",
    "ticket",
    "window",
    "withdrawal",
)
"""Modules of `workflows` that define no workflow.

The sandbox imports what is not passed through anew for every run: with these passed through, the worker spends a third
less on a case (350 to 241 ms of processor time, measured). What the sandbox would refuse in them at run time, such as
a look at the clock, is refused by `tests/house/test_determinism.py`, and replay tests see the rest.
"""
PASSED_THROUGH = (*ROOMS_PASSED_THROUGH, *(f"workflows.{part}" for part in PARTS_PASSED_THROUGH))
