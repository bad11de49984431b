"""Any dataset of the Hub, read as a stream at one commit; or a folder laid out like one, without a network.

Guarantees: what is read is the commit that is recorded; nothing is downloaded but what is read; images stay as they
are stored, neither decoded nor fetched. A dataset that cannot be found or read is one line.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import pyarrow as pa
from datasets import IterableDataset, load_dataset
from datasets.exceptions import DatasetsError
from httpx2 import HTTPError
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled
from pydantic import Field, model_validator

from glotmill.engine.sources.contract import Reader, SourceMember
from glotmill.engine.sources.parquet import plain_rows
from glotmill.engine.sources.shared.field_map import RowFormat
from glotmill.engine.sources.shared.folder_json import refuse_unbearable_json
from glotmill.engine.sources.shared.media import columns_with_media, flagged
from glotmill.engine.sources.shared.typed_values import mapping
from glotmill.recipes.section import RecipePath
from glotmill.recipes.sections.images import FolderImages
from glotmill.recipes.sections.sources import Mapped, SourceBase
from glotmill.schemas.errors import InputError, RowError, one_line, shortened
from glotmill.schemas.keys import bytes_sha256, canonical_json, file_sha256
from glotmill.schemas.languages import nearest
from glotmill.schemas.sample import Sample


class HubSource(SourceBase, Mapped):
    """A dataset of the Hub, read as a stream at one commit, or a folder laid out like one.

    Attributes:
        repo: Hub id of the dataset.
        path: A folder instead of a Hub id.
        revision: Branch, tag or commit; what it resolves to is recorded.
        license: License of the annotations; empty takes the dataset card's.
    """

    format: Literal["hub"]
    repo: str | None = Field(None, pattern=r"^\w[\w.-]*(/\w[\w.-]*)?$")
    path: RecipePath | None = None
    license: str = ""

    carries_images: ClassVar[bool] = True

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.repo is None) == (self.path is None):
            msg = "expected either 'repo', a Hub id such as ORG/NAME, or 'path', a folder"
            raise ValueError(msg)
        if self.path is not None and not self.license:
            msg = "'license' is required for a folder"
            raise ValueError(msg)
        return self


BATCH_ROWS = 100  # a row may hold the bytes of its images
DEFAULT_CONFIG = "default"
REFUSALS = (DatasetsError, HfHubHTTPError, HFValidationError, HTTPError, OSError, ValueError, pa.ArrowException)


def pinned(name: str, source: HubSource) -> HubSource:
    """The source with its dataset's name, the commit its revision resolves to, and a license.

    Raises:
        InputError: The dataset cannot be found, or nobody says under which license it is.
    """
    if source.path is not None:
        if not source.path.is_dir():
            found = "is a file" if source.path.is_file() else "does not exist"
            msg = f"sources.{name}.path: {source.path} {found}; expected a folder laid out like a dataset of the Hub"
            raise InputError(msg)
        _refuse_other_encodings(name, source.path)
        images = source.images.model_dump(exclude={"folder"})
        path = source.path.resolve()  # as `datasets` will write it in the paths of images
        folder = source.images.folder or path
        return source.model_copy(
            update={
                "path": path,
                "revision": source.revision or f"sha256:{folder_sha256(source.path)}",
                "images": FolderImages(**images, folder=folder, root=str(path)),
            }
        )
    commit, license_id = resolve(name, str(source.repo), source.revision)
    license_id = source.license or license_id or ""
    if not license_id:
        msg = f"sources.{name}.license: the card of '{source.repo}' names none; state it in the recipe"
        raise InputError(msg)
    return source.model_copy(
        update={"revision": commit, "license": license_id, "dataset": source.dataset or source.repo}
    )


def resolve(name: str, repo: str, revision: str | None) -> tuple[str, str | None]:
    """(commit, license of the card) of a dataset on the Hub: the one place that asks the Hub what a revision is."""
    try:
        info = HfApi().dataset_info(repo, revision=revision)
    except (HfHubHTTPError, HFValidationError, OfflineModeIsEnabled, HTTPError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        at = f" at '{revision}'" if revision else ""
        msg = f"sources.{name}.repo: cannot find the dataset '{repo}'{at} on the Hub: {reason}"
        raise InputError(msg) from None
    if info.sha is None:
        msg = f"sources.{name}.repo: the Hub names no commit for '{repo}'"
        raise InputError(msg)
    license_id = info.card_data.get("license") if info.card_data else None
    return info.sha, license_id if isinstance(license_id, str) else None


def _refuse_other_encodings(name: str, folder: Path) -> None:
    """No row could name a file whose name is not UTF-8.

    Raises:
        InputError: The folder has such a file.
    """
    for path in sorted(folder.rglob("*")):
        try:
            path.name.encode()
        except UnicodeEncodeError:
            msg = f"sources.{name}.path: {folder}: the name {shortened(path.name)} is not UTF-8; rename the file"
            raise InputError(msg) from None


def folder_sha256(folder: Path) -> str:
    """64 hex digits of a folder's files, by name and content."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return bytes_sha256(canonical_json([[path.relative_to(folder).as_posix(), file_sha256(path)] for path in files]))


class HubReader:
    """Reads samples from a pinned dataset."""

    def __init__(self, where: str, source: HubSource, rows: RowFormat) -> None:
        self._where = where
        self._format = rows
        if source.path is not None:
            refuse_unbearable_json(source.path, where)
        try:
            stream: IterableDataset = load_dataset(
                str(source.path or source.repo),
                None if source.config == DEFAULT_CONFIG else source.config,
                split=source.split,
                revision=source.revision if source.path is None else None,
                streaming=True,
            )
        except REFUSALS as error:
            raise self._unreadable(error) from None
        self._stream = self._projected(stream).with_format("arrow")

    def _projected(self, stream: IterableDataset) -> IterableDataset:
        columns, names = self._format.columns, stream.column_names
        if columns is None or names is None:  # a dataset may not know its columns before it is read
            return stream
        for column in columns:
            if column not in names:
                like = nearest(column, names) or names
                msg = f"{self._where}: no column '{column}'; expected one such as {', '.join(like[:5])}"
                raise InputError(msg)
        return stream.select_columns([*columns, *columns_with_media(names, self._format.used)])

    def rows(self) -> Iterator[tuple[str, dict[str, Any] | RowError]]:
        """(``row N``, columns that are not null) in the dataset's order, from 1."""
        number = 0
        batches = self._stream.iter(batch_size=BATCH_ROWS)
        while True:
            try:
                table = next(batches, None)
            except REFUSALS as error:
                raise self._unreadable(error, f" after {number} rows") from None
            if table is None:
                return
            for batch in table.to_batches():
                for row in plain_rows(flagged(batch, self._format.used)):
                    number += 1
                    yield f"row {number}", row

    def _unreadable(self, error: Exception, after: str = "") -> InputError:
        reason = one_line(error) or type(error).__name__
        return InputError(f"{self._where}: cannot be read{after}: {reason}")

    def sample(self, raw: Any) -> Sample:
        """The sample of one row."""
        return self._format.sample(mapping(raw))


def _reader(name: str, source: HubSource) -> Reader:
    at = f"repo: {source.repo}" if source.repo else f"path: {source.path}"
    return HubReader(f"sources.{name}.{at}", source, RowFormat(source, source.images))


MEMBER = SourceMember(
    HubSource, _reader, pinned, row=("any dataset of the Hub, streamed at one commit, likewise", "likewise")
)
