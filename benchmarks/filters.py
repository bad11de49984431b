"""What the filters catch and what good text they cost, per kind of error and language.

    python -m benchmarks.filters --data FOLDER --json

FOLDER holds ``multi30k/`` and ``xgqa/`` (`benchmarks.corpora`). Everything shown is of the test splits; thresholds at
1 % and 5 % false rejection come from the splits to fit on, the stack is the default one. ``--on fit`` shows the splits
to fit on instead, for work on thresholds. Rules that depend on the engine have the highest thresholds that a build may
set, as where it knows the texts; `benchmarks.people` measures the floors beside a build's own. With ``--csv`` every
cell is written, with ``--docs`` the table of docs/filters.md; with ``--json`` the last line is one JSON object. With
``--resume`` each language pair is saved as it comes, and what the same scorers and rules measured before is not
measured again.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.corpora import Machine, Split, corpora, pairs_of
from benchmarks.corruptions import CORRUPTIONS, Corpus, corrupted, sources_of
from benchmarks.filter_figures import HALF, Cell, Results, figures
from benchmarks.filter_parts import save_part, saved_part
from benchmarks.filter_speed import speeds
from benchmarks.filter_table import write_table
from glotmill.filters.contract import Scorer
from glotmill.filters.engine_thresholds import of_engine
from glotmill.filters.features.chrf import chrf
from glotmill.filters.policy import Policy, make_policy
from glotmill.filters.registry import SCORERS, make_scorers
from glotmill.filters.scorers.lexical import MIN_COPY_WORDS
from glotmill.schemas.keys import digest

# Scorers that need a plug-in are not here, nor what a build has no score for yet.
STACK = [name for name in SCORERS if name not in ("embedding", "image_text", "llm_judge")]
MEANING = ("shuffle", "near_shuffle", "number_changed", "negation_added", "negation_dropped", "colour_changed",
           "side_changed", "entity_changed", "cut50_marked", "concatenated", "hallucinated_clause")  # fmt: skip
# What tells a corruption best where no engine knows the language; where one does, the adequacy score for the rest.
TELLING = {
    "untranslated": "lexical_copy_frac", "wrong_language": "language_id_mass", "wrong_script": "script_frac",
    "phrase_loop": "lexical_tng4", "whole_repetition": "lexical_dup2", "half_copied": "lexical_copy_lcs",
    "one_word_copied": "lexical_copy_frac", "tag_lost": "structure_verbatim",
    "option_lost": "structure_lines", "answer_untranslated": "lexical_copy_frac",
    "final_mark_dropped": "punctuation_final_changed", "other_han_variant": "script_han_variant",
}  # fmt: skip
ELSE, ADEQUACY = "lexical_len_z", "adequacy_score"
RANDOM = ("shuffle", "near_shuffle")  # compared with all good rows, the others with the rows they were made of


@dataclass(frozen=True, slots=True)
class Bench:
    """Scorers, policy and engine of one run."""

    scorers: list[Scorer]
    policy: Policy
    machine: Machine

    def scored(self, corpus: Corpus, sources: list[str], targets: list[str], *, spare: bool = False) -> pl.DataFrame:
        """Score columns of pairs, with ``lang`` and ``reasons``.

        With ``spare`` the engine is not asked of pairs that are rejected without it: they are so in any case, by the
        same first rule, and lack the engine's scores.
        """
        pairs = pairs_of(corpus, sources, targets)
        if not spare:
            return self._judged(corpus, self.machine.judged(pairs))
        rejected = (self._judged(corpus, pairs)["reasons"].list.len() > 0).to_numpy()
        asked = self.machine.judged(pairs.filter(pa.array(~rejected)))
        places = np.where(rejected, np.arange(len(rejected)), len(rejected) + np.cumsum(~rejected) - 1)
        return self._judged(corpus, pa.concat_tables([pairs, asked]).take(pa.array(places)))

    def _judged(self, corpus: Corpus, pairs: pa.Table) -> pl.DataFrame:
        columns = {f"score_{s.name}_{metric}": pl.Series(values) for s in self.scorers
                   for metric, values in s.score(pairs).items()}  # fmt: skip
        task = "caption" if corpus.field_type == "caption" else "vqa_open"
        frame = pl.DataFrame(columns).with_columns(lang=pl.lit(corpus.lang), task=pl.lit(task))
        return frame.with_columns(reasons=self.policy.failing(frame))

    def code(self) -> dict[str, Any]:
        """Identifies the scorers, their rules' thresholds and the engine."""
        scorers = {scorer.name: scorer.fingerprint() for scorer in self.scorers}
        return {"scorers": scorers, "policy": self.policy.fingerprint(), "engine": self.machine.model}

    def clean(self, corpus: Corpus) -> pl.DataFrame:
        """The corpus as it is."""
        return self.scored(corpus, corpus.sources, corpus.targets)


def goodness(frame: pl.DataFrame, score: str) -> npt.NDArray[np.float64]:
    """A score as higher is better; what is not judged counts as the best."""
    (direction,) = (m.direction for s in SCORERS.values() for m in s.metrics if m.score_column == f"score_{score}")
    values = frame[f"score_{score}"].cast(pl.Float64).to_numpy()
    higher: npt.NDArray[np.float64] = values if direction == "higher" else -values
    return np.nan_to_num(higher, nan=1e9, posinf=1e9, neginf=-1e9)


def cell(bench: Bench, corpus: Corpus, name: str, clean: pl.DataFrame, fit: pl.DataFrame, made_by: str) -> Cell | None:
    """Measure one corruption; None where it can be made nowhere."""
    targets = corrupted(corpus, name)
    rows = [row for row, text in enumerate(targets) if text is not None]
    if not rows:
        return None
    sources = sources_of(corpus, name)
    known = corpus.lang in bench.machine.languages
    score = TELLING.get(name, ADEQUACY if known else ELSE)
    chosen = [sources[row] for row in rows], [str(targets[row]) for row in rows]
    bad = bench.scored(corpus, *chosen, spare=name in TELLING)
    values, good, fitted = goodness(bad, score), goodness(clean, score), goodness(fit, score)
    alike = good if name in RANDOM else good[rows]
    auroc = roc_auc_score(np.r_[np.ones(len(alike)), np.zeros(len(values))], np.r_[alike, values])
    cuts = {share: np.quantile(fitted, share) for share in (0.01, 0.05)}
    reasons = Counter(bad["reasons"].list.first().drop_nulls())
    return Cell(
        corpus.name, corpus.lang, corpus.field_type, made_by, name, len(rows),
        caught=float((bad["reasons"].list.len() > 0).mean()),  # type: ignore[arg-type]
        by=reasons.most_common(1)[0][0] if reasons else "",
        score=score, auroc=float(auroc), auprc_1=auprc(alike, values, 0.01), auprc_5=auprc(alike, values, 0.05),
        recall_1=float(np.mean(values < cuts[0.01])), false_1=float(np.mean(good < cuts[0.01])),
        recall_5=float(np.mean(values < cuts[0.05])), false_5=float(np.mean(good < cuts[0.05])),
    )  # fmt: skip


def auprc(good: Any, bad: Any, prevalence: float) -> float:
    """Area under precision and recall for bad rows, were they this share of all."""
    labels = np.r_[np.zeros(len(good)), np.ones(len(bad))]
    weights = np.r_[np.full(len(good), (1 - prevalence) / len(good)), np.full(len(bad), prevalence / len(bad))]
    return float(average_precision_score(labels, -np.r_[good, bad], sample_weight=weights))


def negation(bench: Bench, corpus: Corpus, clean: pl.DataFrame) -> float:
    """AUROC of the adequacy score for a changed polarity, lost and invented negations together."""
    good, bad = [], []
    for name in ("negation_dropped", "negation_added"):
        targets = corrupted(corpus, name)
        rows = [row for row, text in enumerate(targets) if text is not None]
        frame = bench.scored(corpus, [corpus.sources[row] for row in rows], [str(targets[row]) for row in rows])
        bad.append(goodness(frame, ADEQUACY))
        good.append(goodness(clean, ADEQUACY)[rows])
    x, y = np.concatenate(good), np.concatenate(bad)
    return float(roc_auc_score(np.r_[np.ones(len(x)), np.zeros(len(y))], np.r_[x, y]))


def half_of_enough(bench: Bench, corpus: Corpus) -> dict[str, float]:
    """What is caught of half-copied texts whose sources have words enough to tell names from words left as they are."""
    targets = corrupted(corpus, HALF)
    rows = [row for row, text in enumerate(targets) if text is not None]
    enough = [row for row in rows if len(corpus.sources[row].split()) >= MIN_COPY_WORDS]
    chosen = [corpus.sources[row] for row in enough], [str(targets[row]) for row in enough]
    return {
        "rows": len(enough),
        "left_out": len(rows) - len(enough),
        "caught": 1 - kept(bench.scored(corpus, *chosen, spare=True)),
    }


def own_errors(made: Corpus, human: Corpus, clean: pl.DataFrame) -> dict[str, float]:
    """AUROC of several scores for the worst tenth of an engine's translations, by chrF against the human ones."""
    found = chrf(pl.Series(made.targets), pl.Series(human.targets))
    well = found >= np.quantile(found, 0.1)
    scores = ("adequacy_score", "adequacy_meaning", "round_trip_chrf", "nmt_logprob", "cross_entropy_dual",
              "cross_entropy_reverse", "lexical_len_z")  # fmt: skip
    return {score: float(roc_auc_score(well, goodness(clean, score))) for score in scores}


def kept(frame: pl.DataFrame) -> float:
    """Share of rows that the default stack keeps."""
    return float((frame["reasons"].list.len() == 0).mean())  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Task:
    """One language pair to measure, on human translations or on the engine's."""

    data: Path
    on: Split
    place: int  # in `corpora`
    machine_made: bool
    names: tuple[str, ...]
    with_engine: bool
    resume: Path | None


def measure(task: Task) -> Results:
    """Every corruption of one language pair, in a process of its own or not."""
    bench = make_bench(with_engine=task.with_engine, highest=True)
    to_fit = corpora(task.data, "fit")[task.place]
    human = corpora(task.data, task.on)[task.place]
    measured_by = digest([task.names, task.on, task.with_engine, bench.code()])
    part = f"{human.name}-{human.lang}-{'machine' if task.machine_made else 'people'}"
    if saved := saved_part(task.resume, part, measured_by):
        return Results(**saved | {"cells": [Cell(**one) for one in saved["cells"]]})
    to_test = human
    if task.machine_made:
        to_fit, to_test = bench.machine.translated(to_fit), bench.machine.translated(to_test)
    made_by = "machine" if task.machine_made else "people"
    key = f"{to_test.lang} {to_test.field_type} {made_by}"
    clean, fit_clean = bench.clean(to_test), bench.clean(to_fit)
    results = Results([], {key: kept(clean)}, {}, {}, {}, {})
    results.losses[key] = dict(Counter(clean["reasons"].explode().drop_nulls()).most_common())
    print(f"{key}: {kept(clean):.4f} of good text kept, lost by {results.losses[key]}", flush=True)
    chosen = [name for name in task.names if name in MEANING] if task.machine_made else task.names
    found = (cell(bench, to_test, name, clean, fit_clean, made_by) for name in chosen)
    results.cells.extend(one for one in found if one is not None)
    if HALF in chosen:
        results.half[key] = half_of_enough(bench, to_test)
    if _meant(bench.machine, to_test):
        results.negation[key] = negation(bench, to_test, clean)
    if task.machine_made:
        results.own[to_test.lang] = own_errors(to_test, human, clean)
    save_part(task.resume, part, measured_by, asdict(results))
    return results


def make_bench(*, with_engine: bool, highest: bool = False) -> Bench:
    """Scorers, default policy and engine.

    Args:
        with_engine: Whether the engine is asked.
        highest: Whether rules that depend on the engine have the highest thresholds that a build may set, as it does
            where its engine knows the texts, instead of the floors.
    """
    machine = Machine.load()
    if not with_engine:
        machine = replace(machine, languages=frozenset())
    metrics = [metric for name in STACK for metric in SCORERS[name].metrics]
    policy, scorers = make_policy({}, STACK, metrics=metrics), make_scorers(STACK)
    own = {f"{scorer.name}.{one.parameter}": one.highest for scorer in scorers for one in of_engine(scorer)}
    return Bench(scorers, replace(policy, parameters=policy.parameters | own) if highest else policy, machine)


def _meant(machine: Machine, corpus: Corpus) -> bool:
    """Whether the meaning of a corpus's texts is judged: captions in a language that the engine knows."""
    return corpus.field_type == "caption" and corpus.lang in machine.languages


def measure_all(bench: Bench, test: list[Corpus], args: argparse.Namespace) -> Results:
    """All language pairs, some at a time."""
    tasks = [
        Task(args.data, args.on, place, made, tuple(args.only), not args.without_engine, args.resume)
        for place, corpus in enumerate(test)
        for made in ((False, True) if _meant(bench.machine, corpus) else (False,))
    ]
    results = Results([], {}, {}, {}, {}, {})
    with ProcessPoolExecutor(args.jobs, mp_context=get_context("spawn")) as pool:
        for part in pool.map(measure, tasks):
            results.cells.extend(part.cells)
            for name in ("kept", "negation", "own", "losses", "half"):
                getattr(results, name).update(getattr(part, name))
    return results


def main() -> None:
    """Read the command line, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="folder with multi30k/ and xgqa/")
    parser.add_argument("--on", choices=("test", "fit"), default="test", help="which splits are shown [test]")
    parser.add_argument("--only", nargs="+", default=list(CORRUPTIONS), metavar="CORRUPTION", help="these corruptions")
    parser.add_argument("--without-engine", action="store_true", help="the cheap scores alone")
    parser.add_argument("--jobs", type=int, default=1, help="language pairs at a time [1]")
    parser.add_argument(
        "--resume", type=Path, metavar="FOLDER", help="save each language pair here, go on with the rest"
    )
    parser.add_argument("--csv", type=Path, help="write every cell here")
    parser.add_argument("--docs", type=Path, help="write the table into this Markdown file")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    args = parser.parse_args()
    bench = make_bench(with_engine=not args.without_engine, highest=True)
    test = corpora(args.data, args.on)
    results = measure_all(bench, test, args)
    for one in results.cells:
        print(f"{one.made_by:8}{one.lang} {one.field_type:9}{one.corruption:20}{one.rows:5} caught {one.caught:.3f} "
              f"by {one.by:22} {one.score} AUROC {one.auroc:.3f} at 1 % {one.recall_1:.3f} ({one.false_1:.3f}) "
              f"at 5 % {one.recall_5:.3f} ({one.false_5:.3f})")  # fmt: skip
    if args.csv:
        pl.DataFrame([asdict(one) for one in results.cells]).write_csv(args.csv, float_precision=4)
    found = figures(results, args.only, with_engine=not args.without_engine) | speeds(bench.policy, test, bench.machine)
    if args.docs:
        write_table(args.docs, [asdict(one) for one in results.cells], results.kept)
    for key, value in found.items():
        print(f"{key}: {value if isinstance(value, dict) else round(value, 4)}")
    if args.json:
        print(json.dumps({**found, "clean_kept": results.kept, "clean_lost_by": results.losses}))


if __name__ == "__main__":
    main()
