"""The translation memory: every translation ever committed, by content key, shared by builds and machines.

Guarantees: a committed entry is never asked again. Of several entries of one key the winner is the same for every
reader and for ever: texts before failures, then the lowest file number. A person's correction of a request wins
over what any engine said of it, and of several corrections the last one. A build composes from what it reads back,
never from what it just made. A look-up reads one direction at a time and holds only what was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from engine.store.folder import Folder
from engine.store.numbered import FILE, NumberedFile, NumberedFiles, SetAside
from schemas.errors import StoreError

MEMORY_SCHEMA = pa.schema(
    [
        pa.field("key", pa.string()),  # schemas.keys.memory_keys
        pa.field("translator", pa.string()),  # fingerprint, or `human`
        pa.field("source_lang", pa.string()),
        pa.field("target_lang", pa.string()),
        pa.field("request", pa.string()),  # every byte that the engine was shown
        pa.field("text", pa.string()),  # null in a failed entry
        pa.field("failure", pa.string()),  # `failed:<reason>`, null in a text entry
        pa.field("attempt", pa.int32()),  # from 1
        pa.field("settings", pa.string()),  # rung of the retry ladder that gave the result
        pa.field("logprob", pa.float32()),
        pa.field("source_tokens", pa.int32()),
        pa.field("target_tokens", pa.int32()),
        pa.field("hit_limit", pa.bool_()),
        pa.field("origin", pa.string()),  # `machine` or `human`
        pa.field("provenance", pa.string()),  # of a correction: file, checksum, who, as JSON
    ]
)
FAILED = "failed:"
HUMAN = "human"
DIRECTION = ["source_lang", "target_lang"]
_ORDER = [pl.col("failure").is_not_null(), pl.col(FILE)]


@dataclass(frozen=True, slots=True)
class Direction:
    """From one FLORES-200 language into another."""

    source_lang: str
    target_lang: str

    @property
    def back(self) -> Direction:
        """The opposite direction."""
        return Direction(self.target_lang, self.source_lang)

    def rows(self) -> pl.Expr:
        """Selects the direction's rows."""
        return (pl.col("source_lang") == self.source_lang) & (pl.col("target_lang") == self.target_lang)


class Memory:
    """A translation memory in a folder. Making one creates nothing.

    Attributes:
        translations: What engines said.
        corrections: What people said instead.
    """

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.translations = NumberedFiles(folder.child("translations"), MEMORY_SCHEMA)
        self.corrections = NumberedFiles(folder.child("corrections"), MEMORY_SCHEMA, redoable=False)

    @property
    def set_aside(self) -> list[SetAside]:
        """The unreadable files that look-ups took out of the way."""
        return self.translations.set_aside

    def commit(self, entries: pa.Table) -> NumberedFile:
        """Add an engine's entries as one new file.

        Args:
            entries: A table of `MEMORY_SCHEMA`.

        Raises:
            StoreError: The entries break the schema or contradict themselves.
        """
        check_entries(entries)
        return self.translations.add(entries)

    def correct(self, entries: pa.Table) -> NumberedFile:
        """Add people's corrections as one new file.

        Raises:
            StoreError: The entries break the schema or contradict themselves.
        """
        check_entries(entries)
        return self.corrections.add(entries)

    def missing(self, direction: Direction, wanted: pl.DataFrame, *, retry_failed: bool = False) -> pl.DataFrame:
        """The wanted rows of which the memory knows nothing.

        Args:
            direction: Languages of the rows.
            wanted: Columns key and text (the request), and any others.
            retry_failed: Remembered failures count as unknown.
        """
        wanted = wanted.join(self._corrected(direction), left_on="text", right_on="request", how="anti")

        def known(rows: pl.LazyFrame) -> pl.LazyFrame:
            rows = rows.filter(direction.rows())
            if retry_failed:
                rows = rows.filter(pl.col("failure").is_null())
            return rows.select("key").join(wanted.lazy().select("key"), on="key", how="semi")

        return wanted.join(self.translations.select(known), on="key", how="anti", maintain_order="left")

    def lookup(
        self, direction: Direction, wanted: pl.DataFrame, columns: Sequence[str] = tuple(MEMORY_SCHEMA.names)
    ) -> pl.DataFrame:
        """The winning entry of each wanted row that the memory has.

        Args:
            direction: Languages of the rows.
            wanted: Columns key and text (the request).
            columns: What to read of the entries.

        Returns:
            The columns of `MEMORY_SCHEMA` under the wanted keys, one row a key found, in no particular order.
        """
        corrections = self._corrected(direction).drop("key")
        asked = wanted.select("key", request="text")
        corrected = asked.join(corrections, on="request", how="inner")
        rest = asked.join(corrections, on="request", how="anti").select("key")
        read = {"key", "failure", FILE, *columns}
        found = self.translations.select(
            lambda rows: rows.filter(direction.rows()).select(read).join(rest.lazy(), on="key", how="semi")
        )
        machine = found.sort(_ORDER, maintain_order=True).unique("key", keep="first")
        return pl.concat([corrected.select(columns), machine.select(columns)])

    def _corrected(self, direction: Direction) -> pl.DataFrame:
        """The corrections in force in a direction, one a request."""
        rows = self.corrections.select(lambda rows: rows.filter(direction.rows()))
        return rows.sort(FILE, maintain_order=True).unique("request", keep="last", maintain_order=True).drop(FILE)

    def directions(self) -> list[Direction]:
        """The directions that the memory knows anything of, sorted."""
        frames = [
            files.select(lambda rows: rows.select(DIRECTION).unique()).select(DIRECTION)
            for files in (self.translations, self.corrections)
        ]
        return [Direction(*row) for row in pl.concat(frames).unique().sort(DIRECTION).iter_rows()]

    def winners(self, direction: Direction) -> pl.DataFrame:
        """All entries in force in a direction: corrections, and each engine's winner of each request."""
        corrected = self._corrected(direction)
        machine = self.translations.select(lambda rows: winners(rows.filter(direction.rows())))
        machine = machine.join(corrected, on="request", how="anti")
        columns = MEMORY_SCHEMA.names
        return pl.concat([corrected.select(columns), machine.select(columns)]).sort("request", "translator")

    def compact(self) -> Iterator[NumberedFile]:
        """Merge small files; only winners are kept, and no look-up changes. Corrections keep their history."""
        return self.translations.compact(winners, [*DIRECTION, "key"])


def winners(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The winning entry of each key among rows of engines' entries with `FILE`."""
    return rows.sort(_ORDER, maintain_order=True).unique("key", keep="first", maintain_order=True)


def check_entries(entries: pa.Table) -> None:
    """Refuse entries that are neither a text nor a named failure.

    Raises:
        StoreError: One is not.
    """
    if not entries.schema.equals(MEMORY_SCHEMA):
        msg = f"memory entries have another schema: {entries.schema}"
        raise StoreError(msg)
    frame = pl.DataFrame(entries)
    both = frame.filter(pl.col("text").is_null() == pl.col("failure").is_null())
    empty = frame.filter(pl.col("text").str.strip_chars() == "")
    unnamed = frame.filter(~pl.col("failure").str.starts_with(FAILED))
    for wrong, rule in (
        (both, "is neither text nor failure"),
        (empty, "is empty"),
        (unnamed, "has no reason"),
    ):
        if wrong.height:
            msg = f"memory entry {wrong['key'][0]} {rule}"
            raise StoreError(msg)
