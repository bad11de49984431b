"""Rows that are read by hand: the draw is the same each time, shows no side, and is counted by cells."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import polars as pl
import pytest

from benchmarks.read_rows import CAPTIONS, SCORES, auroc, count, draw, read_verdicts


def write_build(folder: Path, kept: list[bool], reason: str) -> None:
    """Ten captions in each language, with one score each that grows with the caption's number."""
    rows = [
        {
            "source_messages": [{"content": f"source {row}"}], "messages": [{"content": f"target {row}"}],
            "row_status": "ok", "keep": keep, "filter_reasons": [] if keep else [reason],
            **{f"score_{name}": float(row) for name in SCORES},
        }
        for row, keep in enumerate(kept)
    ]  # fmt: skip
    for lang in CAPTIONS.values():
        data = folder / "out/dataset/data" / lang
        data.mkdir(parents=True)
        pl.DataFrame(rows).write_parquet(data / "0.parquet")


@pytest.fixture
def options(tmp_path: Path) -> Namespace:
    """Two builds: the first drops one row of ten, the second four."""
    write_build(tmp_path / "default", [row > 0 for row in range(10)], "a.rule")
    write_build(tmp_path / "quality", [row > 3 for row in range(10)], "quality.share")
    return Namespace(scratch=tmp_path, each=3, seed=1, verdicts=tmp_path / "verdicts.tsv")


def test_the_draw_is_the_same_again_and_shows_no_side(options: Namespace) -> None:
    draw(options)
    rows = (options.scratch / "rows.tsv").read_text()
    draw(options)
    assert (options.scratch / "rows.tsv").read_text() == rows
    assert rows.splitlines()[0] == "number\tlang\tsource\ttarget"
    assert "rule" not in rows
    assert "true" not in rows


def test_counts_stand_for_the_whole_build(options: Namespace) -> None:
    draw(options)
    key = pl.read_parquet(options.scratch / "key.parquet")
    lines = [f"{number}\twrong\tnoun" if int(source.split()[1]) < 4 else f"{number}\tright"
             for number, source in zip(key["number"], key["source"], strict=True)]  # fmt: skip
    options.verdicts.write_text("\n".join(lines))
    for found in count(options).values():
        assert json.dumps(found)
        assert found["default_dropped"]["rows"] == 1
        assert found["both"]["rows"] == 1
        assert found["quality_alone"]["rows"] == 3
        assert list(found["quality_alone"]["faults"]) == ["noun"]
        assert found["rules"]["default"] == {"a.rule": {"read": 1, "wrong": 1}}
        assert found["default_kept"]["rows"] == 9
        assert found["default_kept"]["wrong_share"] == pytest.approx(3 / 9)
        assert found["quality_dropped"]["wrong_share"] == 1
        assert found["quality_dropped"]["of_all_wrong"] == 1
        assert found["quality_kept"]["wrong"] == 0
        assert found["quality_kept"]["read"] == 3
        assert found["auroc"]["quality_score"] == 1
        assert found["best"]["quality_score"]["0.5"] == 0


def test_a_verdict_file_with_a_number_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "verdicts.tsv").write_text("1\tright\n1\twrong\tnoun\n")
    with pytest.raises(ValueError, match="a number of before"):
        read_verdicts(tmp_path / "verdicts.tsv")


def test_the_area_counts_ties_half_and_rows_by_weight() -> None:
    scores, wrong = pl.Series([1.0, 2.0, 2.0]), pl.Series([True, True, False])
    assert auroc(scores, wrong, pl.Series([1.0, 1.0, 1.0])) == 0.75
    assert auroc(scores, wrong, pl.Series([3.0, 1.0, 5.0])) == 0.875
