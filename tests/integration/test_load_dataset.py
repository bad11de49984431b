"""A built dataset as its users open it."""

from __future__ import annotations

from pathlib import Path

import pytest
from datasets import load_dataset


@pytest.fixture
def dataset(recipe_file, run) -> tuple[str, dict[str, tuple[int, int]]]:
    """The dataset's folder, and (rows, kept) by language."""
    summary = run(
        recipe_file(
            translate={"engine": "fake", "fault": "empty", "fault_every": 5},
            pack={"shard_rows": 16, "row_group_rows": 8},
            max_failed=1,
        )
    )
    return str(summary.dataset), {lang: (c.rows, c.kept) for lang, c in summary.languages.items()}


@pytest.mark.parametrize("streaming", [False, True])
def test_every_config_loads_with_the_counts_of_the_card(dataset, streaming: bool, tmp_path: Path):
    folder, counts = dataset
    expected = {"default": sum(kept for _, kept in counts.values())}
    for lang, (rows, kept) in counts.items():
        assert 0 < kept < rows
        expected |= {lang: kept, f"{lang}_all": rows}
    for config, rows in expected.items():
        loaded = load_dataset(folder, config, split="train", streaming=streaming, cache_dir=str(tmp_path / "cache"))
        assert sum(1 for _ in loaded) == rows, config
        assert all(row["keep"] for row in loaded) == (not config.endswith("_all"))


def test_a_loaded_row_has_text_markers_images_and_scores(dataset, tmp_path: Path):
    folder, _ = dataset
    loaded = load_dataset(folder, "swh_Latn", split="train", cache_dir=str(tmp_path / "cache"))
    row = next(row for row in loaded if row["task"] == "vqa_open")
    assert row["messages"][0]["content"].startswith("<image>\n")
    assert row["messages"][0]["content"].count("<image>") == len(row["image_refs"])
    assert row["score_round_trip_chrf"] == 100.0
    assert row["lang_bcp47"] == "sw"
