"""Fuzz of source files and of the files that a recipe names beside them, under the commands that read them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import yaml

from tests.fuzz import inputs
from tests.fuzz.recipes import COMMANDS, RECIPE
from tests.fuzz.source_damage import damage
from tests.fuzz.trial import run_written

PATH_KEYS = ("path", "questions", "annotations", "image_list", "folder", "table", "weights", "bank", "calibration")


def run(cases: int, number: int) -> list[str]:
    """Run cases; the distinct problems found."""
    bases = inputs.recipes()
    return run_written(lambda place, case: _write(place, case, bases), cases, number)


def _write(place: Path, case: int, bases: dict[str, dict[str, Any]]) -> tuple[list[str], str]:
    """Damage the files of a case, and write its recipe."""
    rng = random.Random(case)
    base = rng.choice(sorted(name for name in bases if name in inputs.SOURCES or name in ("mixed", "judged")))
    content = bases[base]
    (place / RECIPE).write_text(yaml.safe_dump(content, sort_keys=False))
    files = sorted(_named(content))
    said = [damage(place / rng.choice(files), rng) for _ in range(rng.choice((1, 1, 1, 2)))]
    command, *options = rng.choice(COMMANDS)
    return [command, RECIPE, *options], f"case {case} ({base}): {'; '.join(said)}"


def _named(content: Any) -> set[str]:
    """The files and folders that a recipe names."""
    if isinstance(content, list):
        return set().union(*map(_named, content)) if content else set()
    if not isinstance(content, dict):
        return set()
    own = {child for key, child in content.items() if key in PATH_KEYS and isinstance(child, str)}
    return own.union(*map(_named, content.values()))
