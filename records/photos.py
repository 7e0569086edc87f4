"""What a photo tells beside the picture (where, when, with which telephone) is taken out before it is kept.

A camera writes that into parts of its own: they are left off whole, and no pixel is coded anew. Only how the picture is
to be turned is written back. What comes behind the picture (a film, a second picture with a place of its own) goes too.
"""

import struct

JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_EOI, _SOS, _APP1, _ICC = 0xD9, 0xDA, 0xE1, b"ICC_PROFILE\0"
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers without a length: nothing, and the restarts inside a scan."""
_KEPT = frozenset({0xE0, 0xEE})
"""What an application wrote that the colours need: JFIF, and Adobe's."""
_EXIF = b"Exif\0\0"
_ORIENTATION = 0x0112
_TEXTS = (b"eXIf", b"tEXt", b"iTXt", b"zTXt", b"tIME")


def bare(data: bytes) -> bytes:
    """The picture alone; what is no JPEG and no PNG stays as it is."""
    if data.startswith(JPEG):
        return _bare_jpeg(data)
    return _bare_png(data) if data.startswith(PNG) else data


def _bare_jpeg(data: bytes) -> bytes:
    kept, turned, at = [data[:2]], 0, 2
    while at + 4 <= len(data) and data[at] == 0xFF:  # else it has ended, or is broken here
        marker = data[at + 1]
        if marker == 0xFF:  # a filling byte
            at += 1
            continue
        if marker == _EOI:
            break
        end = at + 2 if marker in _ALONE else at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        content = data[at + 4 : end]
        if marker == _APP1 and content.startswith(_EXIF):
            turned = turned or _orientation(content[len(_EXIF) :])
        if marker == _SOS:
            end = _scan_end(data, end)
        if _needed(marker, content):
            kept.append(data[at:end])
        at = end
    if turned > 1:
        kept.insert(1, _turned(turned))
    ended = data[at : at + 2] == bytes((0xFF, _EOI))
    return b"".join(kept) + (data[at : at + 2] if ended else b"")


def _needed(marker: int, content: bytes) -> bool:
    """Whether a decoder draws something else without it: any application's own words are not."""
    if marker == 0xE2:
        return content.startswith(_ICC)
    return marker in _KEPT or not (0xE0 <= marker <= 0xEF or marker == 0xFE)


def _scan_end(data: bytes, at: int) -> int:
    """Where the coded picture stops: at the next marker that is neither a restart nor a stuffed byte."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        if data[at + 1] != 0 and data[at + 1] not in _ALONE:
            return at
        at += 2
    return len(data)


def _orientation(tiff: bytes) -> int:
    """How the picture is to be turned, 1 to 8; 0 where it says nothing that can be read."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return 0
    (first,) = struct.unpack(f"{order}I", tiff[4:8])
    if first + 2 > len(tiff):
        return 0
    (count,) = struct.unpack(f"{order}H", tiff[first : first + 2])
    for place in range(first + 2, min(first + 2 + 12 * count, len(tiff) - 11), 12):
        tag, _, _, value = struct.unpack(f"{order}HHIH", tiff[place : place + 10])
        if tag == _ORIENTATION:
            return value if 1 <= value <= 8 else 0
    return 0


def _turned(orientation: int) -> bytes:
    """A segment that says this and nothing else."""
    entry = struct.pack(">HHIHH", _ORIENTATION, 3, 1, orientation, 0)
    content = _EXIF + b"MM\0\x2a\0\0\0\x08" + struct.pack(">H", 1) + entry + b"\0\0\0\0"
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


def _bare_png(data: bytes) -> bytes:
    kept, at = [data[:8]], 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        if kind not in _TEXTS:
            kept.append(data[at:end])
        at = end
        if kind == b"IEND":
            break
    return b"".join(kept)
