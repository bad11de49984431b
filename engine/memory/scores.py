"""The score store: what scorers with stored values (those that call a model) measured, by content key.

Guarantees: the same as the translation memory's, whose files it shares the mechanism with: numbered, append-only,
the lowest number wins a key for ever. A score that could not be judged is an entry too, so it is not computed again.
Scorers without stored values are recomputed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import polars as pl
import pyarrow as pa

from glotmill.engine.memory.commit_log import NumberedFiles, SetAside
from glotmill.engine.memory.compaction import compact
from glotmill.engine.memory.numbered_file import FILE, NumberedFile
from glotmill.engine.storage.folder import Folder
from glotmill.filters.contract import Scorer
from glotmill.schemas.errors import StoreError
from glotmill.schemas.keys import digest, score_keys

PORTION = 4096  # pairs that are measured between two commits
SCORE_SCHEMA = pa.schema(
    [
        pa.field("key", pa.string()),  # glotmill.schemas.keys.score_keys
        pa.field("scorer", pa.string()),
        pa.field("fingerprint", pa.string()),
        # One a metric, in the scorer's order, null where not judged; of scorer `forced` see
        # engine/translation/forced_scores.py.
        pa.field("values", pa.list_(pa.float32())),
    ]
)

VALUES = pl.col("values")


class ScoreStore:
    """Stored scores in a folder. Making one creates nothing."""

    def __init__(self, folder: Folder) -> None:
        self.files = NumberedFiles(folder.child("scores"), SCORE_SCHEMA)

    @property
    def set_aside(self) -> list[SetAside]:
        """The unreadable files that look-ups took out of the way."""
        return self.files.set_aside

    def lookup(
        self,
        scorer: str,
        keys: pl.Series,
        values: pl.Expr = VALUES,
        *,
        after: int = 0,
        only: Collection[str] | None = None,
    ) -> pl.DataFrame:
        """Columns key and values of the keys that the store has, one row each.

        Args:
            scorer: Whose scores.
            keys: Of what.
            values: What of them to read.
            after: They are all in files with a higher number than this.
            only: They are all in files of these names; None: they may be in any.
        """
        skip = self.files.lacking(keys) if only is None else ()
        found = self._found(scorer, keys, values.alias("values"), after=after, skip=skip, only=only)
        return found.sort(FILE, maintain_order=True).unique("key", keep="first").select("key", "values")

    def known(self, scorer: str, keys: pl.Series) -> pl.DataFrame:
        """The same as `lookup`; quicker where few files have any of the keys, and slower where most have."""
        return self.files.select_few(
            keys,
            lambda noted: self._found(scorer, keys, skip=noted),
            lambda names: self.lookup(scorer, keys, only=names),
        )

    def _found(
        self,
        scorer: str,
        keys: pl.Series,
        *columns: pl.Expr,
        after: int = 0,
        skip: Collection[str] = (),
        only: Collection[str] | None = None,
    ) -> pl.DataFrame:
        """Column key, `FILE` and some columns of a scorer's rows of these keys, in some of the files."""
        wanted = pl.LazyFrame({"key": keys.unique()})
        return self.files.select(
            lambda rows: (
                rows.filter(pl.col("scorer") == scorer).join(wanted, on="key", how="semi").select("key", FILE, *columns)
            ),
            after=after,
            skip=skip,
            only=only,
        )

    def score(self, scorer: Scorer, pairs: pa.Table) -> dict[str, pa.Array]:
        """What a scorer says of pairs of `glotmill.filters.contract.PAIR_SCHEMA`.

        Each different pair is measured once and never again; what was measured is committed before it counts.

        Raises:
            StoreError: Scores are not in the store after their commit.
        """
        fingerprint = digest([scorer.name, scorer.identity()])
        inputs = pl.DataFrame(pairs.select(scorer.inputs))
        keys = score_keys(fingerprint, inputs)
        known = self.lookup(scorer.name, keys)
        different = pl.DataFrame({"key": keys}).with_row_index("row").unique("key", keep="first", maintain_order=True)
        missing = different.join(known.select("key"), on="key", how="anti", maintain_order="left")
        if missing.height:
            for portion in missing.iter_slices(PORTION):
                columns = scorer.score(pairs.take(portion["row"].to_arrow()))
                values = zip(*(columns[metric.name].to_pylist() for metric in scorer.metrics), strict=True)
                measured = pa.array(map(list, values), pa.list_(pa.float32()))
                self.add(scorer.name, fingerprint, portion["key"].to_arrow().cast(pa.string()), measured)
            known = self.lookup(scorer.name, keys)
        found = pl.DataFrame({"key": keys}).join(known, on="key", how="left", maintain_order="left")["values"]
        if found.null_count():
            msg = f"scorer {scorer.name}: {found.null_count()} scores are not in the store after their commit"
            raise StoreError(msg)
        return {
            metric.name: found.list.get(number).to_arrow().cast(pa.float32())
            for number, metric in enumerate(scorer.metrics)
        }

    def add(
        self, scorer: str, fingerprint: str, keys: pa.ChunkedArray | pa.Array, values: pa.ChunkedArray | pa.Array
    ) -> NumberedFile:
        """Commit what a scorer measured, as one new file."""
        name, made_by = (pa.repeat(pa.scalar(text, pa.string()), len(keys)) for text in (scorer, fingerprint))
        columns = {"key": keys, "scorer": name, "fingerprint": made_by, "values": values}
        return self.files.add(pa.table(columns, schema=SCORE_SCHEMA))

    def compact(self) -> Iterator[NumberedFile]:
        """Merge small files; no look-up changes."""
        return compact(self.files, _winners, ["scorer", "key"])


def _winners(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.sort(FILE, maintain_order=True).unique("key", keep="first", maintain_order=True)
