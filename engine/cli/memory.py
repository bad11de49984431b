"""``glotmill memory``: look into a translation memory, tidy it, and let people correct it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from glotmill.engine.cli.command_group import CommandGroup
from glotmill.engine.cli.options import JsonOption, MemoryOption
from glotmill.engine.cli.say import emit, say
from glotmill.schemas.errors import InputError, StoreError

if TYPE_CHECKING:
    from glotmill.engine.memory.overview import MemoryStats
    from glotmill.engine.storage.folder import Folder

memory_app = typer.Typer(
    cls=CommandGroup,
    help="Look into a translation memory, tidy it, and let people correct it.",
    no_args_is_help=True,
)


def _existing(place: str | None) -> Folder:
    """A memory that is only read or tidied, so it must be there.

    Raises:
        InputError: It is not.
    """
    from glotmill.engine.commands.places import memory_folder
    from glotmill.engine.memory.overview import stores

    folder = memory_folder(place)
    if not any(files.live() for files in stores(folder).values()):
        msg = f"--memory {folder}: no translation memory there; a build makes one"
        raise InputError(msg)
    return folder


def _print(as_json: bool, value: dict[str, Any], lines: list[str]) -> None:
    emit(value, lambda _: say("\n".join(lines)), as_json=as_json)


@memory_app.command("stats")
def stats_command(memory: MemoryOption = None, as_json: JsonOption = False) -> None:
    """Count entries by direction and by engine, files and bytes.

    Example: glotmill memory stats --memory s3://bucket/memory
    """
    from glotmill.engine.memory.overview import memory_stats

    emit(memory_stats(_existing(memory)), _show_stats, as_json=as_json)


def _show_stats(stats: MemoryStats) -> None:
    from rich.table import Table

    from glotmill.engine.cli.screen import Screen
    from glotmill.engine.text.tables import print_table
    from glotmill.schemas.languages import language

    screen = Screen()
    table = Table("from", "into", "texts", "failures", "corrections", box=None, pad_edge=False)
    for row in stats.directions:
        table.add_row(
            row["source_lang"],
            f"{row['target_lang']} {language(row['target_lang']).name}",
            *(f"{row[name]:,}" for name in ("texts", "failures", "corrections")),
        )
    print_table(screen, table)
    for name, size in stats.stores.items():
        screen.print(f"{name}: {size.rows:,} rows in {size.files:,} files, {size.bytes:,} bytes")
    for fingerprint, keys in stats.translators.items():
        screen.print(f"translator {fingerprint}: {keys:,} keys")
    for file in stats.unreadable:
        screen.print(f"set aside as unreadable: {file}", soft_wrap=True)


@memory_app.command("compact")
def compact_command(memory: MemoryOption = None, as_json: JsonOption = False) -> None:
    """Merge small files into large ones; builds may run meanwhile, and nothing that they find changes.

    Example: glotmill memory compact
    """
    from glotmill.engine.api.boundary import reporter
    from glotmill.engine.memory.overview import compact_memory, memory_stats, stores

    folder = _existing(memory)
    before = sum(len(files.live()) for files in stores(folder).values())
    report = reporter(not as_json)
    unreadable = set(memory_stats(folder).unreadable)
    with report.stage("compact", "files") as stage:
        for _ in compact_memory(folder):
            stage.advance(1)
    found = sorted(set(memory_stats(folder).unreadable) - unreadable)
    after = sum(len(files.live()) for files in stores(folder).values())
    lines = [f"{before:,} files before, {after:,} after", *(f"set aside as unreadable: {file}" for file in found)]
    _print(as_json, {"files_before": before, "files_after": after, "set_aside": found}, lines)


@memory_app.command("verify")
def verify_command(memory: MemoryOption = None, as_json: JsonOption = False) -> None:
    """Read every file whole and recompute every key; exit 1 where something is wrong.

    Example: glotmill memory verify
    """
    from glotmill.engine.api.boundary import reporter
    from glotmill.engine.memory.overview import verify_memory

    folder = _existing(memory)
    rows = 0

    def count(checked: int) -> None:
        nonlocal rows
        rows += checked
        stage.advance(checked)

    with reporter(not as_json).stage("verify", "rows") as stage:
        problems = list(verify_memory(folder, count))
    _print(as_json, {"rows": rows, "problems": problems}, [*problems, f"{rows:,} rows checked"])
    if problems:
        msg = f"{len(problems)} problems in the memory; a build sets unreadable files aside and makes them again"
        raise StoreError(msg)


@memory_app.command("export")
def export_command(
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The file to write.")],
    format: Annotated[Literal["tmx"], typer.Option("--format", help="Format of the file.")] = "tmx",  # noqa: A002, ARG001
    lang: Annotated[list[str] | None, typer.Option("--lang", help="Only into this language (repeatable).")] = None,
    memory: MemoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the translations in force as a file that people's tools read.

    Example: glotmill memory export --format tmx --lang deu_Latn --to german.tmx
    """
    from glotmill.engine.memory.corrections import export_tmx
    from glotmill.engine.memory.translations import Memory
    from glotmill.engine.storage.output_path import check_new_file
    from glotmill.schemas.languages import language

    languages = tuple(language(code).code for code in lang or ())
    check_new_file(to, "--to")
    written, left_out = export_tmx(Memory(_existing(memory)), to, languages)
    lines = [f"{written:,} units written to {to}"]
    if left_out:
        lines.append(f"{left_out:,} entries left out: they hold characters that XML cannot")
    _print(as_json, {"file": str(to), "units": written, "left_out": left_out}, lines)


@memory_app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="A TMX file, corrected by people.")],
    memory: MemoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take what a file says otherwise than the memory as corrections, which win over every engine.

    Example: glotmill memory import german.tmx
    """
    from glotmill.engine.commands.places import open_memory
    from glotmill.engine.memory.corrections import import_tmx
    from glotmill.engine.memory.translations import Memory

    count = import_tmx(Memory(open_memory(memory)), file)
    rejected = sum(count.rejected.values())
    reasons = ", ".join(f"{reason} {number:,}" for reason, number in count.rejected.items())
    line = f"{count.units:,} units read = {count.corrected:,} corrections + {count.unchanged:,} unchanged"
    _print(as_json, asdict(count), [f"{line} + {rejected:,} rejected{f' ({reasons})' if reasons else ''}"])
