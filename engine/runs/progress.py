"""How far a command is: its stages, what each took, and who is called.

Nothing here prints. `Display` is what shows a report to people (`glotmill.engine.api.terminal`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from glotmill.engine.runs.run import Run
from glotmill.engine.runs.state import RunState

EVENT_INTERVAL_S = 1.0
LISTENER_INTERVAL_S = 0.1


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
        self._noted = 0.0
        self._heard = 0.0

    def advance(self, count: int, total: int | None = None) -> None:
        """Note that so many more are done, and how many there are in all where that is known.

        The rate counts from the first call that says none are done: then the workers are ready.
        """
        if count == 0 and self.done == 0:
            self.ready = time.monotonic()
        self.done += count
        self.total = total if total is not None else self.total
        if time.monotonic() - self._noted >= EVENT_INTERVAL_S:
            self._noted = time.monotonic()
            self._report.note("stage_at", self)
        if time.monotonic() - self._heard >= LISTENER_INTERVAL_S:
            self._heard = time.monotonic()
            self._report.call(self)
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


class Display(Protocol):
    """What shows a report to people."""

    def stage(self, stage: Stage, state: RunState) -> AbstractContextManager[None]:
        """Show a stage while it goes on, with what the run's events say."""

    def update(self, stage: Stage, state: RunState) -> None:
        """Bring what is shown up to date."""

    def say(self, line: str) -> None:
        """Show a line."""


class Advancing(Protocol):
    """A stage, to whom counts it."""

    def advance(self, count: int, total: int | None = None) -> None:
        """Note that so many more are done, and how many there are in all where that is known."""


class Stages(Protocol):
    """What times and shows the stages of a command."""

    def stage(self, name: str, unit: str) -> AbstractContextManager[Advancing]:
        """Time and show one stage."""


class ProgressReport:
    """Keeps how long each stage took, writes the stages down and passes them on.

    Args:
        display: Shows them; None shows nothing.
        listener: Is called with each `StageProgress`.

    Attributes:
        seconds: Wall time by stage, in the order they ended.
        state: What the events of the run that is recorded say.
    """

    def __init__(self, display: Display | None = None, *, listener: Listener | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self.state = RunState()
        self._display = display
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

    def window_stage(self, name: str, by: int) -> None:
        """Write down that a stage goes on in so many more windows."""
        if self._run is not None:
            self._run.event("window_stage", stage=name, by=by)

    def call(self, stage: Stage, *, ended: bool = False) -> None:
        """Call the listener, where there is one, with how far a stage is."""
        if self._listener is not None:
            self._listener(StageProgress(stage.name, stage.unit, stage.done, stage.total, ended))

    @contextmanager
    def stage(self, name: str, unit: str) -> Iterator[Stage]:
        """Time and show one stage."""
        stage = Stage(name, unit, self)
        self.note("stage_began", stage)
        self.call(stage)
        try:
            with self._display.stage(stage, self.state) if self._display else nullcontext():
                try:
                    yield stage
                finally:
                    stage.end()
            self.note("stage_done", stage)
            self.call(stage, ended=True)
        finally:
            spent = self.seconds.get(name, 0.0) + time.monotonic() - stage.started  # a stage may run again for more
            self.seconds[name] = round(spent, 3)

    def show(self, stage: Stage) -> None:
        """Bring the display up to date."""
        if self._display:
            self._display.update(stage, self.state)

    def say(self, line: str) -> None:
        """Show a line, where there is a display."""
        if self._display:
            self._display.say(line)
