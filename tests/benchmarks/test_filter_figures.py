from __future__ import annotations

import pytest

from benchmarks.corruptions import CORRUPTIONS
from benchmarks.filter_figures import HALF, STRUCTURAL, Cell, Results, figures


def cell(corruption: str, caught: float, made_by: str = "people", field_type: str = "caption") -> Cell:
    return Cell("val", "deu_Latn", field_type, made_by, corruption, 10, caught, "", "adequacy_score", *[0.9] * 7)


def results(*names: str) -> Results:
    cells = [cell(name, 1.0 if name != HALF else 0.9, made_by) for name in names for made_by in ("people", "machine")]
    kept = {"deu_Latn caption people": 0.99, "deu_Latn caption machine": 0.97}
    half = {"deu_Latn caption people": {"rows": 9.0, "left_out": 1.0, "caught": 1.0}}
    return Results(cells, kept, dict.fromkeys(kept, 0.9), {}, {}, half)


def test_structural_figures_need_no_engine_and_no_other_corruption():
    found = figures(results(*STRUCTURAL, HALF), [*STRUCTURAL, HALF], with_engine=False)
    assert found["half_copied_caught"] == pytest.approx(0.9)
    assert (found["half_copied_caught_from_4_words"], found["half_copied_under_4_words"]) == (1, 1)
    assert found["structural_caught_worst"] == 1
    assert "cut50_caught" not in found


def test_all_figures_are_there_where_all_was_measured():
    found = figures(results(*CORRUPTIONS), list(CORRUPTIONS), with_engine=True)
    assert {"structural_caught_worst", "cut50_caught", "shuffle_caught_at_1pct_machine"} <= found.keys()
    assert found["machine_kept"] == {"deu_Latn caption machine": 0.97}


def test_figures_of_what_was_not_measured_are_left_out():
    assert figures(results("shuffle"), ["shuffle"], with_engine=True) == {}
