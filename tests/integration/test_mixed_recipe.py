"""All captions of COCO val2017 and the questions of xGQA as one mixed recipe: one language each, half English."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import yaml


def test_every_row_goes_into_one_language_and_half_stays_english(shared_data: Path, run, tmp_path: Path):
    sources = {
        "captions": {"format": "coco_captions", "path": str(shared_data / "coco/captions_val2017.json")},
        "train": {
            "format": "gqa",
            "path": str(shared_data / "xgqa/en/train_48.json"),
            "dataset": "xgqa",
            "config": "t",
        },
        "dev": {"format": "gqa", "path": str(shared_data / "xgqa/en/dev.json"), "dataset": "xgqa", "config": "d"},
    }
    content = {
        "name": "mixed", "sources": sources, "languages": ["eng_Latn", "deu_Latn", "fra_Latn", "ces_Latn"],
        "mix": {"mode": "one_each", "english_share": 0.5}, "splits": {"validation": 0.01}, "templates": {},
        "translate": {"engine": "fake"}, "score": {"scorers": ["integrity"]}, "workers": 0, "max_failed": 0.001,
    }  # fmt: skip
    (tmp_path / "mixed.yaml").write_text(yaml.safe_dump(content))
    summary = run(tmp_path / "mixed.yaml", memory=tmp_path / "memory")
    assert {name: count.samples for name, count in summary.mix.sources.items()} == {
        "captions": 25_014, "train": 1_490, "dev": 1_422
    }  # fmt: skip
    for count in summary.mix.sources.values():
        assert count.rows == count.target
        assert count.rows["eng_Latn"] == count.samples / 2
        assert max(count.rows.values()) == count.rows["eng_Latn"]
        assert sum(count.rows.values()) == count.samples
    assert summary.rows == 27_926
    assert not summary.too_many_failed
    files = sorted(summary.dataset.glob("data/*/*.parquet"))
    ids = pl.concat([pl.read_parquet(path, columns=["source_id", "template_id"]) for path in files])
    assert ids["source_id"].n_unique() == ids.height == 27_926
    assert ids["template_id"].null_count() == 0
    held_out = [pl.read_parquet(p, columns=["image_refs"])["image_refs"] for p in files if "validation" in p.name]
    trained = [pl.read_parquet(p, columns=["image_refs"])["image_refs"] for p in files if "train" in p.name]
    one, other = ({ref["image_id"] for refs in side for row in refs for ref in row} for side in (held_out, trained))
    assert one
    assert not one & other
