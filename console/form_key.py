"""The key that signs the forms of the console: kept, so that a form opened before a restart is taken after it."""

import hashlib
import secrets
from pathlib import Path

from core.settings import Settings


def form_key(settings: Settings) -> str:
    """The key that signs form tokens: the same after a restart, or every open form would be refused."""
    if settings.codec_key_file is not None and settings.codec_key_file.exists():
        return hashlib.sha256(b"console forms" + settings.codec_key_file.read_bytes()).hexdigest()
    kept = settings.data_dir / "console.key"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        _write_once(kept, secrets.token_hex(32))
    return kept.read_text(encoding="ascii").strip()


def _write_once(path: Path, text: str) -> None:
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        return
    path.write_text(text, encoding="ascii")
