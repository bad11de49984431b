"""How busy the engines of a run are, how many units wait for them, and what limits the run; from its events."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

RECENT_S = 60.0  # after this time a second counts for a third
BUSY = 0.9  # share of their time from which engines are what limits
PACK = "pack"


@dataclass
class EngineLoad:
    """What engines do and wait for.

    Attributes:
        busy: Seconds of workers with a unit.
        ready: Seconds of workers that have their model.
        planned: Units that were written down or found so.
        done: Units that are done.
        stages: Stages of windows that go on, with the number of windows.
        spilled: Bytes that Ray wrote to this machine's disk, as its memory for objects was full.
    """

    busy: float = 0.0
    ready: float = 0.0
    planned: int = 0
    done: int = 0
    stages: Counter[str] = field(default_factory=Counter)
    spilled: int = 0
    _busy_now: float = 0.0
    _ready_now: float = 0.0

    def pass_time(self, seconds: float, working: int, ready: int) -> None:
        """Note how many workers were ready for some seconds, and how many of them had a unit."""
        fading = math.exp(-seconds / RECENT_S)
        self.busy += working * seconds
        self.ready += ready * seconds
        self._busy_now = self._busy_now * fading + working * seconds
        self._ready_now = self._ready_now * fading + ready * seconds

    @property
    def share(self) -> float | None:
        """The share of the workers' time that they had units; None while none was ready."""
        return self.busy / self.ready if self.ready else None

    @property
    def recent(self) -> float | None:
        """The same of the last minutes."""
        return self._busy_now / self._ready_now if self._ready_now else None

    def limit(self, waiting: int) -> str | None:
        """What limits the run now: ``engines``, ``packing`` or ``planning``; None while no worker is ready.

        Args:
            waiting: Units that wait for a worker.
        """
        if self.recent is None:
            return None
        if self.recent >= BUSY or waiting:
            return "engines"
        going_on = +self.stages
        return "packing" if set(going_on) == {PACK} else "planning"

    def as_json(self, waiting: int) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "busy": _rounded(self.share),
            "busy_recently": _rounded(self.recent),
            "units_waiting": waiting,
            "limited_by": self.limit(waiting),
            "spilled_bytes": self.spilled,
        }

    def lines(self, waiting: int) -> list[str]:
        """In words; nothing while no worker is ready."""
        limit = self.limit(waiting)
        if limit is None or self.share is None or self.recent is None:
            return []
        found = [
            f"engines: {self.recent:.0%} busy in the last minutes, {self.share:.0%} so far; {waiting:,} units wait; "
            f"{limit} {'limit' if limit == 'engines' else 'limits'} the run"
        ]
        if self.spilled:
            size = f"{self.spilled / 1e9:,.1f} GB"
            found.append(f"Ray has put {size} of its objects on the disk: give its object store more memory")
        return found


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
