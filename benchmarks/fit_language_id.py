"""Fit the thresholds of language identification by language and length: filters/data/language_thresholds.csv.

    python -m benchmarks.fit_language_id --data FOLDER

On the texts to fit on of `benchmarks.human_text`, by lid.176.ftz. Of a language's good texts the tenth with the least
lead has an exponential tail: with the quantile q and the mean distance s below it, a share a of all texts lies below
q - s ln(0.1 / a). Both are drawn towards those of the median language of the same script group and length, as if some
texts more had been seen (`PRIOR_Q`, `PRIOR_T`), so that no threshold is a language's own minimum. A language that was
not seen has the threshold that suits all but a tenth of the seen ones.

Of a text to which the model gives no probability of the language, the lead says only that it is low: it counts as
censored, so the tail is the mean distance down to there for each text above (the maximum-likelihood estimate; Lawless,
Statistical Models and Methods for Lifetime Data, 2003, section 4.1). Languages of whose good texts the model takes a
fifth for something else have longer tails than others, and are drawn towards one another.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.human_text import human_text
from glotmill.filters.features.lid_model import load_lid
from glotmill.filters.features.second_identifier import load_second
from glotmill.filters.features.target_language import FLOOR, NEAR, Target, letters_of, normalise
from glotmill.filters.features.worst_segment import SEGMENT_LETTERS
from glotmill.filters.scorers.language_id import DOUBT, LONG, SHORT, THRESHOLDS
from glotmill.schemas.languages import language, registry

Leads = npt.NDArray[np.float64]
TAIL = 0.1  # share of the texts whose tail is fitted
PRIOR_Q, PRIOR_T = 10, 15  # texts of the median language that each quantile and tail is mixed with
SEEN = 25  # texts on which a threshold may reject what the model confuses with the language
SURE = -1.0  # no threshold is above this lead: beyond it good text is lost and nothing is gained
LOWEST = math.log(FLOOR) + 0.5  # just above the lead of a language that the model gives no probability at all
CENSORED = math.log(FLOOR) + 1.5  # from here down the model gives a language next to no probability
CERTAIN = math.log(FLOOR / 0.95)  # the lead of no probability, where another language has so much
WEAK = 0.2  # share of good texts taken for something else, from which on the model is weak on a language
GROUP = 3  # weak languages that have a middle; that of fewer would be a language's own
CONFUSED = math.log(NEAR / (1 - NEAR)) - 0.25  # just below the lead of a language that is taken for a near one
HEAD = """\
# The least lead of a language over its strongest rival, by length: shares from 20 letters on (min_mass), natural
# logarithms for 10 to 19 letters (min_short_margin), shares of segments of 40 letters and more (min_segment_mass),
# logarithms of what py3langid finds of texts that lid.176 leaves in doubt (min_second_margin).
# Made by benchmarks/fit_language_id.py with lid.176.ftz on even lines of LASER's Tatoeba files (CC BY 2.0 FR), xGQA
# train_48 (CC BY 4.0) and Multi30k val. texts_… is how many texts a language had; with none it takes what suits all
# but a tenth of the others.
"""


@dataclass(frozen=True, slots=True)
class Length:
    """Texts of some length, and the share of good ones that their threshold may reject.

    Attributes:
        censored: Whether leads of next to no probability are censored, and weak languages a group.
    """

    column: str
    low: int
    high: int
    share: float
    highest: float = SURE
    censored: bool = False

    def of(self, texts: pl.DataFrame) -> pl.DataFrame:
        """The texts of this length."""
        return texts.filter(pl.col("letters").is_between(self.low, self.high))

    def leads(self, texts: pl.DataFrame) -> dict[str, Leads]:
        """The leads of good texts of this length, by language."""
        model = load_lid()
        chosen = self.of(texts)
        found = {}
        for (lang,), part in chosen.group_by(["lang"], maintain_order=True):
            target = Target(language(str(lang)), model)
            found[str(lang)] = np.array([target.measure(text).lead for text in part["clean"]])
        return found


@dataclass(frozen=True, slots=True)
class Doubtful(Length):
    """Texts that the first identifier leaves in doubt, by the second."""

    def leads(self, texts: pl.DataFrame) -> dict[str, Leads]:
        """The leads of good texts that reach the second identifier, by language."""
        first, second = load_lid(), load_second()
        chosen = self.of(texts)
        found = {}
        for (lang,), part in chosen.group_by(["lang"], maintain_order=True):
            wanted, other = (Target(language(str(lang)), model) for model in (first, second))
            if other.known:
                reached = [text for text in part["clean"] if not wanted.known or wanted.measure(text).lead < DOUBT]
                found[str(lang)] = np.array([other.measure(text).lead for text in reached])
        return {lang: values for lang, values in found.items() if len(values)}


LENGTHS = (
    Length("min_mass", LONG, 10_000, 0.006, censored=True),
    Length("min_short_margin", SHORT, LONG - 1, 0.005, censored=True),
    Length("min_segment_mass", SEGMENT_LETTERS, 10_000, 0.0005, math.log(0.001)),
    Doubtful("min_second_margin", SHORT, 10_000, 0.002),
)


def group_of(code: str) -> str:
    """Languages of one group are drawn towards one another."""
    if not load_lid().knows(language(code)):
        return "near" if language(code).lid176_labels else "unlabelled"
    return "Latn" if code.endswith("_Latn") else "other"


def tail(leads: Leads, length: Length) -> tuple[float, float]:
    """(quantile of `TAIL`, mean distance of what lies below it)."""
    quantile = float(np.quantile(leads, TAIL))
    below = leads[leads < quantile]
    if not len(below):
        return quantile, 0.0
    lowest = CENSORED if length.censored else -math.inf
    known = max(1, int((below > lowest).sum()))
    return quantile, float((quantile - np.maximum(below, lowest)).sum()) / known


def fitted(leads: Mapping[str, Leads], length: Length, totals: Mapping[str, int]) -> dict[str, float]:
    """The least lead of every FLORES-200 language.

    Args:
        leads: Those of good texts that were judged, by language.
        length: Their length.
        totals: How many texts of this length there were, judged or not.
    """
    found: dict[str, float] = {}
    for group in ("Latn", "other", "near", "unlabelled"):
        seen = {code: values for code, values in leads.items() if group_of(code) == group}
        own: dict[str, float] = {}
        for part in _parts(seen, length):
            enough = [tail(values, length) for values in part.values() if len(values) >= SEEN]
            if enough:
                middle = float(np.median([q for q, _ in enough])), float(np.mean([s for _, s in enough]))
                own |= {code: _least(values, middle, length, totals[code] / len(values))
                        for code, values in part.items()}  # fmt: skip
        others = min(CONFUSED, length.highest)
        if own:
            others = min(float(np.quantile(list(own.values()), 0.1)), others)
        found |= {code: own.get(code, others) for code in registry() if group_of(code) == group}
    return found


def _parts(seen: Mapping[str, Leads], length: Length) -> list[dict[str, Leads]]:
    """Languages that are drawn towards one another: those that the model knows and those that it is weak on."""
    if not length.censored:
        return [dict(seen)]
    weak = {code: values for code, values in seen.items()
            if load_lid().knows(language(code)) and float(np.mean(values < CONFUSED)) > WEAK}  # fmt: skip
    if len(weak) < GROUP:
        return [dict(seen)]
    return [weak, {code: values for code, values in seen.items() if code not in weak}]


def _least(leads: Leads, middle: tuple[float, float], length: Length, texts: float) -> float:
    (quantile, spread), number = tail(leads, length), len(leads)
    quantile = (number * quantile + PRIOR_Q * middle[0]) / (number + PRIOR_Q)
    beyond = number * TAIL
    spread = (beyond * spread + PRIOR_T * middle[1]) / (beyond + PRIOR_T)
    highest = length.highest if number >= SEEN else min(CONFUSED, length.highest)
    share = min(TAIL, length.share * texts)  # of the texts that are judged: few of a language's may be
    lowest = CERTAIN if length.censored else LOWEST
    return max(lowest, min(quantile - spread * math.log(TAIL / share), highest))


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with tatoeba/, xgqa/ and multi30k/")
    parser.add_argument("--out", type=Path, default=THRESHOLDS)
    options = parser.parse_args()
    texts = human_text(options.data).filter(pl.col("lang").is_not_null(), pl.col("half") == "fit")
    clean = pl.Series("clean", [normalise(text) for text in texts["target"]], pl.String)
    texts = texts.with_columns(clean, letters=letters_of(clean))
    columns, counts = {}, {}
    for length in LENGTHS:
        leads = length.leads(texts)
        totals = dict(length.of(texts)["lang"].value_counts().iter_rows())
        least = fitted(leads, length, totals)
        shares = length.column in ("min_mass", "min_segment_mass")
        columns[length.column] = {code: _share(lead) for code, lead in least.items()} if shares else least
        counts[length.column] = {code: len(values) for code, values in leads.items()}
    rows = [",".join(["flores_code", *(length.column for length in LENGTHS), "texts_long", "texts_short"])]
    for code in registry():
        seen = [str(counts[name].get(code, 0)) for name in ("min_mass", "min_short_margin")]
        rows.append(",".join([code, *(f"{columns[length.column][code]:.4g}" for length in LENGTHS), *seen]))
    options.out.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")


def _share(lead: float) -> float:
    return 1 / (1 + math.exp(-lead))


if __name__ == "__main__":
    main()
