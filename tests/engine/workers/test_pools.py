"""Both pools behind one interface: in this process, and Ray actors."""

from __future__ import annotations

import os
import signal

import polars as pl
import pytest

from engine.translators import resolve_translator
from engine.workers.inline import InlinePool
from engine.workers.pool import make_pool
from engine.workers.units import plan_units, units_of
from recipes.model import FakeTranslate
from schemas.errors import WorkerError

pytestmark = pytest.mark.usefixtures("local_ray")

ASKED = pl.DataFrame(
    {
        "key": [f"{i:04}" for i in range(200)],
        "source_lang": "eng_Latn",
        "target_lang": "deu_Latn",
        "text": [f"A dog and {i} cats" for i in range(200)],
    }
)
UNITS = plan_units(ASKED, batch_tokens=64, unit_tokens=128)


def spec(**asked):
    return resolve_translator(FakeTranslate(engine="fake", batch_sensitive=True, **asked))


def work(workers: int, **asked) -> dict[int, list[tuple]]:
    with make_pool(spec(**asked), workers) as pool:
        return {
            r.unit.number: list(zip(*r.results.to_pydict().values(), strict=True)) for r in pool.run(units_of(UNITS))
        }


def test_zero_workers_is_this_process():
    assert isinstance(make_pool(spec(), 0), InlinePool)


def test_the_results_are_the_same_whoever_did_the_work():
    inline = work(0)
    assert len(inline) == UNITS["unit"].n_unique() > 8
    assert work(1) == inline
    assert work(2) == inline


@pytest.mark.parametrize("workers", [0, 1])
def test_a_crash_of_the_engine_names_the_unit_and_what_happened(workers: int):
    with pytest.raises(WorkerError, match=r"unit \d+ failed: .*told to crash at batch 3"):
        work(workers, crash_at_batch=3)


@pytest.mark.parametrize("workers", [0, 1])
def test_no_units_start_no_worker(workers: int):
    with make_pool(spec(), workers) as pool:
        assert list(pool.run([])) == []


def test_more_workers_than_there_are_cores_is_refused_with_both_numbers():
    with pytest.raises(WorkerError, match="1000 workers"):
        work(1000)


def test_a_killed_worker_is_restarted_and_its_unit_done_again():
    import ray

    with make_pool(spec(), 1) as pool:
        results = pool.run(units_of(UNITS))
        first = next(results)
        os.kill(ray.get(pool._actors[0].ready.remote()), signal.SIGKILL)
        rest = list(results)
    done = {r.unit.number: list(zip(*r.results.to_pydict().values(), strict=True)) for r in [first, *rest]}
    assert done == work(0)
