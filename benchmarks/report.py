"""A report of a million rows: its size, the time to write it, and the time until it can be used in Chromium.

The rows are those of a build, copied with other record ids into as many languages as asked, so texts and scores are
real and the page is as full as that of a build of this size. Run as ``make bench-report BUILD=outputs/NAME``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.chromium import chromium
from glotmill.engine.dataset.manifest import write_manifest
from glotmill.engine.dataset.shards import Shard, ShardWriter
from glotmill.engine.report import write_report
from glotmill.filters.registry import SCORERS
from glotmill.recipes.language_sets import expand
from glotmill.schemas.keys import bytes_sha256
from glotmill.schemas.record import record_schema


def enlarge(build: Path, folder: Path, rows: int, langs: list[str]) -> int:
    """Write a build of so many rows, copied from another, into a folder; the rows written."""
    files = sorted((build / "dataset").glob("data/*/train-*.parquet"))
    table = pa.concat_tables([pq.read_table(file) for file in files]).replace_schema_metadata()
    dataset = folder / "dataset"
    dataset.mkdir(parents=True)
    shutil.copy(build / "dataset" / "recipe.lock.yaml", dataset / "recipe.lock.yaml")
    for name in ("samples", "runs"):
        shutil.copytree(build / name, folder / name)
    manifest = orjson.loads((build / "dataset" / "manifest.json").read_bytes())
    scorers = [scorer for name, scorer in SCORERS.items() if name in manifest["scorers"]]
    schema = record_schema(metric for scorer in scorers for metric in scorer.metrics)
    each = -(-rows // len(langs))
    shards: dict[str, list[Shard]] = {}
    for number, lang in enumerate(langs):
        path = f"data/{lang}/train-00000.parquet"
        with ShardWriter(dataset, path, schema) as writer:
            for start in range(0, each, table.num_rows):
                part = _copy(table, lang, start, min(table.num_rows, each - start), seed=number)
                writer.write(part.cast(schema))
            shards[lang] = [writer.close(warned={}, answers={}, fingerprints={})]
    write_manifest(dataset, shards, manifest, ())  # it has no pages
    return each * len(langs)


def _copy(table: pa.Table, lang: str, start: int, rows: int, seed: int) -> pa.Table:
    """Some rows of a table, drawn, as those of another language."""
    chosen = table.take(np.random.default_rng((seed, start)).permutation(table.num_rows)[:rows])
    ids = [f"r1:{bytes_sha256(f'{lang} {start + n}'.encode())[:32]}" for n in range(chosen.num_rows)]
    frame = pl.DataFrame(chosen).with_columns(record_id=pl.Series(ids), lang=pl.lit(lang))
    return frame.to_arrow()


def main() -> None:
    """Measure, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="folder of a finished build to copy rows from")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--languages", default="mblip", help="a group of languages")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    langs = [code for code in expand([asked.languages]) if code != "eng_Latn"]
    with TemporaryDirectory(prefix="glotmill-") as scratch:
        folder = Path(scratch) / "large"
        rows = enlarge(asked.build, folder, asked.rows, langs)
        began = time.perf_counter()
        page = write_report(folder)
        found = {"rows": rows, "languages": len(langs), "write_s": round(time.perf_counter() - began, 1),
                 "page_bytes": page.stat().st_size}  # fmt: skip
        if find_spec("playwright"):
            with chromium() as browser:
                view = browser.new_page()
                began = time.perf_counter()
                view.goto(page.as_uri())
                view.wait_for_selector("html[data-ready]")
                found["interactive_s"] = round(time.perf_counter() - began, 2)
                slider = "e => { e.value = 3; e.dispatchEvent(new Event('input')); return 0; }"
                began = time.perf_counter()
                view.eval_on_selector("#threshold", slider)
                found["slider_s"] = round(time.perf_counter() - began, 3)
    print(json.dumps(found) if asked.json else found)


if __name__ == "__main__":
    main()
