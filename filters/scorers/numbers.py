"""Numbers: what a translation gained, lost or changed, figures and words of both sides read as numbers.

"Two dogs" and 2匹 agree, "twenty-two" and 22, 3 pm and 15:00, 1,000 and 1 000. A figure that the source has in no
reading is rare in good text and rejects. So does a changed number: one is lost and another gained. A number that is
only lost warns, for languages say it in ways that no table holds (a pair, a dual). Where a language of the pair has no
table of number words, a figure may stand for a word: then extra figures are not judged.
"""

from __future__ import annotations

from collections.abc import Set
from functools import cache, lru_cache
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa
import regex

from glotmill.filters.contract import Scorer
from glotmill.filters.features.figures import Quantity, Value, roman
from glotmill.filters.features.number_reader import Numbers, reader
from glotmill.filters.features.number_words import BY_HAND, WORDS, lexicon
from glotmill.filters.features.words import UNSPACED_SCRIPTS
from glotmill.filters.rules import Rule, above
from glotmill.schemas.keys import file_sha256
from glotmill.schemas.languages import ENGLISH
from glotmill.schemas.record import Metric

_DIGIT = r"\p{Nd}"
_TWO_DIGITS = 10
_CLOCK = regex.compile(r"(?i)\bp\. ?m\b|\d ?pm\b|noon|evening|night|o'clock|\d:\d\d")
_HALF_DAY, _DAY = 12, range(1, 24)  # hours
_HALF = 0.5
_ARTICLES = (0, 1)  # "a man" is 1人
_FOLDED = ("Arab", "Hebr", "Deva", "Beng")  # scripts whose words are folded before they are found


class NumbersScorer(Scorer):
    """Counts the numbers that only one side has."""

    name: ClassVar[str] = "numbers"
    version: ClassVar[int] = 2
    row: ClassVar[tuple[str, ...]] = (
        "figures that only the translation has (`extra`), numbers that it lost (`missing`), numbers that "
        "it lost while it gained others (`changed`)",
        "–",
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("numbers", "extra", "lower", 0, None,
               "figures of the translation that the source does not have; high means invented figures"),
        Metric("numbers", "missing", "lower", 0, None,
               "numbers of the source that the translation does not have; high means lost numbers"),
        Metric("numbers", "changed", "lower", 0, None,
               "numbers that the translation lost while it gained others; high means changed numbers"),
    )  # fmt: skip
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("numbers", "extra", "figures that the source does not have",
             *above("numbers", "extra", "max_extra", 0, 1e6, "such figures allowed in a turn")),
        Rule("numbers", "missing", "numbers were lost",
             *above("numbers", "missing", "max_missing", 0, 1e6, "such numbers allowed in a turn"), action="warn"),
        Rule("numbers", "changed", "numbers were lost while others were gained",
             *above("numbers", "changed", "max_changed", 0, 1e6, "such numbers allowed in a turn")),
    )  # fmt: skip

    def fingerprint(self) -> dict[str, Any]:
        """The version and the tables of number words."""
        return {"version": self.version, "words": file_sha256(WORDS), "by_hand": file_sha256(BY_HAND)}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`."""
        frame = pl.DataFrame(pairs.select(["source_lang", "lang", "source", "target"]))
        counted: list[tuple[int | None, int, int]] = [(0, 0, 0)] * frame.height
        numbered = frame.with_row_index().filter(_has_numbers(frame))
        for row, source_lang, lang, source, target in numbered.iter_rows():
            counted[row] = _compare(source_lang or ENGLISH, lang or "", source, target)
        columns = zip(*counted, strict=True) if counted else ((), (), ())
        return {m.name: pa.array(column, pa.float32()) for m, column in zip(self.metrics, columns, strict=True)}


def _has_numbers(frame: pl.DataFrame) -> pl.Expr:
    """Whether a row has a figure, or its source a number word."""
    found = pl.col("source").str.contains(_DIGIT) | pl.col("target").str.contains(_DIGIT)
    for lang in frame["source_lang"].unique():
        pattern = _word_pattern(lang or ENGLISH)
        words = pl.lit(value=True) if pattern is None else pl.col("source").str.contains(pattern)
        found |= pl.col("source_lang").eq_missing(lang) & words
    return found


@cache
def _word_pattern(lang: str) -> str | None:
    """Finds the cardinals from two on of a language, and some words more; None where no pattern does."""
    words = lexicon(lang)
    if words is None or lang.endswith(_FOLDED):
        return None if words else r"[^\s\S]"
    forms = sorted({key.split(" ")[0] for key, values in words.cardinals.items() if max(values) > 1})
    before = "" if lang.endswith(UNSPACED_SCRIPTS) else r"\b"
    return rf"(?i){before}(?:{'|'.join(forms)})" + (r"\b" if lang == ENGLISH else "")


@lru_cache(maxsize=16_384)
def _source(lang: str, text: str) -> Numbers:
    """The numbers of a source, which stands beside its translations into several languages."""
    return reader(lang).read(text)


def _compare(source_lang: str, lang: str, source: str, target: str) -> tuple[int | None, int, int]:
    """(extra figures, or None where they cannot be judged; missing numbers; changed ones) of a pair."""
    there, here = _source(source_lang, source), reader(lang).read(target)
    known = there.known and here.known
    found = _differences(there, here, there.readable, here.readable)
    if any(found) and known:
        clock = _CLOCK.search(source) or _CLOCK.search(target)
        said, heard = (
            (_hours(numbers.readable) if clock else numbers.readable) | roman(text)
            for numbers, text in ((there, source), (here, target))
        )
        found = _differences(there, here, said, heard)
    extra, missing, gained = found
    return extra if known or not extra else None, missing, min(missing, gained)


def _differences(there: Numbers, here: Numbers, said: Set[Value], heard: Set[Value]) -> tuple[int, int, int]:
    """(extra figures, missing numbers, gained ones), by what can be read in the source and in the translation."""
    known = there.known and here.known
    extra = sum(not _article(figure) and not figure.within(said) for figure in here.figures)
    missing = sum(not number.within(heard) for number in there.stated if known or _long(number))
    gained = sum(not number.within(said) for number in here.stated if known or _long(number)) if missing else 0
    return extra, missing, gained


def _hours(values: Set[Value]) -> Set[Value]:
    """The values, with those of the other half of the day, and the hour before a half ("halb vier")."""
    hours = {value for value in values if isinstance(value, int) and value in _DAY}
    if _HALF in values:
        hours |= {hour - 1 for hour in hours if hour > 1}
    return values | hours | {(hour + _HALF_DAY) % (2 * _HALF_DAY) for hour in hours}


def _article(number: Quantity) -> bool:
    return number.values[0] in _ARTICLES


def _long(number: Quantity) -> bool:
    """Whether a figure has two digits and more: no table is needed to miss it."""
    return isinstance(number.values[0], str) or number.values[0] >= _TWO_DIGITS


MEMBER = NumbersScorer
