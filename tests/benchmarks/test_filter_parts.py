from __future__ import annotations

from pathlib import Path

from benchmarks.filter_parts import save_part, saved_part


def test_a_part_that_the_same_code_measured_is_there_again(tmp_path: Path):
    save_part(tmp_path / "parts", "val-deu_Latn-people", "a1", {"kept": {"deu_Latn": 0.99}})
    assert saved_part(tmp_path / "parts", "val-deu_Latn-people", "a1") == {"kept": {"deu_Latn": 0.99}}


def test_a_part_of_other_code_or_another_name_is_measured_again(tmp_path: Path):
    save_part(tmp_path, "val-deu_Latn-people", "a1", {})
    assert saved_part(tmp_path, "val-deu_Latn-people", "b2") is None
    assert saved_part(tmp_path, "val-fra_Latn-people", "a1") is None


def test_without_a_folder_nothing_is_saved(tmp_path: Path):
    save_part(None, "val-deu_Latn-people", "a1", {})
    assert saved_part(None, "val-deu_Latn-people", "a1") is None
    assert not list(tmp_path.iterdir())
