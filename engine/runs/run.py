"""The folder of one run: its plan, what it asks for, the units it wrote down, its events and failures.

Guarantees: units are on disk before any of them is worked on; a run that was killed is found again by its plan's
digest, and its units are finished as they were written; events and failures hold no secret in use.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from glotmill.engine.memory.entries import Direction
from glotmill.engine.storage.atomic_write import whole_file, write_json, write_passing_table
from glotmill.engine.storage.checked import Count, FileModel, checked, json_value
from glotmill.engine.storage.readable import check_types, schema_of, unreadable
from glotmill.schemas.errors import InputError
from glotmill.schemas.redact import redacted

FINISHED = "finished.json"  # the last file of a run: its summary
UNIT_SCHEMA = pa.schema(
    [
        pa.field("unit", pa.int32()),
        pa.field("batch", pa.int32()),
        pa.field("key", pa.string()),
        pa.field("source_lang", pa.string()),
        pa.field("target_lang", pa.string()),
        pa.field("text", pa.string()),
    ]
)
# Units whose translations are given and forced.
FORCED_UNIT_SCHEMA = UNIT_SCHEMA.append(pa.field("translation", pa.string()))
# Units whose searches are looked at for the tokens that they use; the column says so and has no other meaning.
USE_UNIT_SCHEMA = UNIT_SCHEMA.append(pa.field("use", pa.bool_()))
# Rows of a unit list that are in memory at a time.
ROW_GROUP_ROWS = 50_000
UNITS = "a list of units of a run"
PLAN = "plan.json"
WINDOWS = "windows"  # the folder of their lists, where there are several
STOPPED = "stopped"  # how an attempt ended that somebody stopped


class Began(FileModel):
    """What a run noted at its beginning."""

    last_memory_file: Count


class Run:
    """One run of a build in ``runs/<run_id>/``; the folder appears with its first file.

    Attributes:
        folder: The folder.
        number: The window's, where it is one of several.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lists = folder
        self.number: int | None = None
        self._listeners: list[Callable[[dict[str, Any]], None]] = []
        self._writing = RLock()  # windows write from threads of their own

    @classmethod
    def open(cls, build: Path, plan: dict[str, Any], digest: str) -> Run:
        """The unfinished run of this plan, or a new one.

        Args:
            build: The build's folder.
            plan: What the run is to do; written down.
            digest: Identifies the plan.
        """
        runs = sorted((build / "runs").glob("[0-9]*-*"))
        for folder in reversed(runs):
            if folder.name.endswith(digest) and not (folder / FINISHED).exists():
                return cls(folder)
        number = int(runs[-1].name.partition("-")[0]) + 1 if runs else 1
        run = cls(build / "runs" / f"{number:04}-{digest}")
        write_json(run.folder / PLAN, plan)
        return run

    def window(self, number: int) -> Run:
        """The same run for one of several windows, whose lists of units and requests have a folder of their own."""
        one = self.part(f"{WINDOWS}/{number:04}")
        one.number = number
        return one

    def part(self, name: str) -> Run:
        """The same run with a folder of its own for the lists of units and requests of a part of it."""
        one = Run(self.folder)
        one._lists, one._listeners, one._writing = self.folder / name, self._listeners, self._writing
        return one

    def began(self, last_file: int) -> int:
        """The number of the memory's last file when the run began; the first call notes it."""
        path = self.folder / "began.json"
        if not path.exists():
            write_json(path, {"last_memory_file": last_file})
        what, mend = "what a run noted at its beginning", f"remove the folder {self.folder}: the build begins again"
        return checked(
            Began, json_value(path.read_bytes(), str(path), what, mend), str(path), what, mend
        ).last_memory_file

    def unit_files(self, phase: str) -> list[Path]:
        """The unit lists written for a phase so far, in order."""
        return sorted(self._lists.glob(f"units-{phase}-*.parquet"))

    def checked_unit_files(self, phase: str) -> list[Path]:
        """The same, each of them found whole.

        Raises:
            InputError: One is damaged; the message says how the run is given up.
        """
        files = self.unit_files(phase)
        mend = f"remove the folder {self.folder}: the build then plans its units again"
        for path in files:
            check_types(schema_of(path, UNITS, mend), UNIT_SCHEMA, path, UNITS, mend)
            why = unreadable(path)
            if why is not None:
                msg = f"{path}: {why}; expected {UNITS}; {mend}"
                raise InputError(msg)
        return files

    def write_units(self, phase: str, units: pl.DataFrame) -> Path:
        """Write down a list of units, in order, before work on it begins: `UNIT_SCHEMA`, `FORCED_UNIT_SCHEMA` where the
        units have translations, `USE_UNIT_SCHEMA` where their tokens are looked at; its file."""
        path = self._lists / f"units-{phase}-{len(self.unit_files(phase)) + 1:04}.parquet"
        schema = FORCED_UNIT_SCHEMA if "translation" in units.columns else UNIT_SCHEMA
        schema = USE_UNIT_SCHEMA if "use" in units.columns else schema
        table = units.select(schema.names).to_arrow().cast(schema)
        write_passing_table(path, table, row_group_rows=ROW_GROUP_ROWS)
        return path

    def read_units(self, file: str, numbers: set[int]) -> Iterator[tuple[int, pa.Table]]:
        """Some units of a list, as (number, rows), in order and a row group in memory at a time."""
        with pq.ParquetFile(self._lists / file) as reader:
            rest = reader.schema_arrow.empty_table()
            for group in range(reader.num_row_groups):
                rows = reader.read_row_group(group)
                if rest.num_rows:
                    rows = pa.concat_tables([rest, rows]).combine_chunks()
                found = list(_by_unit(rows))
                _, rest = found.pop()  # it may go on in the next row group
                yield from ((number, _copied(unit)) for number, unit in found if number in numbers)
            yield from ((number, _copied(unit)) for number, unit in _by_unit(rest) if number in numbers)

    def write_requests(self, phase: str, direction: Direction, requests: pl.DataFrame) -> None:
        """Keep what a phase asks for in one direction at hand, on disk, until the run ends.

        Uncompressed, some 200 bytes a request, as they are read again several times.
        """
        with whole_file(self._requests(phase, direction)) as aside:
            requests.write_ipc(aside)

    def read_requests(self, phase: str, direction: Direction) -> pl.DataFrame:
        """What a phase asks for in one direction."""
        return pl.read_ipc(self._requests(phase, direction).read_bytes())

    def write_known(self, phase: str, direction: Direction, entries: pl.DataFrame) -> None:
        """Keep what was known of a phase's requests in one direction, when it was planned, at hand like these."""
        path = self._known(phase, direction)
        if entries.is_empty():
            path.unlink(missing_ok=True)
            return
        with whole_file(path) as aside:
            entries.write_ipc(aside)

    def read_known(self, phase: str, direction: Direction) -> pl.DataFrame | None:
        """What was known of them; None where it was nothing."""
        path = self._known(phase, direction)
        return pl.read_ipc(path.read_bytes()) if path.exists() else None

    def requested_by(self, window: int, phase: str, direction: Direction) -> pl.Series:
        """The keys of what another window requests in a direction; none where it requests nothing."""
        path = self.window(window)._requests(phase, direction)
        if not path.exists():
            return pl.Series("key", dtype=pl.String)
        return pl.read_ipc(path.read_bytes(), columns=["key"])["key"]

    def count_requests(self, phase: str, direction: Direction) -> int:
        """How many different requests those are."""
        with pa.memory_map(str(self._requests(phase, direction))) as file, pa.ipc.open_file(file) as requests:
            return sum(requests.get_batch(number).num_rows for number in range(requests.num_record_batches))

    def drop_requests(self) -> None:
        """Take what was kept at hand away: nobody reads it any more."""
        shutil.rmtree(self._lists / "asked", ignore_errors=True)

    def _requests(self, phase: str, direction: Direction) -> Path:
        return self._lists / "asked" / f"{phase}-{direction.source_lang}-{direction.target_lang}.arrow"

    def _known(self, phase: str, direction: Direction) -> Path:
        return self._requests(f"known-{phase}", direction)

    def event(self, name: str, **values: Any) -> None:
        """Append one line to ``events.jsonl``, and tell those who listen."""
        window = {} if self.number is None else {"window": self.number}
        with self._writing:
            event = {"time": round(time.time(), 3), "event": name, **redacted(values), **window}
            self._append("events.jsonl", event)
            for listener in self._listeners:
                listener(event)

    def listen(self, listener: Callable[[dict[str, Any]], None]) -> None:
        """Tell somebody of every event from now on."""
        self._listeners.append(listener)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """One attempt at the run: its beginning is an event, and so is an end that is none of its own."""
        self.event("attempt_began")
        try:
            yield
        except KeyboardInterrupt:
            self.event("attempt_ended", why=STOPPED)
            raise
        except Exception as error:
            self.event("attempt_ended", why=f"{type(error).__name__}: {error}")
            raise

    def failure(self, **values: Any) -> None:
        """Append one line to ``failures.jsonl``: a row that no worker survived."""
        self._append("failures.jsonl", redacted(values))

    def _append(self, file: str, values: dict[str, Any]) -> None:
        with (self.folder / file).open("ab") as lines:
            lines.write(orjson.dumps(values) + b"\n")

    def finish(self, summary: dict[str, Any]) -> None:
        """Mark the run as done."""
        write_json(self.folder / FINISHED, summary)
        for lists in (self.folder, *self.folder.glob(f"{WINDOWS}/*")):
            shutil.rmtree(lists / "asked", ignore_errors=True)


def _by_unit(rows: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    """(number, rows) of each unit in a table."""
    numbers = rows["unit"].to_numpy()
    starts = np.flatnonzero(np.diff(numbers, prepend=-1)).tolist()
    for start, end in pairwise([*starts, len(numbers)]):
        yield int(numbers[start]), rows.slice(start, end - start)


def _copied(rows: pa.Table) -> pa.Table:
    """Rows of a larger table by themselves: what holds them holds no others, and sends no others to a worker."""
    [batch] = rows.combine_chunks().to_batches()
    return pa.Table.from_batches([pa.ipc.read_record_batch(batch.serialize(), batch.schema)])
