"""How much money a person may decide about: one set limit for each role."""

from decimal import Decimal

LIMITS: dict[str, Decimal] = {"agent": Decimal("50.00"), "supervisor": Decimal("500.00")}
"""By role, in EUR, the smallest first; a role that is not here refunds nothing."""


def of(role: str) -> Decimal:
    """How much somebody in that role may refund."""
    return LIMITS.get(role, Decimal(0))


def objection(role: str, amount: Decimal) -> str:
    """Why somebody in that role may not refund that amount, and who may; empty when they may."""
    own = of(role)
    if amount <= own:
        return ""
    may = [(other, limit) for other, limit in LIMITS.items() if amount <= limit]
    who = (
        f"A {may[0][0]} may refund up to {may[0][1]} EUR: have one decide"
        if may
        else f"Nobody may decide alone about more than {max(LIMITS.values())} EUR"
    )
    return f"You may refund up to {own} EUR. {who}."
