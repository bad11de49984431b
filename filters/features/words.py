"""Words of many texts at once, as numbers: what the lexical scores count.

A word is a run of letters, marks and digits in lower case. In languages written without spaces each character is one,
and a run of Latin letters or digits is one too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

UNSPACED_SCRIPTS = ("Hans", "Hant", "Jpan", "Thai", "Laoo", "Khmr", "Mymr", "Tibt")
_WORD = r"[\p{L}\p{M}\p{N}]+"
_CHARACTER = r"[a-z0-9]+|[\p{L}\p{N}]\p{M}*"
_TEXT = "text"
_LOWER = pl.col(_TEXT).fill_null("").str.to_lowercase()
_WORDS = (pl.col(_TEXT).hash(seed=0), pl.col(_TEXT).str.len_chars().cast(pl.Int64).alias("letters"))
_FEW = 500  # words that NumPy has looked up before Polars has begun
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: spreads sums of hashes


def unspaced(langs: pl.Series) -> Bools:
    """Whether each language (FLORES-200 code) is written without spaces between words."""
    scripts = frozenset(UNSPACED_SCRIPTS)
    return np.array([lang is not None and lang[-4:] in scripts for lang in langs.to_list()], bool)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a column of texts, one after the other.

    Attributes:
        texts: How many texts there are.
        row: The text of each word, ascending.
        word: A hash of each word; equal words have equal hashes.
        letters: Characters of each word.
    """

    texts: int
    row: Ints
    word: npt.NDArray[np.uint64]
    letters: Ints

    @classmethod
    def of(cls, texts: pl.Series, no_spaces: Bools) -> Words:
        """The words of some texts, each in a language with or without spaces."""
        if not no_spaces.any():
            return cls._found(texts, _WORD)
        if no_spaces.all():
            return cls._found(texts, _CHARACTER)
        rows = [np.flatnonzero(~no_spaces), np.flatnonzero(no_spaces)]
        parts = [
            cls._found(texts.gather(chosen), pattern) for chosen, pattern in zip(rows, (_WORD, _CHARACTER), strict=True)
        ]
        row = np.concatenate([chosen[part.row] for chosen, part in zip(rows, parts, strict=True)])
        order = np.argsort(row, kind="stable")
        word, letters = (np.concatenate([getattr(part, name) for part in parts]) for name in ("word", "letters"))
        return cls(len(texts), row[order], word[order], letters[order])

    @classmethod
    def _found(cls, texts: pl.Series, pattern: str) -> Words:
        """What matches a pattern in each text, in lower case."""
        found = texts.alias(_TEXT).to_frame().select(_LOWER.str.extract_all(pattern)).to_series()
        row = np.repeat(np.arange(len(texts)), found.list.len())
        word, letters = found.explode(empty_as_null=False).to_frame().select(*_WORDS)
        return cls(len(texts), row, word.to_numpy(), letters.to_numpy())

    def where(self, chosen: Bools) -> Words:
        """The words that are chosen."""
        return Words(self.texts, self.row[chosen], self.word[chosen], self.letters[chosen])

    def of_texts(self, chosen: Ints) -> Words:
        """The words of the texts that are chosen, by their ascending positions."""
        place = np.full(self.texts, -1)
        place[chosen] = np.arange(len(chosen))
        inside = place[self.row] >= 0
        return Words(len(chosen), place[self.row[inside]], self.word[inside], self.letters[inside])

    def count(self) -> Ints:
        """Words of each text."""
        return np.bincount(self.row, minlength=self.texts)

    def grams(self, n: int) -> Grams:
        """The runs of ``n`` words that stand within one text."""
        starts = max(0, len(self.row) - n + 1)
        key = np.zeros(starts, np.uint64)
        for place in range(n):
            key = (key ^ self.word[place : place + starts]) * _MIX + np.uint64(place + 1)
        inside = self.row[:starts] == self.row[n - 1 : n - 1 + starts]
        row = self.row[:starts][inside]
        return Grams(self.texts, row, (key[inside] ^ row.astype(np.uint64)) * _MIX)

    def longest_run(self, pairs: Bools, counted: Bools, least: Ints) -> Ints:
        """Words of the longest run of each text; 0 where no run has enough words that count: half of it at least.

        Args:
            pairs: Which of ``grams(2)`` hold two neighbours of one run.
            counted: Which words count.
            least: How many such words a run of each text has at least.
        """
        joined = np.zeros(len(self.row), bool)  # with the word before
        joined[1:][self.row[1:] == self.row[:-1]] = pairs
        starts = np.flatnonzero(~joined)
        if not len(starts):
            return np.zeros(self.texts, np.int64)
        row, words = self.row[starts], np.diff(np.append(starts, len(self.row)))
        counting = np.add.reduceat(counted.astype(np.int64), starts)
        enough = (words > 1) & (counting >= least[row]) & (2 * counting >= words)
        longest = np.zeros(self.texts, np.int64)
        np.maximum.at(longest, row, np.where(enough, words, 0))
        return longest


@dataclass(frozen=True, slots=True)
class Grams:
    """Runs of words by text.

    Attributes:
        texts: How many texts there are.
        row: The text of each run, ascending.
        key: A hash of each run and its text.
    """

    texts: int
    row: Ints
    key: npt.NDArray[np.uint64]

    def where(self, chosen: Bools) -> Grams:
        """The runs that are chosen."""
        return Grams(self.texts, self.row[chosen], self.key[chosen])

    def count(self) -> Ints:
        """Runs of each text."""
        return np.bincount(self.row, minlength=self.texts)

    def times(self) -> tuple[Ints, Ints]:
        """(text, how often it stands there) of each different run."""
        order = np.argsort(self.key)
        key = self.key[order]
        starts = np.flatnonzero(np.diff(key, prepend=~key[:1]))
        return self.row[order[starts]], np.diff(starts, append=len(key))

    def different(self) -> Ints:
        """Different runs of each text."""
        return np.bincount(self.times()[0], minlength=self.texts)

    def most(self) -> Ints:
        """How often each text's most frequent run stands in it."""
        row, times = self.times()
        top = np.zeros(self.texts, np.int64)
        top[row] = 1
        np.maximum.at(top, row[times > 1], times[times > 1])
        return top

    def first(self) -> Bools:
        """Which runs do not stand before in their text."""
        return pl.Series(self.key).is_first_distinct().to_numpy()

    def within(self, others: Grams) -> Bools:
        """Which runs stand in the same row of other texts too."""
        if len(self.key) + len(others.key) < _FEW:
            few: Bools = np.isin(self.key, others.key, kind="sort")
            return few
        return pl.Series(self.key).is_in(pl.Series(others.key).implode()).to_numpy()
