"""Calibrate: thresholds by language from the judged turns of a finished dataset, their scores and their texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import yaml
from pydantic import TypeAdapter

from glotmill.engine.commands.load_recipe import FAMILIES
from glotmill.engine.dataset.lock import WHAT, read_lock
from glotmill.engine.dataset.manifest import AGAIN, LOCK_FILE, has_manifest, read_manifest
from glotmill.engine.dataset.recorded_rules import check_shards
from glotmill.engine.dataset.sound_rows import RECORDS, check_values
from glotmill.engine.storage.atomic_write import write_bytes
from glotmill.engine.storage.checked import checked
from glotmill.engine.storage.output_path import check_new_file
from glotmill.engine.storage.readable import reading
from glotmill.engine.text.notebook import NotebookResult, View
from glotmill.engine.text.segments import plain
from glotmill.filters.calibration import field_of_task
from glotmill.filters.calibration_fit import Settings, calibrate, graded
from glotmill.filters.contract import PAIR_SCHEMA, Scorer
from glotmill.filters.registry import make_scorers
from glotmill.recipes.sections.scorers import Score, ScoreSection
from glotmill.schemas.errors import InputError

TEXTS = {"source": "source_messages", "target": "messages", "back": "back_messages"}

HEAD = "# Written by glotmill calibrate: thresholds by parameter, language (script, all), field type and letters.\n"


@dataclass(frozen=True, slots=True)
class CalibrationOutcome(NotebookResult):
    """A calibration file that was written.

    Attributes:
        path: The file.
        content: What it holds.
    """

    path: Path
    content: dict[str, Any]

    @property
    def lost(self) -> dict[str, dict[str, float]]:
        """The share of each language's turns that is below its threshold, by parameter."""
        found: dict[str, dict[str, float]] = self.content["lost"]
        return found

    @property
    def unreliable(self) -> dict[str, list[str]]:
        """Languages whose typical translation is no better than a shuffled pair, with the rules that say so."""
        found: dict[str, list[str]] = self.content["unreliable"]
        return found

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        return {"path": str(self.path), **self.content}

    def notebook_view(self) -> View:
        """The share that each threshold takes of a language's turns."""
        rows = [(key, lang, f"{share:.2%}") for key, lost in self.lost.items() for lang, share in lost.items()]
        return f"Calibration: {self.path}", [("parameter", "language", "turns below"), *rows]


def calibrate_dataset(folder: Path, out: Path | None, settings: Settings) -> CalibrationOutcome:
    """Fit thresholds to the scores of a build, and write them to a file that a recipe can name.

    Args:
        folder: The build's folder.
        out: The file; None is ``calibration.yaml`` in the build's folder.
        settings: How they are fitted.

    Raises:
        InputError: There is no dataset in it, no score of it can be calibrated, or no group has enough rows.
    """
    path = out or folder / "calibration.yaml"
    check_new_file(path, "--out")
    content = calibrate(*judged_turns(folder), settings)
    write_bytes(path, (HEAD + yaml.safe_dump(content, sort_keys=False, width=100)).encode())
    return CalibrationOutcome(path, content)


def judged_turns(folder: Path) -> tuple[pl.DataFrame, pa.Table, list[Scorer]]:
    """(turns, pairs, scorers) of a build, as `glotmill.filters.calibration_fit.calibrate` takes them.

    Args:
        folder: The build's folder.

    Raises:
        InputError: There is no dataset in it, or no score of it can be calibrated.
    """
    dataset = folder / "dataset"
    if not has_manifest(dataset):
        msg = f"calibrate {folder}: no dataset in it; name the folder of a finished build, such as outputs/NAME"
        raise InputError(msg)
    manifest = read_manifest(dataset)
    files = [dataset / shard.path for shard in manifest.all_shards()]
    if not files:
        msg = f"calibrate {folder}: its dataset has no row; a build with rows can be calibrated"
        raise InputError(msg)
    lock = read_lock(dataset, manifest.facts)
    check_shards(dataset, manifest)
    scorers = _scorers(lock, str(dataset / LOCK_FILE))
    columns = [metric.turn_column for _, metric, _ in graded(scorers)]
    letters = "turn_lexical_letters"
    frame = pl.scan_parquet(files, glob=False)
    with reading(*files, what=RECORDS):
        schema = frame.collect_schema()
    lacking = [name for name in (*columns, letters) if name not in schema]
    if not columns or lacking:
        msg = f"calibrate {folder}: the build has no {', '.join(lacking) or 'graded score'}: add lexical and round_trip"
        raise InputError(msg)
    rows = frame.filter(pl.col("row_status") == "ok", pl.col("mt").is_not_null())
    selected = rows.select(
        "lang", "source_lang", field_of_task().alias("field_type"), "source_messages", "messages",
        "back_messages", "image_refs", letters, *columns,
    )  # fmt: skip
    with reading(*files, what=RECORDS):
        turns = selected.collect()
    check_values(turns, dataset)
    _check_turns(turns, ("source_messages", letters, *columns), dataset)
    pairs, measured = _pairs(turns), turns.select("lang", "field_type", letters, *columns)
    measured = measured.explode(letters, *columns).rename({letters: "letters"})
    judged = measured["letters"].is_not_null()
    return measured.filter(judged), pairs.filter(judged.to_arrow()), scorers


def _check_turns(turns: pl.DataFrame, columns: Sequence[str], dataset: Path) -> None:
    """Refuse records without one value for each turn."""
    wanted = turns["messages"].list.len()
    for name in columns:
        if not (turns[name].list.len() == wanted).fill_null(value=False).all():
            msg = f"{dataset}: column {name}: records without one value for each turn; {AGAIN}"
            raise InputError(msg)


def _scorers(lock: Mapping[str, Any], where: str) -> list[Scorer]:
    """The scorers that a build ran; a model named by path must still be where the recipe says."""
    section: TypeAdapter[Score] = TypeAdapter(ScoreSection)
    score = checked(section, lock["score"], where, WHAT, AGAIN, context={"families": FAMILIES})
    wanted = [name for name in score.scorers or () if name != "language_id"]  # not calibrated, so not loaded
    return make_scorers(wanted, score.settings | {"llm_judge": None})


def _pairs(turns: pl.DataFrame) -> pa.Table:
    """One row of `PAIR_SCHEMA` for each turn, judged or not."""
    found: list[dict[str, Any]] = []
    for row in turns.iter_rows(named=True):
        images = row["image_refs"]
        for number in range(len(row["source_messages"])):
            texts = {
                name: plain(row[column][number]["content"] or "") if row[column] else None
                for name, column in TEXTS.items()
            }
            found.append({
                "source_lang": row["source_lang"], "lang": row["lang"], "field_type": row["field_type"],
                "image": images[0]["uri"] if images else None, "back_failed": False, **texts,
            })  # fmt: skip
    return pa.Table.from_pylist(found, schema=PAIR_SCHEMA)
