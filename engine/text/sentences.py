"""Cutting running text into sentences, and sentences that are too long into clauses.

Translation models drop the second sentence of two, and cut or loop on very long input, so each sentence is a
segment. Guarantees: the parts of a text, joined, are the text; no part is longer than `MAX_SEGMENT_BYTES` unless it
is one unbroken word. Texts that are put into one text count as many sentences there as by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable

import regex
from sentencex import segment

from glotmill.schemas.languages import language

# NLLB was trained on sentences; 800 bytes are some 200 to 270 of its tokens, far under its 1,024 positions.
MAX_SEGMENT_BYTES = 800

_MARK = regex.compile(r"(?<![.!?…])[.!?…。！？।॥۔።။៕؟]")
_CLAUSE = regex.compile(r"[,;:،؛、，；：–—)][\s]*|\s+-\s+")
_WORD = regex.compile(r"\w")
_SPACE = regex.compile(r"\s+")
_LONGEST_LINE = 10_000  # characters of a text that sentences are added to: each time it is counted as a whole
# The end of a text: marks that end no sentence, closing quotes and brackets; whether a sentence has ended before them.
_DANGLING = regex.compile(r"[\s,;:\-–—]+$")
_ENDED = regex.compile(r"[.!?…。！？।][\"'”’»)\]]*$")
_TWO_STOPS = regex.compile(r"(?<!\.)\.\.$")
_FIRST_WORD = regex.compile(r"[^\p{L}\p{N}]*+(\p{L}+)")


def sentences(text: str, lang: str) -> list[str]:
    """The sentences of a text, each with the white space that follows it; joined, they are the text.

    Args:
        text: Running text without protected spans.
        lang: FLORES-200 code of the text.
    """
    mark = _MARK.search(text)
    if mark is None or not _WORD.search(text, mark.end()):
        return [text]
    try:
        found: list[str] = segment(language(lang).hub_language, text)
    except BaseException as error:
        # The splitter panics on some marks beside a no-break space, as in "J.B\u00a0. So"; then the text stays whole.
        if type(error).__name__ != "PanicException":  # it has no name that can be imported, and is no `Exception`
            raise
        return [text]
    if "".join(found) != text:
        # The splitter is lossless on all that we have seen; should it not be, the text stays whole.
        return [text]
    return [sentence for sentence in found if sentence]


def fit(sentence: str) -> list[str]:
    """The sentence in parts of at most `MAX_SEGMENT_BYTES`, cut at clause marks, else at spaces."""
    parts = []
    start = 0
    while True:
        # A character has a byte or more, so no more characters than bytes are looked at: the time is linear.
        head = sentence[start : start + MAX_SEGMENT_BYTES + 1].encode()
        if len(head) <= MAX_SEGMENT_BYTES:
            break
        window = head[:MAX_SEGMENT_BYTES].decode("utf-8", "ignore")
        left = len(sentence) - start
        cut = _last_cut(window, left, _CLAUSE) or _last_cut(window, left, _SPACE) or _next_space(sentence, start)
        if not cut:
            break
        parts.append(sentence[start : start + cut])
        start += cut
    return [*parts, sentence[start:]] if start < len(sentence) else parts


def _last_cut(window: str, left: int, pattern: regex.Pattern[str]) -> int:
    """The end of the last match in the window, but not at the very end of what is left; 0 where there is none."""
    ends = [match.end() for match in pattern.finditer(window)]
    usable = [end for end in ends if len(window) // 4 <= end < left]
    return usable[-1] if usable else 0


def _next_space(text: str, start: int) -> int:
    """Characters to the end of the first white space after a long word; 0 where there is none before the end."""
    match = _SPACE.search(text, start + MAX_SEGMENT_BYTES // 4)
    return match.end() - start if match and match.end() < len(text) else 0


def count_sentences(text: str, lang: str) -> int:
    """How many sentences with words in them a text has; a line's end ends a sentence."""
    lines = text.splitlines()
    return sum(1 for line in lines for sentence in sentences(line, lang) if _WORD.search(sentence))


def as_sentence(text: str) -> str:
    """A text that begins and ends as a sentence does: with a capital, and with the mark of an end.

    A first word with a capital inside, such as iPhone, stays.
    """
    text = _TWO_STOPS.sub(".", _DANGLING.sub("", text.strip()))
    first = _FIRST_WORD.match(text)
    if first is not None and first[1].islower():
        start = first.start(1)
        text = f"{text[:start]}{text[start].upper()}{text[start + 1 :]}"
    return text if not text or _ENDED.search(text) else f"{text}."


def in_one_text(texts: Iterable[str], lang: str) -> str:
    """Texts as the sentences of one, each different one once, so that it counts as many sentences as they do.

    A space stands between two; a line break where the splitter would see no end, as after ``St.`` or an open quote.

    Args:
        texts: The texts; those that hold nothing but marks that end no sentence are left out.
        lang: FLORES-200 code of the texts.
    """
    lines: list[str] = []
    count = 0  # sentences of the last line
    for sentence in dict.fromkeys(filter(None, map(as_sentence, texts))):
        own = count_sentences(sentence, lang)
        longer = f"{lines[-1]} {sentence}" if lines else ""
        if longer and len(longer) <= _LONGEST_LINE and count_sentences(longer, lang) == count + own:
            lines[-1], count = longer, count + own
        else:
            lines.append(sentence)
            count = own
    return "\n".join(lines)
