"""Corrections by people: what they changed in an exported memory becomes entries that win over every engine's.

Guarantees: only what differs from what the memory holds is taken; a file is imported whole, as one commit, or not at
all; where a correction comes from (file, checksum, who) stays with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import polars as pl
import pyarrow as pa

from glotmill.engine.memory.entries import HUMAN, MEMORY_SCHEMA, Direction
from glotmill.engine.memory.tmx import Pair, read_tmx, write_tmx
from glotmill.engine.memory.translations import Memory
from glotmill.schemas.errors import InputError, RowError
from glotmill.schemas.keys import file_sha256, memory_key, nfc
from glotmill.schemas.languages import registry


@dataclass(frozen=True, slots=True)
class ImportCount:
    """What became of the units of a file: units = corrected + unchanged + rejected.

    Attributes:
        units: Units in the file.
        corrected: New corrections.
        unchanged: Units that say what the memory says already.
        rejected: Units that are not usable, by reason.
    """

    units: int
    corrected: int
    unchanged: int
    rejected: dict[str, int]


def export_tmx(memory: Memory, path: Path, languages: tuple[str, ...] = ()) -> tuple[int, int]:
    """Write the translations in force as TMX.

    Args:
        memory: The memory.
        path: The file to write.
        languages: Target languages; none is all.

    Returns:
        (units written, entries left out because they hold characters that XML cannot)
    """
    return write_tmx(path, _pairs(memory, languages))


def _pairs(memory: Memory, languages: tuple[str, ...]) -> Iterator[Pair]:
    for direction in memory.directions():
        if languages and direction.target_lang not in languages:
            continue
        texts = memory.winners(direction).filter(pl.col("text").is_not_null())
        known = direction.source_lang in registry() and direction.target_lang in registry()
        if not known or texts.select("request", "origin").null_count().row(0) != (0, 0):
            msg = f"{memory.folder}: holds entries that no build wrote; glotmill memory verify names them"
            raise InputError(msg)
        for request, text, origin in texts.select("request", "text", "origin").unique(maintain_order=True).iter_rows():
            yield Pair(direction.source_lang, direction.target_lang, request, text, origin)


def import_tmx(memory: Memory, path: Path) -> ImportCount:
    """Take what a TMX file says otherwise than the memory as corrections.

    Raises:
        InputError: The file is not readable as TMX; nothing was imported.
    """
    rejected: Counter[str] = Counter()
    by_direction: dict[Direction, list[Pair]] = {}
    units = unchanged = 0
    for pair in read_tmx(path):
        units += 1
        if isinstance(pair, RowError):
            rejected[pair.reason] += 1
        else:
            by_direction.setdefault(Direction(pair.source_lang, pair.target_lang), []).append(pair)
    changed: list[Pair] = []
    for direction, pairs in by_direction.items():
        new, same = _changed(memory, direction, pairs)
        unchanged += same
        rejected["corrected_again_below"] += len(pairs) - same - len(new)
        changed += new
    if changed:
        memory.correct(_entries(changed, path))
    return ImportCount(units, len(changed), unchanged, {reason: n for reason, n in sorted(rejected.items()) if n})


def _changed(memory: Memory, direction: Direction, pairs: list[Pair]) -> tuple[list[Pair], int]:
    """(corrections, one a request; how many pairs say what is known)."""
    requested = pl.DataFrame({"request": list({pair.source for pair in pairs})}, schema={"request": pl.String})
    corrected: dict[str, str] = {}
    machine: dict[str, set[str]] = {}
    for request, text, origin in memory.texts(direction, requested).iter_rows():
        if origin == HUMAN:
            corrected[request] = nfc(text)
        else:
            machine.setdefault(request, set()).add(nfc(text))
    given: dict[str, list[Pair]] = {}
    for pair in pairs:
        given.setdefault(pair.source, []).append(pair)
    new, same = [], 0
    for source, wordings in given.items():
        known = machine.get(source, set())
        chosen = _correction(wordings, known, corrected.get(source))
        said = sum(pair.target in known or pair.target == corrected.get(source) for pair in wordings)
        if chosen is not None:
            new.append(chosen)
            said -= chosen.target in known
        same += said
    return new, same


def _correction(wordings: list[Pair], machine: set[str], corrected: str | None) -> Pair | None:
    """Which of a file's wordings of one request is a correction, if any.

    An export has a unit for each engine's wording, so one that an engine said is a correction only where it is all
    that the file says: it stands in the place of the correction in force, or of another engine's wording.
    """
    fresh = [pair for pair in wordings if pair.target not in machine and pair.target != corrected]
    if fresh:
        return fresh[-1]
    alone = len({pair.target for pair in wordings}) == 1
    taken_back = corrected is not None and wordings[-1].target != corrected
    preferred = corrected is None and len(machine) > 1 and len(wordings) > 1
    return wordings[-1] if alone and (taken_back or preferred) else None


def _entries(pairs: list[Pair], path: Path) -> pa.Table:
    checksum = file_sha256(path)
    rows = [
        {
            "key": memory_key(HUMAN, pair.source_lang, pair.target_lang, pair.source),
            "translator": HUMAN,
            "source_lang": pair.source_lang,
            "target_lang": pair.target_lang,
            "request": pair.source,
            "text": pair.target,
            "attempt": 1,
            "settings": HUMAN,
            "hit_limit": False,
            "origin": HUMAN,
            "provenance": orjson.dumps({"file": path.name, "sha256": checksum, "by": pair.by}).decode(),
        }
        for pair in pairs
    ]
    return pa.Table.from_pylist(rows, schema=MEMORY_SCHEMA)
