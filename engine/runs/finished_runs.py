"""What earlier runs left: their summaries, their recipes and the texts that they gave up.

Guarantees: a file that is damaged ends in one line; runs of older versions are read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from glotmill.engine.runs.run import FINISHED, PLAN, UNIT_SCHEMA, UNITS
from glotmill.engine.storage.checked import Count, FileModel, Number, checked, json_value, parsed
from glotmill.engine.storage.readable import check_types, reading, schema_of


class RunPlan(FileModel):
    """The plan of a run, as far as it is read again."""

    recipe: dict[str, Any]


class WayCount(FileModel):
    """The requests of one direction (`glotmill.engine.translation.counts.SegmentCount`)."""

    unique: Count
    translated: Count


class ForcedWayCount(FileModel):
    """The pairs that were scored (`glotmill.engine.translation.forced_scores.ForcedCount`)."""

    unique: Count
    scored: Count


class RunSummary(FileModel):
    """What a finished build said at its end, as far as other commands read it."""

    seconds: dict[str, Number]
    segments: WayCount
    back_translation: WayCount | None
    forced: ForcedWayCount | None = None
    saved: Number | None = None
    derived: dict[str, dict[str, Any]]
    sources: dict[str, dict[str, Any]]


class GivenUp(FileModel):
    """A text that failed its worker alone (`Run.failure`)."""

    unit: int
    key: str
    reason: str
    detail: str | None


def finished_runs(build: Path) -> list[Path]:
    """The folders of a build's finished runs, oldest first; a run that is not finished will be gone on with."""
    return [folder for folder in sorted((build / "runs").glob("[0-9]*-*")) if (folder / FINISHED).exists()]


def run_summary(run: Path) -> dict[str, Any]:
    """What a finished run said at its end. In runs of older versions ``requested`` is called ``asked``.

    Raises:
        InputError: The file is damaged.
    """
    path = run / FINISHED
    what, mend = "the summary of a finished run", f"remove the folder {run}: nothing of the dataset is in it"
    content: dict[str, Any] = json_value(path.read_bytes(), str(path), what, mend)
    checked(RunSummary, content, str(path), what, mend)
    for name in ("segments", "back_translation", "records"):
        if content.get(name) and "asked" in content[name]:
            content[name]["requested"] = content[name].pop("asked")
    return content


def run_recipe(run: Path) -> dict[str, Any]:
    """The resolved recipe of a run.

    Raises:
        InputError: Its plan is damaged.
    """
    path = run / PLAN
    what, mend = "the plan of a run", f"remove the folder {run}: nothing of the dataset is in it"
    return parsed(RunPlan, path.read_bytes(), path, what, mend).recipe


def given_up_texts(run: Path) -> list[dict[str, Any]]:
    """The texts that failed their worker alone, with why; of each what the unit lists say of it, too.

    Raises:
        InputError: A file of the run is damaged.
    """
    path = run / "failures.jsonl"
    if not path.exists():
        return []
    what, mend = "a text that was given up", f"remove the folder {run}: nothing of the dataset is in it"
    failures: list[dict[str, Any]] = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        where = f"{path}, line {number}"
        failures.append(json_value(line, where, what, mend))
        checked(GivenUp, failures[-1], where, what, mend)
    wanted = pl.col("key").is_in([failure["key"] for failure in failures])
    texts: dict[str, dict[str, Any]] = {}
    for file in sorted(run.rglob("units-*.parquet")):
        check_types(schema_of(file, UNITS, mend), UNIT_SCHEMA, file, UNITS, mend)
        rows = pl.scan_parquet(file, glob=False).filter(wanted).select("key", "source_lang", "target_lang", "text")
        with reading(file, what=UNITS, mend=mend):
            texts |= {row["key"]: row for row in rows.collect().to_dicts()}
    return [{**failure, **texts.get(failure["key"], {})} for failure in failures]
