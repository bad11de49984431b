"""The structure of a text: what of it must be the same in every language.

Guarantees: a translation that gained or lost a tag, a box, a URL, code, a placeholder, a line break, an option or a
list marker, or that has fewer sentences than its source, is named; only its wording goes unjudged.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from glotmill.engine.text.segments import CACHE_SIZE
from glotmill.engine.text.sentences import count_sentences
from glotmill.engine.text.spans import protect, spans

# Scripts that do without a full stop: their sentences cannot be counted.
_NO_FULL_STOP = frozenset({"Thai", "Laoo", "Tibt"})

# Protected spans that count by their text, white space apart; line breaks count as such.
Structure = tuple[tuple[tuple[str, str], int], ...]


@lru_cache(maxsize=CACHE_SIZE)
def structure(text: str) -> Structure:
    """How often each protected span stands in a text, as sorted ((kind, text), count)."""
    found = Counter((kind, "\n" if kind == "line_break" else text[s:e].strip()) for s, e, kind in spans(text))
    return tuple(sorted(found.items()))


@lru_cache(maxsize=CACHE_SIZE)
def sentence_count(text: str, lang: str) -> int:
    """Sentences with words in them, outside of protected spans."""
    return sum(count_sentences(piece.text, lang) for piece in protect(text) if piece.kind == "text")


def mismatch(source: str, target: str, source_lang: str, target_lang: str) -> str | None:
    """What the target lost or gained of the source's structure: a reason code, or None.

    Args:
        source: A turn of the source.
        target: The same turn in the target language.
        source_lang: FLORES-200 code of the source.
        target_lang: FLORES-200 code of the target.
    """
    there, here = structure(source), structure(target)
    if there != here:
        differing = set(there) ^ set(here)
        return f"{min(kind for (kind, _), _ in differing)}_mismatch"
    if target_lang[-4:] not in _NO_FULL_STOP:
        wanted = sentence_count(source, source_lang)
        if wanted > 1 and sentence_count(target, target_lang) < wanted:
            return "sentence_dropped"
    return None
