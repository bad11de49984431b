"""What the mix looks at of a source's rows, in a few bytes a row; and the languages that it gives them.

A row is its rank and its kind: its task and the languages that it is limited to, of which a source has few different
ones. What rows are given is few different lists of languages, too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glotmill.schemas.keys import ranks

Kind = tuple[str, str | None]  # the task where the mix excludes it, else ""; the languages, sorted, between spaces


@dataclass(frozen=True, slots=True)
class MixRows:
    """A source's rows, in the source's order.

    Attributes:
        rank: Their ranks.
        kind: The place of each row's kind among the kinds.
        kinds: The kinds.
        ids: Reads their ids, which are needed where ranks are equal or rows were held.
    """

    rank: NDArray[np.uint64]
    kind: NDArray[np.uint32]
    kinds: list[Kind]
    ids: Callable[[], pl.Series]

    def order(self) -> NDArray[np.int64]:
        """The rows by rank, those of one rank by id."""
        order = np.argsort(self.rank, kind="stable")
        ordered = self.rank[order]
        if not (ordered[1:] == ordered[:-1]).any():
            return order
        frame = pl.DataFrame({"rank": self.rank, "id": self.ids()})
        found: NDArray[np.int64] = frame.select(pl.arg_sort_by("rank", "id")).to_series().to_numpy().astype(np.int64)
        return found

    def held(self, held: pl.DataFrame | None) -> pl.Series | None:
        """The languages of each row in the build before; None where there was none."""
        if held is None or held.is_empty():
            return None
        rows = self.ids().rename("source_id").to_frame()
        return rows.join(held, on="source_id", how="left", maintain_order="left")["langs"]


def mix_rows(
    tables: Iterable[pl.DataFrame], seed: int, excluded: Collection[str], ids: Callable[[], pl.Series]
) -> MixRows:
    """The rows of one source.

    Args:
        tables: Its rows in portions; columns source_id, task and only.
        seed: Of the mix.
        excluded: The tasks that the mix excludes anywhere.
        ids: Reads all ids.
    """
    known: dict[Kind, int] = {}
    rank: list[NDArray[np.uint64]] = [np.empty(0, dtype=np.uint64)]
    kind: list[NDArray[np.uint32]] = [np.empty(0, dtype=np.uint32)]
    for table in tables:
        rank.append(ranks(seed, table["source_id"]).to_numpy())
        own = table.select(
            task=pl.when(pl.col("task").is_in(list(excluded))).then("task").otherwise(pl.lit("")),
            only=pl.col("only").list.sort().list.join(" "),
        )
        different = own.unique(maintain_order=True)
        places = [known.setdefault((task, only), len(known)) for task, only in different.iter_rows()]
        different = different.with_columns(kind=pl.Series(places, dtype=pl.UInt32))
        found = own.join(different, on=["task", "only"], how="left", nulls_equal=True, maintain_order="left")
        kind.append(found["kind"].to_numpy())
    return MixRows(np.concatenate(rank), np.concatenate(kind), list(known), ids)


@dataclass(frozen=True, slots=True)
class RowLanguages:
    """The languages of rows.

    Attributes:
        lists: The different lists of them.
        of_row: The place of each row's list.
    """

    lists: pl.Series
    of_row: NDArray[np.uint32]

    @property
    def all(self) -> pl.Series:
        """The list of each row."""
        return self.slice(0, len(self.of_row))

    def slice(self, start: int, length: int) -> pl.Series:
        """The lists of some rows."""
        return self.lists.gather(self.of_row[start : start + length]).alias("langs")

    def in_order(self, order: NDArray[np.int64]) -> RowLanguages:
        """Of rows that stood in this order: those of the rows as they stand."""
        of_row = np.empty_like(self.of_row)
        of_row[order] = self.of_row
        return RowLanguages(self.lists, of_row)

    def rows(self) -> dict[str, int]:
        """Rows of each language that has any; ``""`` counts the rows without."""
        counts = np.bincount(self.of_row, minlength=len(self.lists)).tolist()
        found: dict[str, int] = {}
        for codes, count in zip(self.lists.to_list(), counts, strict=True):
            for code in codes or [""]:
                found[code] = found.get(code, 0) + count
        return found

    @staticmethod
    def of_lists(lists: list[list[str]], of_row: NDArray[np.integer]) -> RowLanguages:
        """Languages by their lists."""
        return RowLanguages(pl.Series(lists, dtype=pl.List(pl.String)), of_row.astype(np.uint32))

    @staticmethod
    def together(parts: Iterable[RowLanguages]) -> RowLanguages:
        """Those of several sources, one after the other."""
        lists, of_row, first = [pl.Series(dtype=pl.List(pl.String))], [np.empty(0, dtype=np.uint32)], 0
        for part in parts:
            lists.append(part.lists)
            of_row.append(part.of_row + np.uint32(first))
            first += len(part.lists)
        return RowLanguages(pl.concat(lists), np.concatenate(of_row))
