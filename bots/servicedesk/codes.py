"""The service desk's answers, translated once into the standard faults."""

from core.faults import Fault, InputRefused, RecordNotFound, Refused, ScreenUnexpected, SignInRefused, SystemDown


class VersionMoved(Refused):
    """Somebody changed the ticket meanwhile, so the system did not take the change."""

    code = "version_moved"


REFUSALS: dict[int, type[Refused]] = {
    401: SignInRefused,
    403: SignInRefused,
    404: RecordNotFound,
    409: VersionMoved,
    422: InputRefused,
}
"""With these the service desk itself says that it took nothing."""


def fault_of(status: int, text: str) -> Fault:
    """What an HTTP status outside 200 to 299 means for a request that changes nothing."""
    detail = f"HTTP {status}: {text[:500]}"
    if status in REFUSALS:
        return REFUSALS[status](detail)
    return SystemDown(detail) if status >= 500 else ScreenUnexpected(detail)
