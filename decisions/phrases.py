"""Signs in free text: which phrases of a versioned list stand in a report, longest first."""

import re
import unicodedata
from typing import Any

MISLEADING = "nothing"
"""The list whose phrases use up their words and are a sign of nothing ("not damaged")."""

_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "'": "", "’": "", "`": ""})


class Phrases:
    """A list of phrases by sign, made from its file's content: `version` and `signals` (sign to phrases).

    The words of a phrase stand next to each other in the text. Each is the beginning of a word of the text, so that
    "damag" finds damaged and damages; "=in" is the whole word. A longer phrase is looked for first and uses its words
    up, so that "van broke down" holds no "broke".
    """

    def __init__(self, content: dict[str, Any]) -> None:
        self.version: str = content["version"]
        by_length = sorted(
            ((folded(phrase), sign) for sign, phrases in content["signals"].items() for phrase in phrases),
            key=lambda pair: (-len(pair[0].split()), -len(pair[0]), pair[0]),
        )
        self._signs = list(content["signals"])
        self._patterns = [(_pattern(phrase), sign) for phrase, sign in by_length]

    def found_in(self, text: str) -> list[str]:
        """The signs in the text, each once, in the order of the file."""
        left = folded(text)
        seen: set[str] = set()
        for pattern, sign in self._patterns:
            left, count = pattern.subn(" | ", left)
            if count:
                seen.add(sign)
        return [sign for sign in self._signs if sign in seen and sign != MISLEADING]


def folded(text: str) -> str:
    """Lower case, without accents and punctuation, one space between words; "=" stays for phrases."""
    small = text.casefold().translate(_LETTERS)
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", small) if not unicodedata.combining(letter))
    return " ".join(re.findall(r"=?\w+", plain))


def _pattern(phrase: str) -> re.Pattern[str]:
    parts = [rf"{re.escape(word[1:])}\b" if word[0] == "=" else rf"{re.escape(word)}\w*" for word in phrase.split()]
    return re.compile(r"\b" + r"\s+".join(parts))
