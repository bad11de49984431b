"""How fast the filters are on one core, by process time and by the clock.

Other work on the machine makes the clock's figures worse and leaves those of process time about as they are, so both
are given; run with ``POLARS_MAX_THREADS=1`` for one core.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import numpy as np
import polars as pl
import pyarrow as pa

from benchmarks.corpora import Machine, pairs_of
from benchmarks.corruptions import Corpus
from glotmill.filters.policy import Policy
from glotmill.filters.registry import make_scorers
from glotmill.filters.rules import Rule

RUNS = 3
DECIDED_ROWS = 2_000_000
FAILING = 0.05  # share of rows decided on that fail some rule
SEED = 7


def _best(work: Callable[[], object]) -> tuple[float, float]:
    """(process seconds, wall seconds) of the best of a few runs."""
    work()
    found = []
    for _ in range(RUNS):
        gc.collect()
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        found.append((time.process_time() - cpu, time.perf_counter() - wall))
    return min(cpu for cpu, _ in found), min(wall for _, wall in found)


def _rates(name: str, unit: str, number: int, work: Callable[[], object]) -> dict[str, float]:
    cpu, wall = _best(work)
    return {f"{name}_{unit}_per_cpu_second": number / cpu, f"{name}_{unit}_per_second": number / wall}


def speeds(policy: Policy, test: list[Corpus], machine: Machine) -> dict[str, float]:
    """Texts, pairs and rows a second, and what forced scores cost beside a greedy round trip."""
    pairs = pa.concat_tables([pairs_of(c, c.sources, c.targets) for c in test])
    found: dict[str, float] = {}
    for name, scorers in (("language_id", ["language_id"]), ("cheap", ["lexical", "script", "structure"])):
        made = make_scorers(scorers)
        unit = "texts" if name == "language_id" else "pairs"
        found |= _rates(name, unit, pairs.num_rows, lambda made=made: [s.score(pairs) for s in made])  # type: ignore[misc]
    rows = made_up_scores(policy, DECIDED_ROWS)
    found |= _rates("decision", "rows", rows.height, lambda: policy.failing(rows))
    captions = [c for c in test if c.field_type == "caption" and c.lang in machine.languages]
    return found | (forced(captions, machine) if captions else {})


def made_up_scores(policy: Policy, rows: int) -> pl.DataFrame:
    """Score columns of which some share fails, each for a rule of its own."""
    rng = np.random.default_rng(SEED)
    columns = sorted({name for rule in policy.rules() for name in _read(policy, rule)} - {"lang", "task"})
    passing = dict.fromkeys(columns, 0.5) | {
        "score_lexical_copy_frac": 0.1, "score_lexical_copy_lcs": 0.1, "score_lexical_dup2": 0.1,
        "score_script_frac": 1.0, "score_round_trip_chrf": 60.0, "score_punctuation_surplus": 0.0,
        "score_llm_judge_adequacy": 5.0, "score_llm_judge_fluency": 5.0,
    }  # fmt: skip
    zero = [f"score_{rule.scorer}_{rule.name}" for rule in policy.rules() if rule.scorer in
            ("integrity", "structure", "numbers", "negation", "punctuation", "image_text")]  # fmt: skip
    passing |= {name: 0.0 for name in zero if name in passing}
    frame = pl.DataFrame({name: np.full(rows, value, np.float32) for name, value in passing.items()})
    chosen = rng.random(rows)
    broken = {name: pl.when(pl.Series((chosen > FAILING * place / len(columns))
                                      & (chosen < FAILING * (place + 1) / len(columns)))).then(-9.0 if value else 9.0)
              .otherwise(pl.col(name)).cast(pl.Float32).alias(name)
              for place, (name, value) in enumerate(passing.items())}  # fmt: skip
    return frame.with_columns(*broken.values(), lang=pl.lit("deu_Latn"), task=pl.lit("caption"))


def _read(policy: Policy, rule: Rule) -> set[str]:
    values = {p.name: policy.parameters[f"{rule.scorer}.{p.name}"] for p in rule.parameters}
    return set(rule.fails(values).meta.root_names())


def forced(captions: list[Corpus], machine: Machine) -> dict[str, float]:
    """Process seconds of forced scores and of greedy translation for the same pairs, and their ratios."""

    def reverse() -> None:
        for corpus in captions:
            machine.reverse(corpus.sources, corpus.targets, corpus.lang)

    def alone() -> None:
        machine.forget()
        for corpus in captions:
            machine.alone(corpus.sources)

    def there() -> None:
        for corpus in captions:
            machine.there(corpus.sources, corpus.lang)

    def back() -> None:
        for corpus in captions:
            machine.back(corpus.targets, corpus.lang)

    found = {f"{work.__name__}_seconds": _best(work)[0] for work in (reverse, alone, there, back)}
    asked = found["reverse_seconds"] + found["alone_seconds"]
    return found | {
        "pairs_forced": float(sum(len(corpus.targets) for corpus in captions)),
        "reverse_over_way_back": found["reverse_seconds"] / found["back_seconds"],
        "forced_over_way_back": asked / found["back_seconds"],
        "forced_over_round_trip": asked / (found["there_seconds"] + found["back_seconds"]),
    }
