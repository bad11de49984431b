"""What other features than those that ship would add to the quality score, and what put-in errors teach without people.

    python -m benchmarks.quality_features --data FOLDER [--limit N] [--json]

FOLDER holds ``multi30k/``. Rows, their quality and both figures are those of `benchmarks.quality`. Each candidate is
added to the features that ship in a ridge regression on two languages of test_2016_flickr that is judged on the third;
what is shown is how much both figures gain over the features that ship alone. The candidates:

- by word: probabilities of the translation, forced, and of the source given it, with its own surprise taken out
- numbers and polarity, as their scorers find them
- agreement: the least and the mean chrF of the translation with the other ones of a beam of 8; their spread

Then weights are learnt of put-in errors of graded strength (words dropped, replaced by others, swapped) in the engine's
own translations of val, and judged on test_2016_flickr beside those that ship.
"""

from __future__ import annotations

import json
import random
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from benchmarks.corpora import BATCH, FILES, Machine, captions, pairs_of
from benchmarks.corruptions import Corpus
from benchmarks.quality import Floats, Rows, gain_at_half, spearman
from benchmarks.quality_rows import measured
from glotmill.engine.translators import Request, load_translator, resolve_translator
from glotmill.engine.translators.contract import ForcedPair
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.filters.features.chrf import chrf
from glotmill.filters.features.pair_quality import FEATURES, IMPROBABLE, features
from glotmill.filters.quality_fit import shipped_fit
from glotmill.filters.registry import make_scorers
from glotmill.schemas.languages import ENGLISH

BEAM = 8
GRADES = (0.0, 0.15, 0.3, 0.5)  # shares of the words that an error is put into
LOWEST = -20.0  # of a log-probability: below, one word would outweigh all others
RIDGE = 100.0
Figures = dict[str, float]


def standard(table: Floats) -> Floats:
    """Columns in standard deviations, without what their tails do to them."""
    inside = np.clip(table, *np.quantile(table, [0.01, 0.99], axis=0))
    found: Floats = (inside - inside.mean(axis=0)) / inside.std(axis=0).clip(1e-6)
    return found


def ridge(table: Floats, quality: Floats) -> Floats:
    """Weights of standard columns."""
    found = np.linalg.solve(table.T @ table + RIDGE * np.eye(table.shape[1]), table.T @ quality)
    return found.astype(np.float64)


def left_out(tables: Sequence[Floats], qualities: Sequence[Floats]) -> Figures:
    """Both figures, each language judged by the weights of the others, means over the languages."""
    found = []
    for place, (table, quality) in enumerate(zip(tables, qualities, strict=True)):
        rest = [number for number in range(len(tables)) if number != place]
        weights = ridge(
            np.concatenate([standard(tables[number]) for number in rest]),
            np.concatenate([qualities[number] - qualities[number].mean() for number in rest]),
        )
        score = standard(table) @ weights
        found.append((spearman(score, quality), gain_at_half(score, quality)))
    return _named(np.mean(found, axis=0))


def _named(pair: Floats) -> Figures:
    return {"spearman": round(float(pair[0]), 4), "gain_at_half": round(float(pair[1]), 4)}


def by_word(machine: Machine, part: Rows) -> dict[str, Floats]:
    """Of the least probable words, there and back."""
    columns = (part.pairs[name].to_pylist() for name in ("source", "target", "reverse_words", "alone_words"))
    sources, targets, reverse, alone = columns
    forced = machine.translator.score(
        [ForcedPair(ENGLISH, part.lang, *pair) for pair in zip(sources, targets, strict=True)]
    )
    there = [np.maximum(one.words if one and one.words else (0.0,), LOWEST) for one in forced]
    gains = [np.maximum(np.subtract(given, own) if given and own and len(given) == len(own) else [0.0], LOWEST)
             for given, own in zip(reverse, alone, strict=True)]  # fmt: skip
    return {
        "word_least": np.array([words.min() for words in there]),
        "word_improbable": np.array([-np.mean(words < IMPROBABLE) for words in there]),
        "word_spread": np.array([-words.std() for words in there]),
        "gain_least": np.array([words.min() for words in gains]),
        "gain_three_least": np.array([np.sort(words)[:3].mean() for words in gains]),
        "gain_below_0": np.array([-np.mean(words < 0) for words in gains]),
    }


def by_cue(part: Rows) -> dict[str, Floats]:
    """Numbers and polarity."""
    found = {}
    for scorer in make_scorers(["numbers", "negation"]):
        for metric, values in scorer.score(part.pairs).items():
            if pa.types.is_floating(values.type):
                found[f"{scorer.name}_{metric}"] = np.nan_to_num(
                    values.to_numpy(zero_copy_only=False).astype(np.float64)
                )
    return found


def by_others(model: str, part: Rows) -> dict[str, Floats]:
    """Agreement with the other translations of a wider beam, and the spread of these."""
    section = NllbTranslate(engine="nllb", model=model, beam_size=BEAM, hypotheses=BEAM)
    engine = load_translator(resolve_translator(section))
    sources, own = part.pairs["source"].to_pylist(), part.pairs["target"].to_pylist()
    found: list[tuple[float, float, float]] = [(0.0, 0.0, 0.0)] * len(sources)
    order = sorted(range(len(sources)), key=lambda row: len(sources[row]))
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        for row, made in zip(
            rows, engine.translate([Request(ENGLISH, part.lang, sources[row]) for row in rows]), strict=True
        ):
            texts = [one.text for one in (made, *made.others) if one.text and one.text != own[row]]
            alike = chrf(pl.Series(texts, dtype=pl.String), pl.Series([own[row]] * len(texts), dtype=pl.String))
            chances = [one.logprob for one in (made, *made.others) if one.logprob is not None]
            found[row] = (min(alike, default=100.0), float(np.mean(alike)) if texts else 100.0, -float(np.std(chances)))
    names = ("agreement_least", "agreement_mean", "spread")
    return {name: np.array([row[place] for row in found]) for place, name in enumerate(names)}


def graded(machine: Machine, part: Rows, limit: int) -> tuple[Floats, Floats]:
    """(features, minus the strength) of an engine's translations with errors put in."""
    rng = random.Random(7)
    sources, targets = (part.pairs[name].to_pylist()[:limit] for name in ("source", "target"))
    known = [word for text in targets for word in text.split()]
    rows = [(source, spoilt(text.split(), grade, known, rng), grade)
            for source, text in zip(sources, targets, strict=True) for grade in GRADES]  # fmt: skip
    before, after = [source for source, _, _ in rows], [text for _, text, _ in rows]
    corpus = Corpus("graded", part.lang, "caption", before, after, after)
    table = features(machine.judged(pairs_of(corpus, before, after)))
    whole = np.isfinite(table).all(axis=1)
    strength = np.array([grade for *_, grade in rows])[whole]
    return standard(table[whole]), strength.mean() - strength


def spoilt(words: list[str], grade: float, known: Sequence[str], rng: random.Random) -> str:
    """A text with an error in a share of its words: one is dropped, another in its place, or two are swapped."""
    words = list(words)
    for _ in range(round(grade * len(words))):
        place, kind = rng.randrange(len(words)), rng.randrange(3)
        if kind == 0 and len(words) > 2:
            del words[place]
        elif kind == 1:
            words[place] = rng.choice(known)
        else:
            after = min(place + 1, len(words) - 1)
            words[place], words[after] = words[after], words[place]
    return " ".join(words)


def measure(data: Path, limit: int | None) -> dict[str, Figures]:
    """Both figures of the features that ship, what each candidate adds, and those of weights of put-in errors."""
    machine = Machine.load()
    to_fit, to_test = ([Rows.of(corpus.lang, measured(machine, corpus))
                        for corpus in captions(data / "multi30k", FILES[split][0], limit)]
                       for split in ("fit", "test"))  # fmt: skip
    whole = [np.isfinite(part.table).all(axis=1) for part in to_test]
    tables = [part.table[rows] for part, rows in zip(to_test, whole, strict=True)]
    qualities = [part.quality[rows] for part, rows in zip(to_test, whole, strict=True)]
    found = {"shipped features": left_out(tables, qualities)}
    more = [by_word(machine, part) | by_cue(part) | by_others("embedded", part) for part in to_test]
    for name in more[0]:
        with_it = [np.c_[table, own[name][rows]] for table, own, rows in zip(tables, more, whole, strict=True)]
        figures = left_out(with_it, qualities)
        found[name] = {key: round(value - found["shipped features"][key], 4) for key, value in figures.items()}
    parts = [graded(machine, part, limit or 200) for part in to_fit[:2]]
    learnt = np.maximum(ridge(*(np.concatenate([part[place] for part in parts]) for place in (0, 1))), 0)
    shipped = np.array([shipped_fit().content.weights[name] for name in FEATURES])
    for name, weights in (("weights that ship", shipped), ("weights of put-in errors", learnt)):
        each = [[of(standard(table) @ weights, quality) for of in (spearman, gain_at_half)]
                for table, quality in zip(tables, qualities, strict=True)]  # fmt: skip
        found[name] = _named(np.mean(each, axis=0))
    return found


def main() -> None:
    """Read the command line, measure and print."""
    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with multi30k/")
    parser.add_argument("--limit", type=int, help="captions of each split [all]")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    args = parser.parse_args()
    found = measure(args.data, args.limit)
    for name, figures in found.items():
        print(f"{name:26} Spearman {figures['spearman']:+.4f}  gain {figures['gain_at_half']:+.4f}")
    if args.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
