"""Showing how a build gets on: bars, workers and failures on a terminal, plain lines elsewhere.

Everything goes to standard error; standard output is for results. ``NO_COLOR`` is respected, as rich does it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from glotmill.engine.runs.run import Run
from glotmill.engine.runs.state import RunState, WorkerState
from glotmill.engine.text.visible import visible

PLAIN_INTERVAL_S = 5.0
EVENT_INTERVAL_S = 1.0
LISTENER_INTERVAL_S = 0.1
SHOWN_WORKERS = 8
BAR_BESIDE = 70  # columns for what stands beside a bar


class _Count(ProgressColumn):
    """How far a stage is, at which rate, and how long it will take or has taken."""

    def render(self, task: Task) -> Text:
        stage: Stage = task.fields["stage"]
        return Text(stage.standing())


class _Board:
    """The workers and the failures, under the bar of the stage that goes on."""

    def __init__(self, state: RunState) -> None:
        self._state = state

    def __rich__(self) -> Text:
        """What there is to say now."""
        return Text("\n".join(board_lines(self._state, time.time())))


def board_lines(state: RunState, now: float) -> list[str]:
    """The workers and the failures of a run in lines.

    Args:
        state: The run.
        now: Seconds since 1970.
    """
    workers = dict(state.workers)
    lines = []
    if workers:
        idle = sum(worker.ready and not worker.units for worker in workers.values())
        starting = sum(not worker.ready for worker in workers.values())
        counts = {"working": len(workers) - idle - starting, "starting": starting, "idle": idle}
        lines.append(f"workers: {', '.join(f'{n} {what}' for what, n in counts.items() if n)}")
        if len(workers) <= SHOWN_WORKERS:
            lines += [f"  worker {number}: {_worker(worker, now)}" for number, worker in sorted(workers.items())]
    failures = state.failures()
    return [*lines, *([f"failures so far: {failures}"] if failures else [])]


def _worker(worker: WorkerState, now: float) -> str:
    seconds = f"{max(now - worker.since, 0):.0f} s"
    if not worker.ready:
        return f"starting for {seconds}"
    doing = f"unit {worker.units[0]} for {seconds}" if worker.units else f"idle for {seconds}"
    return f"{doing}, {worker.done:,} done"


@dataclass(frozen=True, slots=True)
class StageProgress:
    """How far one stage of a command is.

    Attributes:
        stage: The stage, such as ``translate``.
        unit: What it counts, in the plural, such as ``segments``.
        done: Units that are done.
        total: Units in all; None while that is not known.
        ended: Whether the stage is over.
    """

    stage: str
    unit: str
    done: int
    total: int | None
    ended: bool


Listener = Callable[[StageProgress], None]


class Stage:
    """One stage as it goes on.

    Attributes:
        name: What it is called.
        unit: What it counts, in the plural.
        done: Units that are done.
        total: Units in all, where that is known.
        started: When it began, by the monotonic clock.
        ready: When its first unit could be worked on, by the same clock.
        ended: When it ended, by the same clock; None while it goes on.
    """

    def __init__(self, name: str, unit: str, report: ProgressReport) -> None:
        self.name = name
        self.unit = unit
        self.done = 0
        self.total: int | None = None
        self.started = self.ready = time.monotonic()
        self.ended: float | None = None
        self._report = report
        self._said = self.started
        self._noted = 0.0
        self._told = 0.0

    def advance(self, count: int, total: int | None = None) -> None:
        """Note that so many more are done, and how many there are in all where that is known.

        The rate counts from the first call that says none are done: then the workers are ready.
        """
        if count == 0 and self.done == 0:
            self.ready = self._said = time.monotonic()
        self.done += count
        self.total = total if total is not None else self.total
        if time.monotonic() - self._noted >= EVENT_INTERVAL_S:
            self._noted = time.monotonic()
            self._report.note("stage_at", self)
        if time.monotonic() - self._told >= LISTENER_INTERVAL_S:
            self._told = time.monotonic()
            self._report.tell(self)
        self._report.show(self)

    def end(self) -> None:
        """Note that it goes on no more."""
        self.ended = time.monotonic()

    def line(self) -> str:
        """The stage in one plain line."""
        return f"{self.name}: {self.standing()}"

    def standing(self) -> str:
        """How many units are done, the rate, and the seconds that are left or, at its end, that it took."""
        now = self.ended or time.monotonic()
        rate = self.done / max(now - self.ready, 1e-6)
        text = f"{self.done:,}{f' of {self.total:,}' if self.total else ''} {self.unit}, {rate:,.0f}/s"
        if self.ended:
            return f"{text} ({self.ended - self.started:.1f} s)"
        if self.total and self.done < self.total and rate:
            text += f", {(self.total - self.done) / rate:,.0f} s left"
        return text

    def due(self) -> bool:
        """Whether it is time for another plain line."""
        now = time.monotonic()
        if now - self._said < PLAIN_INTERVAL_S:
            return False
        self._said = now
        return True


class ProgressReport:
    """Shows stages and keeps how long each took.

    Attributes:
        seconds: Wall time by stage, in the order they ended.
        state: What the events of the run that is recorded say.
    """

    def __init__(self, *, quiet: bool = False, listener: Listener | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self.state = RunState()
        self._console = Console(stderr=True, quiet=quiet)
        self._bars: Progress | None = None
        self._quiet = quiet
        self._run: Run | None = None
        self._listener = listener

    def record(self, run: Run) -> None:
        """Write the stages from now on down as events of a run, and show what its events say."""
        self._run = run
        run.listen(self.state.take)

    def note(self, event: str, stage: Stage) -> None:
        """Write down how a stage stands."""
        if self._run is not None:
            self._run.event(event, stage=stage.name, unit=stage.unit, done=stage.done, total=stage.total)

    def tell(self, stage: Stage, *, ended: bool = False) -> None:
        """Call the listener, where there is one, with how far a stage is."""
        if self._listener is not None:
            self._listener(StageProgress(stage.name, stage.unit, stage.done, stage.total, ended))

    @contextmanager
    def stage(self, name: str, unit: str) -> Iterator[Stage]:
        """Time and show one stage."""
        stage = Stage(name, unit, self)
        self.note("stage_began", stage)
        self.tell(stage)
        try:
            if self._console.is_terminal and not self._quiet:
                with self._board(stage):
                    yield stage
            else:
                yield stage
                stage.end()
                if not self._quiet:
                    self.say(stage.line())
            self.note("stage_done", stage)
            self.tell(stage, ended=True)
        finally:
            self._bars = None
            spent = self.seconds.get(name, 0.0) + time.monotonic() - stage.started  # a stage may run again for more
            self.seconds[name] = round(spent, 3)

    @contextmanager
    def _board(self, stage: Stage) -> Iterator[None]:
        """A bar with the workers and failures under it; the bar stays when the stage has ended."""
        width = min(max(self._console.width - BAR_BESIDE, 5), 40)
        self._bars = bars = Progress(TextColumn("{task.description:<10}"), BarColumn(width), _Count())
        bars.add_task(stage.name, total=None, stage=stage)
        with Live(Group(bars, _Board(self.state)), console=self._console) as live:
            try:
                yield
            finally:
                stage.end()
                bars.update(bars.task_ids[0], completed=stage.done, total=stage.total or stage.done)
                live.update(bars, refresh=True)

    def show(self, stage: Stage) -> None:
        """Bring the display up to date."""
        if self._bars:
            self._bars.update(self._bars.task_ids[0], completed=stage.done, total=stage.total)
        elif not self._quiet and stage.due():
            failures = self.state.failures()
            self.say(stage.line() + (f"; failures so far: {failures}" if failures else ""))

    def say(self, line: str) -> None:
        """Print one line, above a bar where there is one."""
        self._console.print(visible(line), highlight=False, markup=False, emoji=False, soft_wrap=True)
