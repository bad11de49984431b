"""Fuzz of recipes and of the options that go with them, under the commands that read them."""

from __future__ import annotations

import copy
import os
import random
from pathlib import Path

import yaml

from tests.fuzz import inputs
from tests.fuzz.changes import ODD_PATHS, change, change_text, harmless, override
from tests.fuzz.trial import run_written

RECIPE = "recipe.yaml"
COMMANDS = (
    ["build", "--workers", "0"], ["build", "--workers", "0"], ["build", "--workers", "0", "--json", "--compact"],
    ["plan", "--set", "workers=0"], ["plan", "--set", "workers=0", "--json"],
    ["preview", "-n", "2", "--set", "workers=0"],
    ["preview", "-n", "2", "--no-measure", "--json", "--set", "workers=0"],
)  # fmt: skip


def run(cases: int, number: int) -> list[str]:
    """Run cases; the distinct problems found."""
    bases = inputs.recipes()
    return run_written(lambda place, case: _write(place, case, bases), cases, number)


def _write(place: Path, case: int, bases: dict[str, dict[str, object]]) -> tuple[list[str], str]:
    """Write the inputs and the recipe of a case."""
    rng = random.Random(case)
    os.mkfifo(place / "pipe")
    (place / "loop").symlink_to("loop")
    (place / "dangling").symlink_to("nothing")
    base = rng.choice(sorted(bases))
    content = copy.deepcopy(bases[base])
    said = [change(content, rng) for _ in range(rng.choice((0, 1, 1, 1, 2, 3)))]
    text = yaml.dump(harmless(content), Dumper=yaml.SafeDumper, sort_keys=False, allow_unicode=rng.random() < 0.5)
    data = text.encode("utf-8", "surrogatepass")
    if rng.random() < 0.15:
        data, what = change_text(text, rng)
        said.append(what)
    (place / RECIPE).write_bytes(data)
    command, *options = rng.choice(COMMANDS)
    arguments = [command, RECIPE, *options]
    if rng.random() < 0.2:
        arguments += ["--set", override(rng)]
    for option, values in (
        ("--out", (*ODD_PATHS, RECIPE, "out")), ("--memory", (*ODD_PATHS, RECIPE, "memory")),
        ("--limit", ("0", "-1", "1", "1e3", "x", "9" * 30, "", "3.0")),
    ):  # fmt: skip
        if rng.random() < 0.07:
            arguments += [option, rng.choice(values)]
    return arguments, f"case {case} ({base}): {'; '.join(said)}"
