"""How much money a person may decide about: one set limit for each role."""

from decimal import Decimal

LIMITS: dict[str, Decimal] = {"agent": Decimal("50.00"), "supervisor": Decimal("500.00")}
"""By role, in EUR, the smallest first; a role that is not here refunds nothing."""


def objection(role: str, amount: Decimal) -> str:
    """Why somebody in that role may not refund that amount, and who may; empty when they may."""
    own = LIMITS.get(role, Decimal(0))
    if amount <= own:
        return ""
    may = [f"a {other} may, up to {limit} EUR" for other, limit in LIMITS.items() if amount <= limit]
    who = may[0] if may else f"nobody may decide alone about more than {max(LIMITS.values())} EUR"
    return f"You may refund up to {own} EUR; of {amount} EUR {who}."
