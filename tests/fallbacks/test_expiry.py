"""Credentials that expire are told of in time, and not every hour."""

from datetime import UTC, datetime, timedelta

from structlog.testing import capture_logs

from bots.kit.secrets.seam import Known, SecretsAway
from fallbacks.expiry import ExpiringCredentials, due

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def ends(name: str, **later: float) -> Known:
    """A credential that ends so much later."""
    return Known(name=name, expires_at=NOW + timedelta(**later))


def test_what_ends_within_a_fortnight_is_told() -> None:
    """The first to end comes first; what has no end, or a later one, is not told."""
    known = [ends("late", days=15), ends("soon", days=13), Known(name="never"), ends("gone", days=-2)]

    assert due(known, NOW) == [
        "The credential gone expired on 2026-11-20: renew it, then `baton secrets rotate gone`.",
        "The credential soon expires in 13 days (2026-12-05).",
    ]


async def test_the_log_is_told_once_a_day() -> None:
    """Each hour it is looked at, once a day it is said."""

    async def known() -> list[Known]:
        return [ends("soon", days=9.9)]

    beat = ExpiringCredentials(known)
    with capture_logs() as said:
        for hours in (0, 1, 2, 25):
            await beat.run_once(NOW + timedelta(hours=hours))

    assert [line["sentence"] for line in said] == [
        "The credential soon expires in 9 days (2026-12-02).",
        "The credential soon expires in 8 days (2026-12-02).",
    ]


async def test_a_place_that_is_away_ends_no_upkeep() -> None:
    """Credentials that cannot be read are told as that."""

    async def known() -> list[Known]:
        raise SecretsAway

    with capture_logs() as said:
        assert await ExpiringCredentials(known).run_once(NOW) == 0

    assert [line["event"] for line in said] == ["credentials.unread"]
