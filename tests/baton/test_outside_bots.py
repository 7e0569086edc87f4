"""Bots outside the tree: made from the template, found, checked, taken to work, and tried up to the click."""

import asyncio
import importlib
import sys
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from baton import check, cli, extensions
from baton.bot_new import new
from bots.kit.conformance import an_entry_is_made_once_and_found_again, an_error_after_the_commit_is_not_a_refusal
from bots.kit.contract import Route, RouteKey
from bots.kit.practice import means_for
from bots.registry import MAKERS
from core import clock
from core.settings import Settings
from core.work_item import Kind, State
from records import items
from records.database import Database
from records.items import Intent, ItemView
from systems.registry import SYSTEMS
from tests.support.journey import Journey, bots_of
from tests.workflows.cast import item_of_its_own

KEY = RouteKey("acme", "bot")


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A new bot's folder, named in BATON_EXTENSIONS; nothing of it stays after the test."""
    new("acme", tmp_path, set())
    monkeypatch.setenv("BATON_EXTENSIONS", str(tmp_path / "acme"))
    monkeypatch.setenv("BATON_DATA_DIR", str(tmp_path / "acme" / "data"))
    monkeypatch.setenv("BATON_SECRET_ACME_BOT01", "practice")
    monkeypatch.setenv("BATON_SECRET_ACME_BOT02", "practice")
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path / "acme"
    SYSTEMS.pop("acme", None)
    MAKERS.pop(("acme", "bot"), None)
    for name in [name for name in sys.modules if name.partition(".")[0] == "acme"]:
        del sys.modules[name]


@pytest.fixture
def loaded(acme: Path) -> Path:
    """The same, taken in."""
    assert [one.problem for one in extensions.load()] == [""]
    return acme


@pytest.fixture
def desk(loaded: Path) -> Iterator[Any]:
    """The template's practice desk."""
    with importlib.import_module("acme.practice").Desk() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
async def route(desk: Any, tmp_path: Path) -> AsyncIterator[Route]:
    """The template's bot at its practice desk."""
    made: Route = extensions.makers()[("acme", "bot")](means_for(desk.url, tmp_path, password="practice"))
    yield made
    await made.close()


async def test_a_new_bot_keeps_the_kits_promises(route: Route, desk: Any, loaded: Path) -> None:
    """What `baton bot new` writes works before anything is changed: entered once, found again, doubted at an error."""
    sys.path.append(str(loaded / "tests"))
    practice = importlib.import_module("test_promises").SettingAStatus(desk, route)

    await an_entry_is_made_once_and_found_again(practice)
    await an_error_after_the_commit_is_not_a_refusal(practice)

    assert len(desk.ledger) == 2


async def test_an_outside_bot_enters_a_work_item(desk_journey: Journey, route: Route, desk: Any) -> None:
    """A work item on an outside system goes through the whole protocol like any other, and is entered once."""
    operation = SYSTEMS["acme"].operations["set_status"]
    entry = operation.entry.model_validate({"record_no": "000007", "status": "closed"})

    async with bots_of(desk_journey, {KEY: route}):
        receipt = await item_of_its_own(desk_journey, operation, entry, before={"status": "open"})
        item = await desk_journey.until_item(receipt, "set_status", "done")

    assert [(row["reference"], row["status"]) for row in desk.ledger] == [(item.reference, "closed")]


def test_a_dry_run_fills_and_enters_nothing(desk: Any, loaded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`baton bot run --dry-run` comes as far as the click on every row, shows it on a page, and enters nothing."""
    monkeypatch.setenv("BATON_ACME_URL", desk.url)
    page = loaded / "page.html"
    words = ["bot", "run", "acme", "set_status", "--file", str(loaded / "rows.csv"), "--page", str(page)]
    words += ["--data-dir", str(loaded / "data")]

    refused = CliRunner().invoke(cli.app, words)
    told = CliRunner().invoke(cli.app, [*words, "--dry-run"])

    assert refused.exit_code == 2
    assert "Say --dry-run" in refused.output
    assert told.exit_code == 0, told.output
    assert "2 of 2 rows came as far as the click; nothing was entered." in told.output
    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/png;base64,") == 4
    assert "in progress" in text
    assert desk.ledger == []


async def broken_item(url: str) -> ItemView:
    """An entry of production that broke, for a record of the practice desk."""
    database, content = Database(url), {"record_no": "000007", "status": "closed"}
    wanted = Intent(
        id=uuid.uuid4(),
        system="acme",
        operation="set_status",
        kind=Kind.CHANGE,
        target_key="000007",
        occurrence="FD-000001/mark",
        content=content,
        before={"status": "open"},
    )
    async with database.session() as session:
        item = await items.create(session, wanted, clock.now())
        broken = items.Move(item_id=item.id, fence=item.fence, to=State.BROKEN, event="item.broken")
        await items.move(session, broken, clock.now())
        item = await items.view(session, item.id)
    await database.close()
    return item


async def as_it_is(url: str, item: ItemView) -> ItemView:
    """The same entry as it is kept now."""
    database = Database(url)
    async with database.session() as session:
        now = await items.view(session, item.id)
    await database.close()
    return now


@pytest.fixture
def tested(desk: Any, loaded: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The practice desk as the environment test, with an account of its own; production's address leads nowhere."""
    monkeypatch.setenv("BATON_DATABASE_URL", database_url)
    monkeypatch.setenv("BATON_ACME_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("BATON_SECRET_ACME_TEST_TRY1", "practice")
    monkeypatch.setenv("BATON_SYSTEMS_FILE", str(loaded / "systems.toml"))
    (loaded / "systems.toml").write_text(f'[acme.test]\naddress = "{desk.url}"\naccounts = ["try1"]\n')
    return desk


def test_a_failed_item_is_replayed_up_to_the_click_elsewhere(
    tested: Any, loaded: Path, database_url: str, tmp_path: Path
) -> None:
    """`baton bot replay ITEM --environment test` fills that item's form there: nothing is entered or changed by it."""
    item, page = asyncio.run(broken_item(database_url)), tmp_path / "page.html"
    words = ["bot", "replay", item.reference, "--page", str(page), "--data-dir", str(loaded / "data")]

    told = CliRunner().invoke(cli.app, [*words, "--environment", "test"])

    assert told.exit_code == 0, told.output
    assert "1 of 1 rows came as far as the click; nothing was entered." in told.output
    text = page.read_text(encoding="utf-8")
    assert f"{item.reference}, again in test" in text
    assert text.count("data:image/png;base64,") == 2
    assert tested.ledger == []
    assert asyncio.run(as_it_is(database_url, item)) == item


def test_a_replay_that_cannot_be_says_why(tested: Any, loaded: Path, database_url: str) -> None:
    """An item that is none, an environment that is none: one sentence each, and no browser is opened."""
    item, words = asyncio.run(broken_item(database_url)), ["--data-dir", str(loaded / "data")]

    nobody = CliRunner().invoke(cli.app, ["bot", "replay", "BTN-NOSUCHITEM", *words])
    nowhere = CliRunner().invoke(cli.app, ["bot", "replay", item.reference, "--environment", "moon", *words])

    assert (nobody.exit_code, nobody.output) == (2, "There is no work item BTN-NOSUCHITEM.\n")
    assert nowhere.exit_code == 2
    assert nowhere.output == (
        "Acme cannot be reached in moon by bot. It can be reached in: production (bot), test (bot).\n"
    )


@pytest.mark.parametrize("verb", ["run", "replay"])
@pytest.mark.parametrize("display", [None, ""])
def test_a_browser_cannot_be_shown_without_a_screen(
    verb: str, display: str | None, loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--headed` where there is no screen ends with one sentence that says what to do; nothing is opened or written."""
    monkeypatch.setattr("baton.bot.sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if display is not None:
        monkeypatch.setenv("DISPLAY", display)
    page, words = (
        loaded / "page.html",
        {
            "run": ["acme", "set_status", "--file", str(loaded / "rows.csv"), "--dry-run"],
            "replay": ["BTN-ABCDEFGHJK"],
        },
    )

    told = CliRunner().invoke(cli.app, ["bot", verb, *words[verb], "--headed", "--page", str(page)])

    assert told.exit_code == 2
    assert told.output == (
        "--headed needs a screen, and here is none (DISPLAY is not set). Leave it out: the page shows it all.\n"
    )
    assert not page.exists()


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("record_no;colour\n000001;red\n", "needs rows under the columns record_no, status"),
        ("record_no;status\n1;closed\n", "Row 1 does not fit. record_no:"),
    ],
)
def test_rows_that_do_not_fit_are_told(loaded: Path, rows: str, sentence: str) -> None:
    """A file with other columns, or with a value that the entry does not take, ends with what is wrong."""
    file = loaded / "wrong.csv"
    file.write_text(rows, encoding="utf-8")

    told = CliRunner().invoke(cli.app, ["bot", "run", "acme", "set_status", "--file", str(file), "--dry-run"])

    assert told.exit_code == 2
    assert sentence in told.output


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("__init__.py", "from nowhere import nothing\n", "No module named 'nowhere'"),
        ("__init__.py", "EXTENSION = 1\n", "EXTENSION is no systems.extension.Extension"),
        ("bot.py", "from nowhere import nothing\n", "No module named 'nowhere'"),
        ("bot.py", "def route(:\n", "invalid syntax"),
    ],
)
def test_a_folder_that_does_not_load_is_told_and_takes_nothing_with_it(
    acme: Path, file: str, text: str, words: str
) -> None:
    """A broken bot's folder is one finding of `baton check`, with code and reason; the other systems are there."""
    (acme / file).write_text(text, encoding="utf-8")

    finding = next(one for one in check.look(Settings(data_dir=acme / "data")) if one.name == "extensions")

    assert not finding.well
    assert "extension_broken" in finding.said
    assert words in finding.said
    assert extensions.makers() == {}
    assert {"orderdesk", "servicedesk"} <= SYSTEMS.keys()


def test_a_verb_knows_what_the_running_baton_brings(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In another terminal nobody names the folder again: a verb finds it where `baton up` wrote it down."""
    (acme / "data" / "run").mkdir(parents=True)
    (acme / "data" / "run" / "baton.env").write_text(f"BATON_EXTENSIONS={acme}\nBATON_DATABASE_URL=nowhere\n")
    monkeypatch.setenv("BATON_DATABASE_URL", "")
    for name in ("BATON_EXTENSIONS", "BATON_DATABASE_URL"):
        monkeypatch.delenv(name)

    told = CliRunner().invoke(cli.app, ["enter", "acme", "no", "--file", "x.csv", "--data-dir", str(acme / "data")])

    assert "has no operation called no. From a file it takes: set_status." in told.output


def test_a_bot_for_another_api_is_told(acme: Path) -> None:
    """A folder that was written for another API is not loaded, and the sentence names both."""
    text = (acme / "__init__.py").read_text(encoding="utf-8").replace("api=API", "api=99")
    (acme / "__init__.py").write_text(text, encoding="utf-8")

    assert extensions.load()[0].problem == "ValueError: it was written for API 99; this Baton has API 1"


@pytest.mark.parametrize(("name", "sentence"), [("Acme!", "small letters"), ("orderdesk", "Baton itself uses")])
def test_a_name_that_cannot_be_is_told(tmp_path: Path, name: str, sentence: str) -> None:
    """`baton bot new` refuses a name that is none, or that Baton uses, and makes nothing."""
    told = CliRunner().invoke(cli.app, ["bot", "new", name, "--in", str(tmp_path)])

    assert told.exit_code == 2
    assert sentence in told.output
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(acme: Path) -> None:
    """`baton bot new` never writes over anything."""
    kept = (acme / "bot.py").read_text(encoding="utf-8")

    told = CliRunner().invoke(cli.app, ["bot", "new", "acme", "--in", str(acme.parent)])

    assert told.exit_code == 2
    assert "is there already" in told.output
    assert (acme / "bot.py").read_text(encoding="utf-8") == kept
