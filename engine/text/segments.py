"""From a text to the requests that translate it, and back from translations to a text.

Guarantees: joined pieces are the text before translation, by assertion; what is between two segments (protected
spans, white space, line breaks) is between their translations, byte for byte; a bare yes or no is never a request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from glotmill.engine.text.sentences import fit, sentences
from glotmill.engine.text.spans import Piece, has_words, protect
from glotmill.engine.text.yes_no import which
from glotmill.schemas.keys import nfc
from glotmill.schemas.languages import ENGLISH
from glotmill.schemas.sample import IMAGE_MARKER

CACHE_SIZE = 131_072
_CLOSING = " \t\u00a0,.;:!?)]}"


@dataclass(frozen=True, slots=True)
class Cut:
    """A text cut into pieces.

    Attributes:
        pieces: In order; joined, they are the text. One of kind ``text`` for each segment that an engine translates,
            one of kind ``yes_no`` for each that is a bare English yes or no; the rest is copied.
        requests: What an engine translates, one for each piece of kind ``text``, in NFC.
        segments: The requests, and between them each bare yes or no, in NFC.
    """

    pieces: tuple[Piece, ...]
    requests: tuple[str, ...]
    segments: tuple[str, ...]

    @property
    def has_yes_no(self) -> bool:
        """Whether a segment is a bare yes or no."""
        return len(self.segments) > len(self.requests)

    def join(self, translation: Callable[[str], str], yes_no: Callable[[str], str] = str) -> str:
        """The text with each segment replaced.

        Args:
            translation: From a request to what takes its segment's place.
            yes_no: From a bare yes or no to what takes its place; without, it stays.
        """
        waiting = iter(self.requests)
        made = []
        for piece in self.pieces:
            match piece.kind:
                case "text":
                    made.append(translation(next(waiting)))
                case "yes_no":
                    made.append(yes_no(piece.text))
                case _:
                    made.append(piece.text)
        return "".join(made)

    def without_yes_no(self) -> str:
        """The text without each bare yes or no."""
        return "".join(piece.text for piece in self.pieces if piece.kind != "yes_no")


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
                _add(pieces, part, lang)
    if "".join(piece.text for piece in pieces) != text:
        msg = f"the pieces of {text!r} do not make the text again"
        raise AssertionError(msg)
    segments = [(nfc(piece.text), piece.kind) for piece in pieces if piece.kind in ("text", "yes_no")]
    requests = tuple(text for text, kind in segments if kind == "text")
    return Cut(tuple(pieces), requests, tuple(text for text, _ in segments))


def _add(pieces: list[Piece], text: str, lang: str) -> None:
    """One segment with its outer white space apart, or a copied piece where there are no words."""
    is_yes_no = lang == ENGLISH and which(text) is not None
    if not is_yes_no and not has_words(text):
        pieces.append(Piece(text, "copied"))
        return
    kind = "yes_no" if is_yes_no else "text"
    # Marks that close what stands before a protected span belong to it, not to the sentence that follows.
    body = text.strip().lstrip(_CLOSING)
    start = text.index(body)
    for part, of in ((text[:start], "copied"), (body, kind), (text[start + len(body) :], "copied")):
        if part:
            pieces.append(Piece(part, of))


def plain(text: str) -> str:
    """The text as scorers see it: without image markers."""
    return text.replace(IMAGE_MARKER, " ").strip()
