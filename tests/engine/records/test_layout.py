"""Records stay where they are, however the samples come and go."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.dataset.shards import Shard
from glotmill.engine.records.layout import SampleIndex, ShardPlan, lay_out
from glotmill.schemas.errors import InputError
from glotmill.schemas.sample import SAMPLE_SCHEMA

LANG = "deu_Latn"


def index(folder: Path, ids: list[str], *, group: int = 3, **more) -> SampleIndex:
    rows = [{"source_id": i, "task": "caption", "langs": [LANG], "split": "train", **more} for i in ids]
    pq.write_table(pa.Table.from_pylist(rows, schema=SAMPLE_SCHEMA), folder / "s.parquet", row_group_size=group)
    return SampleIndex([folder / "s.parquet"], folder / "index.parquet")


def ids_of(samples: SampleIndex, plan: ShardPlan) -> list[str]:
    """The ids of a shard's present records."""
    return [found for table in samples.rows.tables(plan.present) for found in table["source_id"].to_pylist()]


def published(folder: Path, name: str, ids: list[str]) -> Shard:
    path = f"data/{LANG}/{name}.parquet"
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({"source_id": ids, "task": ["caption"] * len(ids), "source_hash": ["h"] * len(ids)})
    pq.write_table(table, folder / path)
    return Shard(path, "", 0, len(ids), 0, {}, {}, {}, {}, [], "", "", {}, {})


def test_new_samples_are_cut_into_new_shards_in_their_order(tmp_path: Path):
    samples = index(tmp_path, list("abcde"))
    plans = lay_out(samples, LANG, [], tmp_path, 2)
    assert [(p.path[-19:], ids_of(samples, p)) for p in plans] == [
        ("train-00000.parquet", ["a", "b"]), ("train-00001.parquet", ["c", "d"]), ("train-00002.parquet", ["e"]),
    ]  # fmt: skip


def test_a_new_shards_digest_is_of_its_samples_in_whatever_portions_these_are_read(tmp_path: Path):
    found = [lay_out(index(tmp_path, list("abcdefg"), group=group), LANG, [], tmp_path, 3) for group in (1, 2, 3, 10)]
    digests = [[plan.digest for plan in plans] for plans in found]
    said = pq.read_table(tmp_path / "index.parquet").to_pylist()
    lines = [f"{row['source_id']} {row['task']} {row['digest']}\n" for row in said]
    first = hashlib.sha256("".join(lines[:3]).encode()).hexdigest()[:32]
    assert digests == [[first, *digests[0][1:]]] * 4


@given(st.permutations("abcdefgh"), st.integers(0, 8), st.integers(1, 5))
def test_published_rows_keep_their_places_and_every_sample_stands_once(tmp_path_factory, now, gone, rows):
    folder = tmp_path_factory.mktemp("layout")
    old = [published(folder, "train-00000", ["c", "a", "x"]), published(folder, "train-00001", ["y", "b"])]
    ids = list(now)[gone:]
    samples = index(folder, ids)
    plans = lay_out(samples, LANG, old, folder, rows)
    for plan, before in zip(plans, (["c", "a", "x"], ["y", "b"]), strict=False):
        assert plan.places.is_null().to_list() == [name not in ids for name in before]
        assert ids_of(samples, plan) == [name for name in before if name in ids]
    assert sorted(name for plan in plans for name in ids_of(samples, plan)) == sorted(ids)
    assert all(len(plan.places) <= rows for plan in plans[2:])


def test_the_digest_changes_with_what_a_sample_says_and_not_with_where_it_stands(tmp_path: Path):
    old = [published(tmp_path, "train-00000", ["a", "b"])]
    digests = [
        lay_out(index(tmp_path, ids, license=text), LANG, old, tmp_path, 5)[0].digest
        for ids, text in (("ab", "mit"), ("ba", "mit"), ("abc", "mit"), ("a", "mit"), ("ab", "cc0-1.0"))
    ]
    assert digests[0] == digests[1] == digests[2]
    assert len(set(digests)) == 3


def test_a_row_that_would_leave_its_split_is_refused(tmp_path: Path):
    old = [published(tmp_path, "test-00000", ["a"])]
    with pytest.raises(InputError, match="1 published rows of deu_Latn would leave the split test"):
        lay_out(index(tmp_path, ["a"]), LANG, old, tmp_path, 5)
