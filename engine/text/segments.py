"""From a text to the requests that translate it, and back from translations to a text.

Guarantees: joined pieces are the text before translation, by assertion; what is between two segments (protected
spans, white space, line breaks) is between their translations, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from engine.text.sentences import fit, sentences
from engine.text.spans import Piece, has_words, protect
from schemas.keys import nfc
from schemas.sample import IMAGE_MARKER

CACHE_SIZE = 131_072
_CLOSING = " \t\u00a0,.;:!?)]}"


@dataclass(frozen=True, slots=True)
class Cut:
    """A text cut into pieces.

    Attributes:
        pieces: In order: one of kind ``text`` for each segment, the rest is copied; joined, they are the text.
        requests: What an engine is asked for, one for each segment, in NFC.
    """

    pieces: tuple[Piece, ...]
    requests: tuple[str, ...]

    def join(self, translation: Callable[[str], str]) -> str:
        """The text with each segment replaced.

        Args:
            translation: From a request to what takes its segment's place.
        """
        waiting = iter(self.requests)
        return "".join(translation(next(waiting)) if p.kind == "text" else p.text for p in self.pieces)


@lru_cache(maxsize=CACHE_SIZE)
def split(text: str, lang: str) -> Cut:
    """Cut a text into segments and what stays as it is.

    Args:
        text: Any text of a record.
        lang: FLORES-200 code of the text.
    """
    pieces: list[Piece] = []
    for stretch in protect(text):
        if stretch.kind != "text":
            pieces.append(stretch)
            continue
        for sentence in sentences(stretch.text, lang):
            for part in fit(sentence):
                _add(pieces, part)
    if "".join(piece.text for piece in pieces) != text:
        msg = f"the pieces of {text!r} do not make the text again"
        raise AssertionError(msg)
    return Cut(tuple(pieces), tuple(nfc(piece.text) for piece in pieces if piece.kind == "text"))


def _add(pieces: list[Piece], text: str) -> None:
    """One segment with its outer white space apart, or a copied piece where there are no words."""
    if not has_words(text):
        pieces.append(Piece(text, "copied"))
        return
    # Marks that close what stands before a protected span belong to it, not to the sentence that follows.
    body = text.strip().lstrip(_CLOSING)
    start = text.index(body)
    for part, kind in ((text[:start], "copied"), (body, "text"), (text[start + len(body) :], "copied")):
        if part:
            pieces.append(Piece(part, kind))


def plain(text: str) -> str:
    """The text as scorers see it: without image markers."""
    return text.replace(IMAGE_MARKER, " ").strip()
