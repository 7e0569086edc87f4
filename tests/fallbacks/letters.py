"""Mails that customers and mail servers write, and a mailbox in memory."""

from collections.abc import Sequence

from fallbacks.mailbox import Arrived


class Box:
    """A mailbox that gives what was put in until it is taken; it can die before anything is taken."""

    def __init__(self, *raw: bytes) -> None:
        self.raw = {str(number): one for number, one in enumerate(raw)}
        self.dies = False

    async def waiting(self, most: int) -> list[Arrived]:
        """The mails that are left."""
        return [Arrived(key=key, raw=raw, size=len(raw)) for key, raw in list(self.raw.items())[:most]]

    async def took(self, keys: Sequence[str]) -> None:
        """Forget them, unless the process is to die here."""
        if self.dies:
            raise OSError("the process is gone")
        for key in keys:
            self.raw.pop(key, None)


def letter(text: str = "Please come on Friday.", **headers: str) -> bytes:
    """A mail from a customer; `headers` are further ones or others, with _ for -."""
    all_ = {
        "From": "Grethe Holm <grethe@example.org>",
        "To": "service@example.org",
        "Subject": "Re: New delivery date",
        "Message-ID": "<one@mail.example.org>",
        "Date": "Fri, 20 Nov 2026 10:00:00 +0100",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"{name}: {value}" for name, value in all_.items()]
    return ("\r\n".join(lines) + f"\r\n\r\n{text}\r\n").encode()


def parts(*bodies: str, kind: str = "mixed", **headers: str) -> bytes:
    """A mail of several parts; each body brings its own headers."""
    text = "".join(f"--cut\r\n{body}\r\n" for body in bodies) + "--cut--"
    return letter(text, MIME_Version="1.0", Content_Type=f'multipart/{kind}; boundary="cut"', **headers)


def bounce(message_id: str, action: str = "failed") -> bytes:
    """What a mail server writes when a mail of ours did not arrive."""
    return parts(
        "Content-Type: text/plain\r\n\r\nIt did not arrive.",
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; grethe@example.org\r\nAction: {action}\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 no such mailbox",
        f"Content-Type: message/rfc822\r\n\r\nMessage-ID: {message_id}\r\nSubject: ours\r\n\r\nText",
        kind='report; report-type="delivery-status"',
        From="MAILER-DAEMON@mx.example.org",
        Return_Path="<>",
    )


JPEG = "/9j/4AAQSkZJRgABAQ=="
PHOTO = (
    "Content-Type: image/jpeg; name=door.jpg\r\nContent-Transfer-Encoding: base64\r\n"
    f'Content-Disposition: attachment; filename="door.jpg"\r\n\r\n{JPEG}'
)
