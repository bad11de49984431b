"""What becomes of a unit whose workers fail: more attempts, then only the rows to blame are given up."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.runs.run import UNIT_SCHEMA
from glotmill.engine.workers.recovery import ALONE, MAX_FAILURES, MAX_POISONED, UnitRecovery, find_poisoned
from glotmill.engine.workers.units import RESULT_SCHEMA, Failure, Unit, UnitResult
from glotmill.schemas.errors import WorkerError

DIED = Failure("worker_died", "killed")


def unit(rows: int) -> Unit:
    languages = {"source_lang": "eng_Latn", "target_lang": "deu_Latn"}
    made = [{"unit": 7, "batch": i // 4, "key": f"k{i}", "text": f"t{i}", **languages} for i in range(rows)]
    return Unit(7, pa.Table.from_pylist(made, schema=UNIT_SCHEMA))


def forced_unit(rows: int) -> Unit:
    """One source, forced to many translations."""
    made = unit(rows).rows
    texts = made["text"]
    made = made.set_column(made.schema.get_field_index("text"), "text", pa.array(["."] * rows))
    return Unit(7, made.append_column("translation", texts))


def results(rows: pa.Table) -> pa.Table:
    made = [{"text": text.upper(), "attempt": 1, "settings": "first"} for text in rows["text"].to_pylist()]
    return pa.Table.from_pylist(made, schema=RESULT_SCHEMA)


def finish(case: UnitRecovery, deadly: set[str]) -> tuple[UnitResult, list[list[str]]]:
    """Do a case with a worker that dies of some texts; what it was sent, in order."""
    sent: list[list[str]] = []
    while True:
        texts = case.rows["text"].to_pylist()
        sent.append(texts)
        if deadly & set(texts):
            case.failed(DIED)
        elif (result := case.passed(results(case.rows))) is not None:
            return result, sent


def test_a_unit_that_fails_is_sent_again_unchanged():
    case = UnitRecovery(unit(8))
    for _ in range(MAX_FAILURES - 1):
        case.failed(DIED)
        assert case.rows.equals(case.unit.rows)
        assert case.share == 1
    result = case.passed(results(case.rows))
    assert result.poisoned == {}
    assert result.results["text"].to_pylist() == [f"T{i}" for i in range(8)]


def test_it_is_searched_only_after_that_many_failures():
    _, sent = finish(UnitRecovery(unit(8)), {"t5"})
    assert [len(texts) for texts in sent[: MAX_FAILURES + 1]] == [8] * MAX_FAILURES + [4]


@given(st.integers(2, 60).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1), max_size=4))))
def test_exactly_the_poisoned_rows_are_given_up_and_the_rest_is_done_as_the_unit_was(case_of):
    rows, poisoned = case_of
    if len(poisoned) == rows:
        return
    result, sent = finish(UnitRecovery(unit(rows)), {f"t{i}" for i in poisoned})
    assert set(result.poisoned) == poisoned
    assert result.results.num_rows == rows
    for i, row in enumerate(result.results.to_pylist()):
        if i in poisoned:
            assert (row["text"], row["failure"], row["attempt"]) == (None, "worker_died", MAX_FAILURES)
        else:
            assert (row["text"], row["failure"]) == (f"T{i}", None)
    assert sent[-1] == [f"t{i}" for i in range(rows) if i not in poisoned]


def test_one_poisoned_row_costs_few_attempts():
    _, sent = finish(UnitRecovery(unit(2048)), {"t1500"})
    assert len(sent) <= MAX_FAILURES + 2 * 11 + ALONE + 1


def test_a_row_is_given_up_only_when_it_failed_alone_more_than_once():
    """A machine that dies for a reason of its own must not cost a row."""
    search = find_poisoned(2, lambda found: False)
    assert next(search) == [0]
    assert search.send(DIED) == [0]  # once more
    assert search.send(None) == [1]
    with pytest.raises(StopIteration) as end:
        search.send(None)
    assert end.value.value == {}


def test_machines_that_die_by_chance_cost_no_row():
    case = UnitRecovery(unit(8))
    for _ in range(MAX_FAILURES):
        case.failed(DIED)
    result, _ = finish(case, set())
    assert result.poisoned == {}
    assert result.results.num_rows == 8


def test_an_engine_that_fails_on_everything_stops_the_build_and_gives_up_no_row():
    with pytest.raises(WorkerError, match=r"unit 7 failed, and so did \d+ of its rows alone: killed"):
        finish(UnitRecovery(unit(100)), {f"t{i}" for i in range(100)})
    with pytest.raises(WorkerError, match="unit 7 failed, and so did 3 of its rows alone"):
        finish(UnitRecovery(unit(3)), {"t0", "t1", "t2"})


def test_a_unit_of_one_poisoned_row_is_that_row():
    result, _ = finish(UnitRecovery(unit(1)), {"t0"})
    assert result.results["failure"].to_pylist() == ["worker_died"]


def test_a_unit_that_fails_only_as_a_whole_stops_the_build():
    case = UnitRecovery(unit(8))

    def die_when_whole() -> None:
        while True:
            if case.rows.num_rows == 8:
                case.failed(DIED)
            else:
                assert case.passed(results(case.rows)) is None

    with pytest.raises(WorkerError, match="failed as a whole though its parts did not: killed"):
        die_when_whole()


def fanned_out(texts: int, languages: int) -> Unit:
    made = [
        {"unit": 7, "batch": 0, "key": f"{i}-{n}", "source_lang": "eng_Latn", "target_lang": f"l{n}", "text": f"t{i}"}
        for i in range(texts)
        for n in range(languages)
    ]
    return Unit(7, pa.Table.from_pylist(made, schema=UNIT_SCHEMA))


def test_a_poisoned_text_asked_in_many_languages_costs_its_own_rows_and_does_not_stop_the_build():
    result, _ = finish(UnitRecovery(fanned_out(5, 2 * MAX_POISONED)), {"t3"})
    assert len(result.poisoned) == 2 * MAX_POISONED
    assert result.results["failure"].to_pylist().count("worker_died") == 2 * MAX_POISONED


def test_a_unit_of_one_text_in_several_languages_may_be_poisoned_whole():
    result, _ = finish(UnitRecovery(fanned_out(1, 3)), {"t0"})
    assert result.results["failure"].to_pylist() == ["worker_died"] * 3


def test_an_engine_that_breaks_on_all_forced_pairs_is_broken_though_they_share_a_source():
    def fails_for_ever(case: UnitRecovery) -> None:
        for _ in range(100):
            case.failed(DIED)

    with pytest.raises(WorkerError, match="and so did 4 of its rows alone"):
        fails_for_ever(UnitRecovery(forced_unit(4)))
