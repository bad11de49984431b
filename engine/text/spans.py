"""Cutting a text into what is translated and what must not change.

Guarantees: the pieces of a text, joined, are the text, byte for byte; what is protected (`PROTECTED`) is never part
of a piece that an engine sees, and neither is outer white space; text without words is copied. No sentinel is ever
sent to a model and trusted to come back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import regex

# Raised whenever the same text may be cut differently: part of every shard's translate fingerprint.
SPLITTER_VERSION = 2

_NUMBER = r"-?(?:\d+(?:\.\d*)?|\.\d+)"
_NUMBERS = rf"\s*{_NUMBER}(?:\s*,\s*{_NUMBER})+\s*"
# `%dpx`, `%.2fkm`, `%s_1`: with letters right behind, and only where no figure stands before it (`50%discount`). Prose
# writes some words with a percent sign and without a figure.
_PERCENT_OF = r"aily|ays?\b|ata\b|eath|eclin|ecreas|ensity|eviat|iff|iscount|istrib|one\b|rop"
_BEFORE_LETTERS = rf"(?<![\w%])(?<!\d )%(?:\d+\$)?[-+#0]*(?:\d*\.\d+[dfegs]|\d+d|d(?!{_PERCENT_OF})|s(?=[\d_]))"
_ATTRIBUTE = r"""\s+[\w:-]+=(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+)"""

# In order: where two begin at the same place, the first wins.
PROTECTED: dict[str, str] = {
    "code_fence": r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)",
    "inline_code": r"`[^`\n]+`",
    "latex": r"\$\$.+?\$\$|\\\[.+?\\\]|\\\(.+?\\\)|\$(?=\S)[^$\n]+?(?<=\S)\$(?!\d)|\\[A-Za-z]+(?:\{[^{}\n]*\})+",
    # A comment that is not closed runs to the text's end, as HTML has it.
    "markup": r"<!--.*?(?:-->|\Z)|<![A-Za-z][^<>]{0,1000}>|<\?[A-Za-z][^<>]{0,1000}\?>",
    "special_token": r"<\|[^<>|\n]{1,60}\|>",
    "tag": rf"</?[A-Za-z][\w.:-]{{0,40}}(?:{_ATTRIBUTE})*\s*/?>",
    "url": r"(?:https?|ftp)://[^\s<>\"']*[^\s<>\"'.,;:!?)\]}]|www\.[^\s<>\"']*[^\s<>\"'.,;:!?)\]}]",
    "email": r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    # Between two boxes there is one way to match what separates them: anything looser backtracks without end.
    "coordinates": rf"\[\s*\[{_NUMBERS}\](?:\s*(?:,\s*)?\[{_NUMBERS}\])*\s*(?:,\s*)?\]|\[{_NUMBERS}\]"
    rf"|\(\s*\({_NUMBERS}\)(?:\s*(?:,\s*)?\({_NUMBERS}\))*\s*(?:,\s*)?\)|\({_NUMBERS}\)"
    rf"|\{{\s*<{_NUMBER}>(?:[\s,]*<{_NUMBER}>)*\s*\}}|<{_NUMBER}>(?:[\s,]*<{_NUMBER}>)+",
    "checkbox": r"(?<![\w\])])\[[ xX]\](?![(\[:])",
    "placeholder": r"\$?\{\{?[\w .:!-]*\}?\}|%\(\w+\)[-+#0 ]*\d*(?:\.\d+)?[sdifgeEGcouxXra]"
    rf"|%(?:\d+\$)?[-+#0]*\d*(?:\.\d+)?[sdifgxXr](?!\w)|{_BEFORE_LETTERS}",
    "heading": r"^[ \t]*#{1,6}[ \t]+|^[ \t]*>[ \t]+",
    "option": r"^[ \t]*\(?[A-Z][.):][ \t]+|\([A-Za-z]\)",
    "list_marker": r"^[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+",
    "emphasis": r"\*\*|__|~~",
    "line_break": r"\r\n?|\n",
}


def _compiled(names: Iterable[str], begins: str) -> re.Pattern[str]:
    groups = "|".join(f"(?P<{name}>{PROTECTED[name]})" for name in names)
    return re.compile(f"{begins}(?:{groups})", re.MULTILINE | re.DOTALL)


# Most texts have neither a URL nor an address. Without these two a span begins at a line's start or at one of a few
# characters, and the search passes over all others; a test holds the two searches together.
_WIDE = ("url", "email")
_MAY_BE_WIDE = re.compile(r"@|://|www\.")
_FIXED = _compiled(PROTECTED, "")
_NARROW = _compiled([name for name in PROTECTED if name not in _WIDE], r"(?:(?=[`~$\\<\[({%*_\r\n])|^)")
# `A. cat B. dog` on one line are options only where there are at least an A and a B.
_INLINE_OPTION = re.compile(r"(?<!\S)\(?([A-H])[.):][ \t]+(?=\S)")
# Tokens with a digit, an underscore, a slash or an at sign in them are codes, not words.
_CODE = re.compile(r"[\d_/\\@]")
_WORD = regex.compile(r"\p{L}[\p{L}\p{M}]|\p{Han}|\p{Hiragana}|\p{Katakana}|\p{Hangul}")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text.

    Attributes:
        text: The stretch, as it stands.
        kind: ``text`` where an engine may see it, else what it is: a name of `PROTECTED`, or ``copied``.
    """

    text: str
    kind: str


def has_words(text: str) -> bool:
    """Whether there is anything to translate: two letters in a row outside of codes and URLs."""
    if not _CODE.search(text):  # most texts: no token of theirs is a code
        return _WORD.search(text) is not None
    return any(_WORD.search(token) for token in text.split() if not _CODE.search(token))


def spans(text: str) -> list[tuple[int, int, str]]:
    """(start, end, kind) of everything in a text that must not change, in order, without overlaps."""
    search = _FIXED if _MAY_BE_WIDE.search(text) else _NARROW
    found = [(match.start(), match.end(), str(match.lastgroup)) for match in search.finditer(text)]
    options = list(_INLINE_OPTION.finditer(text))
    if len(options) > 1 and {"A", "B"} <= {match.group(1) for match in options}:
        free = [match for match in options if not any(s < match.end() and match.start() < e for s, e, _ in found)]
        found += [(match.start(), match.end(), "option") for match in free]
        found.sort()
    return found


def protect(text: str) -> list[Piece]:
    """The text cut at its protected spans: stretches of kind ``text`` and protected ones, empty ones left out."""
    pieces: list[Piece] = []
    end = 0
    for start, stop, kind in spans(text):
        if start > end:
            pieces.append(Piece(text[end:start], "text"))
        if stop > start:
            pieces.append(Piece(text[start:stop], kind))
        end = stop
    if end < len(text):
        pieces.append(Piece(text[end:], "text"))
    return pieces
