"""What a probe asks of a system to see whether it answers: one address of its own, without any effect."""

from dataclasses import dataclass

READ_ONLY = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Probe:
    """One request to `path` below the system's address. `expects`: a text that only this application's answer holds."""

    path: str = "/"
    method: str = "GET"
    expects: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError with a sentence for a probe that may write, or that leaves the system."""
        if self.method not in READ_ONLY:
            raise ValueError(f"a probe may only read: {self.method} {self.path} may write, use GET or HEAD")
        if not self.path.startswith("/") or self.path.startswith("//"):
            raise ValueError(f"a probe stays at its system: {self.path} is no path below its address")


FRONT_PAGE = Probe()
"""What is asked where a system declares nothing."""
