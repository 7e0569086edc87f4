"""The ticket system: a small REST API and a plain list."""
