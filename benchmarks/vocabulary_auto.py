"""`translate.vocabulary: auto` with the embedded model: how many translations it changes, and what that costs.

    python -m benchmarks.vocabulary_auto --data FOLDER --scratch FOLDER --json

A build of all 25,014 COCO captions, and of xGQA's questions with their answers, into German, French and Czech: with
all output tokens and with ``auto``, from memories of their own. Translations are compared record by record, with the
95 % bound of the share that changed. Then Multi30k's test_2016_flickr is translated with the lists that were decided:
BLEU and chrF beside those of all tokens. Builds stay in the scratch folder, so a run that was interrupted goes on, and
one that is through says the same again. ``--beam 1`` is greedy.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import sacrebleu
import yaml

from benchmarks.results import Result, carry_out, parser
from benchmarks.texts import multi30k, question_files
from glotmill.engine.commands.build import build
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.memory.vocabularies import Vocabularies
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.storage.folder import Folder
from glotmill.engine.translation.vocabulary_phase import CONFIDENCE, upper_bound
from glotmill.engine.translators import Request, load_translator, resolve_translator
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.translators.shared.vocabulary_lists import model_digest, with_lists
from glotmill.schemas.languages import ENGLISH

LANGS = {"deu_Latn": "de", "fra_Latn": "fr", "ces_Latn": "cs"}
BATCH = 64
LEAST = 0.1  # of BLEU and chrF: what a list may cost at most


def sources(data: Path) -> Result:
    """The build's sources."""
    captions = str((data / "coco/captions_val2017.json").resolve())
    found: Result = {"coco": {"format": "coco_captions", "path": captions, "license": "cc-by-4.0", "dataset": "coco"}}
    for path in question_files(data):
        source = {"format": "gqa", "path": str(path.resolve()), "license": "cc-by-4.0"}
        found[path.stem] = {**source, "dataset": "xgqa", "config": path.stem}
    return found


def built(folder: Path, content: Result) -> tuple[pl.DataFrame, Result]:
    """A build's translations by record, and what it says."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    began = time.perf_counter()
    summary = build(prepare(load_recipe(str(folder / "recipe.yaml")), out=folder / "out"), ProgressReport())
    rows = pl.scan_parquet(sorted(summary.dataset.glob("data/*/*.parquet")))
    said = {"rows": summary.rows, "failed": summary.failed, "seconds": round(time.perf_counter() - began, 1)}
    dataset = pl.col("source").struct.field("dataset")
    return rows.select("record_id", "lang", dataset, "messages").collect(), said


def changes(full: pl.DataFrame, auto: pl.DataFrame) -> Result:
    """The share of records that differ, and its bound, by dataset and language."""
    both = full.join(auto, on=["record_id", "dataset", "lang"], how="full", suffix="_auto", coalesce=True)
    differs = pl.col("messages").ne_missing(pl.col("messages_auto")).sum()
    found = both.group_by("dataset", "lang").agg(records=pl.len(), changed=differs).sort("dataset", "lang").to_dicts()
    return {
        f"{one['dataset']} {one['lang']}": {
            "records": one["records"],
            "changed": round(one["changed"] / one["records"], 5),
            "changed_at_most": round(upper_bound(one["changed"], one["records"], CONFIDENCE), 5),
        }
        for one in found
    }


def quality(options: argparse.Namespace, engine: Result, memory: Path | None) -> dict[str, Any]:
    """BLEU and chrF of Multi30k's test captions with the lists of a memory, or with all tokens."""
    spec = resolve_translator(NllbTranslate(**{**engine, "retry": None}))
    if memory is not None:
        rows = dict.fromkeys(LANGS, 100_000)
        spec = with_lists(spec, rows, Vocabularies(Folder(memory)), decide=False)
    translator, english = load_translator(spec), multi30k(options.data, "en", 32 if options.quick else 1000)
    found = {}
    for lang, short in LANGS.items():
        made: list[str] = []
        for start in range(0, len(english), BATCH):
            batch = [Request(ENGLISH, lang, text) for text in english[start : start + BATCH]]
            made += [one.text or "" for one in translator.translate(batch)]
        right = [multi30k(options.data, short, len(english))]
        found[lang] = {"bleu": round(sacrebleu.corpus_bleu(made, right).score, 2),
                       "chrf": round(sacrebleu.corpus_chrf(made, right).score, 2)}  # fmt: skip
    return found


def decided(engine: Result, memory: Path) -> Result:
    """What a memory says of each language's list."""
    spec = resolve_translator(NllbTranslate(**engine))
    found = {}
    for lang in LANGS:
        held = Vocabularies(Folder(memory)).find(model_digest(spec), lang, "auto")
        found[lang] = {"tokens": held.tokens, "of": held.size, "why": held.why, **held.figures} if held else None
    return found


def measure(options: argparse.Namespace) -> Result:
    """Both builds, then the quality."""
    engine = {"engine": "nllb", "model": "embedded", "beam_size": options.beam, "max_changed": options.max_changed,
              "device": "cpu"}  # fmt: skip
    name = f"vocabulary_auto_{options.beam}_{options.max_changed}_{'quick' if options.quick else options.rows}"
    folder = (options.scratch / name).resolve()
    settings = {"beam_size": options.beam, "max_changed": options.max_changed, "rows": options.rows,
                "workers": options.workers}  # fmt: skip
    rows: dict[str, pl.DataFrame] = {}
    builds: Result = {}
    for way in ("full", "auto"):
        recipe = {
            "name": "bench", "sources": sources(options.data), "languages": list(LANGS),
            "translate": {**engine, "vocabulary": way}, "score": {"scorers": ["integrity", "nmt"]},
            "workers": options.workers, "max_failed": 1, "limit": 60 if options.quick else options.rows,
            "answers": {"policy": "target"}, "memory": str(folder / f"memory-{way}"),
        }  # fmt: skip
        rows[way], builds[way] = built(folder / way, recipe)
        print(way, builds[way], file=sys.stderr, flush=True)
    full, auto = (quality(options, {**engine, "vocabulary": way}, memory) for way, memory in
                  (("full", None), ("auto", folder / "memory-auto")))  # fmt: skip
    lost = max(full[lang][score] - auto[lang][score] for lang in LANGS for score in ("bleu", "chrf"))
    found: Result = {"settings": settings, "builds": builds, "lists": decided(engine, folder / "memory-auto"),
                     "changes": changes(**rows)}  # fmt: skip
    return found | {"quality": {"full": full, "auto": auto}, "most_lost": round(lost, 2), "bar": LEAST}


def main() -> None:
    """Read the command line, measure, save and print."""
    options = parser(__doc__)
    options.add_argument("--beam", type=int, default=4)
    options.add_argument("--max-changed", type=float, default=0.005, help="`translate.max_changed` [0.005]")
    options.add_argument("--rows", type=int, help="samples of each source [all]")
    options.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    carry_out("vocabulary_auto", measure, options.parse_args())


if __name__ == "__main__":
    main()
