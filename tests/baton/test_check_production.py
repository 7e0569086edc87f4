"""`baton check --production`: each thing that is not fit for customers' data is named, with where to read on."""

import asyncio
import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from baton import check_production
from baton.cli import app
from baton.data_folder import demo_sign_ins
from baton.temporal_server import EmbeddedTemporal
from core import clock
from core.settings import Settings
from records import access
from records.database import Database
from records.evidence_cipher import Cipher
from tests.house import tree
from tests.support import tls
from tests.support.s3_server import S3Bucket

ELSEWHERE = "postgresql://baton_app:s3cr3t-of-it@db.example.net/baton?sslmode=verify-full"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's environment counts."""
    for name in ("TEMPORAL_ADDRESS", "TEMPORAL_CONFIG_FILE", "PGSSLMODE"):
        monkeypatch.delenv(name, raising=False)


def private(folder: Path, mode: int = 0o600) -> Path:
    """A key file."""
    file = folder / "some.key"
    file.write_text("key")
    file.chmod(mode)
    return file


def test_settings_of_one_machine_are_not_fit(
    database_url: str, temporal_server: EmbeddedTemporal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `baton up` sets is named point by point, each with a paragraph of the guide; exit status 1."""
    monkeypatch.setenv("BATON_DATABASE_URL", database_url)
    monkeypatch.setenv("BATON_DEMO", "1")
    monkeypatch.setenv("BATON_ORDERDESK_URL", "http://127.0.0.1:8404")
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server.address)
    for name, value in demo_sign_ins().items():
        monkeypatch.setenv(name, value)

    result = CliRunner().invoke(app, ["check", "--production", "--data-dir", str(tmp_path)])

    named = re.findall(r"^NOT FIT  (.+?)  ", result.output, re.MULTILINE)
    assert result.exit_code == 1
    assert {"Demo", "Default secrets", "Temporal server", "Database roles", "Evidence", "Keys", "Sender"} <= set(named)
    assert "docs/production.md#temporal-server" in result.output


@pytest.mark.parametrize(
    ("collector", "words"),
    [
        ("", ""),
        ("http://127.0.0.1:4318", ""),
        ("https://tempo.example.net:4318", ""),
        ("http://tempo.example.net:4318", "in the clear"),
        ("tempo.example.net:4318", "in the clear"),
    ],
)
def test_traces_leave_the_machine_encrypted(collector: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector elsewhere is reached over TLS; without one there is nothing to say."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector)

    said = check_production.traces_over_tls(Settings())

    assert words in said if words else said == ""


def test_each_point_has_its_paragraph() -> None:
    """Every look is a heading of docs/production.md, so that no anchor leads nowhere."""
    guide = (tree.ROOT / check_production.GUIDE).read_text(encoding="utf-8")

    missing = [name for name in check_production.LOOKS if f"\n### {name}\n" not in guide]

    assert missing == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "No PostgreSQL is named"),
        ("postgresql://a:b@db.example.net/baton", "sslmode is prefer"),
        ("postgresql://a:b@db.example.net/baton?sslmode=require", "sslmode is require"),
        (ELSEWHERE, ""),
        ("postgresql://a:b@127.0.0.1:5432/baton", ""),
        ("postgresql://a:b@127.0.0.1,db.example.net/baton", "sslmode is prefer"),
    ],
)
def test_a_database_over_the_wire_wants_its_certificate_checked(url: str, words: str) -> None:
    """Only verify-full will do, for every host of the address; this machine's own needs none."""
    found = check_production.postgresql_over_tls(Settings(database_url=url))

    assert found.startswith(words)
    assert bool(found) is bool(words)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, "in the clear"),
        ({"TEMPORAL_TLS": "true"}, "without asking"),
        ({"TEMPORAL_API_KEY": "key-of-it"}, ""),
        ({"TEMPORAL_ADDRESS": "127.0.0.1:7233"}, ""),
        ({"TEMPORAL_TLS_CLIENT_CERT_PATH": "/nowhere/cert.pem"}, "cannot be used"),
    ],
)
def test_temporal_over_the_wire_wants_tls_and_a_name(
    variables: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without TLS, and with TLS but nobody asked who we are, it is not fit; an API key brings both."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example.net:7233")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    found = check_production.temporal_over_tls(Settings())

    assert (words in found, bool(found)) == (True, bool(words))


def test_a_certificate_of_a_client_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With our certificate shown to Temporal nothing more is asked."""
    mine = tls.papers(tmp_path)
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example.net:7233")
    monkeypatch.setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", str(mine.client[0]))
    monkeypatch.setenv("TEMPORAL_TLS_CLIENT_KEY_PATH", str(mine.client[1]))

    assert check_production.temporal_over_tls(Settings()) == ""


def test_a_certificate_that_soon_ends_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' authority signs for two days; an authority in the database's address and one of Temporal's count."""
    mine = tls.papers(tmp_path)
    monkeypatch.setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", str(tmp_path / "gone.pem"))

    found = check_production.expiry(Settings(database_url=f"{ELSEWHERE}&sslrootcert={mine.ca}"))

    assert f"sslrootcert of BATON_DATABASE_URL: the certificate {mine.ca} ends on" in found
    assert "TEMPORAL_TLS_SERVER_CA_CERT_PATH" in found
    assert "cannot be read" in found


def test_a_credential_that_soon_ends_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password whose day comes within a fortnight is told of."""
    monkeypatch.setenv("BATON_SECRET_ORDERDESK_BOT01", "canary")
    monkeypatch.setenv("BATON_SECRET_ORDERDESK_BOT01_EXPIRES", (clock.now() + timedelta(days=3)).isoformat())

    assert "orderdesk-bot01 expires" in check_production.expiry(Settings())


def test_demo_users_that_were_left_are_counted(database_url: str) -> None:
    """A database that once served the demo still lets its users in, whatever BATON_DEMO says."""
    settings = Settings(database_url=database_url)
    before = check_production.demo(settings)
    asyncio.run(_demo_users(database_url))

    assert (before, check_production.demo(settings)[:14]) == ("", "5 demo users m")


@pytest.mark.parametrize(
    ("url", "value", "words"),
    [
        ("postgresql://a:Postgres@db.example.net/baton", "own", "one that everybody tries"),
        (ELSEWHERE, "demo-bot-01", "orderdesk-bot01: the value is the demo's"),
        (ELSEWHERE, "own", ""),
    ],
)
def test_a_secret_that_everybody_knows_is_named(
    url: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database's password and each bot's credential are held against those that are printed; none is shown."""
    for name in [name for name in os.environ if name.startswith("BATON_SECRET_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BATON_SECRET_ORDERDESK_BOT01", value)

    found = check_production.default_secrets(Settings(database_url=url))

    assert (words in found, bool(found)) == (True, bool(words))
    assert value not in found.split()


def test_the_owner_of_the_tables_is_no_role_for_the_parts(database_url: str) -> None:
    """A superuser, as `baton up` has, is named as one."""
    assert check_production.database_roles(Settings(database_url=database_url)) == "The parts' role is a superuser."


def test_keys_are_files_for_us_alone(tmp_path: Path) -> None:
    """A key that is not set, not there or readable for everybody is named; a group's right is a mounted secret's."""
    good = private(tmp_path, 0o440)
    settings = [
        Settings(codec_key_file=good),
        Settings(codec_key_file=tmp_path / "none", evidence_key_file=good),
        Settings(codec_key_file=good, evidence_key_file=good),
    ]

    found = [check_production.keys(one) for one in settings]
    good.chmod(0o444)

    assert [one.partition(":")[0].split()[0] for one in found[:2]] == [
        "BATON_EVIDENCE_KEY_FILE",
        "BATON_CODEC_KEY_FILE",
    ]
    assert found[2] == ""
    assert "everybody on this machine" in check_production.keys(settings[2])


def test_a_fault_switch_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that would kill itself at a point is not fit."""
    fit = check_production.fault_switches(Settings())
    monkeypatch.setenv("BATON_CRASH_AT", "after_submit")

    assert (fit, "BATON_CRASH_AT" in check_production.fault_switches(Settings())) == ("", True)


def test_temporal_is_named_and_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No address and one where nobody answers are both named; neither is taken for a cluster."""
    unnamed = check_production.temporal_server(Settings())
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")

    assert unnamed.startswith("No Temporal cluster is named")
    assert "does not answer" in check_production.temporal_server(Settings())


def test_a_store_that_is_not_there_is_named(
    s3_bucket: S3Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket by the right name is fit; a mistyped one is named before any evidence is lost in it."""
    for name, value in s3_bucket.access().items():
        monkeypatch.setenv(name, value)
    keys = tmp_path / "evidence.keys"
    Cipher.of(keys)

    def said(bucket: str) -> str:
        return check_production.evidence(Settings(evidence_url=f"s3://{bucket}/baton", evidence_key_file=keys))

    assert said(s3_bucket.name) == ""
    assert "does not answer" in said("mistyped")


def test_a_well_set_up_house_is_fit(tmp_path: Path) -> None:
    """Addresses elsewhere, over https, with a store and a sender of one's own: nothing to say of them."""
    (tmp_path / "evidence").mkdir()
    settings = Settings(
        console_url="https://baton.example.net",
        smtp_url="smtp://mail.example.net:25",
        mail_from="help@example.net",
        evidence_url=f"file://{tmp_path}/evidence",
        orderdesk_url="https://orders.example.net",
    )
    looks = [check_production.LOOKS[name] for name in ("Console address", "Sender", "Evidence", "Legacy systems")]

    assert [look(settings) for look in looks] == ["", "", "", ""]
    assert all(look(Settings()) for look in looks)


async def _demo_users(url: str) -> None:
    database = Database(url, pool_size=1)
    try:
        async with database.session() as session:
            await access.ensure_demo_users(session, clock.now())
    finally:
        await database.close()
