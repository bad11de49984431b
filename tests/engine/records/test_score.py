from __future__ import annotations

from typing import Any, ClassVar

import pyarrow as pa
import pytest

from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.records.composed_rows import COMPOSED_SCHEMA, TURN_SCHEMA, ComposedRows
from glotmill.engine.records.score import score
from glotmill.engine.storage.folder import Folder
from glotmill.filters.contract import Scorer
from glotmill.filters.policy import Policy, make_policy
from glotmill.schemas.errors import GlotmillError
from glotmill.schemas.record import Label, Metric

NOWHERE = ScoreStore(Folder("nowhere"))  # cheap scorers never touch it


class Given(Scorer):
    """A scorer whose values are the pairs' log-probabilities, under both directions."""

    name: ClassVar[str] = "given"
    version: ClassVar[int] = 1
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("given", "up", "higher", None, None, ""),
        Metric("given", "down", "lower", None, None, ""),
    )

    def fingerprint(self) -> dict[str, Any]:
        return {}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        values = pairs["logprob"].combine_chunks()
        return {"up": values, "down": values}


class Called(Given):
    """The same scorer, which also says whether a value is far below nought."""

    labels: ClassVar[tuple[Label, ...]] = (Label("given", "depth", ""),)

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        depths = [None if v is None else "deep" if v < -2 else "flat" for v in pairs["logprob"].to_pylist()]
        return {**super().score(pairs), "depth": pa.array(depths, pa.string())}


def rows(*scored: list[float | None]) -> ComposedRows:
    """Records of three turns each; the given turns are judged from the first on."""
    turn = {"role": "user", "content": "x"}
    records = [{"source_messages": [turn] * 3, "row_status": "ok"} for _ in scored]
    turns = [
        {"row": row, "turn": number, "logprob": value}
        for row, values in enumerate(scored)
        for number, value in enumerate(values)
    ]
    return ComposedRows(
        pa.Table.from_pylist(records, schema=COMPOSED_SCHEMA), pa.Table.from_pylist(turns, schema=TURN_SCHEMA)
    )


def test_a_record_has_its_worst_turn_by_the_metrics_direction():
    scores = score(rows([-1.0, -3.0, -2.0]), [Given()], NOWHERE)
    assert scores["score_given_up"].to_list() == [-3.0]
    assert scores["score_given_down"].to_list() == [-1.0]
    assert scores["turn_given_up"].to_list() == [[-1.0, -3.0, -2.0]]


def test_turns_that_were_not_judged_are_null_and_do_not_count():
    scores = score(rows([None, -3.0], [], [-1.0]), [Given()], NOWHERE)
    assert scores["turn_given_up"].to_list() == [[None, -3.0, None], [None] * 3, [-1.0, None, None]]
    assert scores["score_given_up"].to_list() == [-3.0, None, -1.0]


def test_a_scorer_that_gives_another_number_of_values_is_an_error(monkeypatch):
    monkeypatch.setattr(Given, "score", lambda self, pairs: {"up": pa.array([], pa.float32()), "down": None})
    with pytest.raises(GlotmillError, match="given"):
        score(rows([-1.0]), [Given()], NOWHERE)


class Costly(Given):
    """An expensive scorer that counts what it is shown."""

    inputs: ClassVar[tuple[str, ...]] = ("lang", "logprob")

    def __init__(self) -> None:
        self.shown = 0

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        self.shown += pairs.num_rows
        return super().score(pairs)


def test_an_expensive_score_is_measured_once_and_comes_from_the_store_afterwards(tmp_path):
    store = ScoreStore(Folder(tmp_path))
    first, again = Costly(), Costly()
    cheap = score(rows([-1.0, -3.0], [-1.0, None]), [Given()], NOWHERE)
    assert score(rows([-1.0, -3.0], [-1.0, None]), [first], store).equals(cheap)
    assert first.shown == 3  # -1.0 appears twice
    assert score(rows([-1.0, -3.0], [-1.0, None]), [again], store).equals(cheap)
    assert again.shown == 0


class Dear(Given):
    """An expensive scorer that notes how many pairs it is shown."""

    name: ClassVar[str] = "dear"
    expensive: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = (Metric("dear", "up", "higher", None, None, ""),)
    shown: ClassVar[list[int]] = []

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        self.shown.append(pairs.num_rows)
        return {"up": pairs["logprob"].combine_chunks()}


def spared(monkeypatch: pytest.MonkeyPatch, skip: Policy | None):
    monkeypatch.setattr(Dear, "shown", [])
    scores = score(rows([-1.0, -9.0], [-1.0], [], [-8.0, -2.0]), [Given(), Dear()], NOWHERE, skip)
    return scores, Dear.shown


FAILS = {"user": {"low": {"fails": "score_given_up < -5"}}}
POLICY = make_policy(FAILS, [], metrics=Given.metrics)


def test_an_expensive_scorer_is_spared_what_cheap_rules_reject_and_says_so(monkeypatch):
    scores, shown = spared(monkeypatch, POLICY)
    assert shown == [1]
    assert scores["scores_skipped"].to_list() == [["dear"], [], [], ["dear"]]
    assert scores["score_dear_up"].to_list() == [None, -1.0, None, None]
    assert scores["turn_dear_up"].to_list()[1] == [-1.0, None, None]
    assert scores["score_given_up"].to_list() == [-9.0, -1.0, None, -8.0]


def test_nothing_is_skipped_unless_it_is_asked_for(monkeypatch):
    scores, shown = spared(monkeypatch, None)
    assert shown == [5]
    assert scores["scores_skipped"].to_list() == [[], [], [], []]
    assert scores["score_dear_up"].to_list() == [-9.0, -1.0, None, -8.0]


def test_what_is_not_rejected_scores_the_same_either_way(monkeypatch):
    skipped, _ = spared(monkeypatch, POLICY)
    full, _ = spared(monkeypatch, None)
    kept = skipped["scores_skipped"].list.len() == 0
    assert skipped.filter(kept).equals(full.filter(kept))


def test_a_record_has_the_label_of_most_of_its_turns_and_of_equally_many_the_first():
    found = score(rows([-1.0, -3.0, -4.0], [-1.0, -3.0], [None, -3.0], []), [Called()], NOWHERE)
    assert found["label_given_depth"].to_list() == ["deep", "flat", "deep", None]
    assert found["turn_given_depth"].to_list() == [
        ["flat", "deep", "deep"], ["flat", "deep", None], [None, "deep", None], [None, None, None],
    ]  # fmt: skip


def test_labels_that_are_no_strings_break_the_contract():
    class Numbers(Called):
        def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
            return {**super().score(pairs), "depth": pairs["logprob"].combine_chunks()}

    with pytest.raises(GlotmillError, match="scorer given gave 1 float values of depth for 1 pairs"):
        score(rows([-1.0]), [Numbers()], NOWHERE)


class Comparing(Given):
    """A scorer that compares rows: each value is how many pairs it saw at once."""

    whole_shard: ClassVar[bool] = True

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        seen = pa.array([float(pairs.num_rows)] * pairs.num_rows, pa.float32())
        return {"up": seen, "down": seen}


def test_of_several_shards_a_scorer_that_compares_rows_sees_one_after_the_other():
    made = rows([-1], [], [-1, -2], [], [-3])
    assert score(made, [Comparing()], NOWHERE)["score_given_up"].to_list() == [4, None, 4, None, 4]
    split = score(made, [Comparing()], NOWHERE, shards=[2, 0, 2, 1])
    assert split["score_given_up"].to_list() == [1, None, 2, None, 1]
    assert score(made, [Given()], NOWHERE, shards=[2, 0, 2, 1]).equals(score(made, [Given()], NOWHERE))
