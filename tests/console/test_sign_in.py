"""Signing in: what is kept, what is refused, when it ends."""

from datetime import timedelta

import httpx
import pytest
from pwdlib import PasswordHash
from sqlmodel import select

from console.access import COOKIE
from records import access
from records.people import Role, Session
from records.trail import AuditEntry
from tests.console.conftest import NOW, Console

RIGHT = {"email": "ops@example.org", "password": access.DEMO_PASSWORD}
WRONG = {"email": "ops@example.org", "password": "not the password"}


@pytest.fixture
async def guest(console: Console) -> httpx.AsyncClient:
    """A browser that has opened the sign-in page."""
    client = console.client()
    await client.get("/sign-in")
    return client


async def audit(console: Console) -> list[tuple[str, str]]:
    """Who did what, oldest first."""
    async with console.database.session() as session:
        found = await session.exec(select(AuditEntry).order_by(AuditEntry.id))  # type: ignore[arg-type]
        return [(entry.actor, entry.action) for entry in found]


async def test_only_a_hash_of_the_session_is_kept(console: Console, guest: httpx.AsyncClient) -> None:
    """The cookie is out of reach of scripts, and the records hold the token's SHA-256 alone."""
    answer = await guest.post("/sign-in", data=RIGHT)

    token = guest.cookies[COOKIE]
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith(COOKIE))
    async with console.database.session() as session:
        kept = [found.id for found in await session.exec(select(Session))]
    assert kept == [access.hashed(token)]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


async def test_a_wrong_password_says_so_and_keeps_the_address(guest: httpx.AsyncClient) -> None:
    """The form comes back with what was typed, without the password."""
    answer = await guest.post("/sign-in", data=WRONG)

    assert answer.status_code == 422
    assert "do not belong together" in answer.text
    assert "ops@example.org" in answer.text
    assert WRONG["password"] not in answer.text


async def test_guessing_is_slowed(guest: httpx.AsyncClient) -> None:
    """After ten wrong passwords for one address the next try is refused, even with the right one."""
    for _ in range(10):
        await guest.post("/sign-in", data=WRONG)

    answer = await guest.post("/sign-in", data=RIGHT)

    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "900"


async def test_signing_in_and_out_is_audited(console: Console, guest: httpx.AsyncClient) -> None:
    """Each refused and each successful sign-in, and each sign-out, leaves an entry."""
    await guest.post("/sign-in", data=WRONG)
    await guest.post("/sign-in", data=RIGHT)

    await guest.post("/sign-out")

    assert (await audit(console))[-3:] == [
        ("ops@example.org", "sign_in.refused"),
        ("ops@example.org", "sign_in.done"),
        ("ops@example.org", "sign_out.done"),
    ]


async def test_signing_out_ends_the_session_in_the_records(console: Console, guest: httpx.AsyncClient) -> None:
    """A cookie that was copied before is worth nothing afterwards."""
    await guest.post("/sign-in", data=RIGHT)
    copied = guest.cookies[COOKIE]

    await guest.post("/sign-out")

    async with console.database.session() as session:
        assert await access.person_of(session, copied, NOW) is None


async def test_a_disabled_user_is_out_at_once(console: Console, guest: httpx.AsyncClient) -> None:
    """Disabling ends the sessions that are open, and no new one begins."""
    await guest.post("/sign-in", data=RIGHT)

    async with console.database.session() as session:
        await access.disable(session, "ops@example.org", NOW)

    assert (await guest.get("/cases")).status_code == 303
    assert (await guest.post("/sign-in", data=RIGHT)).status_code == 422


async def test_afterwards_it_leads_only_to_pages_of_this_console(guest: httpx.AsyncClient) -> None:
    """An address of another host in `next` is not followed."""
    places = [
        (await guest.post("/sign-in", data={**RIGHT, "next": address})).headers["location"]
        for address in ("//evil.example", "https://evil.example", "/\\evil.example", "/cases?q=1")
    ]

    assert places == ["/", "/", "/", "/cases?q=1"]


async def test_a_session_lives_while_it_is_used(console: Console, guest: httpx.AsyncClient) -> None:
    """It ends twelve hours after it was last used, and after seven days in any case."""
    await guest.post("/sign-in", data=RIGHT)
    token = guest.cookies[COOKIE]

    async def alive(after: timedelta) -> bool:
        async with console.database.session() as session:
            return await access.person_of(session, token, NOW + after) is not None

    assert await alive(timedelta(hours=11))
    assert await alive(timedelta(hours=22)), "it was used eleven hours before"
    assert not await alive(timedelta(hours=35)), "nobody used it for more than twelve hours"


async def test_a_token_acts_for_its_user_until_it_ends(console: Console) -> None:
    """A program signs in with a bearer token; an ended or unknown one is refused as JSON."""
    async with console.database.session() as session:
        token = await access.create_token(session, "it@example.org", "nightly", timedelta(days=1), NOW)
        ended = await access.create_token(session, "it@example.org", "old", timedelta(days=-1), NOW)
    client = console.client()

    answers = [
        (await client.get("/api/cases", headers={"Authorization": f"Bearer {value}"})).status_code
        for value in (token, ended, "nonsense")
    ]

    assert answers == [200, 401, 401]


async def test_a_browser_session_is_no_token(console: Console, guest: httpx.AsyncClient) -> None:
    """The cookie's value in an Authorization header opens nothing."""
    await guest.post("/sign-in", data=RIGHT)

    answer = await guest.get("/api/cases", headers={"Authorization": f"Bearer {guest.cookies[COOKIE]}"})

    assert answer.status_code == 401


async def test_a_reset_password_ends_everything(console: Console, guest: httpx.AsyncClient) -> None:
    """Sessions end, the old password is refused, the new one is taken; both are audited."""
    await guest.post("/sign-in", data=RIGHT)

    async with console.database.session() as session:
        await access.reset_password(session, "ops@example.org", "a longer password", NOW)

    assert (await guest.get("/cases")).status_code == 303
    assert (await guest.post("/sign-in", data=RIGHT)).status_code == 422
    assert (await guest.post("/sign-in", data={**RIGHT, "password": "a longer password"})).status_code == 303
    assert ("baton", "user.password_reset") in await audit(console)


async def test_users_are_made_once(console: Console) -> None:
    """The same address twice, an address that is none and a short password are refused with a sentence."""
    sentences = []
    for email, password in (("ops@example.org", "long enough pw"), ("nobody", "long enough pw"), ("x@y.org", "short")):
        async with console.database.session() as session:
            with pytest.raises(access.AccessError) as refusal:
                await access.create_user(session, access.NewUser(email=email, role=Role.IT, password=password), NOW)
            sentences.append(str(refusal.value))

    assert sentences == [
        "There is a user ops@example.org already.",
        "nobody is no e-mail address.",
        "A password has at least 10 characters.",
    ]


def test_kept_passwords_are_slow_to_guess(shipped_hasher: PasswordHash) -> None:
    """What ships hashes with argon2id and 19 MiB of memory or more, whatever these tests hash with."""
    kind, _, costs = shipped_hasher.hash("a-long-password").split("$")[1:4]
    memory = dict(cost.split("=") for cost in costs.split(","))["m"]

    assert kind == "argon2id"
    assert int(memory) >= 19 * 1024
