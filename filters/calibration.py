"""A calibration: thresholds by language, field type and length, read from the YAML file that a recipe names.

``glotmill calibrate`` writes the file; a build only reads it. A cell that has no threshold of its own backs off: to
the language's and field type's, then to the script's and field type's, then to that of all, then to the recipe's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, get_args

import polars as pl

from glotmill.schemas.errors import InputError
from glotmill.schemas.given_files import given_yaml
from glotmill.schemas.keys import digest
from glotmill.schemas.languages import nearest, registry
from glotmill.schemas.task import TASKS, CalibrationField

VERSION = 1
ALL = "all"
FIELDS: tuple[CalibrationField, ...] = get_args(CalibrationField)
# Letters of the source; the last bucket has no upper end.
BOUNDS = (10, 20, 40, 80)
BUCKETS = ("0-9", "10-19", "20-39", "40-79", "80+")
LETTERS = "score_lexical_letters"

Cells = dict[str, dict[str, dict[str, float]]]


@dataclass(frozen=True)
class Calibration:
    """Thresholds by parameter and cell.

    Attributes:
        content: The file's content.
    """

    content: dict[str, Any]

    @cached_property
    def digest(self) -> str:
        """Identifies the thresholds, for the manifest."""
        return digest(self.content)

    @property
    def unreliable(self) -> frozenset[str]:
        """Languages whose typical translation is no better than a shuffled one."""
        return frozenset(self.content.get("unreliable", {}))

    def threshold(self, parameter: str, default: float) -> pl.Expr | None:
        """The threshold of each row as an expression over lang, task and the source's letters; None if there is none.

        Args:
            parameter: ``<scorer>.<parameter>``.
            default: Where no cell says anything.
        """
        cells: Cells | None = self.content["thresholds"].get(parameter)
        if cells is None:
            return None
        langs = list(registry())
        values = [_resolve(cells, *cell, default) for cell in product(langs, FIELDS, (*BUCKETS, ALL))]
        places = {lang: number * len(FIELDS) * (len(BUCKETS) + 1) for number, lang in enumerate(langs)}
        position = (
            pl.col("lang").replace_strict(places, return_dtype=pl.Int64)
            + field_of_task().replace_strict(
                {name: number * (len(BUCKETS) + 1) for number, name in enumerate(FIELDS)}, return_dtype=pl.Int64
            )
            + bucket(pl.col(LETTERS))
        )
        return pl.lit(pl.Series("threshold", values, pl.Float64)).gather(position)


def field_of_task() -> pl.Expr:
    """The field type of a record, from its task."""
    fields = {task: facts.field for task, facts in TASKS.items()}
    return pl.col("task").replace_strict(fields, default="response", return_dtype=pl.String)


def bucket(letters: pl.Expr) -> pl.Expr:
    """The number of a length's bucket; where the length is not known, that of all lengths."""
    number = pl.lit(0, pl.Int64)
    for bound in BOUNDS:
        number = number + (letters >= bound).cast(pl.Int64)
    return pl.when(letters.is_null()).then(len(BUCKETS)).otherwise(number)


def _resolve(cells: Cells, lang: str, field: str, length: str, default: float) -> float:
    for place in (lang, registry()[lang].script, ALL):
        fitted = cells.get(place, {}).get(field, {})
        for key in (length, ALL) if place == lang else (ALL,):
            if key in fitted:
                return fitted[key]
    return cells.get(ALL, {}).get(ALL, {}).get(ALL, default)


def read_calibration(path: Path, parameters: dict[str, float]) -> Calibration:
    """Read and check a calibration file.

    Args:
        path: The file.
        parameters: The parameters that rules have; the file may name those only.

    Raises:
        InputError: The file is missing or not one that ``glotmill calibrate`` writes.
    """
    content = given_yaml("calibration", path, "a file written by glotmill calibrate")
    sections = [content.get(key, {}) for key in ("thresholds", "unreliable")] if isinstance(content, dict) else [None]
    whole = all(isinstance(section, dict) for section in sections)
    if not whole or content.get("calibration") != VERSION:
        msg = f"calibration {path}: expected a file written by glotmill calibrate, with 'calibration: {VERSION}'"
        raise InputError(msg)
    for parameter, cells in content.get("thresholds", {}).items():
        if parameter not in parameters:
            found = nearest(str(parameter), parameters)
            hint = f"; did you mean '{found[0]}'?" if found else ""
            msg = f"calibration {path}: no rule that runs has a parameter '{parameter}'{hint}"
            raise InputError(msg)
        _check_cells(path, parameter, cells)
    return Calibration({"thresholds": {}, **content})


def _check_cells(path: Path, parameter: str, cells: Any) -> None:
    scripts = {entry.script for entry in registry().values()}
    for place, fields in cells.items() if isinstance(cells, dict) else [(None, None)]:
        known = place in registry() or place in scripts or place == ALL
        for field, lengths in fields.items() if isinstance(fields, dict) else [(None, None)]:
            numbers = isinstance(lengths, dict) and all(
                key in (*BUCKETS, ALL) and isinstance(value, int | float) for key, value in lengths.items()
            )
            if not known or field not in (*FIELDS, ALL) or not numbers:
                msg = f"calibration {path}: thresholds.{parameter}.{place}.{field}: not a cell with numbers by length"
                raise InputError(msg)
