"""An append-only set of numbered Parquet files in a folder that builds and machines share.

Guarantees: each commit is one new file under the next free number, put there only if nobody has it, so writers
never overwrite each other and a lower number was always there first. Compaction puts one file ``first-last`` beside
the files it stands for and only then takes them away; whoever lists the folder counts a covered file no more, and
a commit asks ``compacted/`` alone whether its number was given, so that it costs the same however many there are.
Numbers leave no gap: an unreadable file is copied to ``unreadable/`` and an empty one takes its place.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from glotmill.engine.memory.noted_keys import NotedKeys
from glotmill.engine.memory.numbered_file import FILE, NumberedFile, file_name, live_files, numbered_files
from glotmill.engine.storage.atomic_write import table_bytes
from glotmill.engine.storage.folder import Folder
from glotmill.engine.storage.readable import DAMAGED
from glotmill.schemas.errors import InputError, StoreError, one_line

UNREADABLE = "unreadable"
COMPACTED = "compacted"  # empty files, named as the merged ones: numbers that are given for good
# How often a look-up lists the folder again because files went away under it (compaction) or were set aside.
MAX_LOOKS = 20


@dataclass(frozen=True, slots=True)
class SetAside:
    """An unreadable file that was taken out of the way."""

    location: str
    reason: str


class NumberedFiles:
    """The files of one store.

    Args:
        folder: Where they are.
        schema: What every file holds, a text named key among it.
        more: A column that files hold behind it where they have something for it.
        redoable: Whether what an unreadable file held can be made again; if not, the file is an error.
        read_only: Write nothing: an unreadable file is an error, too.

    Attributes:
        set_aside: The unreadable files found so far.
        noted: Hashes of the keys of files that were added here.
    """

    def __init__(
        self,
        folder: Folder,
        schema: pa.Schema,
        *,
        more: pa.Field | None = None,
        redoable: bool = True,
        read_only: bool = False,
    ) -> None:
        self.folder = folder
        self.schema = schema
        self._more = more
        self._whole = schema if more is None else schema.append(more)
        self.set_aside: list[SetAside] = []
        self._redoable = redoable
        self._read_only = read_only
        self._given = 0  # the number of the last file that was added here
        self.noted = NotedKeys()

    def live(self) -> list[NumberedFile]:
        """The files that count, lowest number first."""
        return live_files(self._present())

    @property
    def last(self) -> int:
        """The highest number given."""
        return max((file.last for file in [*self._present(), *self._compacted()]), default=0)

    def _present(self) -> list[NumberedFile]:
        return numbered_files(self.folder)

    def _compacted(self) -> list[NumberedFile]:
        """The numbers of files that a compaction took, or is about to take, away."""
        return numbered_files(self.folder.child(COMPACTED))

    def add(self, table: pa.Table) -> NumberedFile:
        """Commit a table as one new file.

        Raises:
            StoreError: It has another schema.
        """
        if not self._known(table.schema):
            msg = f"{self.folder}: entries of another schema: {table.schema}"
            raise StoreError(msg)
        data = table_bytes(table)
        number = (self._given or self.last) + 1
        while True:
            file = NumberedFile(number, number)
            if self.folder.path is not None:
                _check_place(self.folder.path / file.name)
            if self.folder.put_if_absent(file.name, data):
                # The number may be free only because a compaction took its file away since we looked.
                if not any(other.covers(file) for other in self._compacted()):
                    self._given = number
                    self.noted.note(file.name, pl.Series(table["key"]))
                    return file
                self.folder.delete(file.name)
            number = self.last + 1  # others have added files, too

    def _known(self, schema: pa.Schema) -> bool:
        return any(schema.equals(known) for known in (self.schema, self._whole))

    def select(
        self,
        query: Callable[[pl.LazyFrame], pl.LazyFrame],
        *,
        whole: bool = False,
        after: int = 0,
        skip: Collection[str] = (),
        only: Collection[str] | None = None,
    ) -> pl.DataFrame:
        """Run a query over all rows, with `FILE` beside the schema's columns.

        A file that went away meanwhile makes the query start again; an unreadable one is set aside first.

        Args:
            query: What to run.
            whole: With the column that not every file holds, null where one does not.
            after: Only files with a higher number than this: to open one takes as long as to read a thousand rows.
            skip: Names of files that are left out.
            only: Names of the only files that are read; None: all.

        Raises:
            StoreError: The files cannot be read, or were written by another version.
        """
        for _ in range(MAX_LOOKS):
            files = self._among(after, skip, only)
            rows = self._scan(files, whole=whole)
            try:
                return query(rows).collect(engine="streaming")
            except FileNotFoundError:
                continue
            except (pl.exceptions.PolarsError, OSError) as error:
                if self._among(after, skip, only) == files and not self._set_aside(files):
                    msg = f"{self.folder} cannot be read: {one_line(error)}"
                    raise StoreError(msg) from error
        msg = f"{self.folder} changes faster than it can be read; wait for the compaction to end"
        raise StoreError(msg)

    def select_few(
        self,
        keys: pl.Series,
        places: Callable[[Collection[str]], pl.DataFrame],
        query: Callable[[Collection[str] | None], pl.DataFrame],
    ) -> pl.DataFrame:
        """What a query finds of keys that most files have nothing of.

        Args:
            keys: The keys.
            places: Takes names of files; gives `FILE` of the keys in all others.
            query: Takes the names of the files to read; None: all.
        """
        live = {file.name for file in self.live()}  # what took the place of others since then is not noted
        noted = self.noted.having(keys)
        names = {name for name, has in noted.items() if has} & live
        names |= {file_name(place) for place in places(noted)[FILE].unique()}
        found = query(names)
        if not names <= {file.name for file in self.live()}:  # a compaction took one's place meanwhile
            found = query(None)
        return found

    def lacking(self, keys: pl.Series) -> frozenset[str]:
        """Files added here that have none of some keys."""
        return frozenset(name for name, has in self.noted.having(keys).items() if not has)

    def _among(self, after: int, skip: Collection[str], only: Collection[str] | None) -> list[NumberedFile]:
        files = (file for file in self.live() if file.last > after and file.name not in skip)
        return [file for file in files if only is None or file.name in only]

    def _scan(self, files: list[NumberedFile], *, whole: bool) -> pl.LazyFrame:
        nothing = pl.DataFrame((self._whole if whole else self.schema).empty_table())
        if not files:
            return nothing.lazy().with_columns(pl.lit(None, pl.String).alias(FILE))
        places = [self.folder.location(file.name) for file in files]
        if self._more is None:
            return pl.scan_parquet(places, glob=False, include_file_paths=FILE)
        return pl.scan_parquet(
            places,
            glob=False,
            include_file_paths=FILE,
            schema=nothing.schema,
            missing_columns="insert" if whole else "raise",
            extra_columns="ignore",
        )

    def _set_aside(self, files: list[NumberedFile]) -> bool:
        """Take the unreadable ones of these files out of the way; whether there were any."""
        found = False
        for file in files:
            try:
                data = self.folder.read(file.name)
            except FileNotFoundError:
                continue
            table = self.parsed(file, data)
            if isinstance(table, pa.Table):
                continue
            place = self.folder.location(file.name)
            if not self._redoable:
                msg = f"cannot read {place}: {table}; what it held cannot be made again: restore it from a copy"
                raise StoreError(msg)
            if self._read_only:
                msg = f"cannot read {place}: {table}; the next build sets it aside and rebuilds what it held"
                raise StoreError(msg)
            aside = self._keep_aside(file.name, data)
            self.folder.overwrite(file.name, table_bytes(self.schema.empty_table()))
            self.set_aside.append(SetAside(aside, table))
            found = True
        return found

    def _keep_aside(self, name: str, data: bytes) -> str:
        """Where the bytes of an unreadable file were put; what is there already is never overwritten."""
        folder = self.folder.child(UNREADABLE)
        for number in range(MAX_LOOKS):
            chosen = f"{name}.{number}" if number else name
            if folder.put_if_absent(chosen, data) or folder.read(chosen) == data:
                return folder.location(chosen)
        msg = f"{folder} holds {MAX_LOOKS} unreadable files called {name}: look at the disk"
        raise StoreError(msg)

    def parsed(self, file: NumberedFile, data: bytes) -> pa.Table | str:
        """The rows of a file's bytes, page checksums verified, or why they are not readable.

        Raises:
            InputError: They are whole, but of another version's schema.
        """
        try:
            # Not `pq.read_table`: its scan lets go of the Python file in a thread of Arrow's some time later, and
            # where that is while Python ends, the process aborts (1 of 10 `memory verify` did).
            with pq.ParquetFile(io.BytesIO(data), page_checksum_verification=True) as opened:
                table = opened.read(use_threads=False)
            pl.read_parquet_metadata(io.BytesIO(data))  # look-ups read with Polars, which bears less
        except DAMAGED as error:
            return one_line(error)
        if not self._known(table.schema):
            msg = f"{self.folder.location(file.name)} was written by another version of Glotmill; use another memory"
            raise InputError(msg)
        return table

    def covered(self) -> list[NumberedFile]:
        """Files that another holds whole, which a kill in a compaction left; nobody reads them."""
        present = self._present()
        return sorted(set(present) - set(live_files(present)))

    def read_whole(self, files: list[NumberedFile], query: Callable[[pl.LazyFrame], pl.LazyFrame]) -> pl.DataFrame:
        """Run a query over all columns of files that only a compaction takes away.

        Raises:
            StoreError: Another compaction did, or the files cannot be read.
        """
        try:
            return query(self._scan(files, whole=True)).collect(engine="streaming")
        except FileNotFoundError:
            msg = f"{self.folder} is being compacted by another command; wait for it"
            raise StoreError(msg) from None
        except (pl.exceptions.PolarsError, OSError) as error:
            if not self._set_aside(files):
                msg = f"{self.folder} cannot be read: {one_line(error)}"
                raise StoreError(msg) from error
            return query(self._scan(files, whole=True)).collect(engine="streaming")

    def as_written(self, rows: pa.Table) -> pa.Table:
        """Rows of a file, without the column that not every file holds where they have nothing for it."""
        lacking = self._more is not None and rows[self._more.name].null_count == rows.num_rows
        schema = self.schema if lacking else self._whole
        return rows.select(schema.names).cast(schema)


def _check_place(path: Path) -> None:
    """Refuse what has the name of a memory's file and is none: no number after it would ever be free."""
    if os.path.lexists(path) and not path.is_file():
        msg = f"{path}: expected a file of the memory, found a folder or a link to nothing; move it away"
        raise InputError(msg)
