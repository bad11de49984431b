from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Features, load_dataset

from glotmill.engine.dataset.shards import ShardWriter, published_schema
from glotmill.engine.dataset.stated_rows import StatedRows, label_counts
from glotmill.filters.contract import MOST_LABELS
from glotmill.schemas.errors import ConservationError, GlotmillError, SchemaError
from glotmill.schemas.keys import file_sha256
from glotmill.schemas.record import Metric, record_schema

SCHEMA = record_schema([Metric("nmt", "logprob", "higher", None, 0, "")])
PATH = "data/deu_Latn/train-00000.parquet"


def record(number: int, **changes: Any) -> dict[str, Any]:
    row = {
        "record_id": f"r1:{number}", "source_id": f"s1:{number}", "source_hash": "h",
        "source": {"dataset": "d", "revision": "r", "config": "c", "split": "s", "row_id": "1"},
        "license": "mit", "task": "caption", "lang": "deu_Latn", "lang_bcp47": "de", "source_lang": "eng_Latn",
        "image_refs": [], "image_keys": [], "source_messages": [{"role": "assistant", "content": "A dog."}],
        "row_status": "ok",
        "messages": [{"role": "assistant", "content": "Ein Hund."}], "turn_langs": ["deu_Latn"], "content_hash": "c",
        "score_nmt_logprob": -0.5, "turn_nmt_logprob": [-0.5], "scores_skipped": [], "keep": True, "filter_reasons": [],
    }  # fmt: skip
    return {**row, **changes}


DROPPED = {"keep": False, "filter_reasons": ["language_id.mass", "round_trip.chrf"]}
FAILED = {
    "keep": False, "filter_reasons": ["source_too_long"], "row_status": "failed", "messages": None,
    "turn_langs": None, "content_hash": None, "turn_nmt_logprob": None, "score_nmt_logprob": None,
}  # fmt: skip


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=SCHEMA)


def write(root: Path, *groups: pa.Table):
    with ShardWriter(root, PATH, SCHEMA) as writer:
        for group in groups:
            writer.write(group)
        return writer.close(warned={}, answers={}, fingerprints={})


GROUPS = (table(record(0), record(1, **DROPPED)), table(record(2, **FAILED)))


def test_shards_that_are_counted_together_are_the_same_files_and_entries(tmp_path: Path):
    heights = [2, 0, 1]
    found = StatedRows.of(pa.concat_tables(GROUPS), heights)
    assert [stated.rows.height for stated in found] == heights
    for name, group, stated in zip("abc", (GROUPS[0], None, GROUPS[1]), found, strict=True):
        if group is None:
            assert (stated.counts.verdicts.rows, stated.counts.groups, stated.counts.models) == (0, [], {})
            continue
        alone = write(tmp_path / name / "alone", group)
        with ShardWriter(tmp_path / name / "together", PATH, published_schema(SCHEMA), stated) as writer:
            writer.write(group)
            assert writer.close(warned={}, answers={}, fingerprints={}) == alone
        files = [tmp_path / name / way / PATH for way in ("alone", "together")]
        assert files[0].read_bytes() == files[1].read_bytes()


def test_a_shards_counts_come_out_by_first_reason(tmp_path: Path):
    shard = write(tmp_path, *GROUPS)
    assert (shard.rows, shard.kept) == (3, 1)
    assert shard.dropped == {"language_id.mass": 1}
    assert shard.failed == {"source_too_long": 1}
    assert shard.row_groups == [2, 1]
    assert shard.first_id == "r1:0"
    assert shard.score_stats == {"score_nmt_logprob": {"n": 2, "p05": -0.5, "p50": -0.5}}
    assert shard.sha256 == file_sha256(tmp_path / PATH)


def test_the_same_records_give_the_same_bytes(tmp_path: Path):
    assert write(tmp_path / "a", *GROUPS) == write(tmp_path / "b", *GROUPS)


def test_lost_rows_are_an_error_before_anything_is_committed(tmp_path: Path):
    with ShardWriter(tmp_path, PATH, SCHEMA) as writer:
        writer.write(GROUPS[0])
        writer._rows[0] = writer._rows[0].head(1)
        with pytest.raises(ConservationError, match="2 rows, but 1"):
            writer.close(warned={}, answers={}, fingerprints={})


def test_a_record_that_breaks_a_rule_is_never_written(tmp_path: Path):
    with pytest.raises(SchemaError, match="keep"):
        write(tmp_path, table(record(0, **{**FAILED, "keep": True})))


def test_the_schema_is_stable_under_a_round_trip_through_datasets(tmp_path: Path):
    write(tmp_path, *GROUPS)
    loaded = load_dataset("parquet", data_files=str(tmp_path / PATH), split="train", cache_dir=str(tmp_path / "c"))
    assert loaded.features == Features.from_arrow_schema(SCHEMA)
    assert loaded.features.arrow_schema.equals(SCHEMA, check_metadata=False)
    assert loaded.to_list() == pa.concat_tables(GROUPS).to_pylist()


def test_the_footer_names_the_features_and_the_schema_version_and_nothing_else_of_ours(tmp_path: Path):
    write(tmp_path, *GROUPS)
    metadata = pq.read_schema(tmp_path / PATH).metadata
    assert metadata[b"schema_version"] == b"2"
    assert set(metadata) == set(published_schema(SCHEMA).metadata) == {b"huggingface", b"schema_version"}


def test_shards_are_zstd_with_page_index(tmp_path: Path):
    write(tmp_path, *GROUPS)
    column = pq.read_metadata(tmp_path / PATH).row_group(0).column(0)
    assert column.compression == "ZSTD"
    assert column.has_offset_index
    assert column.has_column_index


def test_labels_are_counted_by_turn_and_bounded():
    turns = pl.Series("turn_x_y", [["b", None], None, ["a", "b"]])
    assert label_counts(turns) == {"a": 1, "b": 2}
    with pytest.raises(GlotmillError, match="turn_x_y: 1,001 different labels, but a scorer may give 1,000"):
        label_counts(pl.Series("turn_x_y", [[str(n) for n in range(MOST_LABELS + 1)]]))
