"""Recipes and what is made of them: preview, plan, build, refilter."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from glotmill.engine.api.boundary import PathInput, Progress, as_path, as_text, own_errors, reporter, whole_number
from glotmill.engine.commands import build as build_job
from glotmill.engine.commands import preview as preview_job
from glotmill.engine.commands import refilter as refilter_dataset
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe as read_recipe
from glotmill.engine.commands.plan import Plan, make_plan
from glotmill.engine.commands.preview import Preview
from glotmill.engine.commands.refilter import RefilterSummary
from glotmill.engine.commands.summary import BuildSummary
from glotmill.recipes.load import Overrides
from glotmill.recipes.model import Recipe
from glotmill.schemas.errors import InputError

RecipeInput = str | os.PathLike[str] | Mapping[str, Any] | Recipe
LEAST = {"limit": 1, "workers": 0}


@own_errors
def load_recipe(recipe: PathInput | Mapping[str, Any], overrides: Overrides = ()) -> Recipe:
    """Read and check a recipe.

    Args:
        recipe: The path of a YAML file, the name of a built-in recipe, or a mapping with the content of such a file.
            Paths in a file are relative to the file, paths in a mapping to the working directory.
        overrides: Keys to change, as ``{"filter.round_trip.min_chrf": 30}`` or ``["filter.round_trip.min_chrf=30"]``.
            Paths in them are relative to the working directory.

    Returns:
        The recipe, which cannot be changed.

    Raises:
        InputError: The recipe or an override is not usable; the message names the key.
    """
    if isinstance(overrides, str):
        msg = f"overrides {overrides}: expected a mapping, or a list of key.key=value"
        raise InputError(msg)
    return read_recipe(recipe if isinstance(recipe, Mapping) else as_text(recipe, "recipe"), overrides)


@own_errors
def preview(
    recipe: RecipeInput,
    *,
    overrides: Overrides = (),
    out: PathInput | None = None,
    memory: PathInput | None = None,
    limit: int | None = None,
    rows: int = 20,
    rate: float | None = None,
    measure: bool = True,
    progress: Progress = False,
) -> Preview:
    """Make the samples of a build in a temporary folder, and estimate what the build would send and cost.

    Args:
        recipe: A path, a built-in name, a mapping, or what `load_recipe` returned.
        overrides: Keys to change, as in `load_recipe`.
        out: The build's folder [``outputs/NAME``]; its record of languages counts.
        memory: Folder or URL of the translation memory [``outputs/.memory``].
        limit: Only the first samples of each source.
        rows: Number of rows to show.
        rate: Source tokens per second of one worker; None measures it.
        measure: Whether the engine may be loaded to measure its speed.
        progress: True shows the work on standard error; a function is called with each `StageProgress`.

    Raises:
        InputError: The recipe, a value or a file is not usable.
        GlotmillError: The preview failed; the message says why.
    """
    whole_number(rows, "rows", 0)
    made = resolved(recipe, overrides, limit=limit)
    job = prepare(made, out=_place(out, "out"), memory=_place(memory, "memory"))
    return preview_job.preview(job, rows, rate, measure=measure, progress=reporter(progress))


@own_errors
def plan(
    recipe: RecipeInput,
    *,
    overrides: Overrides = (),
    out: PathInput | None = None,
    memory: PathInput | None = None,
    limit: int | None = None,
    retry_failed: bool = False,
    recalibrate: bool = False,
    progress: Progress = False,
) -> Plan:
    """Tell what a build would do to each shard and why, and what it would send to the engine; change nothing.

    Args:
        recipe: A path, a built-in name, a mapping, or what `load_recipe` returned.
        overrides: Keys to change, as in `load_recipe`.
        out: The build's folder [``outputs/NAME``].
        memory: Folder or URL of the translation memory [``outputs/.memory``].
        limit: Only the first samples of each source.
        retry_failed: Count remembered failures as to be sent again.
        recalibrate: Count new fits of the quality score and the choice as what the build makes.
        progress: True shows the work on standard error; a function is called with each `StageProgress`.

    Raises:
        InputError: The recipe, a value or a file is not usable.
        GlotmillError: The build could not be done; the message says why.
    """
    made = resolved(recipe, overrides, limit=limit)
    job = prepare(
        made, out=_place(out, "out"), memory=_place(memory, "memory"), retry_failed=retry_failed,
        recalibrate=recalibrate,
    )  # fmt: skip
    return make_plan(job, reporter(progress))


@own_errors
def build(
    recipe: RecipeInput,
    *,
    overrides: Overrides = (),
    out: PathInput | None = None,
    memory: PathInput | None = None,
    limit: int | None = None,
    workers: int | None = None,
    ray_address: str | None = None,
    retry_failed: bool = False,
    compact: bool = False,
    recalibrate: bool = False,
    stop_on_signal: bool = False,
    progress: Progress = False,
) -> BuildSummary:
    """Make a dataset, or bring it up to date.

    A call that was interrupted at any moment, even killed, goes on when it is repeated. The caller decides whether
    `BuildSummary.too_many_failed` is an error; the dataset is written either way.

    Args:
        recipe: A path, a built-in name, a mapping, or what `load_recipe` returned.
        overrides: Keys to change, as in `load_recipe`.
        out: The build's folder [``outputs/NAME``].
        memory: Folder or URL of the translation memory [``outputs/.memory``].
        limit: Only the first samples of each source.
        workers: Ray actors; 0 works in this process, without Ray.
        ray_address: ``HOST:PORT`` of a running Ray cluster; None starts a local Ray.
        retry_failed: Send remembered failures to the engine again.
        compact: Write all shards again, without the records that were withdrawn.
        recalibrate: Fit the quality score and the choice anew to this build's translations, whatever fits there are.
        stop_on_signal: Let work in flight end at the first Ctrl-C or SIGTERM, as the command line does. By default
            signals are left alone.
        progress: True shows the work on standard error; a function is called with each `StageProgress`.

    Raises:
        InputError: The recipe, a value or a file is not usable; nothing was written.
        GlotmillError: The build failed; the message says why, and the dataset is the one of before.
    """
    made = resolved(recipe, overrides, limit=limit, workers=workers)
    job = prepare(
        made, out=_place(out, "out"), memory=_place(memory, "memory"), ray_address=ray_address,
        retry_failed=retry_failed, compact=compact, recalibrate=recalibrate, stop_on_signal=stop_on_signal,
    )  # fmt: skip
    return build_job.build(job, reporter(progress))


@own_errors
def refilter(
    folder: PathInput,
    *,
    recipe: PathInput | Mapping[str, Any] | None = None,
    overrides: Overrides = (),
    ray_address: str | None = None,
    progress: Progress = False,
) -> RefilterSummary:
    """Decide from stored scores which records are kept, and rewrite the shards in which that changes.

    Args:
        folder: The folder of a build, or one that `pull` made.
        recipe: A recipe that differs from the dataset's in ``filter`` and ``calibration`` only; None takes its own.
        overrides: Keys of ``filter``, or ``calibration``, as in `load_recipe`.
        ray_address: ``HOST:PORT`` of a running Ray cluster, whose nodes do the work; None uses threads of this process.
        progress: True shows the work on standard error; a function is called with each `StageProgress`.

    Raises:
        InputError: The dataset, the recipe or an override is not usable; nothing was written.
        GlotmillError: It failed; the message says why, and the dataset is the one of before.
    """
    if isinstance(overrides, str):
        msg = f"overrides {overrides}: expected a mapping, or a list of key.key=value"
        raise InputError(msg)
    other = recipe if recipe is None or isinstance(recipe, Mapping) else as_text(recipe, "recipe")
    path = as_path(folder, "folder")
    return refilter_dataset.refilter(
        path, recipe=other, overrides=overrides, ray_address=ray_address, progress=reporter(progress)
    )


def _place(value: PathInput | None, name: str) -> str | None:
    """A path or address that may be left out."""
    return None if value is None else as_text(value, name)


def resolved(recipe: RecipeInput, overrides: Overrides, **numbers: int | None) -> Recipe:
    """The recipe with the numbers that the call states."""
    stated = {key: value for key, value in numbers.items() if value is not None}
    for key, value in stated.items():
        whole_number(value, key, LEAST[key])
    if not isinstance(recipe, Recipe):
        recipe = load_recipe(recipe, overrides)
    elif overrides:
        msg = "overrides: the recipe is loaded already; give them to load_recipe"
        raise InputError(msg)
    return recipe.model_copy(update=stated)
