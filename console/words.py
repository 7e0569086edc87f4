"""Plain words for what happened."""

from records.people import Role

ROLES: dict[Role, str] = {
    Role.OPS: "Operations",
    Role.SUPERVISOR: "Supervisor",
    Role.AGENT: "Service agent",
    Role.IT: "IT",
}
