"""The kept mails: a folder of .eml files, written whole or not at all."""

import fcntl
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from demo.store import FolderInUseError


class MailBox:
    """Every accepted mail as `<number>.eml`, numbers from 000001."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = (folder / ".in-use").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            raise FolderInUseError(folder) from busy
        self._last = max((int(path.stem) for path in self._paths()), default=0)
        self._seen: dict[str, dict[str, Any]] = {}

    def keep(self, sender: str, recipients: Sequence[str], content: bytes) -> str:
        """Writes one mail to disk, synced, and gives its number."""
        self._last += 1
        mail_id = f"{self._last:06}"
        envelope = (
            f"X-Received-At: {datetime.now(UTC).isoformat(timespec='milliseconds')}\r\n"
            f"X-Envelope-From: {sender}\r\nX-Envelope-To: {', '.join(recipients)}\r\n"
        )
        unfinished = self._folder / f"{mail_id}.part"
        with unfinished.open("wb") as file:
            file.write(envelope.encode("utf-8") + content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._folder / f"{mail_id}.eml")
        return mail_id

    def all(self) -> list[dict[str, Any]]:
        """Every mail in the shape of /mails.json, oldest first."""
        return [self._described(path) for path in self._paths()]

    def get(self, mail_id: str) -> dict[str, Any] | None:
        """One mail by its number."""
        return next((mail for mail in self.all() if mail["id"] == mail_id), None)

    def close(self) -> None:
        """Lets go of the folder."""
        self._lock.close()

    def _paths(self) -> list[Path]:
        return sorted(path for path in self._folder.glob("*.eml") if path.stem.isdigit())

    def _described(self, path: Path) -> dict[str, Any]:
        if path.stem not in self._seen:
            self._seen[path.stem] = _describe(path)
        return self._seen[path.stem]


def _describe(path: Path) -> dict[str, Any]:
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    return {
        "id": path.stem,
        "received_at": str(mail["X-Received-At"]),
        "from": str(mail["From"] or mail["X-Envelope-From"]),
        "to": [address.strip() for address in str(mail["X-Envelope-To"]).split(",")],
        "subject": str(mail["Subject"] or ""),
        "text": _text(mail),
        "reply_to": str(mail["Reply-To"] or mail["From"] or ""),
        "message_id": str(mail["Message-ID"] or "").strip(),
    }


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain", "html"))
    if body is None:
        return ""
    try:
        return str(body.get_content()).replace("\r\n", "\n")
    except LookupError:  # a charset that nobody knows
        return bytes(body.get_payload(decode=True) or b"").decode("ascii", "replace")
