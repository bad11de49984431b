"""Reading a dataset: its languages and counts at once, its rows one by one, or all of them in Polars or datasets.

Guarantees: rows come in the dataset's order, one batch in memory at a time; a dataset that another command replaced
meanwhile is an error, never a mix of two versions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow.compute as pc
import pyarrow.parquet as pq

from glotmill.engine.api.boundary import PathInput, Progress, as_path, own_errors, reporter
from glotmill.engine.dataset.language_counts import LanguageCount, count_language, count_table
from glotmill.engine.dataset.manifest import MANIFEST, read_manifest
from glotmill.engine.dataset.shards import Shard
from glotmill.engine.publish.opened import OpenedDataset, opened
from glotmill.engine.publish.whole_shards import bring
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.storage.readable import reading
from glotmill.engine.text.notebook import NotebookResult, View
from glotmill.schemas.errors import GlotmillError, InputError, from_system
from glotmill.schemas.keys import file_sha256
from glotmill.schemas.languages import nearest

if TYPE_CHECKING:
    from datasets import DatasetDict

BATCH_ROWS = 2000


class Dataset(NotebookResult):
    """A dataset to read; `open_dataset` makes it.

    Attributes:
        name: The folder, with the version of a published one.
        languages: Its languages, in the recipe's order.
        counts: Rows of each language: kept + dropped + failed, by reason.
        splits: Its splits.
        facts: What its manifest says: versions, sources, translators, scorers, filter.
    """

    def __init__(self, found: OpenedDataset, progress: ProgressReport) -> None:
        manifest = read_manifest(found.root)
        self.name = found.name
        self.facts: Mapping[str, Any] = manifest.facts
        self.languages: tuple[str, ...] = tuple(manifest.shards)
        self.counts: Mapping[str, LanguageCount] = {
            lang: count_language(shards) for lang, shards in manifest.shards.items()
        }
        self._shards = manifest.shards
        self.splits: tuple[str, ...] = tuple(dict.fromkeys(shard.split for shard in manifest.all_shards()))
        self._progress = progress
        self._root = found.root
        # A published version's folder is gone when it is closed: its files are read where they are stored.
        self._stored = {name: (found.root / name).resolve() for name in found.listed}
        self._sha256 = file_sha256(found.root / MANIFEST)

    @property
    def rows(self) -> int:
        """Rows of all languages: kept + dropped + failed."""
        return sum(count.rows for count in self.counts.values())

    @property
    def kept(self) -> int:
        """Kept rows of all languages."""
        return sum(count.kept for count in self.counts.values())

    def records(
        self,
        lang: str | None = None,
        kept: bool | None = True,
        *,
        split: str | None = None,
        columns: Sequence[str] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """The rows as dictionaries, one batch in memory at a time.

        Args:
            lang: Only this language; None for all, one after another.
            kept: True for the kept rows, False for the others, None for every row.
            split: Only this split.
            columns: Only these columns; None for all.

        Raises:
            InputError: There is no such language, split or column, or a shard is damaged.
            GlotmillError: Another command replaced the dataset since it was opened.
            PublishError: A shard that a pull left where it came from cannot be fetched.
        """
        shards = self._chosen(lang, split)
        return self._rows(shards, kept, columns)

    @own_errors
    def to_polars(self, lang: str | None = None, kept: bool | None = True, *, split: str | None = None) -> pl.LazyFrame:
        """The rows as a lazy frame: ``.collect()`` reads them, and only the columns that are used.

        Args:
            lang: Only this language; None for all.
            kept: True for the kept rows, False for the others, None for every row.
            split: Only this split.

        Raises:
            InputError: There is no such language or split.
            GlotmillError: Another command replaced the dataset since it was opened.
            PublishError: A shard that a pull left where it came from cannot be fetched.
        """
        rows = pl.scan_parquet(self._files(self._chosen(lang, split)), glob=False)
        return rows if kept is None else rows.filter(pl.col("keep") == kept)

    @own_errors
    def to_datasets(
        self,
        lang: str | None = None,
        kept: bool | None = True,
        *,
        split: str | None = None,
        cache_dir: PathInput | None = None,
    ) -> DatasetDict:
        """The rows as a ``datasets.DatasetDict`` by split, memory-mapped from the cache of ``datasets``.

        Args:
            lang: Only this language; None for all.
            kept: True for the kept rows, False for the others, None for every row.
            split: Only this split.
            cache_dir: The folder of the cache; None is the one of ``datasets``.

        Raises:
            InputError: There is no such language or split.
            GlotmillError: Another command replaced the dataset since it was opened.
            PublishError: A shard that a pull left where it came from cannot be fetched.
        """
        import datasets

        files: dict[str, list[str]] = {}
        shards = self._chosen(lang, split)
        for shard, path in zip(shards, self._files(shards), strict=True):
            files.setdefault(shard.split, []).append(str(path))
        shows = datasets.are_progress_bars_disabled()
        datasets.disable_progress_bars()
        try:
            return datasets.load_dataset(
                "parquet",
                data_files=files,
                filters=None if kept is None else [("keep", "==", kept)],
                cache_dir=None if cache_dir is None else str(as_path(cache_dir, "cache_dir")),
            )
        finally:
            if not shows:
                datasets.enable_progress_bars()

    def notebook_view(self) -> View:
        """Rows of each language."""
        return f"{self.name}: {self.kept:,} of {self.rows:,} rows are kept", count_table(self.counts)

    def __repr__(self) -> str:
        return f"<Dataset {self.name}: {len(self.languages)} languages, {self.kept:,} of {self.rows:,} rows kept>"

    def _chosen(self, lang: str | None, split: str | None) -> list[Shard]:
        for what, value, known in (("language", lang, self.languages), ("split", split, self.splits)):
            if value is not None and value not in known:
                close = nearest(str(value), known)
                hint = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(known)}"
                msg = f"{self.name}: no {what} {value!r}; {hint}"
                raise InputError(msg)
        chosen = self.languages if lang is None else (lang,)
        return [shard for code in chosen for shard in self._shards[code] if split in (None, shard.split)]

    def _files(self, shards: Sequence[Shard]) -> list[Path]:
        """The shards' files, fetched where a pull left them elsewhere."""
        if self._stored:
            return [self._stored[shard.path] for shard in shards]
        if not (self._root / MANIFEST).is_file() or file_sha256(self._root / MANIFEST) != self._sha256:
            msg = f"{self.name}: another command replaced the dataset since it was opened; open it again"
            raise GlotmillError(msg)
        if self._root.name == "dataset":
            bring(self._root.parent, shards, self._progress)
        return [self._root / shard.path for shard in shards]

    def _rows(
        self, shards: Sequence[Shard], kept: bool | None, columns: Sequence[str] | None
    ) -> Iterator[dict[str, Any]]:
        for shard in shards:
            (path,) = self._files([shard])
            try:
                with reading(path, what="a shard of records"), pq.ParquetFile(path) as file:
                    names = self._columns(file.schema_arrow.names, columns)
                    for batch in file.iter_batches(BATCH_ROWS, columns=list(dict.fromkeys([*names, "keep"]))):
                        rows = batch if kept is None else batch.filter(pc.field("keep") == kept)
                        yield from rows.select(names).to_pylist()
            except OSError as error:
                raise from_system(error) from error

    def _columns(self, known: Sequence[str], wanted: Sequence[str] | None) -> list[str]:
        unknown = [name for name in wanted or () if name not in known]
        if unknown:
            close = nearest(str(unknown[0]), known)
            hint = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(known)}"
            msg = f"{self.name}: no column {unknown[0]!r}; {hint}"
            raise InputError(msg)
        return list(known if wanted is None else wanted)


@own_errors
def open_dataset(folder: PathInput, *, progress: Progress = False) -> Dataset:
    """Open a dataset to read it; nothing is read but its manifest.

    Args:
        folder: The folder of a build, of a dataset, one that `pull` made, or a published one on this machine
            (``FOLDER@VERSION``).
        progress: Shows shards that are fetched: True on standard error; a function is called with each
            `StageProgress`.

    Raises:
        InputError: There is no dataset, its manifest is damaged, or a newer Glotmill made it.
    """
    with opened(as_path(folder, "folder")) as found:
        return Dataset(found, reporter(progress))
