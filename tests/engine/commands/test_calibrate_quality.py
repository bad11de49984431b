"""A fit of the quality score from a finished build, with translations by people or without."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

import glotmill
from glotmill.filters.quality_fit import read_fit
from glotmill.schemas.errors import InputError

THINGS = ("dog", "man", "woman", "cat", "horse", "train", "child", "bird", "boat", "car")
PLACES = ("on the grass", "near the water", "in the snow", "at a table", "under a tree", "by the road")
CAPTIONS = [
    f"A {size} {thing} is {place}." for thing in THINGS for place in PLACES for size in ("small", "big", "very big")
]


@pytest.fixture
def folder(recipe_file, run, tmp_path: Path) -> Path:
    rows = [{"id": f"c{n}", "task": "caption", "image": f"{n}.jpg", "caption": text} for n, text in enumerate(CAPTIONS)]
    (tmp_path / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = recipe_file(
        sources={"small": {"format": "jsonl", "path": "own.jsonl", "license": "cc0-1.0"}},
        languages=["deu_Latn", "fra_Latn"], translate={"engine": "fake"},
        score={"scorers": ["lexical", "nmt", "round_trip", "cross_entropy", "quality"]},
    )  # fmt: skip
    return run(recipe).dataset.parent


def references(folder: Path, path: Path, share: float = 1.0) -> Path:
    """Translations by people of which some are like the engine's, and some are others."""
    rows = pl.read_parquet(sorted(folder.glob("dataset/data/*/*.parquet"))).sort("record_id")
    chosen = rows.head(round(share * rows.height))
    lines = ["source\ttarget\tlang"]
    for number, row in enumerate(chosen.iter_rows(named=True)):
        said = row["messages"][-1]["content"]
        lines.append(f"{row['source_messages'][-1]['content']}\t{said[: 5 + number % 30]}\t{row['lang']}")
    path.write_text("\n".join(lines))
    return path


def test_people_s_translations_decide_the_weights(folder: Path, tmp_path: Path):
    outcome = glotmill.calibrate_quality(folder, references=references(folder, tmp_path / "people.tsv"))
    assert (outcome.turns, outcome.referenced) == (2 * len(CAPTIONS), 2 * len(CAPTIONS))
    fit = read_fit("score.quality", folder / "quality.json")
    assert fit.content.learnt_from == "references"
    assert fit.content.engine == "fake"
    assert 0 < fit.content.usual["deu_Latn"].level < 1


def test_without_references_it_is_the_fit_that_the_build_made(folder: Path, tmp_path: Path):
    outcome = glotmill.calibrate_quality(folder, out=tmp_path / "again.json")
    assert outcome.fit.content.learnt_from == "agreement"
    made = read_fit("dataset", folder / "dataset" / "quality.json").content
    for lang in ("deu_Latn", "fra_Latn"):
        assert outcome.fit.content.usual[lang].mean == pytest.approx(made.usual[lang].mean, abs=1e-3)


def test_too_few_references_or_no_quality_are_one_line_and_nothing_is_written(folder: Path, tmp_path: Path):
    few = references(folder, tmp_path / "few.tsv", share=0.1)
    with pytest.raises(InputError, match="36 translations have a reference; weights need 300"):
        glotmill.calibrate_quality(folder, references=few)
    with pytest.raises(InputError, match="no dataset in it"):
        glotmill.calibrate_quality(tmp_path)
    assert not (folder / "quality.json").exists()
