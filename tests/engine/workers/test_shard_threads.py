import os
import threading
from contextlib import closing

import pytest

from glotmill.engine.workers import shard_threads as module
from glotmill.engine.workers.shard_threads import ThreadTasks, tasks_over_shards, thread_count


@pytest.mark.parametrize(
    ("cores", "gib", "threads"),
    [(1, 64, 2), (4, 64, 4), (64, 64, 8), (64, 3, 6), (64, 0.1, 2)],
)
def test_there_is_a_thread_a_core_as_far_as_memory_allows(monkeypatch, tmp_path, cores, gib, threads):
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 64 << 18}.__getitem__)
    monkeypatch.setattr(module, "CONTAINER_LIMIT", limit)
    limit.write_text(f"{int(gib * 2**30)}\n")
    assert thread_count() == threads


@pytest.mark.parametrize("said", ["max\n", None])
def test_without_a_limit_of_the_container_the_machine_counts(monkeypatch, tmp_path, said):
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 2 << 18}.__getitem__)
    monkeypatch.setattr(module, "CONTAINER_LIMIT", limit)
    if said is not None:
        limit.write_text(said)
    assert thread_count() == 4


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_whatever_ends_the_work_waits_for_shards_at_work_and_begins_no_other(error):
    begun, goes_on, ended = threading.Event(), threading.Event(), []

    def work(_shared: None, shard: int) -> None:
        if shard == 1:
            begun.set()
            goes_on.wait(10)
        ended.append(shard)

    def fail(results) -> None:
        next(results)
        begun.wait(10)
        threading.Timer(0.05, goes_on.set).start()
        raise error

    with pytest.raises(error), closing(ThreadTasks(1).run(work, None, range(5))) as results:
        fail(results)
    assert ended == [0, 1]


def test_shards_are_done_by_threads_unless_a_cluster_is_named(monkeypatch):
    monkeypatch.setattr(module, "thread_count", lambda: 4)
    names = set(tasks_over_shards().run(lambda *_: threading.current_thread().name, None, range(20)))
    assert names <= {f"shard_{number}" for number in range(4)}
    assert not isinstance(tasks_over_shards("127.0.0.1:9"), ThreadTasks)
