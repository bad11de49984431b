from __future__ import annotations

import polars as pl
import pytest

from glotmill.filters.policy import make_policy
from glotmill.filters.registry import SCORERS, metrics_of
from glotmill.filters.user_rules import user_rule
from glotmill.schemas.errors import InputError

METRICS = [metric for name in ("lexical", "round_trip") for metric in SCORERS[name].metrics]


def policy(fails: object, **more: object):
    section = {"user": {"mine": {"fails": fails, **more}}}
    return make_policy(section, ["lexical", "round_trip"], metrics=METRICS)


def frame(**scores: list[float | None]) -> pl.DataFrame:
    rows = len(next(iter(scores.values())))
    data = {m.score_column: scores.get(m.score_column.removeprefix("score_"), [None] * rows) for m in METRICS}
    return pl.DataFrame(data, schema=dict.fromkeys(data, pl.Float32)).with_columns(lang=pl.lit("deu_Latn"))


def test_an_expression_over_scores_and_language_decides():
    rules = policy("score_lexical_len_z > 2 AND (score_round_trip_chrf < 40 OR lang IN ('ces_Latn', 'fra_Latn'))")
    rows = frame(lexical_len_z=[2.5, 2.5, 1.0], round_trip_chrf=[30.0, 60.0, 30.0])
    assert rules.failing(rows).to_list() == [["user.mine"], [], []]
    assert rules.fingerprint()["rules"]


def test_decimal_and_negative_numbers_can_be_compared_and_reckoned_with():
    assert policy("score_lexical_len_z < -0.5").failing(frame(lexical_len_z=[-0.6, -0.4])).to_list() == [
        ["user.mine"],
        [],
    ]
    assert policy("score_lexical_len_z * 0.5 > 1.25").failing(frame(lexical_len_z=[2.6])).to_list() == [["user.mine"]]


def test_a_script_can_be_told_by_the_end_of_the_code():
    assert policy("lang LIKE '%_Latn'").failing(frame(lexical_len_z=[1.0])).to_list() == [["user.mine"]]


def test_a_null_does_not_reject_unless_it_is_asked_for():
    rows = frame(lexical_len_z=[None, 3.0])
    assert policy("score_lexical_len_z > 2").failing(rows).to_list() == [[], ["user.mine"]]
    assert policy("score_lexical_len_z IS NULL").failing(rows).to_list() == [["user.mine"], []]


def test_it_can_warn_or_be_off():
    rows = frame(lexical_len_z=[3.0])
    assert policy("score_lexical_len_z > 2", action="warn").failing(rows, "warn").to_list() == [["user.mine"]]
    assert policy("score_lexical_len_z > 2", action="off").failing(rows).to_list() == [[]]


def test_an_unknown_column_is_an_error_that_names_the_nearest():
    with pytest.raises(
        InputError, match=r"filter\.user\.mine\.fails: unknown column 'score_lexical_lenz'.*'score_lexical_len_z'"
    ):
        policy("score_lexical_lenz > 2")


@pytest.mark.parametrize(
    "text",
    [
        "", "score_lexical_len_z >", "1; DROP TABLE x", "read_csv('secrets.csv')", "score_lexical_len_z IN (SELECT 1)",
        "(SELECT 1) > 0", "score_lexical_len_z > AVG(score_lexical_len_z)", "SUM(score_lexical_len_z) > 1",
        "score_lexical_len_z > LAG(score_lexical_len_z) OVER (ORDER BY lang)", "ROW_NUMBER() OVER () > 1",
        "COUNT(*) > 1",
        "score_lexical_len_z", "lang", "score_lexical_len_z + 1", "lang > 3", "UPPER(lang) = 'X'",
    ],
)  # fmt: skip
def test_what_is_no_test_of_one_rows_scores_is_refused(text: str):
    with pytest.raises(InputError, match=r"filter\.user\.mine\.fails"):
        policy(text)


@pytest.mark.parametrize("value", [3, "score_lexical_len_z > 2", {}, {"fails": "lang = 'x'", "actoin": "warn"}])
def test_what_is_no_rule_is_refused(value: object):
    with pytest.raises(InputError, match=r"filter\.user\.mine"):
        make_policy({"user": {"mine": value}}, ["lexical"], metrics=METRICS)


def test_an_unknown_action_is_refused():
    with pytest.raises(InputError, match=r"reject \| warn \| off"):
        policy("lang = 'x'", action="drop")


def test_a_cast_that_suits_the_data_stays_possible_for_the_datasets_that_have_one():
    rule = user_rule("long", {"fails": "CAST(score_lexical_letters AS INT) > 50"}, metrics_of(["lexical"]))
    frame = pl.DataFrame({"score_lexical_letters": [None, 3.0, 99.0], "lang": ["deu_Latn"] * 3})
    assert frame.select(rule.fails({})).to_series().to_list() == [None, False, True]
