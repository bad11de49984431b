"""Decide: what has to be done to each shard, from its fingerprints before and now.

Guarantees: a shard whose stages all have the fingerprints that its manifest names is not touched; a stage that differs
is done again with all that follow it. `plan` and `build` decide with this one function.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from glotmill.engine.dataset.differences import difference
from glotmill.engine.dataset.fingerprints import ShardFingerprints, first_difference, ingest_fingerprint
from glotmill.engine.dataset.manifest import writer_facts
from glotmill.engine.dataset.shards import WITHDRAWN
from glotmill.engine.records.compose import Composer
from glotmill.engine.records.layout import SampleRows, ShardPlan
from glotmill.schemas.record import SCHEMA_VERSION

Action = Literal["reuse", "re-pack", "re-verdict", "re-score", "re-translate", "new", "delete"]
ACTIONS: dict[str, Action] = {
    "ingest": "re-translate",
    "translate": "re-translate",
    "score": "re-score",
    "verdict": "re-verdict",
    "pack": "re-pack",
}
Unknown = Mapping[str, frozenset[str]]  # by language: texts of which the memory lacks something


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done to one shard.

    Attributes:
        plan: Its records.
        action: What is done.
        why: The first thing that differs, in words.
        fingerprints: Its fingerprints now; None where they come out as it is composed.
    """

    plan: ShardPlan
    action: Action
    why: str
    fingerprints: dict[str, str] | None = None


class Decider:
    """Decides for the shards of a build.

    Args:
        samples: Its samples.
        published: Facts of the manifest as published; None where there is none.
        facts: Facts of the manifest to be.
        unknown: What the memory lacks; nothing once all is translated.
    """

    def __init__(
        self,
        samples: SampleRows,
        published: Mapping[str, Any] | None,
        facts: Mapping[str, Any],
        unknown: Unknown,
    ) -> None:
        self._samples = samples
        self._published = published or {}
        self._facts = {**facts, "writer": writer_facts()}
        self._unknown = unknown
        self._fingerprints = ShardFingerprints(facts)
        self._older = self._published.get("schema_version", SCHEMA_VERSION) < SCHEMA_VERSION
        self._other_text = difference("translate", self._published, facts)

    def decide(self, plan: ShardPlan, composer: Composer) -> Decision:
        """What is to be done to a shard, whose entries the composer looks up."""
        if plan.old is None:
            return Decision(plan, "new", f"{len(plan.places):,} new samples")
        if plan.old.fingerprints.get("ingest") != ingest_fingerprint(plan.digest):
            return Decision(plan, "re-translate", samples_changed(plan))
        if self._older:
            return Decision(plan, "re-translate", f"records get the columns of schema version {SCHEMA_VERSION}")
        if self._other_text:
            return Decision(plan, "re-translate", self._other_text)
        lacking = 0
        for samples in self._samples.tables(plan.present):
            for lang, texts in composer.look_up(samples).items():
                if unknown := self._unknown.get(lang):
                    lacking += len(unknown.intersection(texts))
        found = self._fingerprints.of(plan.digest, composer.take_entries_digest())
        if lacking:
            return Decision(plan, "re-translate", f"{lacking:,} segments are not in the memory")
        stage = first_difference(plan.old.fingerprints, found)
        if stage is None:
            return Decision(plan, "reuse", "", found)
        why = difference(stage, self._published, self._facts) or _unnamed(stage)
        return Decision(plan, ACTIONS[stage], why, found)


def samples_changed(plan: ShardPlan) -> str:
    """What became of a published shard's samples."""
    gone = plan.old.reasons(WITHDRAWN) if plan.old else 0
    counts = {
        "changed": plan.changed,
        "withdrawn": max(plan.withdrawn - gone, 0),
        "back": max(gone - plan.withdrawn, 0),
    }
    named = [f"{number:,} {what}" for what, number in counts.items() if number]
    return f"samples: {', '.join(named) or 'changed in other columns than their texts'}"


def _unnamed(stage: str) -> str:
    if stage == "translate":
        return "memory entries changed: a correction, or a failure that was sent again"
    return f"the code of the stage {stage}"
