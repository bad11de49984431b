"""How a run stands, from its events: one view for the terminal of a running build and for ``glotmill status``.

Guarantees: the state is a function of the events alone, so a build that runs elsewhere, was stopped or was killed is
seen as it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from glotmill.engine.runs.engine_load import EngineLoad
from glotmill.engine.runs.events import events


@dataclass
class StageState:
    """One stage of a run.

    Attributes:
        name: Its name.
        unit: What it counts.
        began: When it began (seconds since 1970, as all times here).
        ready: When its workers were ready, from which its rate counts.
        at: When it was last heard of.
        done: How many are done.
        total: How many there are, where that is known.
        ended: Whether it came to its end.
    """

    name: str
    unit: str
    began: float
    ready: float
    at: float
    done: int = 0
    total: int | None = None
    ended: bool = False

    @property
    def rate(self) -> float | None:
        """How many a second; None where nothing can be said yet."""
        seconds = self.at - self.ready
        return self.done / seconds if self.done and seconds > 0 else None

    @property
    def left(self) -> float | None:
        """Seconds until the end, at the rate so far."""
        if self.ended or self.total is None or not self.rate:
            return None
        return max(self.total - self.done, 0) / self.rate


@dataclass
class WorkerState:
    """One worker: what it was sent and has not given back; it works on the first.

    Attributes:
        ready: Whether it has its model.
        units: Unit numbers, oldest first; with their window's before them where there are several windows.
        since: When it began with the first of them, or to start.
        done: Units done.
    """

    ready: bool
    since: float
    units: list[int | str] = field(default_factory=list)
    done: int = 0


@dataclass
class RunState:
    """What the events of a run say.

    Attributes:
        stages: By name, in the order they began; those of the last attempt at the run.
        workers: By number, those that are there.
        attempts: Attempts at units that failed, by reason.
        given_up: Texts that were given up because they fail their worker alone.
        failed: Segments that the engine gave no translation for.
        began: When the last attempt at the run began.
        at: When it was last heard of.
        end: How the last attempt ended: a message; None where it has not, or was killed.
        load: What the engines do and wait for.
    """

    stages: dict[str, StageState] = field(default_factory=dict)
    workers: dict[int, WorkerState] = field(default_factory=dict)
    attempts: Counter[str] = field(default_factory=Counter)
    given_up: int = 0
    failed: int = 0
    began: float | None = None
    at: float | None = None
    end: str | None = None
    load: EngineLoad = field(default_factory=EngineLoad)

    @property
    def waiting(self) -> int:
        """Units that no worker has."""
        return max(self.load.planned - self.load.done - sum(len(worker.units) for worker in self.workers.values()), 0)

    @property
    def stage(self) -> StageState | None:
        """The stage that is going on, or went on when the run was last heard of."""
        return next(reversed(self.stages.values()), None)

    def take(self, event: Mapping[str, Any]) -> None:
        """Take note of an event, as `glotmill.engine.runs.run.Run.event` writes it."""
        time: float = event["time"]
        if self.workers and self.at is not None:
            ready = [worker for worker in self.workers.values() if worker.ready]
            self.load.pass_time(max(time - self.at, 0.0), sum(bool(worker.units) for worker in ready), len(ready))
        self.at = time
        self._take_worker(event, time)
        match event["event"]:
            case "attempt_began":
                self.began, self.end, self.stages, self.workers = time, None, {}, {}
                self.load = EngineLoad()
            case "attempt_ended":
                self.end, self.workers = event["why"], {}
            case "stage_began":
                self.stages[event["stage"]] = StageState(event["stage"], event["unit"], time, time, time)
            case "stage_at" | "stage_done":
                self._take_stage(event, time)
            case "attempt_failed":
                self.attempts[event["reason"]] += 1
            case "unit_done":
                self.failed += event.get("failed", 0)
                self.given_up += event.get("given_up", 0)
                self.load.done += 1
            case "units_planned":
                self.load.planned += event["units"]
            case "window_stage":
                self.load.stages[event["stage"]] += event["by"]
            case "object_store_spilled":
                self.load.spilled = event["bytes"]

    def _take_stage(self, event: Mapping[str, Any], time: float) -> None:
        stage = self.stages[event["stage"]]
        stage.done, stage.total, stage.at = event["done"], event["total"], time
        stage.ended = event["event"] == "stage_done"
        if not stage.done:
            stage.ready = time

    def _take_worker(self, event: Mapping[str, Any], time: float) -> None:
        worker = self.workers.get(event.get("worker", -1))
        match event["event"]:
            case "worker_starting":
                self.workers[event["worker"]] = WorkerState(ready=False, since=time)
            case "worker_ready":
                self.workers[event["worker"]] = WorkerState(ready=True, since=time)
            case "workers_ended":
                self.workers = {}
            case "attempt_failed" | "worker_not_started":
                self.workers.pop(event.get("worker", -1), None)
            case "unit_sent" if worker:
                sent = _unit(event)
                for other in self.workers.values():  # a part of it may have come back before
                    other.units = [unit for unit in other.units if unit != sent]
                worker.since = worker.since if worker.units else time
                worker.units.append(sent)
            case "unit_done":
                done = _unit(event)
                for other in self.workers.values():
                    if done in other.units:
                        other.units.remove(done)
                        other.done += 1
                        other.since = time

    def failures(self) -> str:
        """The failures so far in words; empty where there are none."""
        said = []
        if self.attempts:
            named = ", ".join(f"{reason} {n:,}" for reason, n in self.attempts.most_common())
            said.append(f"{self.attempts.total():,} attempts at units ({named})")
        if self.failed:
            gone = f" ({self.given_up:,} of them given up)" if self.given_up else ""
            said.append(f"{self.failed:,} segments without a translation{gone}")
        return ", ".join(said)


def _unit(event: Mapping[str, Any]) -> int | str:
    """What a unit is called: windows number theirs by themselves."""
    number: int = event["unit"]
    return number if "window" not in event else f"{event['window']}.{number}"


def run_folders(build: Path) -> list[Path]:
    """The runs of a build's folder, oldest first."""
    return sorted((build / "runs").glob("[0-9]*-*"))


def run_state(run: Path) -> RunState:
    """The state of a run from its events."""
    state = RunState()
    for event in events(run):
        state.take(event)
    return state
