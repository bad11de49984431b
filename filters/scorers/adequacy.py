"""Adequacy: does the translation say what the source says, all of it, and nothing else?

Five small logistic regressions look for five kinds of error: another meaning, something left out, something added,
another number, another polarity. What tells most is what the translation gives away of each source word: its
log-probability given the translation minus that given nothing, so that a rare word is not taken for a lost one. Each
regression's logit is scaled by what good text gets: near 1 and above is usual, and one good text in 500 lies below 0,
in each language that was fitted. The score is a soft minimum of the five.

Coefficients are in ``filters/data/adequacy.json``, fitted by ``benchmarks/fit_filters.py`` on human and machine
translations with errors put in. They hold for the engine named there; fit them again for another.

Defaults of the three rules that reject are floors that belong to no domain. Of captions with another caption's
translation (Multi30k's val in German, French and Czech, and xGQA's train_48 in German, 300 each, by
``benchmarks/corruptions.py``), a quarter have a meaning below -1.2 to -1.7, a tenth an omission below -0.8 to -0.9 and
an addition below -0.4 to -1.0; people's own translations of these are all above the floors. A build that fits its own
thresholds has higher ones where its engine knows the texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from glotmill.filters.contract import Scorer
from glotmill.filters.features.cues import english_numbers, is_number
from glotmill.filters.features.length import TABLE, deviations
from glotmill.filters.features.shared_chrf import back_chrf
from glotmill.filters.rules import OfEngine, Rule, below
from glotmill.filters.scorers.negation import denials
from glotmill.schemas.keys import file_sha256
from glotmill.schemas.record import Metric

COEFFICIENTS = Path(__file__).parent.parent / "data" / "adequacy.json"
SHARPNESS = 1.0
FLOOR = -20.0  # of a log-probability: below, one word would outweigh all others
WORST = 3
MIN_WORDS = 4  # of the source: fewer say too little

FEATURES: dict[str, tuple[str, ...]] = {
    "meaning": ("content_gain", "worst_gain", "chrf", "precision"),
    "omission": ("late_gain", "content_gain", "weakest_third", "shorter", "back_shorter", "late_recall"),
    "addition": ("longer", "precision", "forward", "back_longer"),
    "numbers": ("number_gain", "number_mismatch"),
    "negation": ("negation_lost", "negation_gained"),
}
_STOP = frozenset(
    "a an the of in on at to and is are with by for his her their its it while as from that".split()  # noqa: SIM905
)
_NEEDED = ["source", "target", "lang", "field_type", "back", "logprob", "reverse_words", "alone_words"]

Floats = npt.NDArray[np.float64]


@cache
def coefficients() -> dict[str, Any]:
    """What the fit found, by detector: mean, deviation and weight of each feature, intercept, zero and scale."""
    content: dict[str, Any] = json.loads(COEFFICIENTS.read_text(encoding="utf-8"))
    return content


class AdequacyScorer(Scorer):
    """A calibrated combination of forced scores, round trip, length, numbers and negation."""

    name: ClassVar[str] = "adequacy"
    version: ClassVar[int] = 1
    needs_back_translation: ClassVar[bool] = True
    needs_forced_scores: ClassVar[bool] = True
    expensive: ClassVar[bool] = True
    row: ClassVar[tuple[str, ...]] = (
        "meaning, omission, addition, numbers, negation, and a soft minimum of the five",
        "both",
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("adequacy", "score", "higher", None, None,
               "soft minimum of the five checks; high means that all find the translation good"),
        Metric("adequacy", "meaning", "higher", None, None,
               "check of the meaning; high means that the source's words follow from the translation"),
        Metric("adequacy", "omission", "higher", None, None,
               "check for omissions, at the end above all; high means that nothing was left out"),
        Metric("adequacy", "addition", "higher", None, None, "check for additions; high means that nothing was added"),
        Metric("adequacy", "numbers", "higher", None, None,
               "check of the numbers; high means that the back-translation has them"),
        Metric("adequacy", "negation", "higher", None, None, "check of the negation; high means that it is preserved"),
    )  # fmt: skip
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("adequacy", "score", "the translation does not say what the source says",
             *below("adequacy", "score", "min_score", -1e3, (-1e3, 1e3), "least soft minimum of the five checks"),
             graded=("score", "min_score")),
        Rule("adequacy", "meaning", "the meaning is another",
             *below("adequacy", "meaning", "min_meaning", -1.5, (-1e3, 1e3), "least value of the check"),
             of_engine=OfEngine("meaning", "min_meaning", 0.5, highest=-0.2)),
        Rule("adequacy", "omission", "something was left out",
             *below("adequacy", "omission", "min_omission", -1.0, (-1e3, 1e3), "least value of the check"),
             of_engine=OfEngine("omission", "min_omission", 0.2, highest=0.0)),
        Rule("adequacy", "addition", "something was added",
             *below("adequacy", "addition", "min_addition", -1.0, (-1e3, 1e3), "least value of the check"),
             of_engine=OfEngine("addition", "min_addition", 1.5, highest=-0.3)),
        Rule("adequacy", "numbers", "a number is another",
             *below("adequacy", "numbers", "min_numbers", 0.0, (-1e3, 1e3), "least value of the check"), action="warn"),
        Rule("adequacy", "negation", "a negation was lost or added",
             *below("adequacy", "negation", "min_negation", 0.5, (-1e3, 1e3), "least value of the check"),
             action="warn"),
    )  # fmt: skip

    @property
    def engine(self) -> str | None:
        """The model that the coefficients were fitted to."""
        return str(coefficients()["engine"])

    def fingerprint(self) -> dict[str, Any]:
        """The version, the coefficients and the table of lengths."""
        return {"version": self.version, "coefficients": file_sha256(COEFFICIENTS), "lengths": file_sha256(TABLE)}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`; without forced scores and back-translation there is no score."""
        table, judged = features(pairs)
        found: dict[str, Floats] = {}
        langs = pairs["lang"].filter(pa.array(judged)).to_pylist()
        for name, fitted in coefficients()["detectors"].items():
            zeros = fitted["zero"]
            zero = np.array([zeros.get(lang, zeros["all"]) for lang in langs], np.float64)
            found[name] = (logit(table, name, fitted) - zero) / fitted["scale"]
        found = {"score": soft_minimum(list(found.values())), **found}
        return {name: _spread(values, judged) for name, values in found.items()}


def logit(table: Mapping[str, Floats], name: str, fitted: Mapping[str, Any]) -> Floats:
    """What one detector makes of the features, before it is scaled."""
    values = np.stack([table[feature] for feature in FEATURES[name]], axis=1)
    found: Floats = ((values - fitted["mean"]) / fitted["deviation"]) @ np.array(fitted["weight"]) + fitted["intercept"]
    return found


def soft_minimum(values: Sequence[Floats]) -> Floats:
    """A little below the least of the values."""
    total = np.sum([np.exp(-SHARPNESS * np.maximum(one, FLOOR)) for one in values], axis=0)
    result: Floats = -np.log(total) / SHARPNESS
    return result


def _spread(values: Floats, judged: npt.NDArray[np.bool_]) -> pa.Array:
    column = np.full(len(judged), np.nan, np.float32)
    column[judged] = values
    return pa.array(column, from_pandas=True)


def features(pairs: pa.Table) -> tuple[dict[str, Floats], npt.NDArray[np.bool_]]:
    """(each feature of the pairs that can be judged, which those are)."""
    frame = pl.DataFrame(pairs.select(_NEEDED))
    gains = pl.col("reverse_words").list.len().eq_missing(pl.col("alone_words").list.len())
    enough = gains & (pl.col("reverse_words").list.len() >= MIN_WORDS)
    judged = frame.select((enough & pl.col("back").is_not_null() & pl.col("logprob").is_not_null())
                          .fill_null(value=False)).to_series()  # fmt: skip
    frame = frame.filter(judged)
    rows = list(_by_row(frame))
    names = ("content_gain", "worst_gain", "late_gain", "weakest_third", "number_gain", "precision", "late_recall",
             "number_mismatch")  # fmt: skip
    table = {name: np.array([row[place] for row in rows], np.float64) for place, name in enumerate(names)}
    lengths = deviations(*(frame[name] for name in ("source", "target", "lang", "field_type")))
    z = lengths["z"].fill_null(0.0).to_numpy()
    backs = frame.select(((pl.col("back").str.len_chars() + 1) / (pl.col("source").str.len_chars() + 1)).log())
    back_ratio = backs.to_series().cast(pl.Float64).to_numpy()
    denied = denials(pairs.filter(judged.to_arrow())).select("source", there=pl.coalesce("target", "back"))
    table |= {
        "shorter": np.minimum(z, 0),
        "longer": np.maximum(z, 0),
        "back_longer": np.maximum(back_ratio, 0),
        "back_shorter": np.minimum(back_ratio, 0),
        "forward": frame["logprob"].cast(pl.Float64).to_numpy(),
        "chrf": back_chrf(pairs)[judged.to_numpy()],
        "negation_lost": (denied["source"] & ~denied["there"]).cast(pl.Float64).to_numpy(),
        "negation_gained": (~denied["source"] & denied["there"]).cast(pl.Float64).to_numpy(),
    }
    return table, judged.to_numpy()


def _by_row(frame: pl.DataFrame) -> Iterator[tuple[float, ...]]:
    """The features that go word by word, in the order that `features` names them."""
    columns = frame.select("source", "back", "reverse_words", "alone_words")
    for source, back, reverse, alone in columns.iter_rows():
        gain = np.maximum(reverse, FLOOR) - np.maximum(alone, FLOOR)
        words = source.split()
        content = [place for place, word in enumerate(words) if _bare(word) not in _STOP] or [0]
        numbers = [gain[place] for place, word in enumerate(words) if is_number(word)]
        source_words, back_words = [_bare(word) for word in words], [_bare(word) for word in back.split()]
        wanted = [word for word in source_words if word not in _STOP] or source_words
        found, known = set(back_words), set(source_words)
        given = [word for word in back_words if word not in _STOP] or back_words
        late = wanted[len(wanted) // 2 :]
        there, here = english_numbers(source), english_numbers(back)
        yield (
            float(gain[content].mean()),
            float(np.sort(gain)[:WORST].mean()),
            float(gain[len(gain) // 2 :].mean()),
            _weakest(gain[content]),
            min(numbers, default=0.0),
            sum(word in known for word in given) / max(1, len(given)),
            sum(word in found for word in late) / max(1, len(late)),
            float((there - here).total() + (here - there).total()),
        )


def _weakest(gain: Floats) -> float:
    """The least mean of a third of the words, side by side."""
    width = min(len(gain), max(2, len(gain) // 3))
    sums = np.concatenate([[0.0], np.cumsum(gain)])
    return float((sums[width:] - sums[:-width]).min() / width)


def _bare(word: str) -> str:
    return word.strip(".,;:!?\"'()").lower()


MEMBER = AdequacyScorer
