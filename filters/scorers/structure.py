"""Structure: what a translation must carry over as it is.

A build's composition compares spans, line breaks and options itself and fails the record where they differ; this
scorer measures the plain texts again, whoever made them, so that data translated elsewhere is judged alike.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow as pa

from glotmill.filters.contract import Scorer
from glotmill.filters.rules import Rule, above
from glotmill.schemas.record import Metric

# Web addresses, e-mail addresses, tags, boxes, placeholders, inline code.
_VERBATIM = (
    r"https?://\S+|[\w.+-]+@[\w-]+\.[\w.]+|</?[A-Za-z][^<>]*>|\[\s*\d*\.\d+(?:\s*,\s*\d*\.\d+)+\s*\]"
    r"|\{\w*\}|%[sd]|`[^`\n]+`"
)
_ITEM = r"(?m)^\s*(?:[-*+•]|\d+[.)]|#{1,6})\s"
# HTML entities, and UTF-8 read as Latin-1 (two letters of Western Europe where one of anywhere was).
_ENCODED = r"&(?:amp|lt|gt|quot|nbsp|#\d+);|Ã[\x80-\xBF\u2018-\u203A]|â€[\u0098-\u203A™œ]"


def _more(pattern: str, *, literal: bool = False) -> pl.Expr:
    source, target = (pl.col(name).str.count_matches(pattern, literal=literal) for name in ("source", "target"))
    return target.cast(pl.Int64) - source.cast(pl.Int64)


_SCORES = {
    "lines": _more("\n", literal=True).abs().cast(pl.Float32),
    "items": _more(_ITEM).abs().cast(pl.Float32),
    "encoding": _more(_ENCODED).clip(lower_bound=0).cast(pl.Float32),
}
_SOME = pl.any_horizontal(pl.col("source", "target").str.contains(_VERBATIM))


class StructureScorer(Scorer):
    """Counts what was lost or invented of addresses, tags, boxes, placeholders and code, of lines and of lists."""

    name: ClassVar[str] = "structure"
    version: ClassVar[int] = 1
    row: ClassVar[tuple[str, ...]] = (
        "addresses, tags, boxes, placeholders, code, lines, lists that differ; entities and misread bytes",
        "–",
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("structure", "verbatim", "lower", 0, None,
               "addresses, tags, boxes, placeholders and code spans that are in one text only; high means lost or "
               "invented ones"),
        Metric("structure", "lines", "lower", 0, None,
               "line breaks that only one of the texts has; high means lost or invented lines"),
        Metric("structure", "items", "lower", 0, None,
               "list items and headings that only one of the texts has; high means lost or invented items"),
        Metric("structure", "encoding", "lower", 0, None,
               "HTML entities and misread bytes that the source does not have; high means damaged text"),
    )  # fmt: skip
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("structure", "verbatim", "an address, tag, box, placeholder or code span was lost or invented",
             *above("structure", "verbatim", "max_verbatim", 0, 1e6, "such differences allowed in a turn")),
        Rule("structure", "lines", "lines were lost or invented",
             *above("structure", "lines", "max_lines", 0, 1e6, "such differences allowed in a turn")),
        Rule("structure", "items", "list items or headings were lost or invented",
             *above("structure", "items", "max_items", 0, 1e6, "such differences allowed in a turn"), action="warn"),
        Rule("structure", "encoding", "HTML entities or misread bytes",
             *above("structure", "encoding", "max_encoding", 0, 1e6, "such places allowed in a turn")),
    )  # fmt: skip

    def fingerprint(self) -> dict[str, Any]:
        """The version; there is nothing else."""
        return {"version": self.version}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`."""
        frame = pl.DataFrame(pairs.select(["source", "target"]))
        scores = frame.select(**_SCORES)
        scores.insert_column(0, _verbatim(frame).cast(pl.Float32))
        return {name: scores[name].to_arrow() for name in scores.columns}


def _verbatim(frame: pl.DataFrame) -> pl.Series:
    differences = np.zeros(frame.height, np.int64)
    some = np.flatnonzero(frame.select(_SOME).to_series())
    found = frame[some].select(pl.all().str.extract_all(_VERBATIM)) if len(some) else frame.clear()
    for row, (source, target) in zip(some, found.iter_rows(), strict=True):
        here, there = Counter(source), Counter(target)
        differences[row] = (here - there).total() + (there - here).total()
    return pl.Series("verbatim", differences)


MEMBER = StructureScorer
