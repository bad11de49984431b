"""Lexical: copied English, repetition, and length, from the two texts alone."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from glotmill.filters.contract import Scorer
from glotmill.filters.features.length import TABLE, deviations
from glotmill.filters.features.words import Bools, Words, unspaced
from glotmill.filters.features.worst_segment import SEGMENT_LETTERS, TURN, segments_of, worst
from glotmill.filters.rules import Parameter, Rule, above, below, in_latin_script
from glotmill.schemas.keys import file_sha256
from glotmill.schemas.record import Metric

MIN_COPY_WORDS = 4  # of the source: fewer may all be names
MIN_SAME_WORDS = 2  # of a source that is left as it is: one word may be the same in both languages
MIN_REPEAT_WORDS = 4  # of the translation: fewer cannot repeat
MIN_ZLIB_BYTES = 100  # shorter texts are mostly zlib's own header
GRAM = 4
SHOUTED = 3  # capitalised words for each other one, from which on capitals are no sign of a name
_CAPITAL, _SMALL = r"\s\p{Lu}", r"\s\p{Ll}"  # how words begin, but for the first
_NAME = r"\s[^\s\p{L}\p{N}]*[\p{Lu}\p{N}]\S*"  # a capitalised word or a figure that does not begin the text
_FIRST_NAME = r"^[^\p{L}\p{N}]*[\p{Lu}\p{N}]"  # a first word that may be one
MIN_RUN = 3  # words of a copied run, names apart: neighbours such as Dutch have two of English in good text
FEW_WORDS, MIN_RUN_OF_FEW = 4, 2  # half of a source of four words is a run of two
_LETTER = r"\p{L}"
_NO_WORD = " \ua7f7"  # stands for a name: a letter that no translation holds


def _without(text: pl.Expr, names: str) -> pl.Expr:
    """The text with a letter for each name; a text in capitals, or with one on nearly every word, has figures only."""
    capitals, small = text.str.count_matches(_CAPITAL), text.str.count_matches(_SMALL)
    shouted = (capitals >= MIN_COPY_WORDS - 1) & (capitals > SHOUTED * small)
    return pl.when(shouted).then(text.str.to_lowercase()).otherwise(text).str.replace_all(names, _NO_WORD)


_NAMELESS = _without(pl.col("source"), _NAME)
Floats = npt.NDArray[np.float64]


class LexicalScorer(Scorer):
    """Measures what of the source was copied, what repeats, and whether the length is as usual."""

    name: ClassVar[str] = "lexical"
    version: ClassVar[int] = 5
    row: ClassVar[tuple[str, ...]] = (
        "copied words (`copy_frac`) and runs (`copy_lcs`), repetition (`tng4`, `dup2`, `zlib_ratio`), "
        "length (`len_logratio`, `len_z`), the longest copied run of a segment (`segment_copy`)",
        "–",
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("lexical", "copy_frac", "lower", 0, 1,
               "share of the different words that the source has too, without names and figures, sources of "
               f"{MIN_COPY_WORDS} words on ({MIN_SAME_WORDS} where all words are the source's); high means "
               "untranslated words"),
        Metric("lexical", "copy_lcs", "lower", 0, 1,
               f"longest run of copied words over the words of the shorter text, of those of which half, and {MIN_RUN} "
               f"at least, are no names or figures ({MIN_RUN_OF_FEW} for sources of {FEW_WORDS} words), same sources; "
               "high means that a run was left as it is"),
        Metric("lexical", "tng4", "lower", None, None,
               "repeats of the most frequent run of four words, minus those of the source; high means that the text "
               "loops"),
        Metric("lexical", "dup2", "lower", 0, 1,
               "share of the pairs of neighbouring words that repeat an earlier pair; high means that the text loops"),
        Metric("lexical", "zlib_ratio", "higher", 0, None,
               f"compressed over plain bytes, from {MIN_ZLIB_BYTES} bytes on; high means that the text hardly "
               "repeats itself"),
        Metric("lexical", "len_logratio", "higher", None, None,
               "ln of the characters over those of the source; high means that the translation is the longer text"),
        Metric("lexical", "len_z", "lower", 0, None,
               "standard deviations of that from what is usual for the language and field type; high means an "
               "unusual length"),
        Metric("lexical", "letters", "higher", 0, None, "letters of the source; high means a long source"),
        Metric("lexical", "segment_copy", "lower", 0, 1,
               f"greatest copy_lcs of a segment, of those with {SEGMENT_LETTERS} letters of source and more; high "
               "means that a run of a segment was left as it is"),
    )  # fmt: skip
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("lexical", "copy_frac", "words of the source were left as they are",
             (Parameter("max_copy_frac", 0.5, 0, 1, "share of the words, in Latin script"),
              Parameter("max_copy_frac_other", 0.25, 0, 1, "share of the words, in other scripts")),
             lambda p: pl.col("score_lexical_copy_frac")
             > pl.when(in_latin_script()).then(p["max_copy_frac"]).otherwise(p["max_copy_frac_other"])),
        Rule("lexical", "copy_lcs", "a run of the source was left as it is",
             *above("lexical", "copy_lcs", "max_copy_lcs", 0.45, 1, "words of the run over those of the shorter text")),
        Rule("lexical", "segment_copy", "a run of a segment of 40 letters and more was left as it is",
             *above("lexical", "segment_copy", "max_segment_copy", 0.6, 1,
                    "words of the run over those of the shorter")),
        Rule("lexical", "tng4", "a run of four words is repeated",
             *above("lexical", "tng4", "max_tng4", 1, 1e6, "repeats beyond the source's")),
        Rule("lexical", "dup2", "pairs of words are repeated",
             *above("lexical", "dup2", "max_dup2", 0.39, 1, "share of the pairs of words")),
        Rule("lexical", "zlib_ratio", "long text that repeats itself",
             *below("lexical", "zlib_ratio", "min_zlib_ratio", 0.3, (0, 10), "compressed over plain bytes")),
        Rule("lexical", "len_z", "far shorter or longer than usual",
             *above("lexical", "len_z", "max_len_z", 4.0, 100, "standard deviations")),
    )  # fmt: skip

    def fingerprint(self) -> dict[str, Any]:
        """The version and the table of lengths."""
        return {"version": self.version, "lengths": file_sha256(TABLE)}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`."""
        frame = pl.DataFrame(pairs.select(["source", "target", "lang", "field_type"]))
        texts = _Texts.of(frame)
        copied = _copied(frame["source"], texts)
        letters = frame["source"].str.count_matches(_LETTER)
        lengths = deviations(*(frame[name] for name in ("source", "target", "lang", "field_type")))
        scores = {
            **copied,
            **_repeated(texts.source, texts.target),
            "zlib_ratio": _compressed(frame["target"]),
            "len_logratio": lengths["logratio"],
            "len_z": lengths["z"].abs(),
            "letters": letters,
            "segment_copy": _copied_segment(pairs, letters, copied["copy_lcs"]),
        }
        return {name: _column(values) for name, values in scores.items()}


def _column(values: Any) -> pa.Array:
    series = values if isinstance(values, pl.Series) else pl.Series(values, nan_to_null=True)
    return series.cast(pl.Float32).to_arrow()


@dataclass(frozen=True, slots=True)
class _Texts:
    """The words of sources and translations.

    Attributes:
        source: Those of the sources.
        target: Those of the translations.
        no_spaces: Whether a translation's language is written without spaces.
    """

    source: Words
    target: Words
    no_spaces: Bools

    @classmethod
    def of(cls, frame: pl.DataFrame) -> _Texts:
        """The words of the columns source and target, by lang."""
        no_spaces = unspaced(frame["lang"])
        return cls(_spaced(frame["source"]), Words.of(frame["target"], no_spaces), no_spaces)

    def telling(self) -> Bools:
        """Which words of the translations say something if they are copied.

        One-letter words are shared by many languages; where there are no spaces each character is a word of one.
        """
        return (self.target.letters > 1) | self.no_spaces[self.target.row]


def _spaced(texts: pl.Series) -> Words:
    return Words.of(texts, np.zeros(len(texts), bool))


def _copied_segment(pairs: pa.Table, letters: pl.Series, copy_lcs: Floats) -> Floats:
    """The longest copied run of a segment that is long enough, by turn; that of a turn of one segment is the turn's."""
    parts = segments_of(pairs)
    if parts.height:
        parts = parts.filter(pl.col("source").str.count_matches(_LETTER) >= SEGMENT_LETTERS)
    longest = _copied(parts["source"], _Texts.of(parts))["copy_lcs"] if parts.height else np.empty(0)
    turns = np.where(letters.to_numpy() >= SEGMENT_LETTERS, copy_lcs, np.nan)
    return worst(pairs, turns, longest, parts[TURN], least=False)


def _copied(sources: pl.Series, texts: _Texts) -> dict[str, Floats]:
    """The share of copied words and the longest copied run.

    Names are looked for only where a translation has a telling word of its source, or two words of it in a row: most
    have neither.
    """
    source, target, telling = texts.source, texts.target, texts.telling()
    shared = target.grams(1).within(source.grams(1))
    beside = shared[1:] & shared[:-1] & (target.row[1:] == target.row[:-1])
    some = np.zeros(target.texts, bool)
    some[target.row[shared & telling]] = True
    some[target.row[1:][beside]] = True
    enough = source.count() >= MIN_COPY_WORDS
    share = np.where(enough & (np.bincount(target.row[telling], minlength=target.texts) > 0), 0.0, np.nan)
    longest = np.where(enough & (target.count() > 0), 0.0, np.nan)
    rows = np.flatnonzero(some)
    if len(rows):
        those = _Texts(source.of_texts(rows), target.of_texts(rows), texts.no_spaces[rows])
        share[rows], longest[rows] = _copies(sources.gather(rows), those)
    return {"copy_frac": share, "copy_lcs": longest}


def _copies(sources: pl.Series, texts: _Texts) -> tuple[Floats, Floats]:
    """(copy_frac, copy_lcs) of texts, names and figures of the sources found and left out."""
    source, target = texts.source, texts.target
    text = sources.alias("source").to_frame().select(_NAMELESS).to_series()
    nameless, may_be_name = _spaced(text), text.str.contains(_FIRST_NAME).fill_null(value=False).to_numpy()
    types = target.where(texts.telling()).grams(1)
    types = types.where(types.first())
    begins = np.diff(nameless.row, prepend=-1) > 0
    plain = nameless.where(~(begins & may_be_name[nameless.row])).grams(1)
    common = types.within(source.grams(1))
    enough = source.count() >= MIN_COPY_WORDS
    copied = types.within(plain)
    same = np.bincount(types.row[copied], minlength=target.texts)
    others = np.bincount(types.row[copied | ~common], minlength=target.texts)
    # Left as it is: all words are the source's, as many, and not only names and figures.
    number = source.count()
    left = (number == target.count()) & (number >= MIN_SAME_WORDS) & (same > 0)
    left &= np.bincount(types.row[common], minlength=target.texts) == types.count()
    least = np.where(number <= FEW_WORDS, MIN_RUN_OF_FEW, MIN_RUN)
    run = target.longest_run(target.grams(2).within(source.grams(2)), target.grams(1).within(plain), least)
    shorter = np.minimum(number, target.count())
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(enough & (others > 0), same / others, np.nan)
        share = np.where(left, 1.0, share)
        longest = np.where(enough & (shorter > 0), np.minimum(1, run / shorter), np.nan)
    return share, longest


def _repeated(source: Words, target: Words) -> dict[str, Any]:
    enough = target.count() >= MIN_REPEAT_WORDS
    pairs = target.grams(2)
    with np.errstate(invalid="ignore", divide="ignore"):
        seen_before = 1 - pairs.different() / pairs.count()
    more = target.grams(GRAM).most() - source.grams(GRAM).most()
    return {"tng4": np.where(enough, more, np.nan), "dup2": np.where(enough, seen_before, np.nan)}


def _compressed(texts: pl.Series) -> Floats:
    ratios = np.full(len(texts), np.nan)
    rows = np.flatnonzero(texts.str.len_bytes().to_numpy() >= MIN_ZLIB_BYTES)
    if len(rows):
        ratios[rows] = [_ratio(text.encode()) for text in texts.gather(rows)]
    return ratios


def _ratio(data: bytes) -> float:
    return len(zlib.compress(data)) / len(data)


MEMBER = LexicalScorer
