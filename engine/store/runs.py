"""The folder of one run: its plan, the units it wrote down, its events.

Guarantees: units are on disk before any of them is worked on; a run that was killed is found again by its plan's
digest, and its units are finished as they were written.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow as pa

from engine.store.files import write_json, write_table

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


class Run:
    """One run of a build in ``runs/<run_id>/``; the folder appears with its first file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

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
            if folder.name.endswith(digest) and not (folder / "finished.json").exists():
                return cls(folder)
        number = int(runs[-1].name.partition("-")[0]) + 1 if runs else 1
        run = cls(build / "runs" / f"{number:04}-{digest}")
        write_json(run.folder / "plan.json", plan)
        return run

    def unit_files(self, phase: str) -> list[Path]:
        """The unit lists written for a phase so far, in order."""
        return sorted(self.folder.glob(f"units-{phase}-*.parquet"))

    def write_units(self, phase: str, units: pl.DataFrame) -> None:
        """Write down a list of units (`UNIT_SCHEMA`) before work on it begins."""
        number = len(self.unit_files(phase)) + 1
        table = units.select(UNIT_SCHEMA.names).to_arrow().cast(UNIT_SCHEMA)
        write_table(self.folder / f"units-{phase}-{number:04}.parquet", table)

    def event(self, name: str, **values: Any) -> None:
        """Append one line to ``events.jsonl``."""
        line = orjson.dumps({"time": round(time.time(), 3), "event": name, **values})
        with (self.folder / "events.jsonl").open("ab") as file:
            file.write(line + b"\n")

    def finish(self, summary: dict[str, Any]) -> None:
        """Mark the run as done."""
        write_json(self.folder / "finished.json", summary)
