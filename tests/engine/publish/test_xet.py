"""What a re-publication sends through Xet, whose own client cuts and compares chunks, into a store on this machine."""

from __future__ import annotations

import random
from pathlib import Path

import huggingface_hub.constants
import polars as pl
import pyarrow.parquet as pq
import pytest

from glotmill.engine.commands.new_rules import new_rules
from glotmill.engine.commands.refilter import refilter
from glotmill.engine.dataset.contents import LocalDataset
from glotmill.engine.dataset.shards import ShardWriter
from glotmill.engine.dataset.write_metadata import describe
from glotmill.schemas.keys import digest

ROWS = 12_000


def stored(folder: Path) -> int:
    """Bytes of the blocks of chunks in the store."""
    return sum(path.stat().st_size for path in folder.rglob("default.*") if path.suffix != ".tagset")


def enlarged(folder: Path) -> None:
    """Make the one shard of the one language megabytes of different texts, as the published writer writes them."""
    local = LocalDataset.open(folder)
    manifest = local.contents.manifest
    (old, *others) = manifest.shards["deu_Latn"]
    rng = random.Random(0)
    row = pq.read_table(local.root / old.path).slice(0, 1)
    schema = row.schema  # with the version in its metadata

    texts = [
        [{"role": "user", "content": "<image>"}, {"role": "assistant", "content": rng.randbytes(500).hex()}]
        for _ in range(ROWS)
    ]
    letters = [float(rng.randrange(1000)) for _ in range(ROWS)]
    frame = pl.concat([pl.DataFrame(row)] * ROWS).with_columns(
        pl.Series("record_id", [f"r1:{digest([number])}" for number in range(ROWS)]),
        pl.Series("messages", texts),
        pl.Series("score_lexical_letters", letters, dtype=pl.Float32),
    )
    with ShardWriter(local.root, old.path, schema) as writer:
        writer.write(frame.to_arrow().cast(schema))
        shard = writer.close(warned={}, answers={}, fingerprints=old.fingerprints)
    for other in others:
        (local.root / other.path).unlink()
    lock, policy = new_rules(local.root, manifest, None, ())
    describe(local.root, {"deu_Latn": [shard]}, manifest.facts, lock, policy, schema)


def test_publishing_again_after_one_percent_changed_its_verdict_sends_a_twentieth_at_most(
    hub, make, publish, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    pytest.importorskip("hf_xet")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", False)
    hub.xet = tmp_path / "xet"
    hub.xet.mkdir()
    folder = make("german")
    enlarged(folder)
    publish(folder)
    first = stored(hub.xet)
    size = LocalDataset.open(folder).contents.size
    assert size > 1_000_000
    assert first == pytest.approx(size, rel=0.2)
    assert hub.asked("PUT", "/lfs/") == []
    summary = refilter(folder, overrides=("filter.user.tenth.fails=score_lexical_letters >= 990",))
    assert 0.005 < summary.flipped / ROWS < 0.015
    publish(folder)
    assert len(hub.repository("org/set").history()) == 2
    assert 0 < stored(hub.xet) - first < 0.05 * size
