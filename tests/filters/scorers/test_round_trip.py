from __future__ import annotations

import pyarrow as pa
import pytest
import sacrebleu

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.scorers.nmt import NmtScorer
from glotmill.filters.scorers.round_trip import RoundTripScorer


def chrf(*pairs: tuple[str, str | None]) -> list[float | None]:
    rows = [{"source": source, "back": back} for source, back in pairs]
    return RoundTripScorer().score(pa.Table.from_pylist(rows, schema=PAIR_SCHEMA))["chrf"].to_pylist()


SOURCE = "A dog runs on the green grass."
BACK = "A dog is running over the grass."


def test_chrf_is_sacrebleus_with_the_source_as_reference():
    assert chrf((SOURCE, BACK))[0] == pytest.approx(sacrebleu.sentence_chrf(BACK, [SOURCE]).score, abs=1e-4)
    assert chrf((BACK, SOURCE))[0] != pytest.approx(chrf((SOURCE, BACK))[0], abs=0.1)


def test_short_text_and_a_missing_way_back_are_not_judged_and_keep_their_places():
    assert chrf(("red", "red"), (SOURCE, None), (SOURCE, SOURCE), ("12345678901234567890", "1"), (SOURCE, "")) == [
        None, None, 100.0, None, 0.0,
    ]  # fmt: skip


def test_a_way_back_that_failed_scores_nothing_and_one_that_was_not_tried_is_not_judged():
    rows = [{"source": SOURCE, "back": None, "back_failed": failed} for failed in (True, False)]
    rows.append({"source": "red", "back": None, "back_failed": True})
    found = RoundTripScorer().score(pa.Table.from_pylist(rows, schema=PAIR_SCHEMA))
    assert found["chrf"].to_pylist() == [0.0, None, None]


def test_nothing_to_judge_is_no_error():
    assert chrf() == []
    assert chrf(("red", "red")) == [None]


def test_the_translators_log_probability_is_handed_on():
    pairs = pa.Table.from_pylist([{"logprob": -0.5}, {"logprob": None}], schema=PAIR_SCHEMA)
    assert NmtScorer().score(pairs)["logprob"].to_pylist() == [-0.5, None]
