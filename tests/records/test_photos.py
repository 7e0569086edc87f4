"""Photos that somebody sends keep their picture and lose their place."""

import struct
import zlib

import pytest

from records import photos

PICTURE = b"\xff\xdb\x00\x04\x01\x02" + b"\xff\xda\x00\x03\x00" + b"\x12\xff\x00\x34\xff\xd0\x56"
SECRET = b"53.0793 N, 8.8017 E"


def segment(marker: int, content: bytes) -> bytes:
    """One part of a JPEG."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def exif(order: str, orientation: int) -> bytes:
    """What a telephone writes: how it was held, and where."""
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    entries = [(0x010F, 2, 19, 64), (0x0112, 3, 1, orientation), (0x8825, 4, 1, 90)]
    body = b""
    for tag, kind, count, value in entries:
        packed = struct.pack(f"{order}HH", value, 0) if kind == 3 else struct.pack(f"{order}I", value)
        body += struct.pack(f"{order}HHI", tag, kind, count) + packed
    tiff = mark + struct.pack(f"{order}I", 8) + struct.pack(f"{order}H", len(entries)) + body + b"\0" * 8 + SECRET
    return segment(0xE1, b"Exif\0\0" + tiff)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_telephones_photo_loses_its_place_and_stays_upright(order: str) -> None:
    """Place, words and what lies behind the picture are gone, in both byte orders; turn, colours and pixels stay."""
    icc, jfif = segment(0xE2, b"ICC_PROFILE\0\x01\x01 colours"), segment(0xE0, b"JFIF\0")
    beside = [exif(order, 6), segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET), segment(0xED, SECRET)]
    words = [segment(0xFE, SECRET), segment(0xE2, b"MPF\0" + SECRET)]
    behind = b"\xff\xd8" + exif(order, 1) + b"\xff\xd9"

    kept = photos.bare(b"\xff\xd8" + jfif + b"".join(beside + words) + icc + PICTURE + b"\xff\xd9" + behind)

    assert SECRET not in kept
    assert kept == b"\xff\xd8" + photos._turned(6) + jfif + icc + PICTURE + b"\xff\xd9"
    assert photos._orientation(photos._turned(6)[10:]) == 6
    assert photos.bare(kept) == kept


def test_a_png_loses_its_words() -> None:
    """Text, time and EXIF parts are gone, what draws the picture stays, in order."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    start, draws = b"\x89PNG\r\n\x1a\n", [chunk(b"IHDR", b"\0" * 13), chunk(b"IDAT", b"x"), chunk(b"IEND", b"")]
    told = [chunk(kind, SECRET) for kind in (b"eXIf", b"tEXt", b"iTXt", b"zTXt", b"tIME")]

    kept = photos.bare(start + draws[0] + b"".join(told) + draws[1] + draws[2] + SECRET)

    assert kept == start + b"".join(draws)


def test_what_is_broken_or_no_photo_stops_nothing() -> None:
    """A cut photo loses its place all the same; anything else is kept as it came."""
    whole = b"\xff\xd8" + exif("<", 3) + PICTURE + b"\xff\xd9"

    cut = [photos.bare(whole[:length]) for length in range(3, len(whole))]

    assert not any(SECRET in one for one in cut)
    assert all(one.startswith(b"\xff\xd8") for one in cut)
    assert [photos.bare(one) for one in (b"%PDF-1.7", b"", b"\xff\xd8\xff\xe0 a photo")] == [
        b"%PDF-1.7",
        b"",
        b"\xff\xd8\xff\xe0 a photo",
    ]
