"""This room's tests stand on cases in a database of their own."""

from tests.support.standing_cases import add, database

__all__ = ["add", "database"]
