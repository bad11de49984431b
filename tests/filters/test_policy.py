from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotmill.filters.policy import make_policy
from glotmill.filters.registry import SCORERS, make_scorers
from glotmill.schemas.errors import InputError

ALL = list(SCORERS)
METRICS = [metric for scorer in SCORERS.values() for metric in scorer.metrics]


def frame(rows: int = 1, **scores: list[float | None]) -> pl.DataFrame:
    """All score columns, null but for those given."""
    nothing = {metric.score_column: [None] * rows for metric in METRICS}
    data = {**nothing, **{f"score_{name}": values for name, values in scores.items()}}
    return pl.DataFrame(data, schema=dict.fromkeys(nothing, pl.Float32)).with_columns(
        lang=pl.lit("deu_Latn"), task=pl.lit("caption")
    )


def test_rules_of_scorers_that_do_not_run_are_not_there():
    assert {rule.scorer for rule in make_policy({}, ["integrity"]).rules()} == {"integrity"}


def test_a_threshold_and_an_action_can_be_set():
    policy = make_policy({"round_trip": {"min_chrf": 50, "chrf": {"action": "warn"}}}, ALL)
    assert policy.parameters["round_trip.min_chrf"] == 50.0
    rows = frame(round_trip_chrf=[40.0])
    assert policy.failing(rows, "warn").to_list() == [["round_trip.chrf"]]
    assert policy.failing(rows).to_list() == [[]]


def test_all_failing_rules_are_named_in_the_order_of_cost():
    rows = frame(2, round_trip_chrf=[1.0, 90.0], integrity_empty=[1.0, 0.0], lexical_len_z=[9.0, 1.0])
    assert make_policy({}, ALL).failing(rows).to_list() == [
        ["integrity.empty", "lexical.len_z", "round_trip.chrf"],
        [],
    ]


def test_null_scores_fail_nothing():
    policy = make_policy({}, ALL)
    assert policy.failing(frame(3)).to_list() == [[], [], []]
    assert policy.failing(frame(3), "warn").to_list() == [[], [], []]


def test_no_rows_and_no_rules_give_no_codes():
    assert make_policy({}, ALL).failing(frame(0)).to_list() == []
    assert make_policy({}, []).failing(frame(2)).to_list() == [[], []]


@given(st.lists(st.tuples(*[st.floats(-5, 120, width=32) | st.none()] * 3), max_size=20))
def test_a_verdict_is_that_of_each_rule_by_itself(rows):
    names = ["lexical_len_z", "round_trip_chrf", "script_frac"]
    table = frame(len(rows), **{name: [row[i] for row in rows] for i, name in enumerate(names)})
    policy = make_policy({}, ALL)
    expected = [[] for _ in rows]
    for rule in policy.rules("reject"):
        hit = table.select(policy._fails(rule).fill_null(value=False)).to_series()
        for row, bad in enumerate(hit):
            if bad:
                expected[row].append(rule.code)
    assert policy.failing(table).to_list() == expected


def test_a_score_that_was_skipped_is_needed_by_the_rules_that_reject_on_it():
    rows = frame(2, lexical_len_z=[9.0, 1.0]).with_columns(
        scores_skipped=pl.Series([["round_trip"], []], dtype=pl.List(pl.String))
    )
    policy = make_policy({}, ALL)
    assert policy.failing(rows).to_list() == [["lexical.len_z", "needs_score.round_trip"], []]
    lenient = make_policy({"lexical": {"max_len_z": 50}}, ALL)
    assert lenient.failing(rows).to_list() == [["needs_score.round_trip"], []]
    off = make_policy({"lexical": {"max_len_z": 50}, "round_trip": {"chrf": {"action": "off"}}}, ALL)
    assert off.failing(rows).to_list() == [[], []]


def test_other_scripts_have_a_threshold_of_their_own():
    rows = frame(2, lexical_copy_frac=[0.4, 0.4]).with_columns(lang=pl.Series(["deu_Latn", "rus_Cyrl"]))
    assert make_policy({}, ALL).failing(rows).to_list() == [[], ["lexical.copy_frac"]]


def test_a_languages_own_threshold_is_shown_as_the_one_it_was_compared_with():
    policy = make_policy({}, ["language_id"])
    (rule,) = [rule for rule in policy.rules() if rule.code == "language_id.mass"]
    for lang in ("deu_Latn", "swh_Latn"):
        told = policy.thresholds(rule, frame().with_columns(lang=pl.lit(lang)))["min_mass"]
        below, above = (frame(language_id_mass=[told + step]).with_columns(lang=pl.lit(lang)) for step in (-1e-5, 1e-5))
        assert "language_id.mass" in policy.failing(below)[0]
        assert "language_id.mass" not in policy.failing(above)[0]


def test_thresholds_of_a_scorer_that_does_not_run_are_refused_and_not_ignored():
    with pytest.raises(InputError, match=r"filter\.round_trip: the scorer does not run"):
        make_policy({"round_trip": {"min_chrf": 50}}, ["integrity"])


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"round_tripp": {}}, "did you mean 'round_trip'"),
        ({"round_trip": {"min_chr": 1}}, "did you mean 'min_chrf'"),
        ({"round_trip": {"min_chrf": 101}}, "from 0 to 100, found 101"),
        ({"round_trip": {"min_chrf": "high"}}, "found 'high'"),
        ({"round_trip": {"min_chrf": True}}, "found True"),
        ({"round_trip": {"chrf": {"action": "drop"}}}, r"reject \| warn \| off"),
        ({"round_trip": {"chrf": "off"}}, "action"),
    ],
)
def test_what_is_not_known_or_possible_is_refused_by_its_key(section: dict, message: str):
    with pytest.raises(InputError, match=message):
        make_policy(section, ALL)


def test_scorers_come_in_the_registrys_order_whatever_was_asked():
    assert [s.name for s in make_scorers(["round_trip", "integrity"])] == ["integrity", "round_trip"]
