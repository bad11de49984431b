"""``glotmill verify``: whether a dataset is what it claims to be."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glotmill.engine.cli.options import JsonOption, ShardAddressOption
from glotmill.engine.cli.say import emit, say

if TYPE_CHECKING:
    from glotmill.engine.commands.verify.verify_dataset import Verification

PROBLEMS = 1


def verify_command(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of a build, of a dataset, or a published one (@VERSION).")
    ],
    deep: Annotated[bool, typer.Option("--deep", help="Also check every rule of a record on every row.")] = False,
    ray_address: ShardAddressOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check every file and count every row again: checksums, schema, ids, balances, verdicts and the card's numbers.

    Verdicts are decided again from the stored scores and the recipe's lock. Nothing is written. Each problem is one
    line with its file. Exit codes: 0 sound; 1 there are problems; 2 there is no dataset, or a newer Glotmill made it.

    Example: glotmill verify outputs/quickstart --deep; on a cluster the same with --ray-address head:6379
    """
    from glotmill.engine.api.sharing import verify

    found = verify(folder, deep=deep, ray_address=ray_address, progress=not as_json)
    emit(found, _show, as_json=as_json)
    if found.problems:
        raise typer.Exit(PROBLEMS)


def _show(found: Verification) -> None:
    from glotmill.engine.dataset.pages import not_checked

    for problem in found.problems:
        say(str(problem))
    if found.unchecked:
        say(not_checked(found.unchecked))
    if found.elsewhere:
        say(
            f"not here: {len(found.elsewhere):,} shards, left at {found.origin}; of their records the ids, counts, "
            f"scores and verdicts were checked, in the columns that were pulled"
        )
    state = f"{len(found.problems):,} problems" if found.problems else "sound"
    say(f"{state}: {found.rows:,} rows in {found.shards:,} shards, {found.bytes:,} bytes: {found.dataset}")
