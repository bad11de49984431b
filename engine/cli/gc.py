"""``glotmill gc``: what nothing refers to any more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glotmill.engine.cli.options import JsonOption
from glotmill.engine.cli.say import emit, say
from glotmill.schemas.errors import InputError

if TYPE_CHECKING:
    from glotmill.engine.commands.gc import Collection


def gc_command(
    outputs: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder of builds [outputs], or the folder of one.")
    ] = Path("outputs"),
    yes: Annotated[bool, typer.Option("--yes", help="Delete what is found; without it, nothing is.")] = False,
    keep_runs: Annotated[int, typer.Option(metavar="N", help="Finished runs of each build that stay.")] = 3,
    memory: Annotated[
        str | None, typer.Option(metavar="DIR|URL", help="Look at this memory, too; entries always stay.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Find what nothing refers to any more: old runs, what killed commands left, files that no manifest names.

    Without --yes nothing is deleted. A build that another command holds is left alone, and so is one whose manifest is
    damaged. Of a memory only what no look-up reads goes: leftovers of compactions, unreadable files that were set
    aside, temporary files of more than a day. Exit codes: 0 done; 1 failed; 2 there is no build, or an option is not
    usable.

    Example: glotmill gc outputs --keep-runs 1 --memory outputs/.memory, and then the same with --yes
    """
    from glotmill.engine.commands.gc import collect
    from glotmill.engine.commands.places import memory_folder

    if keep_runs < 1:
        msg = f"--keep-runs {keep_runs}: expected 1 or more: glotmill plan goes by the times of the last run"
        raise InputError(msg)
    folder = memory_folder(memory) if memory is not None else None
    if folder is not None and folder.path is not None and not folder.path.is_dir():
        msg = f"--memory {folder}: no such folder"
        raise InputError(msg)
    found = collect(outputs, keep_runs=keep_runs, memory=folder, delete=yes)
    emit(found, _show, as_json=as_json)


def _show(found: Collection) -> None:
    for item in found.garbage:
        say(f"{item.bytes:>15,} bytes  {item.path}  ({item.why})")
    for build, why in found.skipped.items():
        say(f"left alone: {build}: {why}")
    done = (
        "deleted"
        if found.deleted
        else "to delete; nothing was deleted, --yes does it"
        if found.garbage
        else "to delete"
    )
    say(f"{found.bytes:,} bytes in {len(found.garbage):,} places {done}")
