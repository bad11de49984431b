"""A batch of samples with their turns in columns, and which of them can be composed so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
import pyarrow as pa

from glotmill.engine.text.lone_segments import CUT, ONE_SEGMENT, OTHER, cut_texts

Integers = np.ndarray[tuple[int], np.dtype[np.int64]]
_NO_TURNS = pl.DataFrame(schema={"row": pl.Int64, "source_lang": pl.String, **CUT})
_READ = ["source_lang", "task", "source_messages", "source_choices", "source_answers", "instruction", "turn_plan"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples, and their turns one below the other.

    Attributes:
        samples: A table of `glotmill.schemas.sample.SAMPLE_SCHEMA`.
        turns: Columns row (its place in the table), turn, role, text, source_lang, task, and those of `CUT`.
        common: Which samples can be composed in columns.
    """

    samples: pa.Table
    turns: pl.DataFrame
    common: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @classmethod
    def all_odd(cls, samples: pa.Table) -> Self:
        """A batch of samples that are all composed one by one."""
        return cls(samples, _NO_TURNS, np.zeros(samples.num_rows, dtype=np.bool_))

    @classmethod
    def of(cls, samples: pa.Table, lang: str) -> Self:
        """A batch of samples that go into a language."""
        rows = pl.DataFrame(samples.select(_READ))
        counts = rows["source_messages"].list.len().to_numpy().astype(np.int64)
        row, turn = _places(counts)
        said = rows["source_messages"].explode().drop_nulls()
        turns = pl.DataFrame({"row": row, "turn": turn, "role": said.struct.field("role"),
                              "text": said.struct.field("content")})  # fmt: skip
        turns = turns.hstack(rows.select("source_lang", "task")[row])
        turns = turns.hstack(cut_texts(turns.select("text", "source_lang")))
        many = turns.filter((pl.col("kind") == OTHER) & (pl.col("source_lang") != lang))["row"]
        given = [
            pl.col(name).list.len().fill_null(0) == 0 for name in ("turn_plan", "source_choices", "source_answers")
        ]
        common = rows.select(pl.all_horizontal(pl.col("instruction").is_null(), *given)).to_series().to_numpy().copy()
        common &= counts > 0
        common[many.to_numpy()] = False
        return cls(samples, turns, common)

    def only_common(self) -> Self:
        """The samples that can be composed in columns."""
        if self.common.all():
            return self
        place = np.cumsum(self.common) - 1
        row = self.turns["row"].to_numpy()
        kept = self.common[row]
        turns = self.turns.filter(pl.Series(kept)).with_columns(row=pl.Series(place[row[kept]]))
        common = self.common[self.common]
        return type(self)(self.samples.filter(pa.array(self.common)), turns, common)

    def odd(self) -> pa.Table:
        """The samples that must be composed one by one."""
        if not self.common.any():
            return self.samples
        return self.samples.filter(pa.array(~self.common))

    def order(self) -> Integers:
        """Where the common samples and, after them, the odd ones stand."""
        return np.concatenate([np.flatnonzero(self.common), np.flatnonzero(~self.common)])

    def requests(self, lang: str) -> pl.Series:
        """What the common samples request of an engine in a language."""
        if self.turns.is_empty():
            return self.turns["request"]
        common = pl.Series(self.common[self.turns["row"].to_numpy()], dtype=pl.Boolean)
        requested = common & (self.turns["source_lang"] != lang) & (self.turns["kind"] == ONE_SEGMENT)
        return self.turns["request"].filter(requested)


def _places(counts: Integers) -> tuple[Integers, Integers]:
    """(row, turn) of each of so many turns a row."""
    row = np.repeat(np.arange(len(counts)), counts)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
