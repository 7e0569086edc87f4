"""The packet of an entry that a bot could not finish: what is keyed, what is missing, and where to go on."""

from activities.items import ItemView
from activities.stuck import Stuck
from core.fault_list import every_fault
from handoff.packet import Commit, Packet, StuckEntry
from systems.part import Part
from systems.registry import SYSTEMS, operation_of

NEXT = "Look at what is keyed, then correct it, finish it by hand, or give it back to the bot."


def why(code: str) -> str:
    """The fault's own sentence: why a person is asked."""
    known = every_fault().get(code)
    return known.sentence() if known is not None else "It needs a person."


def of(item: ItemView, stuck: Stuck, parts: tuple[Part, ...]) -> Packet:
    """Everything that is known, on top of what the case passed along last."""
    system, operation = SYSTEMS[item.system], operation_of(item.system, item.operation)
    commits = tuple(_commit(number, part, item, stuck) for number, part in enumerate(parts))
    known = stuck.passed or Packet(case_number=stuck.case_number, happened="", customer=stuck.customer)
    entered = f" {item.parts_done} of {len(parts)} parts are in." if len(parts) > 1 else ""
    return known.model_copy(
        update={
            "happened": f"A bot could not finish “{operation.title}” on the {system.title}, {item.target_key}: "
            f"{why(item.code)}{entered}",
            "order": known.order or ({"order_no": stuck.order_no} if stuck.order_no else {}),
            "done": (*known.done, *stuck.entered),
            "missing": tuple(f"{commit.title}: not entered" for commit in commits if not commit.entered),
            "next_best_step": NEXT,
            "allowed": (),
            "entry": StuckEntry(
                item_id=str(item.id),
                system=item.system,
                operation=item.operation,
                title=operation.title,
                target_key=item.target_key,
                reference=item.reference,
                commits=commits,
                next_field=_next_field(item, commits),
            ),
        }
    )


def _commit(number: int, part: Part, item: ItemView, stuck: Stuck) -> Commit:
    entered = number < item.parts_done
    keyed = tuple((field.label, part.image[field.name]) for field in part.fields if field.name in part.image)
    confirmation = stuck.entered[number].reference if entered and number < len(stuck.entered) else ""
    return Commit(title=part.title, entered=entered, confirmation=confirmation, fields=keyed)


def _next_field(item: ItemView, commits: tuple[Commit, ...]) -> str:
    """Where to go on: the first field that the screen shows otherwise, else the first of the next commit."""
    differing = [str(found.get("label", "")) for found in item.differences or []]
    fields = [label for commit in commits if not commit.entered for label, _ in commit.fields]
    return next(iter([*differing, *fields]), "")
