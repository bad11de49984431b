"""Loops: whether a text repeats a stretch of itself over and over, as a model does that has lost its way.

A stretch is a character that is no white space and 1 to `LONGEST` more. A text loops where it holds one `REPEATS`
times in a row, with any white space between. Captions and questions do so nowhere.

How it is found: without white space, a loop of stretches of k characters is a place where 3 k characters in a row equal
those k places on. Texts are compared with themselves many at once, at all distances; what is found is then looked at
in the text itself.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

REPEATS = 4
LONGEST = 60
# Texts shorter than this, or with more than this share of different character 4-grams, count as no loop.
MIN_CHARS = 12
MAX_DISTINCT = 0.8
AT_ONCE = 8192  # characters that are compared at once: their comparisons stay in a processor's cache
SEPARATOR = "\0"
Codes = npt.NDArray[np.uint32]
Mask = npt.NDArray[np.bool_]
# All of Unicode's white space lies below this. Unlike `str.isspace`, the property leaves out U+001C to U+001F.
_END_OF_SPACE = 0x3001
_IS_SPACE = np.array([chr(code).isspace() and not 0x1C <= code <= 0x1F for code in range(_END_OF_SPACE + 1)])
_SPACES = frozenset(map(chr, np.flatnonzero(_IS_SPACE).tolist()))


def looping(texts: Sequence[str]) -> list[bool]:
    """Whether each of some texts loops; many together take less time than one by one."""
    found = [False] * len(texts)
    for rows in _portions(texts):
        for row in _loops_among([texts[row] for row in rows]):
            found[rows[row]] = True
    return found


def _portions(texts: Sequence[str]) -> Iterator[list[int]]:
    """The rows of the texts that are long enough, about `AT_ONCE` characters at a time."""
    rows: list[int] = []
    held = 0
    for row, text in enumerate(texts):
        if len(text) >= MIN_CHARS:
            if held + len(text) > AT_ONCE and rows:
                yield rows
                rows, held = [], 0
            rows.append(row)
            held += len(text)
    if rows:
        yield rows


def _loops_among(texts: list[str]) -> set[int]:
    """The numbers of the texts that loop."""
    codes = np.frombuffer((SEPARATOR.join(texts) + SEPARATOR).encode("utf-32-le", "surrogatepass"), np.uint32)
    is_space = _IS_SPACE.take(codes, mode="clip")
    places = np.flatnonzero(~is_space)
    starts = np.cumsum([0, *(len(text) + 1 for text in texts)])
    begins = places.searchsorted(starts).tolist()  # of each text's characters among those that are no white space
    distances = min(max(map(len, texts)) // REPEATS, LONGEST + 1)
    equal, buffer = _comparisons(codes[places], is_space[places[:-1] + 1], distances)
    loops: set[int] = set()
    for distance in range(1, distances + 1):
        run = b"\1" * ((REPEATS - 1) * distance)
        row, end = (distance - 1) * len(places), distance * len(places)
        at = buffer.find(run, row, end)
        while at >= 0:
            number = bisect_right(begins, at - row) - 1
            window = places[at - row : at - row + REPEATS * distance] - starts[number]
            if _is_repeated(texts[number], window.tolist(), distance):
                equal[:, begins[number] : begins[number + 1]] = False  # nothing more is looked for in it
                if _is_monotonous(texts[number]):
                    loops.add(number)
            at = buffer.find(run, at + 1, end)
    return loops


def _comparisons(codes: Codes, before_space: Mask, distances: int) -> tuple[Mask, bytearray]:
    """Of each distance from 1 on a row: of each character whether the one so many places on may be the same.

    A stretch has two characters at least, so one of a single character counts where white space follows.

    Returns:
        The same twice: to write to, and to search in.
    """
    size = len(codes)
    small = np.zeros(size + distances, np.uint8)  # a byte of each character is enough for a first look
    small[:size] = codes ^ (codes >> 8)
    shifted = np.lib.stride_tricks.as_strided(small[1:], (distances, size), (1, 1), writeable=False)
    buffer = bytearray(distances * size)
    equal = np.frombuffer(buffer, np.bool_).reshape(distances, size)
    np.equal(shifted, small[:size], out=equal)
    equal[0, :-1] &= before_space
    return equal, buffer


def _is_repeated(text: str, window: list[int], distance: int) -> bool:
    """Whether a text repeats the stretch of so many characters, white space apart, that begins a window of places."""
    if len(window) < REPEATS * distance or window[-1] >= len(text):
        return False
    start = window[0]
    end = window[distance - 1] + 1
    if distance == 1:  # a stretch has two characters at least: here the second is white space
        end += 1
        if text[start + 1 : end] not in _SPACES:
            return False
    stretch = text[start:end]
    return end - start <= LONGEST + 1 and all(
        text.startswith(stretch, window[number * distance]) for number in range(1, REPEATS)
    )


def _is_monotonous(text: str) -> bool:
    """Whether a text has so few different character 4-grams that a loop makes up much of it."""
    return _count_grams(text) <= MAX_DISTINCT * (len(text) - 3)


def _count_grams(text: str) -> int:
    """How many different character 4-grams a text has."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    if codes.max() > 0xFFFF:  # four such characters are more than 64 bits
        return len(set(zip(text, text[1:], text[2:], text[3:], strict=False)))
    wide = codes.astype(np.uint64)
    grams = wide[:-3] << 48 | wide[1:-2] << 32 | wide[2:-1] << 16 | wide[3:]
    grams.sort()
    return 1 + int(np.count_nonzero(grams[1:] != grams[:-1]))
