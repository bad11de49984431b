"""The ``glotmill`` command with one SIGKILL in it: ``python -m tests.faults.launcher EVENT N MARKER build ...``.

Events, each at its N-th time: ``commit`` (the driver, after a commit to the memory or the score store), ``write`` (the
driver, before a write takes effect: a file gets its name, an object store or the Hub is asked), ``batch`` (an actor,
after a batch), ``actor`` (an actor, after a commit of the driver's), ``raylet`` (Ray's node process and with it all
actors, after a commit), ``start`` (Ray's node process, frozen while Ray starts), ``fit`` (the driver, before the fit
of the quality score is written). The marker file appears when the fault has happened, and it happens once.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from glotmill.engine.cli import main
from glotmill.engine.dataset import write_metadata
from glotmill.engine.dataset.manifest import CHOICE, QUALITY
from glotmill.engine.memory.commit_log import NumberedFiles
from glotmill.engine.records import layout, windows
from tests.faults.writes import before_writes

WINDOW = "FAULTS_WINDOW_RECORDS"  # an environment variable


def descendants(pid: int) -> list[tuple[int, str]]:
    """(process id, command line) of all processes that a process started, and those that they started."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except (FileNotFoundError, ProcessLookupError):  # the thread has ended meanwhile
            continue
        for child in children:
            command = Path(f"/proc/{child}/cmdline")
            try:
                found += [(int(child), command.read_text().replace("\0", " ")), *descendants(int(child))]
            except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                continue
    return found


def claim(marker: str) -> bool:
    """Whether the fault has not happened yet; from now on it has."""
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def at(n: int, marker: str, fault: Callable[[], None]) -> Callable[[], None]:
    """Does the fault at its n-th call."""
    calls = 0

    def tick() -> None:
        nonlocal calls
        calls += 1
        if calls == n and claim(marker):
            fault()

    return tick


def kill_self() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def named(part: str) -> list[int]:
    """The processes that this one started whose command line has a part."""
    return [pid for pid, command in descendants(os.getpid()) if part in command]


def kill_first(part: str) -> None:
    os.kill(named(part)[0], signal.SIGKILL)


def kill_node() -> None:
    """Kill Ray's node process, and wait until its actors, which find out by and by, have ended themselves."""
    actors = named("ray::TranslatorActor")
    kill_first("src/ray/raylet/raylet ")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and any(Path(f"/proc/{pid}").exists() for pid in actors):
        time.sleep(0.1)


def after_commit(tick: Callable[[], None]) -> None:
    commit = NumberedFiles.add

    def wrapped(self: NumberedFiles, entries: Any) -> Any:
        made = commit(self, entries)
        tick()
        return made

    NumberedFiles.add = wrapped  # type: ignore[method-assign]


def before_fit(tick: Callable[[], None]) -> None:
    write = write_metadata.write_bytes

    def wrapped(path: Path, data: bytes) -> None:
        if path.name in (QUALITY, CHOICE):
            tick()
        write(path, data)

    write_metadata.write_bytes = wrapped  # type: ignore[attr-defined]


def freeze_at_start() -> None:
    """Stop Ray's node process as soon as it is there, so that the start of Ray hangs."""
    from glotmill.engine.workers import ray_session

    ray_session.START_TIMEOUT_S = 8.0

    def freeze() -> None:
        while not (found := named("src/ray/raylet/raylet ")):
            time.sleep(0.002)
        os.kill(found[0], signal.SIGSTOP)

    threading.Thread(target=freeze, daemon=True).start()


def in_actors(n: int, marker: str) -> None:
    from glotmill.engine.workers import ray_pool
    from glotmill.engine.workers.ray_worker import TranslatorActor

    class FatalActor(TranslatorActor):
        """Kills its process after its n-th batch, if no other actor has."""

        def _count(self) -> None:
            super()._count()
            if self._batches == n:
                try:
                    os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
                except FileExistsError:
                    return
                os.kill(os.getpid(), signal.SIGKILL)

    ray_pool.TranslatorActor = FatalActor  # type: ignore[misc]


def install(event: str, n: int, marker: str) -> None:
    match event:
        case "commit":
            after_commit(at(n, marker, kill_self))
        case "write":
            before_writes(at(n, marker, kill_self))
        case "actor":
            after_commit(at(n, marker, lambda: kill_first("ray::TranslatorActor")))
        case "raylet":
            after_commit(at(n, marker, kill_node))
        case "start":
            if claim(marker):
                freeze_at_start()
        case "fit":
            before_fit(at(n, marker, kill_self))
        case "batch":
            from glotmill.engine.workers.ray_session import protect

            protect(None)
            in_actors(n, marker)
        case "none":
            return
        case _:
            raise SystemExit(f"no such event: {event}")


def small_windows() -> None:
    """Give a small build several windows, where the environment says so."""
    if records := os.environ.get(WINDOW):
        for module in (layout, windows):
            module.CHUNK_ROWS = 20  # type: ignore[attr-defined]
        windows.FEWEST_RECORDS = int(records)


if __name__ == "__main__":
    _, event, number, marker, *command = sys.argv
    small_windows()
    install(event, int(number), marker)
    sys.argv = ["glotmill", *command]
    main()
