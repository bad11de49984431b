"""Cutting a text into what is translated and what must not change.

Guarantees: the pieces of a text, joined, are the text, byte for byte; an image marker, a line break or outer
white space is never part of a piece that an engine sees; a text without words is copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import regex

from schemas.keys import nfc
from schemas.sample import IMAGE_MARKER

_MARK = rf"\s*(?:{regex.escape(IMAGE_MARKER)}|[\r\n])"
_FIXED = regex.compile(rf"(?:{_MARK})+\s*")
_WORD = regex.compile(r"\p{L}[\p{L}\p{M}]")
_URL = regex.compile(r"(?:https?://|www\.)\S+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text: a segment to translate, or what is copied as it stands."""

    text: str
    translate: bool


def has_words(text: str) -> bool:
    """Whether there is anything to translate: two letters in a row outside of URLs."""
    return bool(_WORD.search(_URL.sub(" ", text)))


@lru_cache(maxsize=65_536)
def split(text: str) -> tuple[Piece, ...]:
    """The pieces of a text in order; joined, they are the text."""
    pieces: list[Piece] = []
    end = 0
    for match in _FIXED.finditer(text):
        _add(pieces, text[end : match.start()])
        pieces.append(Piece(match.group(), translate=False))
        end = match.end()
    _add(pieces, text[end:])
    return tuple(pieces)


def _add(pieces: list[Piece], text: str) -> None:
    if not text:
        return
    body = text.strip()
    if not has_words(body):
        pieces.append(Piece(text, translate=False))
        return
    start = text.index(body)
    head, tail = text[:start], text[start + len(body) :]
    if head:
        pieces.append(Piece(head, translate=False))
    pieces.append(Piece(body, translate=True))
    if tail:
        pieces.append(Piece(tail, translate=False))


def segments(pieces: Sequence[Piece]) -> list[str]:
    """The requests that a text makes: its translated pieces, in NFC."""
    return [nfc(piece.text) for piece in pieces if piece.translate]


def plain(text: str) -> str:
    """The text as scorers see it: without image markers."""
    return text.replace(IMAGE_MARKER, " ").strip()
