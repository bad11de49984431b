"""One command on inputs in a folder of its own: what is wrong with how it ended and with what it left."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import chdir, suppress
from functools import partial
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz import inputs
from tests.fuzz.command import BAD_INPUT, complaint, run_command

PLACE = "place"  # the working directory of the command
LOG = "GLOTMILL_FUZZ_CASE"  # a file that gets each case before it runs: what ends this process leaves its case there
MANY_FAILED = "more than max_failed"  # an exit 1 that a recipe states itself

Write = Callable[[Path], tuple[list[str], str]]
"""Fills a folder, and gives the arguments of the command and a description of the case."""


def problem_of(write: Write) -> str | None:
    """A problem, with the case; None where there is none."""
    with tempfile.TemporaryDirectory(prefix="glotmill-fuzz-") as made:
        place = Path(made, PLACE)
        place.mkdir()
        arguments, told = write(place)
        if log := os.environ.get(LOG):
            Path(log).write_text(f"{told}: {arguments}\n", "utf-8", "backslashreplace")
        before = _tree(Path(made))
        with chdir(place), patch("huggingface_hub.constants.HF_HUB_OFFLINE", new=True):
            ended = run_command(arguments)
        problem = complaint(ended)
        if problem and ended.code == 1 and MANY_FAILED in ended.err:
            problem = None
        if problem is None and ended.code == BAD_INPUT:
            after = _tree(Path(made))
            changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
            problem = f"left behind {changed[:3]}" if changed else None
        if problem is None:
            return None
        last = ended.err.strip().splitlines()[-1][:400] if ended.err.strip() else ""
        return f"{problem}\n      {told}: glotmill {' '.join(map(repr, arguments))}\n      {last}"


def run_written(write: Callable[[Path, int], tuple[list[str], str]], cases: int, number: int) -> list[str]:
    """Run cases that `write` makes of a copy of the usual inputs; the distinct problems found."""
    with tempfile.TemporaryDirectory(prefix="glotmill-fuzz-") as root:
        inputs.write_inputs(Path(root))

        def written(place: Path, case: int) -> tuple[list[str], str]:
            shutil.copytree(root, place, dirs_exist_ok=True)
            return write(place, case)

        return run_cases(lambda case: problem_of(partial(written, case=case)), cases, number)


def run_cases(check: Callable[[int], str | None], cases: int, number: int) -> list[str]:
    """Run cases, each decided by a number that hypothesis draws.

    Args:
        check: Runs the case of a number; a problem, or None.
        cases: How many.
        number: The seed.

    Returns:
        The distinct problems found, each with its first case.
    """
    found: dict[str, str] = {}

    @seed(number)
    @settings(
        max_examples=cases, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.integers(0, 2**63))
    def cased(case: int) -> None:
        problem = check(case)
        if problem:
            found.setdefault(problem.splitlines()[0].split(" at ")[-1], problem)

    with suppress(KeyboardInterrupt):  # what was found until then counts
        cased()
    return list(found.values())


def _tree(root: Path) -> dict[str, tuple[int, int] | None]:
    """Size and time of every file, and every folder, below a folder."""
    found: dict[str, tuple[int, int] | None] = {}
    for folder, folders, names in os.walk(root):
        for name in names:
            status = Path(folder, name).lstat()
            found[os.path.relpath(Path(folder, name), root)] = (status.st_size, status.st_mtime_ns)
        found |= {os.path.relpath(Path(folder, name), root): None for name in folders}
    return found
