import argparse
import json

import pytest

from benchmarks.results import agreement, carry_out, exponent, output_digest, read_results


def test_the_exponent_of_linear_and_of_quadratic_growth():
    assert exponent([10, 100, 1000], [0.2, 2.0, 20.0]) == pytest.approx(1)
    assert exponent([10, 100, 1000], [1, 100, 10_000]) == pytest.approx(2)


def test_agreement_counts_texts_of_all_languages():
    assert agreement({"a": ["x", "y"], "b": ["z", "q"]}, {"a": ["x", "y"], "b": ["z", "w"]}) == 0.75


def test_digests_tell_order_and_text():
    one = output_digest({"a": ["x", "y"]})
    assert one == output_digest({"a": ["x", "y"]})
    assert one != output_digest({"a": ["y", "x"]})


def test_a_result_is_saved_with_what_ran_it(tmp_path, capsys):
    options = argparse.Namespace(scratch=tmp_path, results=None, quick=True, json=True)
    carry_out("thing", lambda _: {"seconds": [1.5], "versions": {"peer": "1"}}, options)
    saved = read_results(tmp_path / "results-quick")
    assert json.loads(capsys.readouterr().out) == saved["thing"]
    assert saved["thing"]["seconds"] == [1.5]
    assert saved["thing"]["versions"]["peer"] == "1"
    assert saved["thing"]["hardware"]["cores"] >= 1


def test_a_comparison_that_fails_saves_nothing(tmp_path):
    options = argparse.Namespace(scratch=tmp_path, results=None, quick=False, json=True)
    with pytest.raises(ZeroDivisionError):
        carry_out("thing", lambda _: {"seconds": 1 / 0}, options)
    assert read_results(tmp_path / "results") == {}
