"""CPU seconds of the default scorers, beside the code of another tree.

    python -m benchmarks.scorer_speed --data FOLDER --baseline OTHER_TREE --json

Four sets of pairs: COCO captions as engine `fake` translates them, translations by people (Multi30k, xGQA, Tatoeba),
machine translations of comments (MLQE-PE), and LLaVA replies of several sentences through `fake`. The two trees take
turns, each in a process of its own with one thread, and each figure is the best of the rounds. ``same_values`` says
whether every score of every pair is the same in both to the last bit. For people's translations the source without its
last word stands for the back-translation.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.human_text import human_text
from benchmarks.scale import ONE_THREAD
from benchmarks.texts import coco_captions
from benchmarks.watched import ROOT, hardware, load_average, versions
from glotmill.engine.text.segments import split
from glotmill.engine.translators import Request, load_translator, resolve_translator
from glotmill.engine.translators.fake import FakeTranslate
from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.schemas.languages import ENGLISH

TIMES = Path(__file__).with_name("scorer_times.py")
LANGS = ("deu_Latn", "fra_Latn", "rus_Cyrl", "jpn_Jpan")
MLQE = {"de": "deu_Latn", "cs": "ces_Latn", "ja": "jpn_Jpan", "zh": "zho_Hans"}
SIZES = (1, 50, 10_000)
Row = dict[str, Any]


def row(source: str, target: str, lang: str, field: str, back: str, segments: list[Row] | None = None) -> Row:
    """One pair, with made-up scores of the engine."""
    words = source.split()
    return {
        "source_lang": ENGLISH, "lang": lang, "field_type": field, "source": source, "target": target, "back": back,
        "back_failed": False, "logprob": -0.5, "hit_limit": False, "reverse_words": [-0.5] * len(words),
        "reverse_end": -0.5, "source_tokens": len(words) + 1, "alone_words": [-5.0] * len(words), "segments": segments,
    }  # fmt: skip


def through_fake(texts: Iterable[str], field: str) -> list[Row]:
    """Texts and their translations by the stand-in, sentence by sentence."""
    fake = load_translator(resolve_translator(FakeTranslate(engine="fake")))
    rows = []
    for text in texts:
        parts = list(split(text, ENGLISH).requests)
        for lang in LANGS:
            made = [found.text or "" for found in fake.translate([Request(ENGLISH, lang, part) for part in parts])]
            segments = [{"source": part, "target": target} for part, target in zip(parts, made, strict=True)]
            rows.append(row(text, " ".join(made), lang, field, text, segments if len(parts) > 1 else None))
    return rows


def by_people(data: Path) -> list[Row]:
    """Tatoeba, xGQA and Multi30k in all their languages."""
    texts = human_text(data).drop_nulls("lang").select("source", "target", "lang", "field_type")
    return [
        row(source, target, lang, field, source.rpartition(" ")[0]) for source, target, lang, field in texts.iter_rows()
    ]


def comments(folder: Path) -> list[Row]:
    """Machine translations that are not fluent throughout."""
    rows = []
    for short, lang in MLQE.items():
        lines = gzip.decompress((folder / f"en{short}.train.tsv.gz").read_bytes()).decode().splitlines()[1:]
        for line in lines:
            _, source, target, *_ = line.split("\t")
            rows.append(row(source, target, lang, "response", source.rpartition(" ")[0]))
    return rows


def pair_sets(data: Path, limit: int) -> dict[str, pa.Table]:
    """The four sets, of so many pairs each at most, evenly drawn."""
    llava = data / "llava/coco2014_val_gpt4_qa_30x3.jsonl"
    replies = [json.loads(line)["output"] for line in llava.read_text(encoding="utf-8").splitlines()]
    captions = coco_captions(data, limit // len(LANGS))
    made = {
        "captions_fake": through_fake(captions, "caption"),
        "people": by_people(data),
        "comments": comments(data / "mlqe"),
        "replies_fake": through_fake(replies, "response"),
    }
    # One language after another, as shards have them.
    return {name: pa.Table.from_pylist(sorted(rows[:: max(1, -(-len(rows) // limit))], key=lambda one: one["lang"]),
                                       schema=PAIR_SCHEMA) for name, rows in made.items()}  # fmt: skip


def timed(tree: Path, pairs: Path) -> Row:
    """What `scorer_times` finds with a tree's code."""
    settings = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(tree / "src"), "PYTHONHASHSEED": "0"}
    command: list[str | Path] = [sys.executable, "-P", TIMES, pairs, *map(str, SIZES)]
    done = subprocess.run(command, env=settings, stdout=subprocess.PIPE, check=True, text=True)
    found: Row = json.loads(done.stdout)
    if not Path(found["tree"]).is_relative_to(tree.resolve()):
        msg = f"the scorers were not those of {tree}"
        raise RuntimeError(msg)
    scorers: Row = found["scorers"]
    return scorers


def best(rounds: list[Row]) -> dict[str, dict[str, float]]:
    """CPU seconds of a call by scorer and size, and of all scorers together."""
    found: dict[str, dict[str, float]] = {
        name: {size: min(one[name]["seconds"][size] for one in rounds) for size in map(str, SIZES)}
        for name in rounds[0]
    }
    return {**found, "all": {size: sum(times[size] for times in found.values()) for size in map(str, SIZES)}}


def measure(pairs: pa.Table, trees: dict[str, Path], rounds: int) -> Row:
    """One set with each tree; ratios say how many times as fast this tree is."""
    runs: dict[str, list[Row]] = {name: [] for name in trees}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pairs.parquet"
        pq.write_table(pairs, path)
        for _ in range(rounds):
            for name, tree in trees.items():
                runs[name].append(timed(tree, path))
    found: Row = {"pairs": pairs.num_rows, **{name: best(made) for name, made in runs.items()}}
    if "baseline" in trees:
        old, new = found["baseline"], found["this"]
        found["ratios"] = {
            name: {size: round(old[name][size] / new[name][size], 2) for size in new[name]} for name in new
        }
        found["same_values"] = {name: runs["baseline"][0][name]["digest"] == runs["this"][0][name]["digest"]
                                for name in runs["this"][0]}  # fmt: skip
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with coco/, llava/, mlqe/, tatoeba/, …")
    parser.add_argument("--baseline", type=Path, help="another tree of this project, such as a worktree")
    parser.add_argument("--pairs", type=int, default=10_000, help="of a set, at most [10000]")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object, otherwise the ratios or seconds")
    options = parser.parse_args()
    load = load_average()
    trees = {"this": ROOT, **({"baseline": options.baseline} if options.baseline else {})}
    sets = pair_sets(options.data, options.pairs)
    found = {name: measure(pairs, trees, options.rounds) for name, pairs in sets.items()}
    if options.json:
        settings = {"pairs": options.pairs, "rounds": options.rounds, "environment": ONE_THREAD}
        loads = {"before": load, "after": load_average()}
        print(
            json.dumps(
                {**found, "settings": settings, "load_average": loads, "hardware": hardware(), "versions": versions()}
            )
        )
        return
    for name, one in found.items():
        shown = one["ratios" if "ratios" in one else "this"]
        print(name, pl.DataFrame([{"scorer": scorer, **times} for scorer, times in shown.items()]))


if __name__ == "__main__":
    main()
