"""A run says how busy its engines are, and what limits it."""

from __future__ import annotations

import pytest

from glotmill.engine.runs.engine_load import EngineLoad


def test_nothing_is_said_while_no_worker_is_ready():
    assert EngineLoad().lines(0) == []
    assert EngineLoad().as_json(3)["limited_by"] is None


def test_the_last_minutes_count_more_than_those_before():
    load = EngineLoad()
    load.pass_time(600.0, 8, 8)
    load.pass_time(180.0, 0, 8)
    assert load.share == pytest.approx(600 / 780)
    assert load.recent is not None
    assert load.recent < 0.3


@pytest.mark.parametrize(
    ("working", "waiting", "stages", "limit"),
    [
        (8, 0, {"pack": 1}, "engines"),
        (2, 5, {"pack": 1}, "engines"),
        (2, 0, {"pack": 1, "translate": 0}, "packing"),
        (2, 0, {"pack": 1, "translate": 1}, "planning"),
        (2, 0, {}, "planning"),
    ],
)
def test_what_limits_a_run(working: int, waiting: int, stages: dict[str, int], limit: str):
    load = EngineLoad()
    load.pass_time(60.0, working, 8)
    load.stages.update(stages)
    assert load.limit(waiting) == limit
    assert f"{waiting} units wait; {limit} limit" in load.lines(waiting)[0]


def test_spilled_objects_are_said():
    load = EngineLoad(spilled=3_000_000_000)
    load.pass_time(60.0, 8, 8)
    assert load.lines(0)[1] == "Ray has put 3.0 GB of its objects on the disk: give its object store more memory"
