"""How long tests wait for what must come.

These numbers end a hang and nothing else: a machine that shares its processor can be twenty times slower than ours, and
how fast something is belongs in `benchmarks/`.
"""

PATIENCE = 600.0
"""Seconds until a test gives up waiting for something that it has asked for."""
PATIENCE_MS = PATIENCE * 1000
"""The same for a browser."""
STOPPED = 60.0
"""Seconds in which a family of processes that was told to stop is gone: longer than that is one that stays."""
