"""Windows: a build's records in portions, each of which is translated, scored and written while others are.

The rule is recorded here and is in no fingerprint: languages come in turn, `CHUNK_ROWS` records each, until a window
has its share, so that they share the sources whose forced scores they need. The last `ENDING` windows' records, a
quarter of all at the most, come language by language and in smaller windows: shards then end one after the other and
are written while engines have units, and little is left to be done after the last unit. A shard that is published
stays whole, as what is done to it is decided for all of it.

Guarantees: each record is in one window; windows depend on the layout alone, never on workers or on speed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import polars as pl
import pyarrow as pa

from glotmill.engine.records.layout import CHUNK_ROWS, SampleRows, ShardPlan

# Of a window, but for those of the end: enough for units of good batches, few enough to be packed beside the next one.
FEWEST_RECORDS = 40_000
MOST_RECORDS = 1_000_000  # what a window's texts and entries take is what the head's memory holds
MOST_WINDOWS = 100  # each looks the whole memory through; but for those of the end
ENDING = 4  # windows of the usual share
PARTS_OF_ALL = 4  # the end is one of these at the most
PARTS_OF_REST = 4  # a window of the end has this part of what is left, or of the fewest records


@dataclass(frozen=True, slots=True)
class Piece:
    """Neighbouring records of a shard.

    Attributes:
        lang: Their language.
        plan: Their shard.
        start: The first of them among the shard's present records; a multiple of `CHUNK_ROWS`.
        records: How many they are.
    """

    lang: str
    plan: ShardPlan
    start: int
    records: int

    @property
    def whole(self) -> bool:
        """Whether they are all that the shard has."""
        return self.records == len(self.plan.present)

    @property
    def last(self) -> bool:
        """Whether they are the shard's last ones."""
        return self.start + self.records == len(self.plan.present)

    @property
    def places(self) -> pl.Series:
        """Where their samples stand, in order."""
        return self.plan.present.slice(self.start, self.records)


@dataclass(frozen=True, slots=True)
class Window:
    """What is translated, scored and written together.

    Attributes:
        number: From 0.
        pieces: Its records.
    """

    number: int
    pieces: tuple[Piece, ...]

    @property
    def records(self) -> int:
        """How many records it has."""
        return sum(piece.records for piece in self.pieces)

    def samples(self, rows: SampleRows, lang: str | None = None) -> Iterator[pa.Table]:
        """The window's samples, each once and with those of its languages that are in the window.

        Args:
            rows: The samples of the build.
            lang: Only those of this language.
        """
        assigned = pl.concat(
            [
                pl.DataFrame({"place": piece.places}).with_columns(lang=pl.lit(piece.lang))
                for piece in self.pieces
                if lang in (None, piece.lang)
            ]
            or [pl.DataFrame(schema={"place": pl.UInt32, "lang": pl.String})]
        )
        langs = assigned.group_by("place", maintain_order=True).agg("lang").sort("place")
        start = 0
        for table in rows.tables(langs["place"]):
            own = langs["lang"].slice(start, table.num_rows).to_arrow().cast(table.schema.field("langs").type)
            start += table.num_rows
            yield table.set_column(table.schema.get_field_index("langs"), "langs", own)


def cut_windows(plans: Mapping[str, Sequence[ShardPlan]], *, at_once: bool = False) -> list[Window]:
    """The windows of a build, of which there is at least one.

    Args:
        plans: The shards of each language, in their order.
        at_once: Make one window of all.
    """
    if at_once:
        whole = (Piece(lang, plan, 0, len(plan.present)) for lang, shards in plans.items() for plan in shards)
        return [Window(0, tuple(whole))]
    total = sum(len(plan.present) for shards in plans.values() for plan in shards)
    share = min(max(total // MOST_WINDOWS, FEWEST_RECORDS), MOST_RECORDS)
    end = min(ENDING * share, total // PARTS_OF_ALL)
    windows: list[list[Piece]] = [[]]
    held, rest = 0, total
    for piece, ending in _ordered([list(_pieces(lang, shards)) for lang, shards in plans.items()], end):
        most = min(share, max(rest + held, FEWEST_RECORDS) // PARTS_OF_REST) if ending else share
        if held and held + piece.records > most:
            windows.append([])
            held = 0
        windows[-1].append(piece)
        held += piece.records
        rest -= piece.records
    langs = list(plans)
    return [
        Window(number, tuple(sorted(_joined(pieces), key=lambda piece: langs.index(piece.lang))))
        for number, pieces in enumerate(windows)
    ]


def _pieces(lang: str, shards: Sequence[ShardPlan]) -> Iterator[Piece]:
    """A language's records, as many at a time as are composed at a time."""
    for plan in shards:
        records = len(plan.present)
        if plan.old is not None or records <= CHUNK_ROWS:
            yield Piece(lang, plan, 0, records)
        else:
            for start in range(0, records, CHUNK_ROWS):
                yield Piece(lang, plan, start, min(CHUNK_ROWS, records - start))


def _ordered(by_language: Sequence[Sequence[Piece]], end: int) -> Iterator[tuple[Piece, bool]]:
    """The pieces in turn; the last ones, of so many records, by language; each with whether it is one of these."""
    in_turn = list(_in_turn(by_language))
    rest = sum(piece.records for piece in in_turn)
    first = 0
    while rest > end:
        rest -= in_turn[first].records
        first += 1
    yield from ((piece, False) for piece in in_turn[:first])
    langs = [own[0].lang for own in by_language if own]
    yield from ((piece, True) for piece in sorted(in_turn[first:], key=lambda piece: langs.index(piece.lang)))


def _in_turn(by_language: Sequence[Sequence[Piece]]) -> Iterator[Piece]:
    """The first piece of each language, then the second ones."""
    longest = max(map(len, by_language), default=0)
    return chain.from_iterable([own[turn] for own in by_language if turn < len(own)] for turn in range(longest))


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Pieces of a window, neighbours of a shard as one; those of a language in their order."""
    found: dict[tuple[str, str], Piece] = {}
    for piece in pieces:
        shard = piece.lang, piece.plan.path
        first = found.get(shard, piece)
        found[shard] = Piece(piece.lang, piece.plan, first.start, piece.start + piece.records - first.start)
    return iter(found.values())
