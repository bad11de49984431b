"""What a reader should look at in a turn that failed: its text in pieces, those to highlight distinguished.

A text becomes pieces, of which the second, fourth, ... are highlighted; a text of one piece has none. What fails a turn
without pointing at a part of it highlights the translation whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from difflib import SequenceMatcher

import regex

from glotmill.schemas.sample import IMAGE_MARKER

Pieces = list[str]
Span = tuple[int, int]

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_FIGURE = regex.compile(r"\p{Nd}+(?:[.,:]\p{Nd}+)*")
_LATIN = regex.compile(r"\p{Latin}[\p{Latin}\p{M}]*")
_BROKEN = regex.compile(r"[[\uFFFD\p{Cc}]--[\n\t]]|⁇|<unk>", regex.VERSION1)
_BLANK = "\ue000"  # in the place of each character of a picture's marker: no pattern finds it
_UNBLANKED = regex.compile(rf"[^\s{_BLANK}](?:[^{_BLANK}]*[^\s{_BLANK}])?")
_TAG = regex.compile(r"https?://\S+|<[^<>\s][^<>]*>|\{[^{}]*\}|`[^`]*`|&\w+;")
RUN = 4  # words of a repeated run, as lexical.tng4 counts them
LONGEST = 400  # words that are compared; what follows is not highlighted


def pieces(text: str, spans: Iterable[Span]) -> Pieces:
    """A text cut at spans, which may touch and overlap."""
    found: Pieces = []
    end = 0
    merged: list[Span] = []
    for start, stop in sorted(spans):
        if merged and start <= merged[-1][1] + 1:  # a space between two words is highlighted with them
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    for start, stop in merged:
        found += [text[end:start], text[start:stop]]
        end = stop
    return [*found, text[end:]] if found and end < len(text) else found or [text]


def marked(code: str, source: str, target: str, back: str | None, latin: bool) -> tuple[list[Span], ...]:
    """Where to look at a turn that fails a rule: spans of the source, of the target and of the back-translation.

    Args:
        code: The rule.
        source: The turn's source.
        target: Its translation.
        back: That translated back, if it was.
        latin: Whether the language is written in Latin script.

    A picture's marker is in no span: Glotmill puts it there, and no rule judges it.
    """
    source, target = _blanked(source), _blanked(target)
    back = back and _blanked(back)
    scorer, _, name = code.partition(".")
    if scorer == "round_trip" and back:
        lost, invented = _different(source, back)
        return lost, [], invented
    if code in ("lexical.copy_frac", "lexical.copy_lcs"):
        known = {word.group().casefold() for word in _WORD.finditer(source)}
        return [], _words(target, lambda word: word.casefold() in known), []
    if scorer == "lexical" and name in ("tng4", "dup2", "zlib_ratio"):
        return [], _repeated(target, 2 if name == "dup2" else RUN) or _whole(target), []
    if scorer == "numbers":
        return _unmatched(_FIGURE, source, target), _unmatched(_FIGURE, target, source), []
    if scorer == "structure":
        return _unmatched(_TAG, source, target), _unmatched(_TAG, target, source) or _whole(target), []
    if scorer == "script" and not latin:
        return [], [m.span() for m in _LATIN.finditer(target)] or _whole(target), []
    if code == "integrity.broken_chars":
        return [], [m.span() for m in _BROKEN.finditer(target)] or _whole(target), []
    return [], _whole(target), []


def _blanked(text: str) -> str:
    return text.replace(IMAGE_MARKER, _BLANK * len(IMAGE_MARKER))


def _whole(text: str) -> list[Span]:
    return [m.span() for m in _UNBLANKED.finditer(text)]


def _words(text: str, wanted: Callable[[str], bool]) -> list[Span]:
    return [m.span() for m in _WORD.finditer(text) if wanted(m.group())]


def _different(left: str, right: str) -> tuple[list[Span], list[Span]]:
    """The words of each text that the other has not in that place."""
    sides = [list(_WORD.finditer(text))[:LONGEST] for text in (left, right)]
    words = [[word.group().casefold() for word in side] for side in sides]
    match = SequenceMatcher(None, words[0], words[1], autojunk=False)
    left_spans, right_spans = [w.span() for w in sides[0]], [w.span() for w in sides[1]]
    for a, b, size in match.get_matching_blocks():
        for number in range(size):
            left_spans[a + number] = right_spans[b + number] = (0, 0)
    return [s for s in left_spans if s[1]], [s for s in right_spans if s[1]]


def _repeated(text: str, run: int) -> list[Span]:
    """Every run of so many words that stood before."""
    words = list(_WORD.finditer(text))[:LONGEST]
    seen: set[tuple[str, ...]] = set()
    spans = []
    for first in range(len(words) - run + 1):
        part = words[first : first + run]
        key = tuple(word.group().casefold() for word in part)
        if key in seen:
            spans.append((part[0].start(), part[-1].end()))
        seen.add(key)
    return spans


def _unmatched(pattern: regex.Pattern[str], text: str, other: str) -> list[Span]:
    """What the pattern finds in a text oftener than in the other."""
    rest = Counter(m.group() for m in pattern.finditer(other))
    spans = []
    for match in pattern.finditer(text):
        if rest[match.group()]:
            rest[match.group()] -= 1
        else:
            spans.append(match.span())
    return spans
