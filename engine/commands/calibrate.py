"""Reading a finished dataset back as what a calibration needs: its judged turns, their scores and their texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import yaml

from glotmill.engine.text.segments import plain
from glotmill.filters.calibration import field_of_task
from glotmill.filters.calibration_fit import graded
from glotmill.filters.contract import PAIR_SCHEMA, Scorer
from glotmill.filters.registry import Models, make_scorers
from glotmill.recipes.model import Score
from glotmill.schemas.errors import InputError, one_line

TEXTS = {"source": "source_messages", "target": "messages", "back": "back_messages"}


def judged_turns(folder: Path) -> tuple[pl.DataFrame, pa.Table, list[Scorer]]:
    """(turns, pairs, scorers) of a build, as `glotmill.filters.calibration_fit.calibrate` takes them.

    Args:
        folder: The build's folder.

    Raises:
        InputError: There is no dataset in it, or no score of it can be calibrated.
    """
    dataset = folder / "dataset"
    files = sorted(dataset.glob("data/*/*.parquet"))
    if not files:
        msg = f"calibrate {folder}: no dataset/data/<lang>/*.parquet in it; name the folder of a finished build"
        raise InputError(msg)
    scorers = _scorers(dataset / "recipe.lock.yaml")
    columns = [metric.turn_column for _, metric, _ in graded(scorers)]
    letters = "turn_lexical_letters"
    frame = pl.scan_parquet(files, glob=False)
    schema = frame.collect_schema()
    lacking = [name for name in (*columns, letters) if name not in schema]
    if not columns or lacking:
        msg = f"calibrate {folder}: the build has no {', '.join(lacking) or 'graded score'}: add lexical and round_trip"
        raise InputError(msg)
    rows = frame.filter(pl.col("row_status") == "ok", pl.col("mt").is_not_null())
    turns = rows.select(
        "lang", "source_lang", field_of_task().alias("field_type"), "source_messages", "messages",
        pl.col("back_messages").fill_null(pl.lit([], schema["back_messages"])), "image_refs", letters, *columns,
    ).collect()  # fmt: skip
    pairs, measured = _pairs(turns), turns.select("lang", "field_type", letters, *columns)
    measured = measured.explode(letters, *columns).rename({letters: "letters"})
    judged = measured["letters"].is_not_null()
    return measured.filter(judged), pairs.filter(judged.to_arrow()), scorers


def _scorers(lock: Path) -> list[Scorer]:
    """The scorers that a build ran; a model named by path must still be where the recipe says."""
    try:
        score = Score.model_validate(yaml.safe_load(lock.read_text(encoding="utf-8"))["score"])
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        msg = f"calibrate: {lock} is not a recipe of this version: {one_line(error)}"
        raise InputError(msg) from None
    wanted = [name for name in score.scorers or () if name != "language_id"]  # not calibrated, so not loaded
    return make_scorers(wanted, Models(None, score.embedding, score.image_text))


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
