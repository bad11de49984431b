"""Both pools behind one interface: in this process, and Ray actors under supervision."""

from __future__ import annotations

import os
import signal
import time

import polars as pl
import pytest

from glotmill.engine.runs.run import UNIT_SCHEMA
from glotmill.engine.translators import resolve_translator
from glotmill.engine.translators.fake import FakeTranslate
from glotmill.engine.workers import recovery
from glotmill.engine.workers.inline_pool import InlinePool
from glotmill.engine.workers.pending_units import PendingUnits
from glotmill.engine.workers.pool import make_pool
from glotmill.engine.workers.stopping import StopSwitch
from glotmill.engine.workers.unit_plan import plan_units
from glotmill.engine.workers.units import Unit
from glotmill.schemas.errors import WorkerError

pytestmark = pytest.mark.usefixtures("local_ray")

ASKED = pl.DataFrame(
    {
        "key": [f"{i:04}" for i in range(200)],
        "source_lang": "eng_Latn",
        "target_lang": "deu_Latn",
        "text": [f"A dog and {i} cats" for i in range(199)] + ["A dog and a curse"],
    }
)
PLAN = plan_units(ASKED, batch_tokens=64, unit_tokens=128).select(UNIT_SCHEMA.names)
UNITS = [
    Unit(number, rows.to_arrow().cast(UNIT_SCHEMA)) for (number,), rows in PLAN.group_by("unit", maintain_order=True)
]
CURSED = next(unit for unit in UNITS if "A dog and a curse" in unit.rows["text"].to_pylist())


def spec(**asked):
    return resolve_translator(FakeTranslate(engine="fake", batch_sensitive=True, **asked))


def rows_of(result) -> list[tuple]:
    return list(zip(*result.results.to_pydict().values(), strict=True))


def work(workers: int, units=UNITS, note=lambda name, **values: None, **asked) -> dict[int, list[tuple]]:
    done = {}
    with make_pool(spec(**asked), workers, note=note) as pool:
        for result in pool.run(units):
            assert result.unit.number not in done, "a unit came twice"
            done[result.unit.number] = rows_of(result)
    return done


@pytest.fixture(scope="module")
def undisturbed() -> dict[int, list[tuple]]:
    return work(0)


def test_zero_workers_is_this_process():
    assert isinstance(make_pool(spec(), 0), InlinePool)


def test_the_results_are_the_same_whoever_did_the_work(undisturbed):
    assert len(undisturbed) == len(UNITS) > 8
    assert work(1) == undisturbed
    assert work(2) == undisturbed


def test_an_engine_that_breaks_on_a_long_unit_whoever_does_it_stops_the_build():
    with pytest.raises(WorkerError, match=r"unit \d+ failed as a whole .*set to crash at batch 2"):
        work(0, crash_at_batch=2)


@pytest.mark.parametrize("workers", [0, pytest.param(1, marks=pytest.mark.long)])
def test_an_engine_that_breaks_on_everything_stops_the_build(workers: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(recovery, "MAX_POISONED", 1)
    with pytest.raises(WorkerError, match=r"unit \d+ failed, and so did \d+ of its rows alone: .*cannot bear 'dog'"):
        work(workers, poison="dog")


@pytest.mark.parametrize("workers", [0, 1])
def test_no_units_start_no_worker(workers: int):
    with make_pool(spec(), workers) as pool:
        assert list(pool.run([])) == []


def test_more_workers_than_there_are_cores_is_refused_with_both_numbers():
    with pytest.raises(WorkerError, match="1000 workers"):
        work(1000)


def expected_with_poison(undisturbed, reason: str) -> dict[int, list[tuple]]:
    """The cursed row failed, the others of its unit done without it, everything else as ever."""
    without = [row for row in range(CURSED.rows.num_rows) if CURSED.rows["text"][row].as_py() != "A dog and a curse"]
    (alone,) = work(0, [Unit(CURSED.number, CURSED.rows.take(without))]).values()
    position = next(row for row in range(CURSED.rows.num_rows) if row not in without)
    failed = (None, reason, *[None] * 3, False, *[None] * 5, 3, None)
    return {**undisturbed, CURSED.number: [*alone[:position], failed, *alone[position:]]}


@pytest.mark.parametrize(
    ("workers", "does", "reason"),
    [
        (0, "raise", "engine_error"),
        (0, "short", "engine_error"),
        pytest.param(1, "raise", "engine_error", marks=pytest.mark.long),
        pytest.param(1, "short", "engine_error", marks=pytest.mark.long),
        (2, "exit", "worker_died"),
        pytest.param(2, "hang", "timed_out", marks=pytest.mark.long),
    ],
)
def test_one_poisoned_row_costs_one_row(undisturbed, workers: int, does: str, reason: str):
    notes: list[dict] = []
    timeout = {"unit_timeout": 1.5} if does == "hang" else {}
    done = work(workers, note=lambda name, **values: notes.append(values), poison="curse", poison_does=does, **timeout)
    assert done == expected_with_poison(undisturbed, reason)
    assert {note["reason"] for note in notes if "reason" in note} == {reason}


def test_a_unit_handed_in_while_another_is_at_work_is_given_to_an_idle_worker(monkeypatch: pytest.MonkeyPatch):
    from glotmill.engine.workers import ray_pool

    monkeypatch.setattr(ray_pool, "TICK_S", 30.0)
    events: list[str] = []

    class Later:
        """A unit, nothing for half a second, then another one: as units of several windows come."""

        def __init__(self):
            self.units, self.since = iter(UNITS[:2]), None

        def __iter__(self):
            return self

        def __next__(self):
            now = time.monotonic()
            if self.since is not None and now < self.since + 0.5:
                raise StopIteration
            self.since = now
            return next(self.units)

    with make_pool(spec(seconds_per_batch=1.0), 2, note=lambda name, **values: events.append(name)) as pool:
        pool.start()
        events.extend("result" for _ in pool.run(Later()))
    given = [event for event in events if event in ("unit_sent", "result")]
    assert given == ["unit_sent", "unit_sent", "result", "result"]


def kill_a_worker(pool) -> None:
    import ray

    (pid,) = [ray.get(worker.actor.pid.remote()) for worker in pool._places[:1]]
    os.kill(pid, signal.SIGKILL)


def test_a_killed_worker_is_replaced_and_its_units_done_again(undisturbed):
    with make_pool(spec(), 1) as pool:
        results = pool.run(UNITS)
        first = next(results)
        kill_a_worker(pool)
        rest = list(results)
    assert {r.unit.number: rows_of(r) for r in [first, *rest]} == undisturbed


def test_a_worker_that_dies_while_it_starts_is_started_again(undisturbed, monkeypatch: pytest.MonkeyPatch, tmp_path):
    from glotmill.engine.workers import ray_pool, ray_worker

    marker = str(tmp_path / "died")

    class DiesOnce(ray_worker.TranslatorActor):
        def __init__(self, spec, version, *, joined):
            super().__init__(spec, version, joined=joined)
            if not os.path.exists(marker):  # noqa: PTH110
                open(marker, "w").close()  # noqa: PTH123
                os._exit(1)

    monkeypatch.setattr(ray_pool, "TranslatorActor", DiesOnce)
    notes: list[str] = []
    assert work(2, note=lambda name, **values: notes.append(name)) == undisturbed
    assert notes.count("worker_not_started") == 1
    assert (notes.count("worker_starting"), notes.count("worker_ready")) == (3, 2)


def test_an_idle_worker_that_died_costs_no_unit_a_failure(undisturbed, monkeypatch: pytest.MonkeyPatch):
    from glotmill.engine.workers import ray_pool

    monkeypatch.setattr(ray_pool, "BEAT_EVERY_S", 0.0)
    notes: list[dict] = []
    with make_pool(spec(), 1, note=lambda name, **values: notes.append({"event": name, **values})) as pool:
        pool.start()
        kill_a_worker(pool)
        time.sleep(1)
        pool._places[0].ask_beat(0.0)
        list(pool._step(PendingUnits([])))
        done = {r.unit.number: rows_of(r) for r in pool.run(UNITS)}
    assert done == undisturbed
    assert [note["unit"] for note in notes if note["event"] == "attempt_failed"] == [None]


def test_a_frozen_worker_is_replaced(undisturbed, monkeypatch: pytest.MonkeyPatch):
    """It is alive and holds its unit, but answers no heartbeat."""
    from glotmill.engine.workers import ray_pool

    monkeypatch.setattr(ray_pool, "BEAT_EVERY_S", 0.2)
    monkeypatch.setattr(ray_pool, "BEAT_TIMEOUT_S", 2.0)
    import ray

    notes: list[dict] = []
    with make_pool(spec(), 1, note=lambda name, **values: notes.append(values)) as pool:
        results = pool.run(UNITS)
        first = next(results)
        os.kill(ray.get(pool._places[0].actor.pid.remote()), signal.SIGSTOP)
        rest = list(results)
    assert {r.unit.number: rows_of(r) for r in [first, *rest]} == undisturbed
    assert any("no heartbeat" in note.get("detail", "") for note in notes)


def test_memory_in_flight_is_bounded_however_many_units_there_are():
    taken = 0

    def units():
        nonlocal taken
        for unit in UNITS:
            taken += 1
            yield unit

    with make_pool(spec(), 2) as pool:
        for done, _ in enumerate(pool.run(units()), start=1):
            assert taken - done <= 2 * 2 + 3  # two at each worker, and one more than workers at the driver
    assert taken == len(UNITS)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stop_lets_the_units_being_done_end_and_begins_no_other(undisturbed, workers: int):
    stop = StopSwitch()
    done = {}

    def ask_after_the_first(pool) -> None:
        for result in pool.run(UNITS):
            done[result.unit.number] = rows_of(result)
            stop.asked = True

    with make_pool(spec(seconds_per_batch=0.02), workers, stop=stop) as pool, pytest.raises(KeyboardInterrupt):
        ask_after_the_first(pool)
    # What came with the first, and one unit that each worker was at.
    assert 1 <= len(done) <= max(1, 2 * workers) < len(UNITS)
    assert all(undisturbed[number] == rows for number, rows in done.items())


def test_a_model_that_cannot_be_loaded_is_one_error(tmp_path):
    from dataclasses import replace

    from glotmill.engine.translators.nllb import NllbTranslate

    broken = replace(resolve_translator(NllbTranslate(engine="nllb", model="embedded")), folder=tmp_path)
    for workers in (0, 1):
        with make_pool(broken, workers) as pool, pytest.raises(WorkerError, match=r"cannot be (started|loaded)"):
            list(pool.run(UNITS))


def test_all_workers_are_started_together():
    """Not one after another: the second is asked for before the first has its model."""
    with make_pool(spec(), 2) as pool:
        pool.start()
        started = [worker.since for worker in pool._places]
        assert max(started) - min(started) < 0.5
        assert all(worker.starting is None for worker in pool._places)
