"""Published shards in readers that do not know the configs of `datasets`: they see every row, in one schema."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import polars as pl
import pytest


@pytest.fixture
def dataset(recipe_file, run) -> Path:
    """A dataset of which one language's translation and score columns are null throughout, and rows are dropped."""
    return run(
        recipe_file(
            languages=["eng_Latn", "deu_Latn"], pack={"shard_rows": 16, "row_group_rows": 8},
            translate={"engine": "fake", "fault": "empty", "fault_every": 5}, max_failed=1,
        )
    ).dataset  # fmt: skip


@pytest.fixture
def found(dataset: Path) -> Counter[tuple[str, bool]]:
    """Rows by language and verdict, as the manifest counts them."""
    import json

    counts: Counter[tuple[str, bool]] = Counter()
    for lang, config in json.loads((dataset / "manifest.json").read_text())["configs"].items():
        counts[lang, True] += config["kept"]
        counts[lang, False] += config["rows"] - config["kept"]
    return +counts


def test_polars_reads_all_languages_at_once(dataset: Path, found):
    rows = (
        pl.scan_parquet(dataset / "data/**/*.parquet").select("lang", "keep", "mt", "score_round_trip_chrf").collect()
    )
    assert Counter(rows.select("lang", "keep").iter_rows()) == found
    english = rows.filter(lang="eng_Latn")
    assert english["mt"].null_count() == english.height > 0


def test_duckdb_reads_all_languages_at_once(dataset: Path, found):
    import duckdb

    query = f"SELECT lang, keep, count(*) FROM read_parquet('{dataset}/data/*/*.parquet') GROUP BY ALL"
    assert Counter({(lang, keep): rows for lang, keep, rows in duckdb.sql(query).fetchall()}) == found


def test_datatrove_reads_texts_and_metadata(dataset: Path, found):
    from datatrove.pipeline.readers import ParquetReader

    def adapted(self, data: dict, path: str, id_in_file: int) -> dict:
        text = "\n".join(turn["content"] for turn in data["source_messages"])
        return {"text": text, "id": data["record_id"], "metadata": {"lang": data["lang"], "keep": data["keep"]}}

    reader = ParquetReader(str(dataset / "data"), adapter=adapted, glob_pattern="**/*.parquet", file_progress=False)
    documents = list(reader.run())
    assert Counter((d.metadata["lang"], d.metadata["keep"]) for d in documents) == found
    assert len({document.id for document in documents}) == len(documents)


def test_ray_data_reads_a_language(dataset: Path, found, local_ray):
    import ray.data

    ray.data.DataContext.get_current().enable_progress_bars = False
    rows = ray.data.read_parquet(str(dataset / "data/deu_Latn"), columns=["lang", "keep", "messages"]).take_all()
    assert Counter((row["lang"], row["keep"]) for row in rows) == Counter(
        {key: count for key, count in found.items() if key[0] == "deu_Latn"}
    )
    assert any("<image>" in turn["content"] for row in rows if row["keep"] for turn in row["messages"])
