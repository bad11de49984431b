"""The autoscaler of a cluster is told of tasks that wait for a machine, and of nothing else."""

from __future__ import annotations

from typing import Any

import pytest
import ray

from glotmill.engine.workers import cpu_demand
from glotmill.engine.workers.cpu_demand import CpuDemand


@pytest.fixture
def requests(monkeypatch) -> list[int]:
    """What a cluster of four CPUs is requested to have."""
    found: list[int] = []
    monkeypatch.setattr(cpu_demand, "request_resources", lambda num_cpus: found.append(num_cpus))
    monkeypatch.setattr(cpu_demand, "STATE_EVERY_S", 0.0)
    monkeypatch.setattr(ray, "cluster_resources", lambda: {"CPU": 4.0})
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    return found


def unnoted(_name: str, **_values: Any) -> None:
    """A note that nobody reads."""


def test_tasks_that_wait_are_as_many_more_cpus_and_the_cluster_at_most_doubles(requests):
    demand = CpuDemand()
    demand.wait("pack", 0, 4, unnoted)
    assert requests == []
    demand.wait("pack", 3, 4, unnoted)
    demand.wait("pack", 100, 4, unnoted)
    demand.wait("pack", 99, 4, unnoted)
    assert requests == [7, 8]


def test_windows_that_pack_at_the_same_time_are_one_demand_that_ends_with_the_last(requests):
    demand, events = CpuDemand(), list[tuple[str, int]]()
    demand.wait("first", 2, 4, lambda name, **values: events.append((name, values["cpus"])))
    demand.wait("second", 1, 4, unnoted)
    demand.end("first", unnoted)
    assert requests == [6, 7]
    demand.end("second", unnoted)
    assert requests == [6, 7, 0]
    assert events == [("cpus_requested", 6)]


def test_a_cluster_that_does_not_answer_costs_a_note_and_no_build(requests, monkeypatch):
    def refuse(num_cpus: int) -> None:
        raise ray.exceptions.RpcError(f"no answer to {num_cpus}")

    monkeypatch.setattr(cpu_demand, "request_resources", refuse)
    events: list[str] = []
    CpuDemand().wait("pack", 1, 4, lambda name, **_values: events.append(name))
    assert events == ["cpus_not_requested"]
    assert requests == []
