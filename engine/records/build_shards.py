"""Shards: what was decided for each shard of a build, done.

Guarantees: a shard that is judged again is written only where
a verdict changed; samples assigned + records withdrawn = records of a language's shards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from glotmill.engine.dataset.fingerprints import shard_fingerprints
from glotmill.engine.dataset.shards import Shard, counted
from glotmill.engine.records.compose import Composer
from glotmill.engine.records.pack import Packer
from glotmill.engine.records.rejudge_shard import decide_verdict, write_verdict
from glotmill.engine.records.shard_actions import Action, Decision
from glotmill.filters.policy import Policy


@dataclass(slots=True)
class ShardWork:
    """Does decisions, and counts them.

    Attributes:
        facts: What the manifest says the dataset is made from.
        policy: What decides.
        packer: Makes shards.
        dataset: The dataset as published.
        root: The folder for new files.
        kept: Paths of the files that stay as they are.
        actions: Shards by what was done to them.
    """

    facts: Mapping[str, Any]
    policy: Policy
    packer: Packer
    dataset: Path
    root: Path
    kept: list[str] = field(default_factory=list)
    actions: Counter[Action] = field(default_factory=Counter)

    def language(
        self, decisions: Iterable[Decision], composer: Composer, advance: Callable[[int], None]
    ) -> list[Shard]:
        """The shards of one language, in order."""
        shards = []
        for decision in decisions:
            shard = self._done(decision, composer)
            self.actions[decision.action] += 1
            advance(decision.plan.rows.height)
            if not (self.root / shard.path).exists():
                self.kept.append(shard.path)
            shards.append(shard)
        return shards

    def _done(self, decision: Decision, composer: Composer) -> Shard:
        plan = decision.plan
        if plan.old is not None and decision.action in ("reuse", "re-verdict", "re-pack"):
            if decision.action == "reuse":
                return counted(self.dataset, plan.old)
            verdict = decide_verdict(self.dataset, plan.old, self.policy)
            return write_verdict(self.dataset, self.root, verdict, self.packer.schema)
        return self.packer.shard(plan, composer, lambda entries: shard_fingerprints(self.facts, plan.digest, entries))
