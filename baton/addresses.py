"""What a person needs to know once everything runs: where, and as whom."""

import io

from rich import box
from rich.console import Console
from rich.table import Table

from baton.stack import ASKED, Stack, at

Row = tuple[str, str, str]


def rows(stack: Stack) -> list[Row]:
    """Name, address, a word about it."""
    ports, demo = stack.ports, stack.options.demo
    found = [
        ("Console", at(ports.console), "start work, cases, desk"),
        ("Temporal UI", at(ports.temporal_ui), "every case as a workflow"),
    ]
    if demo:
        found += [
            ("Order desk", at(ports.orderdesk), f"demo legacy system; faults: {at(ports.orderdesk)}/faults"),
            (
                "Service desk",
                at(ports.servicedesk),
                f"demo tickets; screens: {at(ports.servicedesk)}/desk, faults: /faults",
            ),
            ("Dispatch board", at(ports.fieldboard), "demo bookings of technicians; faults: /faults"),
        ]
    if not stack.own_mail:
        found.append(("Mail", at(ports.mail), "what customers were sent"))
    if stack.options.prefect:
        found.append(("Prefect", at(ports.prefect), "nightly work"))
    asked = ", ".join(f"{name} {at(getattr(ports, port))}" for name, port in ASKED.items())
    found.append(("Health", f"{at(ports.console)}/readyz", f"and /metrics; {asked}"))
    password = stack.folder.path / "keys" / "postgres.password"
    found.append(("PostgreSQL", f"127.0.0.1:{ports.postgres}", f"database and user baton, password in {password}"))
    found.append(("Temporal", stack.temporal.address, f"metrics: {at(ports.temporal_metrics)}/metrics"))
    return found


def sign_ins(stack: Stack) -> list[Row]:
    """Demo users with their passwords; none without the demo systems."""
    if not stack.options.demo:
        return []
    from records.access import DEMO_PASSWORD
    from records.people import Role

    found = [(f"{role.value}@example.org", DEMO_PASSWORD, "console") for role in Role]
    password = stack.folder.demo_secrets()["BATON_SECRET_ORDERDESK_BOT10"]
    return [
        *found,
        ("bot10", password, "order desk, the spare bot account"),
        ("meier", "demo-meier", f"a colleague: order desk, dispatch board, and {at(stack.ports.servicedesk)}/desk"),
    ]


def table(stack: Stack, *, coloured: bool) -> str:
    """One table with the word *ready*: drawn for a terminal, plain lines for a pipe or file."""
    headline = f"Baton is ready. Data and logs: {stack.folder.path}. Ctrl-C stops everything."
    if not coloured:
        lines = [f"{name:<14} {address:<24} {word}" for name, address, word in rows(stack)]
        lines += [f"{'sign in as':<14} {name:<24} {password:<24} {word}" for name, password, word in sign_ins(stack)]
        return "\n".join(["", headline, *lines, ""])
    drawn = Table(title=headline, box=box.ROUNDED, title_justify="left", title_style="bold")
    for heading in ("What", "Address / password", ""):
        drawn.add_column(heading, no_wrap=heading != "", overflow="fold")
    for row in rows(stack):
        drawn.add_row(*row)
    drawn.add_section()
    for name, password, word in sign_ins(stack):
        drawn.add_row(f"sign in: [bold]{name}[/]", password, word)
    out = io.StringIO()
    Console(file=out, force_terminal=True).print(drawn)
    return out.getvalue()
