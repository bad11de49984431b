"""A published shard under new verdicts: the bytes of a build, and nothing of a shard that is not the manifest's."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from glotmill.engine.dataset.manifest import read_manifest
from glotmill.engine.dataset.shards import VERDICT, Shard
from glotmill.engine.dataset.verdict_columns import check_shard, read_records, rewrite_verdicts, with_verdicts
from glotmill.schemas.errors import ConservationError, InputError
from glotmill.schemas.record import record_schema


@pytest.fixture
def published(recipe_file, run) -> tuple[Path, Shard]:
    dataset = run(recipe_file(pack={"shard_rows": 30, "row_group_rows": 7})).dataset
    return dataset, read_manifest(dataset).shards["deu_Latn"][0]


def verdicts(dataset: Path, shard: Shard) -> pl.DataFrame:
    rows = pl.read_parquet(dataset / shard.path, columns=list(VERDICT))
    return rows.with_columns(warnings=pl.lit([], pl.List(pl.String)))


def schema_of(dataset: Path, shard: Shard) -> pa.Schema:
    from glotmill.filters.registry import SCORERS

    return record_schema(m for name in ("integrity", "nmt", "round_trip") for m in SCORERS[name].metrics)


def test_the_same_verdicts_give_the_same_bytes(published, tmp_path: Path):
    dataset, shard = published
    rows = verdicts(dataset, shard)
    again = rewrite_verdicts(dataset, tmp_path / "new", shard, rows.select(VERDICT), schema_of(dataset, shard))
    assert again == shard


def test_other_verdicts_change_their_columns_and_counts_only(published, tmp_path: Path):
    dataset, shard = published
    rows = verdicts(dataset, shard).with_columns(
        keep=pl.int_range(pl.len()) != 3,
        filter_reasons=pl.when(pl.int_range(pl.len()) == 3).then(["nmt.logprob"]).otherwise("filter_reasons"),
    )
    status = pl.read_parquet(dataset / shard.path, columns=["row_status"]).to_series()
    entry = with_verdicts(shard, status, rows)
    assert (entry.kept, entry.dropped) == (29, {"nmt.logprob": 1})
    new = rewrite_verdicts(dataset, tmp_path, entry, rows.select(VERDICT), schema_of(dataset, shard))
    before, after = (pl.read_parquet(root / shard.path) for root in (dataset, tmp_path))
    assert before.drop(VERDICT).equals(after.drop(VERDICT))
    assert (after["keep"] == rows["keep"]).all()
    assert new.row_groups == shard.row_groups
    assert new.sha256 != shard.sha256


def test_verdicts_for_fewer_rows_are_an_error(published):
    dataset, shard = published
    status = pl.read_parquet(dataset / shard.path, columns=["row_status"]).to_series()
    with pytest.raises(ConservationError, match="30 rows, but 29"):
        with_verdicts(shard, status.head(29), verdicts(dataset, shard).head(29))


def test_a_shard_that_is_gone_or_edited_is_refused(published):
    dataset, shard = published
    check_shard(dataset, shard)
    data = (dataset / shard.path).read_bytes()
    (dataset / shard.path).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(InputError, match="it was edited"):
        check_shard(dataset, shard)
    (dataset / shard.path).unlink()
    with pytest.raises(InputError, match="it is not there"):
        check_shard(dataset, shard)


def test_records_are_read_in_a_schema_that_has_got_a_column(published):
    dataset, shard = published
    schema = schema_of(dataset, shard).append(pa.field("score_new", pa.float32()))
    table = read_records(dataset / shard.path, pl.Series([4, 2]), schema)
    ids = pl.read_parquet(dataset / shard.path, columns=["record_id"]).to_series()
    assert table["record_id"].to_pylist() == [ids[4], ids[2]]
    assert table["score_new"].null_count == 2
