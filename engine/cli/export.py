"""``glotmill export``: a dataset as files that a trainer reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glotmill.engine.cli.options import JsonOption
from glotmill.engine.cli.say import emit, say

if TYPE_CHECKING:
    from glotmill.engine.commands.export import ExportOutcome

# The modules of the family, found without importing it, as help must be quick; a test compares.
FAMILY = Path(__file__).parents[1] / "export"
FORMATS = ", ".join(sorted(file.stem for file in FAMILY.glob("[!_]*.py") if file.stem not in ("contract", "registry")))


def export_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a build, such as outputs/NAME.")],
    format_: Annotated[str, typer.Option("--format", metavar="NAME", help=f"One of {FORMATS}, or a plug-in's.")],
    to: Annotated[Path, typer.Option("--to", metavar="PATH", help="The folder to make.")],
    everything: Annotated[bool, typer.Option("--all", help="Dropped rows, too [kept rows only].")] = False,
    languages: Annotated[list[str] | None, typer.Option("--lang", metavar="CODE", help="Only this language.")] = None,
    images: Annotated[
        Path | None, typer.Option("--images", metavar="DIR", help="Folder of the images (webdataset, trl).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a dataset's rows in the format of a trainer, one file a split, with images and markers in step.

    Rows = exported + refused; each row that a format cannot hold is named in refused.jsonl. Exit codes: 0 done; 1 the
    writing failed; 2 the dataset or an option is not usable, and nothing was written.

    Example: glotmill export outputs/quickstart --format llava --to llava_files
    """
    from glotmill.engine.api.sharing import export

    outcome = export(folder, to, format_, dropped=everything, languages=languages or (), images=images, progress=True)
    emit(outcome, lambda found: _show(found, to), as_json=as_json)


def _show(outcome: ExportOutcome, to: Path) -> None:
    from glotmill.engine.commands.export import REFUSED

    refused = ", ".join(f"{reason} {count:,}" for reason, count in outcome.refused.items())
    exported = ", ".join(f"{split} {rows:,}" for split, rows in outcome.exported.items())
    say(f"{outcome.rows:,} rows = {sum(outcome.exported.values()):,} exported + {outcome.refused.total():,} refused")
    say(f"exported: {exported}")
    if refused:
        say(f"refused: {refused}; named in {to / REFUSED}")
    say(f"files: {to}: {', '.join(outcome.files)}")
