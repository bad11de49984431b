"""Shards: what is to be done to each shard of a build, decided and done; large ones by themselves, small ones together.

Guarantees: a shard that is judged again is written only where a verdict changed; what comes out depends neither on who
does it nor on what else it is done with; doing it twice leaves what doing it once leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from glotmill.engine.dataset.shards import Shard, counted
from glotmill.engine.records.compose import Composer
from glotmill.engine.records.composers import Composers
from glotmill.engine.records.layout import CHUNK_ROWS, ShardPlan
from glotmill.engine.records.pack import ComposedShard, Packer
from glotmill.engine.records.rejudge_shard import decide_verdict, write_verdict
from glotmill.engine.records.shard_actions import Action, Decider, Decision
from glotmill.engine.records.windows import Piece

FINISHED_TOGETHER = CHUNK_ROWS  # records of small shards that are scored, judged and checked at once


@dataclass(frozen=True, slots=True)
class BuiltShard:
    """A shard with what was done to it.

    Attributes:
        lang: Its language.
        action: What was done.
        shard: Its entry in the manifest.
    """

    lang: str
    action: Action
    shard: Shard


@dataclass(slots=True)
class ShardWork:
    """What makes the shards of a build, in this process or another one of the machine.

    Attributes:
        decider: Decides what is to be done to a shard.
        composers: Put the records of a language together.
        packer: Makes shards.
        apart: Whether several processes do it: parts of a shard are then joined once all of them are there.
    """

    decider: Decider
    composers: Composers
    packer: Packer
    apart: bool = False
    _last: Composer | None = field(default=None, init=False)

    def composer(self, lang: str) -> Composer:
        """The composer of a language; the last one is kept, with the entries that it has read."""
        if self._last is None or self._last.lang != lang:
            self._last = self.composers.of(lang)
        return self._last


def in_parts(piece: Piece) -> list[Piece]:
    """A piece of a new shard as several processes make it, each a part of some thousand records."""
    if piece.plan.old is not None:
        return [piece]
    end = piece.start + piece.records
    starts = range(piece.start, end, CHUNK_ROWS)
    return [Piece(piece.lang, piece.plan, start, min(CHUNK_ROWS, end - start)) for start in starts]


def in_groups(pieces: Iterable[Piece]) -> Iterator[tuple[Piece, ...]]:
    """Shards that are done together, in order: small ones make a group; a large one, or a part of it, is alone."""
    waiting: list[Piece] = []
    rows = 0
    for each in pieces:
        more = len(each.plan.places)
        if waiting and (rows + more > FINISHED_TOGETHER or not each.whole):
            yield tuple(waiting)
            waiting, rows = [], 0
        if each.whole:
            waiting.append(each)
            rows += more
        else:
            yield (each,)
    if waiting:
        yield tuple(waiting)


def build_group(work: ShardWork, group: tuple[Piece, ...]) -> list[BuiltShard]:
    """Decide what is to be done to each shard of a group, and do it.

    Returns:
        The shards that are whole now: not that of a part which is not its last, or which others have parts of.

    Raises:
        GlotmillError: A file of the samples, the memory or the dataset is damaged, or a scorer broke its contract.
    """
    begun: list[tuple[str, Action, Shard | ComposedShard]] = []
    for lang, own in groupby(group, key=attrgetter("lang")):
        pieces, composer = list(own), work.composer(lang)
        if all(piece.whole for piece in pieces):
            begun += _begun(work, [piece.plan for piece in pieces], composer)
            continue
        [piece] = pieces
        work.packer.compose_part(piece, composer)
        if piece.last and not work.apart:
            begun.append((lang, "new", work.packer.joined(piece.plan)))
    composed = [done for _, _, done in begun if isinstance(done, ComposedShard)]
    finished = iter(work.packer.finish(composed) if composed else ())
    return [
        BuiltShard(lang, action, next(finished) if isinstance(done, ComposedShard) else done)
        for lang, action, done in begun
    ]


def join_parts(packer: Packer, piece: Piece) -> BuiltShard:
    """The new shard that a piece ends, from all of its parts."""
    [shard] = packer.finish([packer.joined(piece.plan)])
    return BuiltShard(piece.lang, "new", shard)


def _begun(
    work: ShardWork, plans: Sequence[ShardPlan], composer: Composer
) -> list[tuple[str, Action, Shard | ComposedShard]]:
    """Shards of a language: one that stays or is only judged again is done, any other one is composed."""
    decisions = [work.decider.decide(plan, composer) for plan in plans]
    kept = [_kept(made, work.packer) for made in decisions]
    to_compose = [made.plan for made, shard in zip(decisions, kept, strict=True) if shard is None]
    composed = iter(work.packer.compose(to_compose, composer))
    return [(composer.lang, made.action, shard or next(composed)) for made, shard in zip(decisions, kept, strict=True)]


def _kept(decision: Decision, packer: Packer) -> Shard | None:
    """A published shard whose records stay, judged again where it must be; None for one that is composed."""
    old, dataset = decision.plan.old, packer.published
    if old is None or decision.action not in ("reuse", "re-verdict", "re-pack"):
        return None
    if decision.action == "reuse":
        return counted(dataset, old)
    return write_verdict(dataset, packer.root, decide_verdict(dataset, old, packer.policy), packer.schema)
