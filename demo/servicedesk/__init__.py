"""The ticket system: a small REST API, a plain list, and screens to sign in to."""
