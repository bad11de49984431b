"""Exporting a dataset: its rows, in order, through one format into a folder that appears whole or not at all.

Guarantees: rows read = exported + refused (reason), and every refused row is named in ``refused.jsonl``; kept rows
only, unless the options take all.
"""

from __future__ import annotations

import secrets
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from glotmill.engine.dataset.contents import LocalDataset, open_dataset
from glotmill.engine.dataset.recorded_rules import check_shards
from glotmill.engine.dataset.sound_rows import RECORDS, check_values
from glotmill.engine.export.contract import Exporter, ExporterMember, write_line
from glotmill.engine.export.registry import EXPORTERS
from glotmill.engine.export.shared.image_bytes import ImageBytes
from glotmill.engine.export.shared.row import COLUMNS, sound_row
from glotmill.engine.publish.opened import refuse_published
from glotmill.engine.publish.whole_shards import fetch_shards
from glotmill.engine.runs.progress import ProgressReport, Stage
from glotmill.engine.storage.output_path import check_new_folder
from glotmill.engine.storage.readable import check_types, reading
from glotmill.engine.text.notebook import NotebookResult
from glotmill.schemas.errors import InputError, RowError

NEEDS_IMAGES = "holds the bytes of images: give --images FOLDER, or build with images.store: true"
BATCH_ROWS = 2000
REFUSED = "refused.jsonl"


@dataclass(slots=True)
class ExportOutcome(NotebookResult):
    """What became of the rows.

    Attributes:
        format: The format.
        to: The folder.
        rows: Rows read: the kept ones, or all.
        exported: Rows written, by split.
        refused: Rows that the format cannot hold, by reason.
        files: The files written.
    """

    format: str
    to: str
    rows: int = 0
    exported: dict[str, int] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    files: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What is exported.

    Attributes:
        format: A name of `EXPORTERS`.
        everything: Rows that were dropped, too; failed rows have no text and are refused.
        languages: Only these; none means all.
        images: A folder below which the images are.
    """

    format: str
    everything: bool = False
    languages: Sequence[str] = ()
    images: Path | None = None


def export(folder: Path, to: Path, options: ExportOptions, progress: ProgressReport) -> ExportOutcome:
    """Export a build's dataset, or a dataset's folder.

    Raises:
        InputError: The format, the dataset, a language or the target folder is not usable; nothing was written.
    """
    member = _member(options.format)
    if options.images is not None and not options.images.is_dir():
        msg = f"--images {options.images}: no such folder"
        raise InputError(msg)
    check_new_folder(to, "--to")
    if to.exists() and any(to.iterdir()):
        msg = f"--to {to}: it exists; name a new folder"
        raise InputError(msg)
    refuse_published(folder, "export")
    with open_dataset(folder) as local:
        shards = _shards(local, options.languages)
        of_images = local.contents.of_images()
        needed = [*of_images, *(path for paths in shards.values() for path in paths)]
        if member.holds_images and not of_images and options.images is None:
            msg = f"--format {options.format} {NEEDS_IMAGES}"
            raise InputError(msg)
        missing = [path for path in needed if not (local.root / path).is_file()]
        if missing:
            fetch_shards(folder, missing, progress)
        check_shards(local.root, local.contents.manifest)
        images = ImageBytes([local.root / path for path in of_images], options.images)
        outcome = ExportOutcome(options.format, str(to))
        with _whole_folder(to) as aside, progress.stage("export", "rows") as stage:
            for split, paths in shards.items():
                files = [local.root / path for path in paths]
                _export_split(aside, member.exporter, split, files, images, options, outcome, stage)
            outcome.files = sorted(path.name for path in aside.iterdir())
    return outcome


def _member(name: str) -> ExporterMember:
    try:
        return EXPORTERS.get(name)
    except InputError as error:
        msg = f"--format {name}: {error}"
        raise InputError(msg) from None


def _shards(local: LocalDataset, languages: Sequence[str]) -> dict[str, list[str]]:
    """The shards of the chosen languages, by split."""
    configs = local.contents.manifest.shards
    for lang in languages:
        if lang not in configs:
            msg = f"--lang {lang}: the dataset has {', '.join(configs) or 'no row'}"
            raise InputError(msg)
    found: dict[str, list[str]] = {}
    for lang in languages or configs:
        for shard in configs[lang]:
            found.setdefault(shard.split, []).append(shard.path)
    return found


@contextmanager
def _whole_folder(to: Path) -> Iterator[Path]:
    """A folder aside that takes its place when the context ends without an error, and is gone otherwise."""
    to.absolute().parent.mkdir(parents=True, exist_ok=True)
    aside = to.absolute().with_name(f".{to.name}.{secrets.token_hex(4)}.tmp")
    aside.mkdir()
    try:
        yield aside
        if to.exists():
            to.rmdir()  # it is empty
        aside.rename(to)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _export_split(
    aside: Path, exporter: Exporter, split: str, files: Sequence[Path], images: ImageBytes, options: ExportOptions,
    outcome: ExportOutcome, stage: Stage,
) -> None:  # fmt: skip
    exported = 0
    with exporter(aside, split, images) as add:
        for record in _records(files, everything=options.everything):
            outcome.rows += 1
            try:
                add(sound_row(record))
                exported += 1
            except RowError as error:
                outcome.refused[error.reason] += 1
                with (aside / REFUSED).open("ab") as file:
                    write_line(file, {"record_id": record["record_id"], "reason": error.reason, "detail": error.detail})
            stage.advance(1)
    outcome.exported[split] = exported


def _records(files: Sequence[Path], *, everything: bool) -> Iterator[dict[str, Any]]:
    for path in files:
        with reading(path, what=RECORDS), pq.ParquetFile(path) as opened:
            check_types(opened.schema_arrow, (), path, RECORDS)
            for batch in opened.iter_batches(BATCH_ROWS, columns=list(COLUMNS)):
                rows = batch if everything else batch.filter(pc.field("keep"))
                check_values(pa.Table.from_batches([rows]), path)
                yield from rows.to_pylist()
