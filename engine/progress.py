"""Showing how a build gets on: bars with rate and ETA on a terminal, plain lines elsewhere.

Everything goes to standard error; standard output is for results.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

PLAIN_INTERVAL_S = 5.0


class _Rate(TextColumn):
    """Units per second of a task."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} {task.fields['unit']}/s" if task.speed else "")


class Stage:
    """One stage as it goes on."""

    def __init__(self, name: str, unit: str, report: ProgressReport) -> None:
        self.name = name
        self.unit = unit
        self.done = 0
        self.total: int | None = None
        self.started = self.ready = time.monotonic()
        self._report = report
        self._said = self.started

    def advance(self, count: int, total: int | None = None) -> None:
        """Note that so many more are done, and how many there are in all where that is known.

        The rate counts from the first call that says none are done: then the workers are ready.
        """
        if count == 0 and self.done == 0:
            self.ready = self._said = time.monotonic()
        self.done += count
        self.total = total if total is not None else self.total
        self._report.show(self)

    def line(self) -> str:
        """The stage in one plain line."""
        seconds = max(time.monotonic() - self.ready, 1e-6)
        rate = self.done / seconds
        text = f"{self.name}: {self.done:,}{f' of {self.total:,}' if self.total else ''} {self.unit}, {rate:,.0f}/s"
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
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.seconds: dict[str, float] = {}
        self._console = Console(stderr=True, quiet=quiet)
        self._bars: Progress | None = None
        self._quiet = quiet

    @contextmanager
    def stage(self, name: str, unit: str) -> Iterator[Stage]:
        """Time and show one stage."""
        stage = Stage(name, unit, self)
        try:
            if self._console.is_terminal and not self._quiet:
                bars = Progress(
                    TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), _Rate(),
                    TimeRemainingColumn(), console=self._console,
                )  # fmt: skip
                with bars:
                    bars.add_task(name, total=None, unit=unit)
                    self._bars = bars
                    yield stage
            else:
                yield stage
                if not self._quiet:
                    self.say(f"{stage.line()} ({time.monotonic() - stage.started:.1f} s)")
        finally:
            self._bars = None
            self.seconds[name] = round(time.monotonic() - stage.started, 3)

    def show(self, stage: Stage) -> None:
        """Bring the display up to date."""
        if self._bars:
            self._bars.update(self._bars.task_ids[0], completed=stage.done, total=stage.total)
        elif not self._quiet and stage.due():
            self.say(stage.line())

    def say(self, line: str) -> None:
        """Print one line, above a bar where there is one."""
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)
