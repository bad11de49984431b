"""The translation memory: every translation ever committed, by content key, shared by builds and machines.

Guarantees: a committed entry is never requested again. Of several entries of one key the same one wins for every
reader: texts before failures, then the lowest file number, so that a text that has won wins for ever. A person's
correction of a request wins over what any engine said of it, and of several corrections the last one. A build composes
from what it reads back, never from what it just made. A look-up holds what was requested, whatever the memory holds.
A run reads an entry once: a correction or a healed failure that comes meanwhile counts for the next one (`freeze`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from glotmill.engine.memory.commit_log import NumberedFiles, SetAside
from glotmill.engine.memory.compaction import compact
from glotmill.engine.memory.entries import (
    DIRECTION,
    HYPOTHESES,
    MEMORY_SCHEMA,
    REQUEST,
    Direction,
    check_entries,
)
from glotmill.engine.memory.numbered_file import DIGITS, FILE, NumberedFile, first_number
from glotmill.engine.memory.winning_entries import directions_of, first_known, winners, winning
from glotmill.engine.storage.folder import Folder


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The highest numbers that files of a memory had at some time."""

    translations: int
    corrections: int


class Memory:
    """A translation memory in a folder. Making one creates nothing.

    Args:
        folder: Where it is.
        read_only: Write nothing, not even what takes an unreadable file out of the way; that is an error then.

    Attributes:
        translations: What engines said.
        corrections: What people said instead.
        committed: The files that were added here.
    """

    def __init__(self, folder: Folder, *, read_only: bool = False) -> None:
        self.folder = folder
        self.committed: list[str] = []
        self.translations = NumberedFiles(
            folder.child("translations"), MEMORY_SCHEMA, more=HYPOTHESES, read_only=read_only
        )
        self.corrections = NumberedFiles(folder.child("corrections"), MEMORY_SCHEMA, redoable=False)
        self._frozen: _Numbers | None = None
        self._langs: dict[str, tuple[set[str], set[str]]] = {}  # of the files that were added here

    @property
    def set_aside(self) -> list[SetAside]:
        """The unreadable files that look-ups took out of the way."""
        return self.translations.set_aside

    @property
    def frozen(self) -> bool:
        """Whether look-ups will say of each key what they said before."""
        return self._frozen is not None

    def freeze(self) -> None:
        """From now on, look-ups say of each key what they say now, or what is committed here.

        Corrections that come later do not count. What others commit counts for a key of which nothing was known, and
        then the first of it.
        """
        self._frozen = _Numbers(self.translations.last, self.corrections.last)

    def commit(self, entries: pa.Table) -> NumberedFile:
        """Add an engine's entries as one new file.

        Args:
            entries: A table of `MEMORY_SCHEMA`, maybe with `HYPOTHESES`.

        Raises:
            StoreError: The entries break the schema or contradict themselves.
        """
        check_entries(entries)
        file = self.translations.add(entries)
        self.committed.append(file.name)
        source, target = (set(pc.unique(entries[name]).to_pylist()) for name in DIRECTION)
        self._langs[file.name] = source, target
        return file

    def correct(self, entries: pa.Table) -> NumberedFile:
        """Add people's corrections as one new file.

        Raises:
            StoreError: The entries break the schema or contradict themselves.
        """
        check_entries(entries)
        return self.corrections.add(entries)

    def missing(self, wanted: pl.DataFrame, *, retry_failures_up_to: int | None = None) -> pl.DataFrame:
        """The wanted rows of which the memory knows nothing.

        Args:
            wanted: Columns key, source_lang, target_lang and text (the request), and any others.
            retry_failures_up_to: Failures in files up to this number count as unknown; None counts none.
        """
        request = [*DIRECTION, "text"]
        wanted = wanted.join(
            self._corrected(wanted), left_on=request, right_on=REQUEST, how="anti", maintain_order="left"
        )

        judged = pl.lit(value=True)
        if retry_failures_up_to is not None:
            judged = pl.col("failure").is_null() | (first_number() > retry_failures_up_to)
        found = self._places(wanted, judged, self._without(wanted))
        return wanted.join(found, on="key", how="anti", maintain_order="left")

    def _places(self, wanted: pl.DataFrame, judged: pl.Expr, skip: Collection[str]) -> pl.DataFrame:
        """Columns key and `FILE` of engines' entries of the wanted rows, but for those in some files."""
        return self.translations.select(
            lambda rows: (
                rows.filter(directions_of(wanted) & judged)
                .select("key", FILE)
                .join(wanted.lazy().select("key"), on="key", how="semi")
            ),
            skip=skip,
        )

    def known(self, wanted: pl.DataFrame, columns: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
        """(what the memory has of the wanted rows, as `lookup` gives it; the rows that it knows nothing of).

        Keys alone are looked for first, and in files of others alone, as most rows of a build are new ones.

        Args:
            wanted: As `lookup` takes it.
            columns: What to read of the entries, the key among it.
        """
        entries = self.translations.select_few(
            wanted["key"],
            lambda noted: self._places(wanted, pl.lit(value=True), {*noted, *self._elsewhere(wanted)}),
            lambda names: self.lookup(wanted, columns, only=names),
        )
        return entries, wanted.join(entries, on="key", how="anti", maintain_order="left")

    def lookup(
        self,
        wanted: pl.DataFrame,
        columns: Sequence[str] = tuple(MEMORY_SCHEMA.names),
        *,
        after: int = 0,
        only: Collection[str] | None = None,
    ) -> pl.DataFrame:
        """The winning entry of each wanted row that the memory has.

        Args:
            wanted: Columns key, source_lang, target_lang and text (the request).
            columns: What to read of the entries.
            after: Engines' entries are all in files with a higher number than this.
            only: They are all in files of these names; None: they may be in any.

        Returns:
            The columns of `MEMORY_SCHEMA` under the wanted keys, one row a key found, in no particular order.
        """
        corrections = self._corrected(wanted).drop("key")
        requested = wanted.select("key", *DIRECTION, request="text")
        corrected = requested.join(corrections, on=REQUEST, how="inner")
        rest = requested.join(corrections, on=REQUEST, how="anti").select("key")
        read = {"key", "failure", FILE, *columns}
        found = self.translations.select(
            lambda rows: rows.filter(directions_of(wanted)).select(read).join(rest.lazy(), on="key", how="semi"),
            after=after,
            skip=self._without(wanted) if only is None else (),
            only=only,
        )
        machine = winning(self._as_known(found))
        return pl.concat([corrected.select(columns), machine.select(columns)])

    def hypotheses(self, wanted: pl.DataFrame) -> pl.DataFrame:
        """Columns key and hypotheses: those of the winning entry of each wanted row that has any.

        Args:
            wanted: As `lookup` takes it.
        """
        corrections = self._corrected(wanted)
        rest = wanted.join(corrections, left_on=[*DIRECTION, "text"], right_on=REQUEST, how="anti").select("key")
        found = self.translations.select(
            lambda rows: (
                rows.filter(directions_of(wanted))
                .select("key", "failure", FILE, HYPOTHESES.name)
                .join(rest.lazy(), on="key", how="semi")
            ),
            whole=True,
        )
        machine = winning(self._as_known(found))
        return machine.select("key", HYPOTHESES.name).drop_nulls()

    def _without(self, wanted: pl.DataFrame) -> frozenset[str]:
        """Files added here that have nothing of some rows, so that nobody opens them."""
        return self.translations.lacking(wanted["key"]) | self._elsewhere(wanted)

    def _elsewhere(self, wanted: pl.DataFrame) -> frozenset[str]:
        """Files added here that have nothing in the directions of some rows."""
        source, target = (set(wanted[name].unique()) for name in DIRECTION)
        return frozenset(
            name
            for name, (own_source, own_target) in list(self._langs.items())
            if source.isdisjoint(own_source) or target.isdisjoint(own_target)
        )

    def _as_known(self, found: pl.DataFrame) -> pl.DataFrame:
        """Engines' entries without those that others made of a key after the last one that counts here."""
        if self._frozen is None:
            return found
        own = [int(name[:DIGITS]) for name in self.committed]
        return first_known(found, self._frozen.translations, own)

    def _corrected(self, wanted: pl.DataFrame) -> pl.DataFrame:
        """The corrections in force in the directions of some rows, one a request."""
        return self._last_corrections(directions_of(wanted))

    def _last_corrections(self, which: pl.Expr) -> pl.DataFrame:
        if self._frozen is not None:
            which &= first_number() <= self._frozen.corrections
        rows = self.corrections.select(lambda rows: rows.filter(which))
        return rows.sort(FILE, maintain_order=True).unique(REQUEST, keep="last", maintain_order=True).drop(FILE)

    def directions(self) -> list[Direction]:
        """The directions that the memory knows anything of, sorted."""
        frames = [
            files.select(lambda rows: rows.select(DIRECTION).unique()).select(DIRECTION)
            for files in (self.translations, self.corrections)
        ]
        return [Direction(*row) for row in pl.concat(frames).unique().sort(DIRECTION).iter_rows()]

    def winners(self, direction: Direction) -> pl.DataFrame:
        """All entries in force in a direction: corrections, and each engine's winner of each request."""
        corrected = self._last_corrections(direction.rows())
        machine = self.translations.select(lambda rows: winners(rows.filter(direction.rows())))
        machine = machine.join(corrected, on=REQUEST, how="anti")
        columns = MEMORY_SCHEMA.names
        return pl.concat([corrected.select(columns), machine.select(columns)]).sort("request", "translator")

    def texts(self, direction: Direction, requests: pl.DataFrame) -> pl.DataFrame:
        """Columns request, text and origin: the correction in force of some requests, and what each engine says.

        Args:
            direction: Languages of the requests.
            requests: A column of that name: request.
        """
        corrected = self._last_corrections(direction.rows()).join(requests, on="request", how="semi")
        machine = self.translations.select(
            lambda rows: winners(rows.filter(direction.rows()).join(requests.lazy(), on="request", how="semi"))
        )
        both = pl.concat([rows.select("request", "text", "origin") for rows in (corrected, machine)])
        return both.drop_nulls("text").unique(maintain_order=True)

    def compact(self) -> Iterator[NumberedFile]:
        """Merge small files; only winners are kept, and no look-up changes. Corrections keep their history."""
        return compact(self.translations, winners, [*DIRECTION, "key"])
