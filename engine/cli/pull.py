"""``glotmill pull``: a published dataset to this machine, as far as a new decision needs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glotmill.engine.cli.options import JsonOption
from glotmill.engine.cli.say import emit, say

if TYPE_CHECKING:
    from glotmill.engine.publish.pull import PullOutcome


def pull_command(
    place: Annotated[str, typer.Argument(metavar="PLACE", help="hf://datasets/ORG/NAME[@REVISION], s3://…, a folder.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, or one that an earlier pull made.")],
    everything: Annotated[bool, typer.Option("--all", help="Bring every shard whole.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring manifests, recipe and score columns of a published dataset; whole shards come when a command needs them.

    The folder can be refiltered and published again, with no memory, samples or model at hand. A private dataset
    needs a token in HF_TOKEN. Everything that comes is checked against the manifest. Exit codes: 0 done; 1 the target
    does not answer; 2 the place or folder is not usable, or the place holds other files than its manifest names.

    Example: glotmill pull hf://datasets/ORG/NAME@v1.4.0 outputs/name
    """
    from glotmill.engine.api.sharing import pull

    outcome = pull(place, folder, whole_shards=everything, progress=True)
    emit(outcome, _show, as_json=as_json)


def _show(outcome: PullOutcome) -> None:
    say(f"pulled: {outcome.folder}, {outcome.place} at {outcome.revision}")
    say(f"{outcome.whole:,} of {outcome.shards:,} shards are here whole; a refilter fetches what it changes")
