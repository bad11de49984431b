"""Stage tasks: the same results in the same order, whoever does them."""

from __future__ import annotations

import gc
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from glotmill.engine.workers.fewer_collections import NEW_OBJECTS
from glotmill.engine.workers.shard_threads import ThreadTasks
from glotmill.engine.workers.stage_tasks import InlineTasks, Lent, StageTasks, Steps, make_tasks
from glotmill.engine.workers.stopping import StopSwitch
from glotmill.schemas.errors import InputError, WorkerError

pytestmark = pytest.mark.usefixtures("local_ray")


def made(way: str, check_stop: Callable[[], None] = lambda: None) -> StageTasks:
    if way == "inline":
        return InlineTasks(check_stop)
    if way == "threads":
        return ThreadTasks(2)
    from glotmill.engine.workers.ray_tasks import RayTasks

    return RayTasks(None, lambda *_, **__: None, check_stop, at_once=2)


@pytest.fixture
def tasks(request: pytest.FixtureRequest) -> StageTasks:
    return made(request.param)


def slower_first(offset: int, item: int) -> tuple[int, int]:
    time.sleep(0.2 if item == 0 else 0)
    return os.getpid(), item + offset


@pytest.mark.parametrize("tasks", ["inline", "threads", "ray"], indirect=True)
def test_results_come_in_the_order_of_the_items_and_items_are_taken_when_there_is_room(tasks: StageTasks):
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(40):
            taken.append(number)
            yield number

    results = tasks.run(slower_first, 100, items())
    pid, first = next(results)
    assert first == 100
    assert len(taken) <= 8
    rest = list(results)
    assert [value for _, value in rest] == list(range(101, 140))
    assert (os.getpid() in {pid, *(pid for pid, _ in rest)}) == isinstance(tasks, InlineTasks | ThreadTasks)


def rows_of_both(shared: Lent[pa.Table], item: Lent[pa.Table]) -> int:
    return shared.get().num_rows + item.get().num_rows


@pytest.mark.parametrize("tasks", ["inline", "threads", "ray"], indirect=True)
def test_what_is_lent_is_found_by_tasks_whether_all_share_it_or_one_has_it(tasks: StageTasks):
    lent = [tasks.lend(pa.table({"text": ["a dog"] * rows})) for rows in (1, 10, 100)]
    assert list(tasks.run(rows_of_both, lent[2], lent[:2])) == [101, 110]


def read_row(table: str, item: int) -> str:
    return f"{table}/{item}"


def work_on_row(_table: str, _item: int, row: str) -> tuple[str, int]:
    return row.upper(), os.getpid()


def write_row(written: str, item: int, made: tuple[str, int]) -> tuple[str, int]:
    return f"{written}:{item}:{made[0]}", made[1]


def whole_row(table: str, item: int) -> tuple[str, int]:
    return write_row(table, item, work_on_row(table, item, read_row(table, item)))


@pytest.mark.parametrize("way", ["inline", "threads", "ray", "cluster"])
def test_tasks_in_steps_give_what_whole_ones_give_and_are_read_and_written_here(way: str, monkeypatch):
    steps = Steps(whole_row, lambda item: item % 3 != 0, read_row, work_on_row, write_row)
    tasks = made("ray" if way == "cluster" else way)
    if way == "cluster":  # of one machine: what is sent to another one comes back, as that one has died meanwhile
        from glotmill.engine.workers.task_nodes import TaskNodes

        monkeypatch.setattr(tasks, "_address", "127.0.0.1:6379")
        monkeypatch.setattr(TaskNodes, "free", another_machine)
    done = list(tasks.run(steps, "rows", range(7)))
    assert [text for text, _ in done] == [f"rows:{item}:ROWS/{item}" for item in range(7)]
    assert (os.getpid() in {pid for _, pid in done}) == (way in ("inline", "threads"))


def another_machine(nodes: Any, at_work: Counter[str], *, any_node: bool) -> str | None:
    """A machine that has died meanwhile, where a task can be done by any."""
    if at_work.total() == 2:
        return None
    return "a" * len(nodes.here) if any_node else nodes.here


def noted(folder: Path, item: int) -> int:
    """Notes when it began and ended."""
    began = time.monotonic()
    time.sleep(0.1)
    (folder / f"{item}").write_text(f"{began} {time.monotonic()}")
    return item


def test_windows_that_pack_at_the_same_time_share_the_room_for_tasks(tmp_path):
    tasks = made("ray")
    with ThreadPoolExecutor(2) as threads:
        first, second = (
            threads.submit(lambda items: list(tasks.run(noted, tmp_path, items)), range(start, start + 8))
            for start in (0, 8)
        )
    assert first.result() + second.result() == list(range(16))
    spans = [tuple(map(float, path.read_text().split())) for path in tmp_path.iterdir()]
    assert max(sum(began <= moment < ended for began, ended in spans) for moment, _ in spans) == 2


def refused(_shared: None, item: int) -> int:
    if item == 3:
        msg = f"row {item}: expected a caption, found none"
        raise InputError(msg)
    return item


@pytest.mark.parametrize("tasks", ["inline", "threads", "ray"], indirect=True)
def test_an_error_of_a_task_is_the_error_of_the_build(tasks: StageTasks):
    with pytest.raises(InputError, match=r"^row 3: expected a caption, found none$"):
        list(tasks.run(refused, None, range(20)))


def dies(folder: Path, item: int) -> int:
    """Ends its process: of item 1 the first time, of item 2 always."""
    marker = folder / str(item)
    if item == 2 or (item == 1 and not marker.exists()):
        marker.touch()
        os._exit(1)
    return item


@pytest.mark.parametrize("tasks", ["ray"], indirect=True)
def test_a_process_that_dies_once_costs_nothing_and_one_that_always_dies_is_an_error(tasks: StageTasks, tmp_path: Path):
    assert list(tasks.run(dies, tmp_path, [0, 1])) == [0, 1]
    with pytest.raises(WorkerError, match=r"the process of a task died 3 times .*--workers 0"):
        list(tasks.run(dies, tmp_path, [0, 2]))


@pytest.mark.parametrize("way", ["inline", "ray"])
def test_who_stops_a_build_stops_its_tasks(way: str):
    stop = StopSwitch()
    results = made(way, stop.check).run(double, None, range(1000))
    assert next(results) == 0
    stop.asked = True
    with pytest.raises(KeyboardInterrupt):
        list(results)


def writes_on(folder: Path, item: int) -> int:
    """Ends at once, or writes for as long as it lives."""
    while item:
        (folder / str(item)).write_text(str(time.monotonic()))
        time.sleep(0.01)
    return item


@pytest.mark.parametrize("tasks", ["ray"], indirect=True)
def test_tasks_that_nobody_wants_any_more_write_no_longer(tasks: StageTasks, tmp_path: Path):
    results = tasks.run(writes_on, tmp_path, [0, 1])
    assert next(results) == 0
    while not (tmp_path / "1").exists():
        time.sleep(0.05)
    results.close()  # as Ctrl-C or an error of another task does
    last = (tmp_path / "1").read_text()
    time.sleep(0.1)
    assert (tmp_path / "1").read_text() == last


def collects_after(_shared: None, _item: int) -> int:
    return gc.get_threshold()[0]


@pytest.mark.parametrize("tasks", ["ray"], indirect=True)
def test_python_looks_for_cycles_as_seldom_in_tasks_as_in_a_build(tasks: StageTasks):
    assert list(tasks.run(collects_after, None, [0])) == [NEW_OBJECTS]


def double(_shared: None, item: int) -> int:
    return 2 * item


def nothing(_shared: None, _item: int) -> None:
    """What has to be read."""


def as_it_is(_shared: None, _item: int, made: int) -> int:
    return made


@pytest.mark.parametrize("way", ["ray", "cluster"])
def test_tasks_are_done_while_actors_hold_all_cpus(way: str, monkeypatch):
    """A cluster's autoscaler is told that they wait, which reserves nothing."""
    import ray

    from glotmill.engine.workers import cpu_demand

    requests: list[int] = []
    monkeypatch.setattr(cpu_demand, "request_resources", lambda num_cpus: requests.append(num_cpus))
    monkeypatch.setattr(cpu_demand, "STATE_EVERY_S", 0.0)
    tasks = made("ray")
    if way == "cluster":
        monkeypatch.setattr(tasks, "_address", "127.0.0.1:6379")
    steps = Steps(double, lambda _item: True, nothing, double, as_it_is)

    class Engine:
        def ready(self) -> None:
            """It holds its CPUs."""

    actor = ray.remote(num_cpus=ray.cluster_resources()["CPU"])(Engine).remote()
    try:
        ray.get(actor.ready.remote())
        assert list(tasks.run(steps, None, range(6))) == [0, 2, 4, 6, 8, 10]
    finally:
        ray.kill(actor)
    cpus = int(ray.cluster_resources()["CPU"])
    assert requests[:1] == ([] if way == "ray" else [cpus + 2])
    assert requests[-1:] == ([] if way == "ray" else [0])


def test_workers_0_works_in_this_process():
    assert isinstance(make_tasks(0), InlineTasks)


def test_what_a_stage_shares_is_fetched_once_a_process_and_kept_while_the_stage_goes_on(monkeypatch):
    from glotmill.engine.workers import ray_tasks

    fetched: list[str] = []
    kept: dict[str, str] = {}
    monkeypatch.setattr(ray_tasks, "_kept", kept)
    monkeypatch.setattr(ray_tasks.ray, "get", lambda reference: fetched.append(reference) or reference)

    def do(stage: str, *going_on: str) -> str:
        here = (ray_tasks.__version__, None)
        return ray_tasks._do(here, lambda shared, item: shared + item, (stage, frozenset(going_on)), [stage * 2], "!")

    assert [do("a", "a"), do("b", "a", "b"), do("a", "a", "b"), do("c", "b", "c")] == ["aa!", "bb!", "aa!", "cc!"]
    assert fetched == ["aa", "bb", "cc"]
    assert set(kept) == {"b", "c"}
