"""Builds that repair: how many of the rejected translations come back, and how good they are.

    python -m benchmarks.repair --data FOLDER --json

Captions of Multi30k's test_2016_flickr and of COCO into German, French and Czech; the embedded model, one thread. A
first build keeps eight hypotheses. The threshold of each language is then frozen where a tenth of its first
hypotheses has a lower dual cross-entropy, and a second build repairs until that threshold: with the kept hypotheses
alone, and with a wider search for what is left. Quality is chrF of a sentence against Multi30k's human translation.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from sacrebleu.metrics.chrf import CHRF

from benchmarks.choose import built, reverse
from benchmarks.corpora import CAPTIONS, captions
from benchmarks.results import Result, carry_out, parser
from benchmarks.texts import coco_captions
from glotmill.engine.memory.entries import Direction
from glotmill.engine.memory.translations import Memory
from glotmill.engine.storage.folder import Folder
from glotmill.schemas.languages import ENGLISH

REJECTED = 0.1
# The search's own first, ranked by its mean log-probability and repaired by the others alone; and the one that is
# chosen by the way back, with a wider search for what the others do not repair.
CASES: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "first": ({**reverse(8), "reverse_weight": 0.0}, None),
    "chosen": (reverse(8), {**reverse(16), "reverse_weight": 1.0}),
}
BARS = {"back": 0.3, "gain": 1.0}
CHEAP = {"scorers": ["integrity", "nmt"]}


def first_duals(memory: Path, lang: str) -> pl.DataFrame:
    """Columns source, first (its translation) and dual (the dual cross-entropy of `cross_entropy`) of a language."""
    known, direction = Memory(Folder(memory)), Direction(ENGLISH, lang)
    entries = known.winners(direction)
    kept = known.hypotheses(entries.with_columns(text="request")).select(
        "key", pl.col("hypotheses").list.first().struct.field("reverse")
    )
    forward, back = -pl.col("logprob").clip(upper_bound=0), -pl.col("reverse").clip(upper_bound=0)
    dual = (-((forward - back).abs() + (forward + back) / 2)).exp()
    return entries.join(kept, on="key").select(source="request", first=pl.col("text"), dual=dual)


def measured(
    folder: Path, texts: list[str], case: str, references: dict[str, dict[str, str]]
) -> dict[str, dict[str, float]]:
    """Of each language: the share of the rejected rows that came back and, with references, how good these are."""
    engine, wider = CASES[case]
    folder.mkdir()
    built(folder, texts, engine, score=CHEAP)
    first = {lang: first_duals(folder / "memory", lang) for lang in CAPTIONS.values()}
    bounds = {lang: float(rows["dual"].quantile(REJECTED) or 0) for lang, rows in first.items()}
    fails = " OR ".join(f"(lang = '{lang}' AND score_cross_entropy_dual < {bound!r})" for lang, bound in bounds.items())
    until = {"cross_entropy": {}, "user": {"dual": {"fails": fails}}}
    dataset, _ = built(folder, texts, engine, score=CHEAP, repair={"until": until, "engine": wider})
    found = {}
    for lang, rows in first.items():
        table = pl.read_parquet(dataset / "data" / lang / "*.parquet").filter(pl.col("row_status") == "ok").select(
            source=pl.col("source_messages").list.last().struct.field("content"),
            text=pl.col("messages").list.last().struct.field("content"),
            repaired=pl.col("mt").struct.field("engines").list.contains("repaired"),
        )  # fmt: skip
        rejected = rows.filter(pl.col("dual") < bounds[lang])
        repaired = table.filter("repaired").unique("source").join(rejected, on="source")
        found[lang] = {"rejected": rejected.height, "back": repaired.height / max(1, rejected.height)}
        if lang in references:
            kept = rows.filter(pl.col("dual") >= bounds[lang])
            found[lang] |= quality(references[lang], repaired, kept)
    return found


def quality(references: dict[str, str], repaired: pl.DataFrame, kept: pl.DataFrame) -> dict[str, float]:
    """Mean chrF of repaired rows, of their first hypotheses, and of the worst fifth of the rows that were kept."""
    metric = CHRF()

    def chrf(sources: pl.Series, texts: pl.Series) -> list[float]:
        pairs = zip(texts, sources, strict=True)
        return [metric.sentence_score(text, [references[source]]).score for text, source in pairs]

    now, before = chrf(repaired["source"], repaired["text"]), chrf(repaired["source"], repaired["first"])
    others = sorted(chrf(kept["source"], kept["first"]))
    fifth = others[: max(1, len(others) // 5)]
    if not now:
        return {}
    return {"repaired": mean(now), "first": mean(before), "gain": mean(now) - mean(before), "worst_fifth": mean(fifth)}


def measure(options: argparse.Namespace) -> Result:
    """Both cases on both sets, and the means over the languages."""
    count = 60 if options.quick else 1000
    corpora = captions(options.data / "multi30k", "test_2016_flickr", count)
    references = {corpus.lang: dict(zip(corpus.sources, corpus.targets, strict=True)) for corpus in corpora}
    sets: dict[str, tuple[list[str], dict[str, dict[str, str]]]] = {
        "multi30k": (corpora[0].sources, references),
        "coco": (list(dict.fromkeys(coco_captions(options.data, count))), {}),
    }
    found: Result = {"captions": count, "bars": BARS}
    with TemporaryDirectory(dir=options.scratch) as name:
        for case in CASES:
            for where, (texts, known) in sets.items():
                cells = measured(Path(name) / f"{case}_{where}", texts, case, known)
                means = {key: mean(cell[key] for cell in cells.values()) for key in next(iter(cells.values()))}
                worst = min(cell["back"] for cell in cells.values())
                found[f"{case}_{where}"] = cells | {"mean": means, "worst_back": worst}
            means = found[f"{case}_multi30k"]["mean"]
            found[f"{case}_within_bars"] = (
                min(means["back"], found[f"{case}_coco"]["mean"]["back"]) >= BARS["back"]
                and means.get("gain", 0) >= BARS["gain"]
                and means.get("repaired", 0) >= means.get("worst_fifth", 100)
            )
    return found


if __name__ == "__main__":
    carry_out("repair", measure, parser(__doc__).parse_args())
