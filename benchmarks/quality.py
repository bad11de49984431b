"""How well scores rank what engines really get wrong: an engine's own translations against people's.

    python -m benchmarks.quality --data FOLDER [--second MODEL] [--cache FOLDER] [--write] [--json]

FOLDER holds ``multi30k/``. An engine translates val, to fit on, and test_2016_flickr into German, French and Czech,
with a beam of 4, and back, with forced scores. The quality of a row is its chrF against the human translation.
*Spearman* is the rank correlation of a score with it. *Gain at half* is the mean quality of the better half by the
score minus the mean of all, over the same for the best possible half. Figures are means over the languages.

``quality_references`` is fitted on val with people's translations; ``quality`` on val and ``quality_own`` on the test
rows themselves, as a build does, without any. Both begin with the weights that were learnt of the embedded model with
references, so for that model ``quality_carried`` is the figure without: its weights are those of the second model.
``--write`` writes the fit of the embedded model that is shipped.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from benchmarks.corpora import FILES, Machine, captions
from benchmarks.quality_rows import rows
from glotmill.filters.features.chrf import chrf
from glotmill.filters.features.pair_quality import FEATURES, features
from glotmill.filters.quality_fit import SHIPPED, QualityFit, shipped_fit
from glotmill.filters.quality_fitting import fit_quality
from glotmill.filters.scorers.adequacy import AdequacyScorer

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rows:
    """An engine's translations of one split into one language.

    Attributes:
        lang: The language.
        pairs: What a build knows of them.
        table: Their features.
        quality: chrF against people's translations, over 100.
    """

    lang: str
    pairs: pa.Table
    table: Floats
    quality: Floats

    @classmethod
    def of(cls, lang: str, pairs: pa.Table) -> Rows:
        """From what was measured."""
        found = chrf(pl.Series(pairs["target"]), pl.Series(pairs["reference"])) / 100
        return cls(lang, pairs, features(pairs), found)


def spearman(score: Floats, quality: Floats) -> float:
    """Rank correlation; ties have their mean rank."""
    first, second = (pl.Series(values).rank().to_numpy() for values in (score, quality))
    return float(np.corrcoef(first, second)[0, 1])


def gain_at_half(score: Floats, quality: Floats) -> float:
    """What the better half by the score is better than all, over what the best half is."""
    half = len(quality) // 2

    def gain(by: Floats) -> float:
        return float(quality[np.argsort(-by, kind="stable")[:half]].mean() - quality.mean())

    return gain(score) / gain(quality)


def fitted(parts: list[Rows], engine: str, shipped: QualityFit | None, *, references: bool) -> QualityFit:
    """A fit to the rows of some languages."""
    table, quality = (np.concatenate([getattr(part, name) for part in parts]) for name in ("table", "quality"))
    langs = [part.lang for part in parts for _ in part.quality]
    return fit_quality(table, langs, engine, shipped, quality if references else None)


def scores(part: Rows, fits: dict[str, QualityFit]) -> dict[str, Floats]:
    """Every score that is compared, by name; what was not judged counts as the middle."""
    adequacy = AdequacyScorer().score(part.pairs)["score"].to_numpy(zero_copy_only=False).astype(np.float64)
    found = {name: fit.quality(part.table, [part.lang] * len(part.table)) for name, fit in fits.items()}
    found |= {"nmt_logprob": part.table[:, FEATURES.index("likely")], "adequacy_score": adequacy}
    return {name: np.where(np.isfinite(values), values, np.nanmedian(values)) for name, values in found.items()}


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of an engine.

    Attributes:
        figures: By name.
        fit: With references.
        to_fit: Its translations of val.
        to_test: Of test_2016_flickr.
    """

    figures: dict[str, Any]
    fit: QualityFit
    to_fit: list[Rows]
    to_test: list[Rows]

    def carried(self, other: QualityFit) -> dict[str, float]:
        """Figures without references, with the weights that were learnt of another engine."""
        fit = fitted(self.to_fit, self.figures["model"], other, references=False)
        found = {}
        for figure, of in (("spearman", spearman), ("gain_at_half", gain_at_half)):
            each = [of(scores(part, {"it": fit})["it"], part.quality) for part in self.to_test]
            found[f"quality_carried_{figure}"] = round(float(np.mean(each)), 4)
        return found


def measure(model: str, data: Path, cache: Path | None) -> Measured:
    """What is measured of one engine."""
    machine = Machine.load(model)
    to_fit, to_test = (
        [Rows.of(corpus.lang, rows(machine, corpus, cache)) for corpus in captions(data / "multi30k", FILES[split][0])]
        for split in ("fit", "test")
    )
    with_references = fitted(to_fit, machine.model, None, references=True)
    shipped = shipped_fit() if SHIPPED.exists() else with_references
    fits = {
        "quality_references": with_references,
        "quality": fitted(to_fit, machine.model, shipped, references=False),
        "quality_own": fitted(to_test, machine.model, shipped, references=False),
    }
    found: dict[str, Any] = {"model": machine.model}
    by_lang = {part.lang: scores(part, fits) for part in to_test}
    for name in by_lang[to_test[0].lang]:
        for figure, of in (("spearman", spearman), ("gain_at_half", gain_at_half)):
            each = {part.lang: round(of(by_lang[part.lang][name], part.quality), 4) for part in to_test}
            found[f"{name}_{figure}"] = round(float(np.mean(list(each.values()))), 4)
            found.setdefault("by_language", {})[f"{name}_{figure}"] = each
    found["kept_gain"] = {part.lang: _kept_gain(by_lang[part.lang]["quality_own"], part.quality) for part in to_test}
    found["weights"] = {name: fit.content.weights for name, fit in fits.items()}
    found["microseconds_a_row"] = cost(to_test[0].pairs)
    return Measured(found, with_references, to_fit, to_test)


def _kept_gain(score: Floats, quality: Floats) -> dict[str, float]:
    """chrF of the best share of the rows, by that share."""
    order = np.argsort(-score, kind="stable")
    shares = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0)
    return {f"{share:g}": round(100 * float(quality[order[: round(share * len(order))]].mean()), 2) for share in shares}


def cost(pairs: pa.Table) -> dict[str, float]:
    """CPU time a row of the features, with the round trip's chrF and where another scorer has it already."""
    found = {}
    for name in ("alone", "beside_round_trip"):
        fresh = pairs.slice(0)  # another table: nothing is remembered of it
        if name == "beside_round_trip":
            features(fresh)
        began = time.process_time()
        features(fresh)
        found[name] = round(1e6 * (time.process_time() - began) / pairs.num_rows, 1)
    return found


def main() -> None:
    """Read the command line, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with multi30k/")
    parser.add_argument("--second", type=Path, help="folder of another NLLB model, to try what carries over")
    parser.add_argument("--cache", type=Path, help="keep translations and scores here")
    parser.add_argument("--write", action="store_true", help="write the embedded model's fit")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    args = parser.parse_args()
    engines = {"embedded": measure("embedded", args.data, args.cache)}
    if args.write:
        SHIPPED.write_bytes(engines["embedded"].fit.data)
        shipped_fit.cache_clear()
    if args.second:
        engines["second"] = measure(str(args.second), args.data, args.cache)
        engines["embedded"].figures.update(engines["embedded"].carried(engines["second"].fit))
    found = {name: engine.figures for name, engine in engines.items()}
    for name, figures in found.items():
        print(f"{name}: {figures['model']}")
        for key in (key.removesuffix("_spearman") for key in figures if key.endswith("_spearman")):
            print(f"  {key:22} Spearman {figures[f'{key}_spearman']:.3f}  gain {figures[f'{key}_gain_at_half']:.3f}")
    if args.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
