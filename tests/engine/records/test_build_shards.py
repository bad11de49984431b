"""Shards that several processes make in parts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ray import cloudpickle

from glotmill.engine.commands import make_windows
from glotmill.engine.memory.commit_log import NumberedFiles
from glotmill.engine.records import build_shards, layout, windows
from glotmill.engine.records.compose import Composer
from glotmill.engine.workers.stage_tasks import Held, Steps

SCORERS = ["integrity", "language_id", "fan_in", "nmt", "round_trip", "cross_entropy"]


class LastFirst:
    """Tasks as other processes do them: what they get is sent, and the last ones are done first.

    Args:
        away: Another machine does what it can.
    """

    def __init__(self, *, away: bool = False) -> None:
        self.done: list[str] = []
        self.busy = False
        self._away = away

    def lend(self, value: Any) -> Held[Any]:
        return Held(value)

    def run(self, function: Callable[[Any, Any], Any], shared: Any, items: Iterable[Any]) -> Iterator[Any]:
        return reversed([self._do(function, shared, item) for item in reversed(list(items))])

    def _do(self, function: Callable[[Any, Any], Any], shared: Any, item: Any) -> Any:
        if not (self._away and isinstance(function, Steps) and function.may_leave(item)):
            return self._sent(function.here if isinstance(function, Steps) else function, shared, item)
        result = self._sent(function.work, shared, item, function.read(shared, item))
        return function.write(shared, item, result)

    def _sent(self, function: Callable[..., Any], *arguments: Any) -> Any:
        self.done.append(function.__name__)
        self.busy = True
        result = cloudpickle.dumps(function(*cloudpickle.loads(cloudpickle.dumps(arguments))))
        self.busy = False
        return cloudpickle.loads(result)


def content(dataset: Path) -> dict[str, str]:
    files = (path for path in dataset.rglob("*") if path.is_file())
    return {path.relative_to(dataset).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize(("skip_rejected", "away"), [(False, False), (True, False), (False, True)])
def test_shards_made_in_parts_in_any_order_have_the_bytes_of_those_made_whole(
    recipe_file, run, monkeypatch, skip_rejected: bool, away: bool
):
    for module in (layout, windows, build_shards):
        monkeypatch.setattr(module, "CHUNK_ROWS", 8)
    recipe = recipe_file(pack={"shard_rows": 30}, score={"scorers": SCORERS, "skip_rejected": skip_rejected})
    whole = content(run(recipe, out="whole").dataset)
    tasks = LastFirst(away=away)
    monkeypatch.setattr(make_windows, "shard_tasks", lambda *_: tasks)
    by_tasks, select = [], NumberedFiles.select
    monkeypatch.setattr(
        NumberedFiles,
        "select",
        lambda self, query, **options: (tasks.busy and by_tasks.append(self.folder)) or select(self, query, **options),
    )
    parted = run(recipe, out="parted").dataset
    assert content(parted) == whole
    assert tasks.done.count("join_parts") == 4  # two languages, two shards each
    assert tasks.done.count("build_elsewhere" if away else "build_group") == 12
    assert by_tasks == []  # what the memory says is read once, and lent
    assert not (parted.parent / ".staging").exists()


def test_small_shards_composed_together_have_the_bytes_of_those_composed_alone(recipe_file, run, monkeypatch):
    recipe = recipe_file(pack={"shard_rows": 5}, score={"scorers": SCORERS})
    calls, compose = [], Composer.compose_small
    monkeypatch.setattr(Composer, "compose_small", lambda *call: calls.append(len(call[2])) or compose(*call))
    together = content(run(recipe, out="together").dataset)
    assert len(calls) == 2  # once for each language
    assert sum(calls) == sum(name.startswith("data/") for name in together)
    monkeypatch.setattr(layout, "SMALL_ROWS", 0)
    assert content(run(recipe, out="alone").dataset) == together
    assert len(calls) == 2
