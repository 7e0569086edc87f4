"""What the check found, in lines: the answer last, where a reader looks."""

import re
from collections import defaultdict

from baton.lines import Lines
from baton.upgrade.check_replay import Replays, Stranded
from baton.upgrade.check_schema import Step, Tried

SHOWN = 10
LONG_SECONDS = 1.0
"""A migration that holds a table for longer is felt by people."""


def lines(replays: Replays | None, tried: Tried | None, unseen: list[str], *, yes: bool) -> Lines:
    """All of it."""
    told = Lines()
    if replays is not None:
        _open(told, replays)
    if tried is not None:
        _migrations(told, tried)
    for sentence in unseen:
        told.add("Unseen", sentence, "bad")
    if yes:
        told.add("Answer", "yes: this build may come in.", "good")
    else:
        told.add("Answer", "no: leave the running build in place; docs/upgrading.md says what to do.", "bad")
    return told


def _open(told: Lines, replays: Replays) -> None:
    stuck = len(replays.stuck)
    said = "all replay on this build" if not stuck else f"{stuck} would stand still on this build"
    pace = f"{replays.open / replays.seconds:.0f} a second" if replays.seconds else ""
    told.add("Open", f"{replays.open} open, {said} ({replays.seconds:.1f} s, {pace}).", "bad" if stuck else "good")
    groups: dict[tuple[str, str, str], list[Stranded]] = defaultdict(list)
    for one in replays.stuck:
        groups[one.workflow, one.why, re.sub(r"\d+", "#", one.sentence)].append(one)
    for (workflow, why, _), members in sorted(groups.items(), key=lambda group: -len(group[1])):
        told.add(why.capitalize(), f"{len(members)} of {workflow}: {members[0].sentence}", "bad")
        for one in members[:SHOWN]:
            told.add(why.capitalize(), f"  {one.workflow_id} {one.link}".rstrip())
        if len(members) > SHOWN:
            told.add(why.capitalize(), f"  and {len(members) - SHOWN} more: see them with --json")
    for build, number in sorted(replays.staying.items()):
        told.add("Stays", f"{number} stay on build {build}: keep its workers running until they have ended.")


def _migrations(told: Lines, tried: Tried) -> None:
    if tried.newer:
        told.add("Schema", f"newer than this build ({', '.join(tried.newer)}): it has nothing to run.")
    elif not tried.steps:
        told.add("Schema", "current: nothing to run.", "good")
    for step in tried.steps:
        told.add("Schema", _step(step, rows=tried.rows), "bad" if step.failed or step.narrows else "")
    if tried.steps and not tried.rows:
        told.add("Schema", "Tried on empty tables: how long it takes on yours, and whether your rows fit, is not seen.")


def _step(step: Step, *, rows: bool) -> str:
    when = "once no older build runs (baton migrate --after)" if step.after else "before the new build starts"
    if step.failed:
        return f"{step.revision}, {when}, FAILS: {step.failed}"
    said = [f"{step.revision}, {when}: {step.seconds:.2f} s" if rows else f"{step.revision}, {when}: runs"]
    if step.rewritten:
        said.append(f"rewrites {', '.join(step.rewritten)}, which nobody reads meanwhile")
    if step.locked and (not rows or step.seconds >= LONG_SECONDS or step.rewritten):
        said.append(f"nobody writes to {', '.join(step.locked)} meanwhile")
    if step.narrows and not step.after:
        said.append(f"an older build could not go on beside it: {'; '.join(step.narrows)}")
    return "; ".join(said)
