from __future__ import annotations

from threading import Barrier

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.translators import Request, Translation
from glotmill.engine.translators.contract import ForcedScore
from glotmill.engine.workers.unit_plan import estimated_tokens, plan_units
from glotmill.engine.workers.units import RESULT_SCHEMA, forced_table, translate_unit
from glotmill.schemas.errors import TranslatorError


def segments(lengths: list[int], lang: str = "deu_Latn") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "key": [f"{i:08}" for i in range(len(lengths))],
            "source_lang": "eng_Latn",
            "target_lang": lang,
            "text": ["x" * n for n in lengths],
        },
        schema={"key": pl.String, "source_lang": pl.String, "target_lang": pl.String, "text": pl.String},
    )


LENGTHS = st.lists(st.integers(1, 400), min_size=1, max_size=200)


@given(LENGTHS)
def test_every_segment_is_in_exactly_one_batch_of_one_unit(lengths: list[int]):
    asked = segments(lengths)
    units = plan_units(asked, batch_tokens=256, unit_tokens=1024)
    assert sorted(units["key"]) == sorted(asked["key"])
    assert units.group_by("batch").agg(pl.col("unit").n_unique() == 1)["unit"].all()


@given(LENGTHS)
def test_no_batch_is_over_its_bound_but_a_single_long_text(lengths: list[int]):
    units = plan_units(segments(lengths), batch_tokens=256, unit_tokens=1024)
    sizes = units.with_columns(tokens=estimated_tokens()).group_by("batch").agg(pl.len(), pl.col("tokens").max())
    assert all(n == 1 or n * width <= 256 for n, width in sizes.select("len", "tokens").iter_rows())


@given(LENGTHS, st.randoms(use_true_random=False))
def test_the_list_is_a_pure_function_of_the_segments_and_not_of_their_order(lengths, random):
    asked = segments(lengths)
    order = list(range(asked.height))
    random.shuffle(order)
    one = plan_units(asked, batch_tokens=256, unit_tokens=1024)
    other = plan_units(asked[order], batch_tokens=256, unit_tokens=1024)
    assert one.equals(other)


def test_the_list_is_golden():
    units = plan_units(segments([30, 300, 3, 60, 61, 299]), batch_tokens=110, unit_tokens=200)
    assert units.select("unit", "batch", "key").rows() == [
        (0, 0, "00000001"), (1, 1, "00000005"), (2, 2, "00000003"), (2, 2, "00000004"), (2, 2, "00000000"),
        (2, 2, "00000002"),
    ]  # fmt: skip


def test_a_language_with_few_segments_shares_units_with_the_others():
    asked = pl.concat([segments([30] * 500), segments([30] * 3, "swh_Latn").with_columns(key=pl.col("key") + "s")])
    units = plan_units(asked, batch_tokens=512, unit_tokens=100_000)
    small = units.filter(pl.col("target_lang") == "swh_Latn")["batch"].unique()
    langs = units.filter(pl.col("batch").is_in(small.to_list()))["target_lang"].unique()
    assert sorted(langs) == ["deu_Latn", "swh_Latn"]


def test_a_small_job_still_has_work_for_several_workers():
    units = plan_units(segments([30] * 2000), batch_tokens=512, unit_tokens=1_000_000)
    assert units["unit"].n_unique() >= 16


def test_units_are_full_while_there_is_much_to_do_and_shrink_to_a_batch_at_the_end():
    units = plan_units(segments([30] * 20_000), batch_tokens=512, unit_tokens=4096)
    batches = units.group_by("unit", maintain_order=True).agg(pl.col("batch").n_unique())["batch"].to_list()
    assert batches == sorted(batches, reverse=True)
    assert batches[0] == 4096 // 512 + 1
    assert batches[-1] == 1


class Recorder:
    """Remembers its batches and answers with their size."""

    def __init__(self, short: int = 0) -> None:
        self.batches: list[list[str]] = []
        self._short = short
        self.retries = False

    def translate(self, batch: list[Request], *, retry: bool = False) -> list[Translation]:
        self.batches.append([request.text for request in batch])
        return [Translation(request.text.upper(), logprob=-1.0) for request in batch][self._short :]


def test_a_unit_is_done_batch_by_batch_as_it_was_written_down():
    units = plan_units(segments([30, 300, 3, 60, 61, 299]), batch_tokens=110, unit_tokens=200)
    recorder = Recorder()
    done = []
    results = [
        translate_unit(recorder, unit.to_arrow(), lambda: done.append(1))
        for _, unit in units.group_by("unit", maintain_order=True)
    ]
    assert len(done) == units["batch"].n_unique()
    expected = [group["text"].to_list() for _, group in units.group_by("batch", maintain_order=True)]
    assert recorder.batches == expected
    assert [text for result in results for text in result["text"].to_pylist()] == [t.upper() for t in units["text"]]
    assert all(result.schema.equals(RESULT_SCHEMA) for result in results)


def test_an_engine_that_returns_too_few_results_broke_its_contract():
    unit = plan_units(segments([10, 20]), batch_tokens=512, unit_tokens=512)
    with pytest.raises(TranslatorError, match="1 results for the 2 requests"):
        translate_unit(Recorder(short=1), unit.to_arrow())


class Overlapping:
    """An engine that lets a second batch wait; it notes how many were with it at once."""

    retries, overlaps = False, True

    def __init__(self, *, breaks_on: str = "", both: bool = False) -> None:
        self.breaks_on = breaks_on
        self.asked: list[str] = []
        self.at_once = Barrier(2, timeout=5) if both else None

    def translate(self, batch, *, retry=False):
        self.asked += [request.text for request in batch]
        if any(request.text == self.breaks_on for request in batch):
            raise RuntimeError("out of memory")
        if self.at_once is not None:
            self.at_once.wait()
        return [Translation(request.text.upper()) for request in batch]


def test_an_engine_that_lets_it_has_its_next_batch_while_it_is_at_one():
    rows = plan_units(segments(list(range(1, 48))), batch_tokens=64, unit_tokens=10_000).to_arrow()
    batches = len(set(rows["batch"].to_pylist()))
    assert batches % 2 == 0  # the barrier lets two by two through, and breaks where one comes alone
    done: list[None] = []
    results = translate_unit(Overlapping(both=True), rows, lambda: done.append(None))
    assert results["text"].to_pylist() == [text.upper() for text in rows["text"].to_pylist()]
    assert len(done) == batches


def test_a_broken_engine_is_given_no_more_batches():
    rows = plan_units(segments(list(range(1, 201))), batch_tokens=64, unit_tokens=10_000).to_arrow()
    texts = rows["text"].to_pylist()
    engine = Overlapping(breaks_on=texts[0])
    with pytest.raises(TranslatorError, match="RuntimeError: out of memory"):
        translate_unit(engine, rows)
    assert len(engine.asked) < len(texts)


def test_units_before_others_do_not_shrink():
    asked = segments([30] * 2000)
    sizes = plan_units(asked, batch_tokens=512, unit_tokens=4096, shrinking=False)["unit"].value_counts()["count"]
    assert (
        sizes.max()
        == sizes.sort()[1]
        > 2 * plan_units(asked, batch_tokens=512, unit_tokens=4096)["unit"].value_counts()["count"].min()
    )


def test_a_unit_of_forced_pairs_has_twice_the_rows_of_one_of_translations():
    asked = segments([30] * 20_000)
    pairs = asked.with_columns(translation="text")  # both texts count
    translated, forced = (
        plan_units(rows, batch_tokens=512, unit_tokens=4096, shrinking=False)["unit"].value_counts()["count"].max()
        for rows in (asked, pairs)
    )
    assert forced == pytest.approx(2 * translated, rel=0.1)


@given(LENGTHS, LENGTHS)
def test_groups_share_no_unit_and_come_one_after_the_other(first: list[int], second: list[int]):
    groups = [segments(first, "deu_Latn"), segments(second, "fra_Latn")]
    units = plan_units(*groups, batch_tokens=256, unit_tokens=1024)
    assert units["target_lang"].to_list() == ["deu_Latn"] * len(first) + ["fra_Latn"] * len(second)
    for number in ("unit", "batch"):
        assert units.group_by(number).agg(pl.col("target_lang").n_unique() == 1)["target_lang"].all()
        assert units[number].unique().to_list() == list(range(units[number].max() + 1))


def test_the_units_of_a_group_do_not_shrink_where_much_comes_after_it():
    few, many = segments([30] * 1000), segments([30] * 20_000, "fra_Latn")
    sizes = plan_units(few, many, batch_tokens=512, unit_tokens=4096).group_by("unit").len().sort("unit")["len"]
    alone = plan_units(few, batch_tokens=512, unit_tokens=4096)["unit"].n_unique()
    assert sizes[0] == sizes[1] == max(sizes)
    assert sizes.cum_sum().index_of(1000) + 1 < alone
    assert sizes[-1] < sizes[0]


def test_a_forced_score_is_its_words_its_end_and_its_tokens_and_null_where_it_is_no_number():
    nothing = ForcedScore((-1.0, float("nan")), -0.5, 3)
    endless = ForcedScore((-1.0,), float("-inf"), 2)
    whole = ForcedScore((-1.0, -2.0), -0.5, 4)
    assert forced_table([whole, None])["values"].to_pylist() == [[-1.0, -2.0, -0.5, 4.0], None]
    assert forced_table([None, nothing, whole, endless])["values"].to_pylist() == [
        None,
        None,
        [-1.0, -2.0, -0.5, 4.0],
        None,
    ]
    assert forced_table([])["values"].to_pylist() == []
