"""Shards: what was decided for each shard of a build, done.

Guarantees: a shard that is judged again is written only where a verdict changed; shards come in the order in which
they were decided, whether they were finished together or one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from glotmill.engine.dataset.shards import Shard, counted
from glotmill.engine.records.compose import Composer
from glotmill.engine.records.layout import CHUNK_ROWS
from glotmill.engine.records.pack import ComposedShard, Packer
from glotmill.engine.records.rejudge_shard import decide_verdict, write_verdict
from glotmill.engine.records.shard_actions import Decision

FINISHED_TOGETHER = CHUNK_ROWS  # records of small shards that are scored, judged and checked at once


@dataclass(frozen=True, slots=True)
class BuiltShard:
    """A shard with what was done to it.

    Attributes:
        lang: Its language.
        decision: What was decided.
        shard: Its entry in the manifest.
    """

    lang: str
    decision: Decision
    shard: Shard


def build_shards(decisions: Iterable[tuple[Decision, Composer]], packer: Packer) -> Iterator[BuiltShard]:
    """Do what was decided.

    Args:
        decisions: What is to be done to each shard, and what puts the records of its language together.
        packer: Makes shards.
    """
    waiting: list[tuple[str, Decision, Shard | ComposedShard]] = []
    rows = 0
    for decision, composer in decisions:
        done = _begun(decision, composer, packer)
        more = done.rows.records.num_rows if isinstance(done, ComposedShard) else 0
        if rows + more > FINISHED_TOGETHER:
            yield from _finished(waiting, packer)
            waiting, rows = [], 0
        waiting.append((composer.lang, decision, done))
        rows += more
    yield from _finished(waiting, packer)


def _begun(decision: Decision, composer: Composer, packer: Packer) -> Shard | ComposedShard:
    """A shard that stays or is only judged again; any other one composed."""
    plan, dataset = decision.plan, packer.published
    if plan.old is not None and decision.action in ("reuse", "re-verdict", "re-pack"):
        if decision.action == "reuse":
            return counted(dataset, plan.old)
        verdict = decide_verdict(dataset, plan.old, packer.policy)
        return write_verdict(dataset, packer.root, verdict, packer.schema)
    return packer.compose(plan, composer)


def _finished(waiting: Iterable[tuple[str, Decision, Shard | ComposedShard]], packer: Packer) -> Iterator[BuiltShard]:
    composed = [done for _, _, done in waiting if isinstance(done, ComposedShard)]
    finished = iter(packer.finish(composed) if composed else ())
    for lang, decision, done in waiting:
        yield BuiltShard(lang, decision, next(finished) if isinstance(done, ComposedShard) else done)
