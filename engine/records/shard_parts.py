"""Parts: the records of a large shard as its windows compose them, kept aside until the shard is whole."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import orjson
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather

from glotmill.engine.records.composed_rows import ComposedRows, together
from glotmill.engine.storage.atomic_write import write_json


@dataclass(frozen=True, slots=True)
class Part:
    """Neighbouring records of a shard.

    Attributes:
        rows: The records, with their turns where scores are still to come.
        scores: The scores of those scorers that do not compare rows; None where all are to come.
        used: What was noted of the entries that they were composed from (`Composer.take_used`).
        answers: How many of their answers and choices went which way.
    """

    rows: ComposedRows
    scores: pl.DataFrame | None
    used: bytes
    answers: dict[str, int]


class PartFolder:
    """The parts of one shard, in files.

    Args:
        root: Holds those of all shards.
        shard: The shard's place in the dataset.
    """

    def __init__(self, root: Path, shard: str) -> None:
        self._folder = root / shard.removesuffix(".parquet")

    def write(self, start: int, part: Part) -> None:
        """Keep a part.

        Args:
            start: The first of its records among the shard's.
            part: The part.
        """
        place = self._folder / f"{start:012}"
        place.mkdir(parents=True, exist_ok=True)
        feather.write_feather(part.rows.records, place / "records.arrow")
        feather.write_feather(part.rows.turns, place / "turns.arrow")
        if part.scores is not None:
            feather.write_feather(part.scores.to_arrow(), place / "scores.arrow")
        (place / "used").write_bytes(pa.compress(part.used, "lz4", asbytes=True))
        write_json(place / "part.json", {"answers": part.answers, "used": len(part.used)})

    def remove(self) -> None:
        """Remove all parts."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def read(self) -> Part:
        """All parts as one, in order."""
        parts = [_read(place) for place in sorted(self._folder.iterdir())]
        scores = [part.scores for part in parts if part.scores is not None]
        answers: Counter[str] = Counter()
        for part in parts:
            answers.update(part.answers)
        return Part(
            together([part.rows for part in parts]),
            pl.concat(scores) if scores else None,
            b"".join(part.used for part in parts),
            dict(answers),
        )


def _read(place: Path) -> Part:
    facts = orjson.loads((place / "part.json").read_bytes())
    rows = ComposedRows(feather.read_table(place / "records.arrow"), feather.read_table(place / "turns.arrow"))
    scored = place / "scores.arrow"
    scores = pl.DataFrame(feather.read_table(scored)) if scored.exists() else None
    used = pa.decompress((place / "used").read_bytes(), facts["used"], "lz4", asbytes=True)
    return Part(rows, scores, used, facts["answers"])
