"""The command, and how its parts are put together, started, watched and looked after."""

UNRELEASED = "0.0.0"
__version__ = "0.0.0"
