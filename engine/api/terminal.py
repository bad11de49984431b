"""The work of a command on standard error: a bar, workers and failures on a terminal, plain lines elsewhere.

Standard output is for results. ``NO_COLOR`` is respected, as rich does it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from glotmill.engine.runs.board import board_lines
from glotmill.engine.runs.progress import Display, Stage
from glotmill.engine.runs.state import RunState
from glotmill.engine.text.visible import visible

PLAIN_INTERVAL_S = 5.0
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


class TerminalDisplay(Display):
    """Shows stages on standard error.

    Args:
        console: Another place to show them.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._bars: Progress | None = None
        self._said = 0.0  # when the last plain line of the stage was due, by the monotonic clock

    @contextmanager
    def stage(self, stage: Stage, state: RunState) -> Iterator[None]:
        """A bar with the workers and failures under it, which stays when the stage has ended; or a line at its end."""
        self._said = stage.started
        if not self._console.is_terminal:
            yield
            self.say(stage.line())
            return
        width = min(max(self._console.width - BAR_BESIDE, 5), 40)
        self._bars = bars = Progress(TextColumn("{task.description:<10}"), BarColumn(width), _Count())
        bars.add_task(stage.name, total=None, stage=stage)
        try:
            with Live(Group(bars, _Board(state)), console=self._console) as live:
                try:
                    yield
                finally:
                    bars.update(bars.task_ids[0], completed=stage.done, total=stage.total or stage.done)
                    live.update(bars, refresh=True)
        finally:
            self._bars = None

    def update(self, stage: Stage, state: RunState) -> None:
        """Move the bar, or print a line every few seconds while units are worked on."""
        if self._bars:
            self._bars.update(self._bars.task_ids[0], completed=stage.done, total=stage.total)
            return
        now = time.monotonic()
        if now - max(self._said, stage.ready) >= PLAIN_INTERVAL_S:
            self._said = now
            failures = state.failures()
            self.say(stage.line() + (f"; failures so far: {failures}" if failures else ""))

    def say(self, line: str) -> None:
        """Print one line, above a bar where there is one."""
        self._console.print(visible(line), highlight=False, markup=False, emoji=False, soft_wrap=True)
