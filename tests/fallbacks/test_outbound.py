"""F61: an address that a person named is refused before anything is connected, however it is written."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.faults import SystemDown, Unknown
from fallbacks.outbound import ForbiddenTargetError, Outbound
from fallbacks.webhook import Message, Webhooks, new_secret
from tests.support.tls import asked_over_tls, papers

PUBLIC = "93.184.215.14"
INSIDE = (
    "http://127.0.0.1/ https://127.0.0.1/ https://localhost/ https://127.1/ https://2130706433/ https://0x7f000001/ "
    "https://0177.0.0.1/ https://0.0.0.0/ https://10.1.2.3/ https://172.16.0.1/ https://192.168.1.1/ "
    "https://169.254.169.254/latest/meta-data https://100.64.0.1/ https://192.0.2.1/ https://224.0.0.1/ "
    "https://255.255.255.255/ https://[::1]/ https://[::]/ https://[fe80::1]/ https://[fd00::1]/ https://[ff02::1]/ "
    "https://[::ffff:127.0.0.1]/ https://[::ffff:10.0.0.1]/ https://[64:ff9b::7f00:1]/ https://[2002:7f00:1::]/ "
    "https://[2001:0:1::1]/ https://[::127.0.0.1]/"
).split()
NO_ADDRESS = (
    "file:///etc/passwd",
    "ftp://example.org/",
    "gopher://example.org/",
    "ftp://93.184.215.14:443/",
    "javascript:alert(1)",
    "example.org",
    "//example.org/",
    "https://",
    "",
    "https://user:secret@93.184.215.14/",
    "https://93.184.215.14@127.0.0.1/",
    "https://93.184.215.14:99999/",
    "https://93.184.215.14/a b",
    "https://93.184.215.14/\r\nHost: inside",
    "https://[::1/",
)


@pytest.mark.parametrize("url", [*INSIDE, *NO_ADDRESS])
async def test_what_is_inside_or_no_address_is_refused(url: str) -> None:
    """Each of these is refused by a sentence; nothing is connected to find out."""
    with pytest.raises(ForbiddenTargetError):
        await Outbound().target(url)


async def test_the_address_that_was_checked_is_the_one_that_is_called() -> None:
    """A name is looked up once: whatever it says later, the call goes to the address that was checked, by its name."""
    answers = [[PUBLIC], ["127.0.0.1"]]

    async def changing(_host: str, _port: int) -> Sequence[str]:
        return answers.pop(0)

    target = await Outbound(resolve=changing).target("https://hooks.example.org:8443/in?a=1#part")

    assert target.url == f"https://{PUBLIC}:8443/in?a=1"
    assert (target.host, target.server_name) == ("hooks.example.org:8443", "hooks.example.org")


async def test_one_inner_address_among_several_is_enough_to_refuse() -> None:
    """A name that also stands for an address inside the house is refused as a whole; an unknown name waits."""

    async def mixed(_host: str, _port: int) -> Sequence[str]:
        return [PUBLIC, "10.0.0.1"]

    async def unknown(_host: str, _port: int) -> Sequence[str]:
        raise OSError

    with pytest.raises(ForbiddenTargetError):
        await Outbound(resolve=mixed).target("https://hooks.example.org/")
    with pytest.raises(SystemDown):
        await Outbound(resolve=unknown).target("https://hooks.example.org/")


async def test_the_operator_may_allow_a_network_and_plain_http_stays_on_this_machine() -> None:
    """A named network is called, others are not; without TLS only this machine itself is."""
    outbound = Outbound("10.1.0.0/16, 127.0.0.0/8")

    allowed = [await outbound.target(url) for url in ("https://10.1.2.3/", "http://127.0.0.1:8080/")]

    assert [one.url for one in allowed] == ["https://10.1.2.3:443/", "http://127.0.0.1:8080/"]
    for url in ("https://10.2.0.1/", "http://10.1.2.3/", f"http://{PUBLIC}/"):
        with pytest.raises(ForbiddenTargetError):
            await outbound.target(url)


async def test_the_certificate_must_be_for_the_name_that_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call goes to a checked address, yet the receiver proves the name: another's certificate gets no byte."""
    mine = papers(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(mine.ca))
    message = Message(id="1", type="told.test", at=datetime(2026, 11, 20, 9, tzinfo=UTC), data={})

    async def here(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    webhooks = Webhooks(Outbound("127.0.0.0/8", resolve=here))
    with asked_over_tls(mine) as address:
        with pytest.raises(Unknown):  # it was let in, and answered that it takes no POST
            await webhooks.send(address, new_secret(), message)
        with pytest.raises(SystemDown):
            await webhooks.send(address.replace("127.0.0.1", "desk.example.org"), new_secret(), message)
