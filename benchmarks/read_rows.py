"""Rows of COCO builds to be read one by one: drawn, shuffled, shown without what became of them, then counted.

    python -m benchmarks.read_rows build --data FOLDER --scratch NEW        # FOLDER holds coco/
    python -m benchmarks.read_rows draw --scratch NEW
    python -m benchmarks.read_rows count --scratch NEW --verdicts FILE

`build` translates a seeded draw of COCO captions into German, French and Czech with the embedded model, and judges
them twice: with the default scorers and rules, and with ``quality`` and ``filter.quality.keep: 0.9`` beside them. One
memory serves both, so a caption has one translation. `draw` takes of each language, build and side (kept, dropped)
the first rows of one seeded order; a row that several of these share is read once. ``NEW/rows.tsv`` is for the
reader: number, language, source and translation. ``NEW/key.parquet`` has reasons and scores; it is not.

A verdict file is TSV without a head: number, ``right``, ``small`` (a small fault, usable) or ``wrong`` (no training
set should have it), and for these two the sorts of fault, with commas between them.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.choose import BEAM, built
from benchmarks.corpora import CAPTIONS
from benchmarks.texts import coco_captions
from glotmill.filters.registry import DEFAULT
from glotmill.schemas.keys import digest

BUILDS: dict[str, dict[str, Any]] = {
    "default": {},
    "quality": {"score": {"scorers": [*DEFAULT, "quality"]}, "filter": {"quality": {"keep": 0.9}}},
}
VERDICTS = ("right", "small", "wrong")
SCORES = ("adequacy_score", "adequacy_meaning", "round_trip_chrf", "cross_entropy_dual", "nmt_logprob", "quality_score")
BEST = (0.1, 0.25, 0.5)
WRONG = pl.col("verdict") == "wrong"
ALL = 100_000  # more captions than the file has


def build_both(options: argparse.Namespace) -> dict[str, Any]:
    """Build with both recipes; the seconds of CPU of each, the first with translating."""
    options.scratch.mkdir(parents=True, exist_ok=True)
    captions = sorted(set(coco_captions(options.data, ALL)))
    texts = random.Random(options.seed).sample(captions, options.captions)
    engine, memory = {**BEAM, "model": "embedded"}, str(options.scratch / "memory")
    return {name: built(options.scratch / name, texts, engine, memory=memory, **recipe)[1]
            for name, recipe in BUILDS.items()}  # fmt: skip


def records(dataset: Path, lang: str) -> pl.DataFrame:
    """The records of a language that did not fail: source, target, keep, filter_reasons and all scores."""
    rows = pl.scan_parquet(dataset / "data" / lang / "*.parquet").filter(pl.col("row_status") == "ok")
    texts = {"source": "source_messages", "target": "messages"}
    return rows.select(
        *(pl.col(column).list.last().struct.field("content").alias(name) for name, column in texts.items()),
        "keep", "filter_reasons", pl.col("^score_.*$"),
    ).collect()  # fmt: skip


def judged_twice(scratch: Path, lang: str) -> pl.DataFrame:
    """A language's records with the scores of the second build; ``kept_BUILD`` and ``reasons_BUILD`` of both."""
    tables = {name: records(scratch / name / "out/dataset", lang).rename(
                  {"keep": f"kept_{name}", "filter_reasons": f"reasons_{name}"}) for name in BUILDS}  # fmt: skip
    first, second = tables.values()
    return second.join(first.select("source", "^(kept|reasons)_.*$"), on="source").with_columns(lang=pl.lit(lang))


def draw(options: argparse.Namespace) -> dict[str, Any]:
    """Write the rows to read and their key; how many there are."""
    found = []
    for lang in CAPTIONS.values():
        rows = judged_twice(options.scratch, lang)
        order = [digest(["read", options.seed, lang, source]) for source in rows["source"]]
        rows = rows.with_columns(order=pl.Series(order)).sort("order").drop("order")
        chosen: set[str] = set()
        for build in BUILDS:
            for side in (pl.col(f"kept_{build}"), ~pl.col(f"kept_{build}")):
                chosen.update(rows.filter(side)["source"].head(options.each))
        # How many rows of the build each row that is read stands for: those judged alike by both builds.
        cell = [f"kept_{build}" for build in BUILDS]
        rows = rows.with_columns(read=pl.col("source").is_in(chosen))
        rows = rows.with_columns(weight=pl.len().over(cell) / pl.col("read").sum().over(cell))
        shown = [digest(["show", options.seed, lang, source]) for source in rows["source"]]
        found.append(rows.with_columns(shown=pl.Series(shown)).filter("read").sort("shown").drop("read", "shown"))
    key = pl.concat(found).with_row_index("number", 1)
    key.write_parquet(options.scratch / "key.parquet")
    columns = key.select("number", "lang", "source", "target")
    columns.write_csv(options.scratch / "rows.tsv", separator="\t", quote_style="never")
    return {"to_read": dict(Counter(key["lang"]))}


def read_verdicts(path: Path) -> pl.DataFrame:
    """number, verdict and faults (a list) of a verdict file.

    Raises:
        ValueError: A line has no number or no verdict, or a number comes twice.
    """
    rows: dict[int, tuple[str, list[str]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        number, verdict, *faults = line.split("\t")
        if verdict not in VERDICTS or int(number) in rows:
            raise ValueError(f"{path.name}: {line!r} has another verdict than {VERDICTS}, or a number of before")
        rows[int(number)] = (verdict, faults[0].split(",") if faults else [])
    table = [(number, verdict, faults) for number, (verdict, faults) in rows.items()]
    schema: dict[str, pl.DataType | type[pl.DataType]]
    schema = {"number": pl.UInt32, "verdict": pl.String, "faults": pl.List(pl.String)}
    return pl.DataFrame(table, schema, orient="row")


def auroc(scores: pl.Series, wrong: pl.Series, weights: pl.Series) -> float:
    """Chance that a wrong row has a lower score than another one; ties count half, rows by their weight."""
    rows = pl.DataFrame({"score": scores, "wrong": wrong, "weight": weights}).drop_nulls()
    steps = rows.group_by("score").agg(
        bad=pl.col("weight").filter("wrong").sum(), good=pl.col("weight").filter(~pl.col("wrong")).sum()
    ).sort("score")  # fmt: skip
    above = steps["good"].sum() - steps["good"].cum_sum() + steps["good"] / 2
    return float((steps["bad"] * above).sum()) / (float(steps["bad"].sum()) * float(steps["good"].sum()))


def best(rows: pl.DataFrame, score: str) -> dict[str, float]:
    """Wrong share of the best tenth, quarter and half of all by a score; rows without it are not among them."""
    ranked = rows.drop_nulls(score).sort(score, descending=True)
    ranked = ranked.with_columns(share=pl.col("weight").cum_sum() / rows["weight"].sum())
    parts = {str(share): ranked.filter(pl.col("share") <= share) for share in BEST}
    return {share: wrong_share(part) for share, part in parts.items() if part.height}


def wrong_share(rows: pl.DataFrame) -> float:
    """Of the whole part of the build that the rows stand for."""
    return float(rows.filter(WRONG)["weight"].sum()) / float(rows["weight"].sum())


def side_counts(part: pl.DataFrame, all_wrong: float, each: int) -> dict[str, Any]:
    """One side of one build: its rows, the verdicts of those drawn for it and their sorts of fault.

    ``wrong_share`` and ``of_all_wrong`` (the share of all wrong rows that lie here) take all rows of this side that
    were read, those drawn for the other build, too, by the number of rows that each stands for.
    """
    first = part.head(each)
    faults = first.filter(WRONG).explode("faults")["faults"].drop_nulls()
    return {
        "rows": round(part["weight"].sum()),
        "read": first.height,
        **{verdict: first.filter(pl.col("verdict") == verdict).height for verdict in VERDICTS},
        "wrong_share": wrong_share(part),
        "of_all_wrong": float(part.filter(WRONG)["weight"].sum()) / all_wrong,
        "faults": dict(Counter(faults).most_common()),
    }


def by_rule(rows: pl.DataFrame, build: str) -> dict[str, dict[str, int]]:
    """Of the rows that a build dropped and that were read: how many each first rule took, and how many are wrong."""
    rules = rows.filter(~pl.col(f"kept_{build}")).group_by(rule=pl.col(f"reasons_{build}").list.first())
    counts = rules.agg(read=pl.len(), wrong=WRONG.sum()).sort("read", "rule", descending=True)
    return {row["rule"]: {"read": row["read"], "wrong": row["wrong"]} for row in counts.to_dicts()}


def counted(rows: pl.DataFrame, each: int) -> dict[str, Any]:
    """Of one language's rows, in the order of the draw: the verdicts of each build's sides, and what scores tell."""
    all_wrong = float(rows.filter(WRONG)["weight"].sum())
    sides = {f"{build}_{side}": rows.filter(pl.col(f"kept_{build}") == (side == "kept"))
             for build in BUILDS for side in ("kept", "dropped")}  # fmt: skip
    found = {name: side_counts(part, all_wrong, each) for name, part in sides.items() if part.height}
    share = pl.col("reasons_quality").list.contains("quality.share")
    by = {"default_alone": ~pl.col("kept_default") & ~share, "both": ~pl.col("kept_default") & share,
          "quality_alone": pl.col("kept_default") & share}  # fmt: skip
    rejected = {name: rows.filter(rule) for name, rule in by.items()}
    found |= {name: side_counts(part, all_wrong, part.height) for name, part in rejected.items() if part.height}
    wrong = rows.select(WRONG).to_series()
    areas = {name: auroc(rows[f"score_{name}"], wrong, rows["weight"]) for name in SCORES}
    return found | {
        "rules": {build: by_rule(rows, build) for build in BUILDS},
        "auroc": areas,
        "best": {name: best(rows, f"score_{name}") for name in SCORES},
    }


def count(options: argparse.Namespace) -> dict[str, Any]:
    """The counts of each language whose rows were all read."""
    key, found = pl.read_parquet(options.scratch / "key.parquet"), {}
    rows = key.join(read_verdicts(options.verdicts), on="number", how="left")
    for lang, part in rows.group_by("lang", maintain_order=True):
        if part["verdict"].null_count() == 0:
            order = [digest(["read", options.seed, lang[0], source]) for source in part["source"]]
            found[str(lang[0])] = counted(part.with_columns(order=pl.Series(order)).sort("order"), options.each)
    return found


STEPS = {"build": build_both, "draw": draw, "count": count}

if __name__ == "__main__":
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("step", choices=STEPS)
    made.add_argument("--data", type=Path, help="folder with coco/ [build]")
    made.add_argument("--scratch", type=Path, required=True, help="folder for the builds and the rows")
    made.add_argument("--verdicts", type=Path, help="what the reader wrote [count]")
    made.add_argument("--captions", type=int, default=3000, help="that are drawn [build]")
    made.add_argument("--each", type=int, default=100, help="rows of each language, build and side [draw, count]")
    made.add_argument("--seed", type=int, default=25)
    options = made.parse_args()
    print(json.dumps(STEPS[options.step](options)))
