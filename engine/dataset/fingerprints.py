"""Fingerprints: what decides a shard's content, stage by stage.

Guarantees: two shards with equal fingerprints of a stage hold the same of it, whenever and wherever they were made;
nothing of clocks, hosts, batch sizes or worker counts is in one. They stand in the manifest, never in rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glotmill.engine.dataset.manifest import writer_facts
from glotmill.filters.policy import Policy
from glotmill.schemas.keys import digest
from glotmill.schemas.record import SCHEMA_VERSION

STAGES = ("ingest", "translate", "score", "verdict", "pack")
# Raised by hand whenever a stage's code may give another result for the same input.
CODE_VERSIONS = {"ingest": 1, "translate": 1, "score": 1, "verdict": 1, "pack": 1}


def fingerprint(stage: str, facts: Any) -> str:
    """The fingerprint of a stage whose result these facts decide."""
    return digest([stage, CODE_VERSIONS[stage], facts])


def ingest_fingerprint(rows: str) -> str:
    """The fingerprint of a shard's samples, from their digest (`glotmill.engine.records.layout`)."""
    return fingerprint("ingest", rows)


def verdict_fingerprint(policy: Policy) -> str:
    """The fingerprint of verdicts, which stored scores and the policy decide."""
    return fingerprint("verdict", policy.fingerprint())


def pack_fingerprint(version: int = SCHEMA_VERSION) -> str:
    """The fingerprint of how records of a version of the schema become bytes."""
    return fingerprint("pack", [writer_facts(), version])


class ShardFingerprints:
    """The fingerprints of the shards of one dataset.

    Args:
        facts: What the manifest says the dataset is made from.
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        # Where rejected rows are spared, the rules decide what is scored.
        spared_by = facts["filter"] if facts["skip_rejected"] else None
        self._text = [facts["routes"], facts["text"]]
        self._of_all = {
            "score": fingerprint("score", [facts["scorers"], spared_by]),
            "verdict": fingerprint("verdict", facts["filter"]),
            "pack": pack_fingerprint(),
        }

    def of(self, rows: str, entries: str) -> dict[str, str]:
        """Those of one shard, by stage in the order of the work.

        Args:
            rows: Digest of the shard's samples, in order.
            entries: Digest of the memory's entries that its records are composed from.
        """
        translate = fingerprint("translate", [*self._text, entries])
        return {"ingest": ingest_fingerprint(rows), "translate": translate, **self._of_all}


def first_difference(old: Mapping[str, str], new: Mapping[str, str]) -> str | None:
    """The first stage, in the order of the work, in which two shards differ; None where they are the same."""
    return next((stage for stage in STAGES if old.get(stage) != new[stage]), None)
