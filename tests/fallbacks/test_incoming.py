"""Mails read for what they say: wrong charsets, HTML, quotes, robots, and whatever else arrives; nothing of it acts."""

import random

import pytest

from fallbacks import incoming
from fallbacks.plain_text import of_html, without_quotes
from tests.fallbacks.letters import PHOTO, bounce, letter, parts


def read(raw: bytes) -> incoming.Incoming:
    """Read a whole mail."""
    return incoming.read(raw, len(raw))


def test_a_plain_answer_is_read_with_its_clues() -> None:
    """Who wrote, what, to which address, and which mail it answers."""
    mail = read(letter(To="service+abcdefgh234567ab@example.org", In_Reply_To="<two@baton>", References="<one@baton>"))

    assert (mail.sender, mail.sender_name, mail.text) == ("grethe@example.org", "Grethe Holm", "Please come on Friday.")
    assert (mail.message_id, mail.automatic) == ("<one@mail.example.org>", "")
    assert mail.clues.answers == ("<one@baton>", "<two@baton>")
    assert "abcdefgh234567ab" in mail.clues.recipients


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("utf-8", "Grüße aus Łódź".encode()),
        ("iso-8859-1", "Grüße".encode("latin-1")),
        ("us-ascii", "Grüße".encode()),
        ("no-such-charset", "Grüße".encode()),
        ("utf-8", "Grüße".encode("cp1252")),
    ],
)
def test_a_text_is_readable_whatever_its_charset_claims(charset: str, body: bytes) -> None:
    """A charset that is missing, unknown or wrong still leaves words, never an error."""
    head, _, _ = letter("", Content_Type=f"text/plain; charset={charset}").partition(b"\r\n\r\n")

    assert "Gr" in read(head + b"\r\n\r\n" + body).text
    assert "üße" in read(head + b"\r\n\r\n" + body).text


def test_html_alone_becomes_plain_words() -> None:
    """F59: tags, scripts and styles are gone, lines and characters stay."""
    page = (
        "<html><head><title>x</title><style>p{}</style></head><body onload='x()'><p>Come on <b>Friday</b> &amp; ring."
        "</p><script>alert(1)</script><img src='http://tracker.example/x.png'><div>Thanks</div></body></html>"
    )

    assert of_html(page) == "Come on Friday & ring.\n\nThanks"
    assert read(letter(page, Content_Type="text/html")).text == "Come on Friday & ring.\n\nThanks"


@pytest.mark.parametrize(
    "quoted",
    [
        "\n\nOn Friday, service wrote:\n> Dear Ms Holm,\n> we come\n",
        "\n\nAm Freitag, 20. Nov. 2026 um 10:00 Uhr schrieb\nservice@example.org:\n\n> Liebe Frau Holm\n>\n",
        "\n\n-----Original Message-----\nFrom: service\nDear Ms Holm",
        "\n\n________________________________\nFrom: service\nDear Ms Holm",
        "",
    ],
)
def test_what_is_quoted_is_not_what_was_said(quoted: str) -> None:
    """The agent reads the answer, not their own mail again."""
    assert without_quotes(f"Friday is fine.\n\nGrethe{quoted}") == "Friday is fine.\n\nGrethe"


def test_an_answer_below_the_quote_is_not_lost() -> None:
    """Who answers underneath, or between the lines, is quoted whole; so is a mail that is nothing but a quote."""
    below = "> When shall we come?\n\nOn Friday."

    assert without_quotes(below) == below
    assert without_quotes("> only this") == "> only this"


def test_attachments_come_with_names_that_do_nothing() -> None:
    """F59: a name is a last part without hidden characters; the file is known by its bytes."""
    evil = PHOTO.replace('filename="door.jpg"', "filename*=UTF-8''..%2F..%2Fetc%2F%E2%80%AEgpj.exe")
    mail = read(parts("Content-Type: text/plain\r\n\r\nSee the door.", PHOTO, evil))

    assert mail.text == "See the door."
    assert [one.name for one in mail.attachments] == ["door.jpg", "[U+202E]gpj.exe"]
    assert all(one.data.startswith(b"\xff\xd8\xff") for one in mail.attachments)


def test_too_much_is_cut_and_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long text, many files and a mail above the limit are bounded, and a person is told what is missing."""
    monkeypatch.setattr(incoming, "LONGEST_TEXT", 100)
    raw = parts("Content-Type: text/plain\r\n\r\n" + "x" * 500, *[PHOTO] * 12)

    mail = incoming.read(raw, len(raw) + 30 * 1024 * 1024)

    assert (len(mail.text), len(mail.attachments)) == (100, incoming.MOST_ATTACHMENTS)
    assert "were read" in mail.remark
    assert "cut after 100" in mail.remark
    assert "2 attachments were left out" in mail.remark


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"X_Autoreply": "yes"},
        {"List_Id": "<news.example.org>"},
    ],
)
def test_what_a_program_wrote_is_known(headers: dict[str, str]) -> None:
    """Absence notes and mailing lists are no answers."""
    assert read(letter(**headers)).automatic == "answer"


def test_a_person_who_says_so_is_no_program() -> None:
    """Auto-Submitted: no is what people's mail programs may write."""
    assert read(letter(Auto_Submitted="no")).automatic == ""


@pytest.mark.parametrize(("action", "why"), [("failed", "smtp; 550 no such mailbox"), ("delayed", "")])
def test_a_bounce_names_our_mail_and_the_reason(action: str, why: str) -> None:
    """Only a final failure is undeliverable; "later" is not."""
    mail = read(bounce("<ours@baton>", action))

    assert (mail.automatic, mail.undelivered) == ("bounce", why)
    assert "<ours@baton>" in mail.clues.answers


def test_two_copies_of_one_mail_are_the_same() -> None:
    """The way a copy took does not count; what its writer chose does."""
    one = letter()
    copy = b"Received: from mx\r\nX-Spam: no\r\n" + one.replace(b"\r\n", b"\n")

    assert read(copy).fingerprint == read(one).fingerprint
    assert read(letter("Other words")).fingerprint != read(one).fingerprint
    assert read(letter(Message_ID="<two@x>")).fingerprint != read(one).fingerprint


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe",
        b"From: \xff\xff\r\nSubject: =?utf-8?b?////?=\r\n\r\n\x00\x00",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Type: text/plain; charset=\xff\r\n\r\nx",
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!!",
        b'Content-Type: multipart/mixed; boundary="a"\r\n\r\n'
        + b'--a\r\nContent-Type: multipart/x; boundary="a"\r\n' * 500,
        b"Content-Disposition: attachment; filename*=utf-8'''\r\n\r\nx",
        b'From: "' + b"(" * 3000 + b"\r\n\r\nx",
        b"Subject: a\x00b\x07\xe2\x80\xae\r\n\r\n\xed\xa0\x80",
    ],
)
def test_broken_mails_are_read_as_far_as_they_go(raw: bytes) -> None:
    """F59: no mail stops the reading of the others; nothing that hides or breaks a database is left in its text."""
    mail = read(raw)

    told = f"{mail.sender}{mail.sender_name}{mail.subject}{mail.text}{mail.said}{mail.message_id}"
    assert not set(told) & {"\x00", "\x07", "\u202e", "\r"}
    told.encode("utf-8")


def test_any_bytes_are_read() -> None:
    """F59: mails cut, turned round and mixed up at random never raise."""
    dice = random.Random(4)
    seeds = [bounce("<a@b>"), letter(), parts("Content-Type: text/html\r\n\r\n<p>x", PHOTO)]

    for _ in range(300):
        raw = bytearray(dice.choice(seeds))
        for _ in range(dice.randrange(1, 12)):
            raw[dice.randrange(len(raw))] = dice.randrange(256)
        read(bytes(raw[: dice.randrange(1, len(raw))])).text.encode("utf-8")
