"""What a re-filter of a large dataset costs, beside what users would otherwise run.

    python -m benchmarks.refilter --captions captions_val2017.json --folder /somewhere --json

Builds a dataset of COCO captions with the embedded model once (minutes; reused when it is there), repeats its rows
until there are enough rows, with every score column, and then drops another 1 % of the rows of every shard. The
peers, ways of `datasets`, read the same shards in the same run (`benchmarks.peer_datasets`).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from glotmill.engine.commands.new_rules import new_rules
from glotmill.engine.commands.refilter import refilter
from glotmill.engine.dataset.manifest import read_manifest
from glotmill.engine.dataset.shards import Shard, ShardWriter
from glotmill.engine.dataset.write_metadata import describe
from glotmill.schemas.keys import digest
from glotmill.schemas.record import VERSION_KEY, record_schema

# A rule of the recipe's own: any share of the rows can be flipped with it, evenly over all shards.
RULE = "filter.user.flip.fails"


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--captions", type=Path, required=True, help="COCO's captions_val2017.json")
    parser.add_argument("--folder", type=Path, required=True, help="scratch space: 4 GB for 2 million rows")
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--peer-limit", type=int, default=3600, help="seconds for the peers' writing [3600]")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    build = arguments.folder / f"refilter-{arguments.rows}-{arguments.shards}"
    if not (build / "dataset/manifest.json").exists():
        make(arguments.captions, build, arguments.rows, arguments.shards)
    found = measure(build)
    if arguments.peers:
        found |= peers(build / "dataset", arguments.folder / "peers", found, arguments.peer_limit)
    print(json.dumps(found) if arguments.json else "\n".join(f"{key}: {value}" for key, value in found.items()))


def make(captions: Path, build: Path, rows: int, shards: int) -> None:
    """A dataset of so many rows in so many shards, its rows those of a real build over and over."""
    base = build.with_name("captions")
    if not (base / "dataset/manifest.json").exists():
        command = ["-m", "glotmill", "build", "coco_captions", "--set", f"sources.captions.path={captions}"]
        command += ["--set", "languages=[deu_Latn]", "--workers", "2"]
        subprocess.run([sys.executable, *command, "--out", base, "--memory", base / "memory"], check=True)
    manifest = read_manifest(base / "dataset")
    table = pq.read_table(base / "dataset" / manifest.all_shards()[0].path)
    lock = yaml.safe_load((base / "dataset/recipe.lock.yaml").read_text())
    _, policy = new_rules(base / "dataset", manifest, None, ())
    fields = [pa.field(name, table.schema.field(name).type) for name in table.schema.names]
    schema = pa.schema(fields, metadata={VERSION_KEY: table.schema.metadata[VERSION_KEY]})
    root = build / "dataset"
    old = manifest.all_shards()[0]
    made: list[Shard] = []
    for number in range(shards):
        path = f"data/deu_Latn/train-{number:05}.parquet"
        with ShardWriter(root, path, schema) as writer:
            left = rows // shards
            while left:
                part = table.slice(0, min(left, 50_000, table.num_rows))
                ids = [f"r1:{digest([number, left, i])}" for i in range(part.num_rows)]
                part = part.set_column(0, schema.field(0), pa.array(ids)).cast(schema)
                writer.write(part)
                left -= part.num_rows
            made.append(writer.close(warned={}, answers={}, fingerprints=old.fingerprints))
    describe(root, {"deu_Latn": made}, manifest.facts, lock, policy, record_schema(()))


def flipping(build: Path, share: float) -> str:
    """A rule that newly drops about this share of all rows: kept ones with a score below some bound.

    All shards repeat the same rows, so one tells the bound of all.
    """
    path = sorted((build / "dataset/data").glob("*/*.parquet"))[0]
    rows = pl.read_parquet(path, columns=["score_nmt_logprob", "keep"])
    kept = rows.filter("keep")["score_nmt_logprob"]
    bound = kept.quantile(share * rows.height / kept.len(), "lower")
    return f"score_nmt_logprob < {bound:.6f}"


def measure(build: Path) -> dict[str, Any]:
    """One refilter that flips 1 % of the rows of every shard, and the back-translation."""
    before = {path: path.stat().st_size for path in (build / "dataset/data").glob("*/*.parquet")}
    kept = sum(shard.kept for shard in read_manifest(build / "dataset").all_shards())
    rule = flipping(build, 0.01)
    done = refilter(build, overrides=(f"{RULE}={rule}",))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    found = {
        "rows": sum(count.rows for count in done.languages.values()),
        "bytes": sum(before.values()),
        "shards_total": done.shards,
        "shards_rewritten": done.rewritten,
        "rows_flipped": kept - sum(count.kept for count in done.languages.values()),
        "rows_with_other_reasons": done.flipped,
        "decide_seconds": done.decide_seconds,
        "seconds": done.seconds,
        "peak_gb": round(peak, 2),
        "translator_calls": 0,
        "rule": rule,
    }
    back = refilter(build, overrides=(f"{RULE}=score_nmt_logprob < -1000000",))
    return {
        **found,
        "seconds_back": back.seconds,
        "kept_back": sum(count.kept for count in back.languages.values()) == kept,
    }


def peers(dataset: Path, scratch: Path, ours: Mapping[str, Any], limit: int) -> dict[str, Any]:
    """What dropping rows by the same bound takes with `datasets`, in a process of its own (`benchmarks.peer_datasets`).

    Args:
        dataset: The dataset that was filtered.
        scratch: Scratch space.
        ours: What `measure` found.
        limit: Seconds after which writing is stopped; the ratios that it is in are then at least so much.
    """
    bound = ours["rule"].rpartition("<")[2].strip()
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    command = [sys.executable, "-m", "benchmarks.peer_datasets", dataset, scratch, bound, str(limit)]
    quiet = {**os.environ, "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=quiet)
    shutil.rmtree(scratch, ignore_errors=True)
    parts = json.loads(said.stdout.splitlines()[-1])
    found: dict[str, Any] = {"datasets_parts": parts, "ratios_are_whole": parts["write_is_whole"]}
    for way in ("filter", "batched", "arrow"):
        found[f"seconds_datasets_{way}"] = round(parts[way] + parts["write_arrow" if way == "arrow" else "write"], 1)
        found[f"ratio_to_datasets_{way}"] = round(found[f"seconds_datasets_{way}"] / ours["seconds"], 1)
    return found


if __name__ == "__main__":
    main()
