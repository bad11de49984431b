from __future__ import annotations

import polars as pl
import pytest

from filters.registry import SCORERS, make_scorers
from filters.rules import RULES, make_policy
from schemas.errors import InputError

ALL = list(SCORERS)


def test_codes_and_parameters_are_golden():
    assert [rule.code for rule in RULES] == [
        "integrity.empty", "integrity.hit_limit", "integrity.broken_chars", "numbers.extra", "numbers.missing",
        "language_id.mass", "language_id.short_margin", "language_id.english", "round_trip.chrf",
    ]  # fmt: skip
    assert make_policy({}, ALL).parameters == {
        "integrity.max_broken_chars": 0, "numbers.max_extra": 0, "numbers.max_missing": 0, "language_id.min_mass": 0.1,
        "language_id.min_short_margin": -2.0, "language_id.max_english": 0.8, "round_trip.min_chrf": 30.0,
    }  # fmt: skip


def test_every_rule_reads_columns_of_its_own_scorer_only():
    columns = {metric.score_column for scorer in SCORERS.values() for metric in scorer.metrics}
    for rule in RULES:
        parameters = {p.name: p.default for p in rule.parameters}
        read = set(rule.fails(parameters).meta.root_names()) - {"lang"}
        assert read
        assert read <= columns
        assert all(name.startswith(f"score_{rule.scorer}_") for name in read)


def test_only_lost_numbers_warn_by_default():
    actions = make_policy({}, ALL).actions
    assert [code for code, action in actions.items() if action != "reject"] == ["numbers.missing"]


def test_rules_of_scorers_that_do_not_run_are_not_there():
    assert {rule.scorer for rule in make_policy({}, ["integrity"]).rules()} == {"integrity"}


def test_a_threshold_and_an_action_can_be_set():
    policy = make_policy({"round_trip": {"min_chrf": 50, "chrf": {"action": "warn"}}}, ALL)
    assert policy.parameters["round_trip.min_chrf"] == 50.0
    frame = pl.DataFrame({"score_round_trip_chrf": [40.0]})
    only = make_policy({"round_trip": {"min_chrf": 50, "chrf": {"action": "warn"}}}, ["round_trip"])
    assert frame.select(r=only.failing("warn"))["r"].to_list() == [["round_trip.chrf"]]
    assert frame.select(r=only.failing("reject"))["r"].to_list() == [[]]


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


@pytest.mark.parametrize(("names", "message"), [(["langid"], "language_id"), (["nmt", "nmt"], "twice")])
def test_unknown_or_repeated_scorers_are_refused(names: list[str], message: str):
    with pytest.raises(InputError, match=message):
        make_scorers(names)


def test_every_metric_belongs_to_its_scorer_and_has_bounds_in_order():
    for name, scorer in SCORERS.items():
        assert name == scorer.name
        for metric in scorer.metrics:
            assert metric.scorer == name
            assert metric.low is None or metric.high is None or metric.low < metric.high
