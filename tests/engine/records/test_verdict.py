from __future__ import annotations

import polars as pl

from glotmill.engine.records.verdict import judge
from glotmill.filters.policy import make_policy

SCORED = pl.DataFrame(
    {
        "lang": ["deu_Latn"] * 4,
        "failure": [None, None, None, "failed:source_too_long"],
        "score_integrity_empty": [0.0, 0.0, 1.0, None],
        "score_integrity_hit_limit": [0.0, 0.0, 1.0, None],
        "score_integrity_broken_chars": [0.0, None, 0.0, None],
        "score_round_trip_chrf": [90.0, 4.0, 4.0, None],
    }
)
POLICY = make_policy({}, ["integrity", "round_trip"])


def test_all_failing_rules_are_named_and_the_first_counts():
    verdict = judge(SCORED, POLICY)
    assert verdict["filter_reasons"].to_list() == [
        [],
        ["round_trip.chrf"],
        ["integrity.empty", "integrity.hit_limit", "round_trip.chrf"],
        ["source_too_long"],
    ]
    assert verdict["keep"].to_list() == [True, False, False, False]


def test_a_rule_that_is_off_or_warns_rejects_nothing():
    for action in ("off", "warn"):
        policy = make_policy({"round_trip": {"chrf": {"action": action}}}, ["integrity", "round_trip"])
        assert judge(SCORED, policy)["keep"].to_list() == [True, True, False, False]


def test_null_scores_never_reject():
    nulls = SCORED.with_columns(pl.lit(None, pl.Float32).alias(c) for c in SCORED.columns if c.startswith("score_"))
    assert judge(nulls, POLICY)["keep"].to_list() == [True, True, True, False]


def test_without_a_rule_everything_sound_is_kept():
    assert judge(SCORED, make_policy({}, []))["keep"].to_list() == [True, True, True, False]
