"""Cutting running text into sentences, and sentences that are too long into clauses.

Translation models drop the second sentence of two, and cut or loop on very long input, so each sentence is a
segment. Guarantees: the parts of a text, joined, are the text; no part is longer than `MAX_SEGMENT_BYTES` unless it
is one unbroken word.
"""

from __future__ import annotations

import regex
from sentencex import segment

from schemas.languages import language

# NLLB was trained on sentences; 800 bytes are some 200 to 270 of its tokens, far under its 1,024 positions.
MAX_SEGMENT_BYTES = 800

_MARK = regex.compile(r"(?<![.!?…])[.!?…。！？।॥۔።။៕؟]")
_CLAUSE = regex.compile(r"[,;:،؛、，；：–—)][\s]*|\s+-\s+")
_WORD = regex.compile(r"\w")
_SPACE = regex.compile(r"\s+")


def sentences(text: str, lang: str) -> list[str]:
    """The sentences of a text, each with the white space that follows it; joined, they are the text.

    Args:
        text: Running text without protected spans.
        lang: FLORES-200 code of the text.
    """
    mark = _MARK.search(text)
    if mark is None or not _WORD.search(text, mark.end()):
        return [text]
    found: list[str] = segment(language(lang).hub_language, text)
    if "".join(found) != text:
        # The splitter is lossless on all that we have seen; should it not be, the text stays whole.
        return [text]
    return [sentence for sentence in found if sentence]


def fit(sentence: str) -> list[str]:
    """The sentence in parts of at most `MAX_SEGMENT_BYTES`, cut at clause marks, else at spaces."""
    parts = []
    rest = sentence
    while len(rest.encode()) > MAX_SEGMENT_BYTES:
        cut = _last_cut(rest, _CLAUSE) or _last_cut(rest, _SPACE) or _next_space(rest)
        if not cut:
            break
        parts.append(rest[:cut])
        rest = rest[cut:]
    return [*parts, rest] if rest else parts


def _last_cut(text: str, pattern: regex.Pattern[str]) -> int:
    """The end of the last match within the limit, but not at the very end of the text; 0 where there is none."""
    window = text.encode()[:MAX_SEGMENT_BYTES].decode("utf-8", "ignore")
    ends = [match.end() for match in pattern.finditer(window)]
    usable = [end for end in ends if len(window) // 4 <= end < len(text)]
    return usable[-1] if usable else 0


def _next_space(text: str) -> int:
    """The end of the first white space after a long word, 0 where there is none before the text's end."""
    match = _SPACE.search(text, MAX_SEGMENT_BYTES // 4)
    return match.end() if match and match.end() < len(text) else 0


def count_sentences(text: str, lang: str) -> int:
    """How many sentences with words in them a text has; a line's end ends a sentence."""
    lines = text.splitlines()
    return sum(1 for line in lines for sentence in sentences(line, lang) if _WORD.search(sentence))
