"""``glotmill build``: make a dataset from a recipe."""

from __future__ import annotations

from typing import Annotated

import typer

from glotmill.engine.cli.options import (
    JsonOption,
    LimitOption,
    MemoryOption,
    OutOption,
    RecalibrateOption,
    RecipeArgument,
    RetryFailedOption,
    SetOption,
)
from glotmill.engine.cli.say import emit
from glotmill.schemas.errors import GlotmillError


def build_command(
    recipe: RecipeArgument,
    out: OutOption = None,
    memory: MemoryOption = None,
    limit: LimitOption = None,
    workers: Annotated[str | None, typer.Option(metavar="N", help="Ray actors; 0 works in this process.")] = None,
    ray_address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Work on this Ray cluster [a local Ray].")
    ] = None,
    override: SetOption = None,
    retry_failed: RetryFailedOption = False,
    compact: Annotated[
        bool, typer.Option("--compact", help="Lay out all shards again, without the records that were withdrawn.")
    ] = False,
    recalibrate: RecalibrateOption = False,
    as_json: JsonOption = False,
) -> None:
    """Build a dataset: read, translate, score, decide and write it.

    Killed or stopped, the same command goes on where it was. Exit codes: 0 done; 1 failed, or more records
    failed than max_failed; 2 the recipe, an option or a file is not usable, and nothing was written.

    Example: glotmill build coco_captions --set sources.captions.path=captions_val2017.json --limit 5000
    """
    from glotmill.engine.api.builds import build
    from glotmill.engine.cli.build_page import print_summary
    from glotmill.engine.cli.screen import Screen

    overrides = list(override or ())
    for key, value in (("limit", limit), ("workers", workers)):
        if value is not None:
            overrides.append(f"{key}={value}")
    summary = build(
        recipe, overrides=overrides, out=out, memory=memory, ray_address=ray_address, retry_failed=retry_failed,
        compact=compact, recalibrate=recalibrate, stop_on_signal=True, progress=True,
    )  # fmt: skip
    emit(summary, lambda found: print_summary(found, Screen()), as_json=as_json)
    if summary.too_many_failed:
        msg = (
            f"{summary.failed:,} of {summary.rows:,} records failed, more than max_failed "
            f"{summary.max_failed:g}; the dataset was written, and build --retry-failed asks for them again"
        )
        raise GlotmillError(msg)
