"""Published shards judged again and rewritten by tasks, whoever does them: threads, or the nodes of a cluster.

Guarantees: nothing is written but into the folder for new files, by this machine; a shard has the same bytes whoever
made it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import pyarrow as pa

from glotmill.engine.dataset.shards import Shard
from glotmill.engine.publish.pull_record import pulled_columns
from glotmill.engine.records.rejudge_shard import Verdict, decide_verdict, write_verdict
from glotmill.engine.storage.atomic_write import write_bytes
from glotmill.engine.workers.sent_shard import Sent, laid_out, over_shards, read_files
from glotmill.engine.workers.shard_threads import tasks_over_shards
from glotmill.engine.workers.stage_tasks import Steps
from glotmill.filters.policy import Policy

# More threads gain nothing: most of writing is footers, which Python decodes in one thread at a time.
WRITERS = 2
MADE = "made"  # a folder beside a shard that was sent


@dataclass(frozen=True, slots=True)
class Judging:
    """What all shards are judged by.

    Attributes:
        dataset: The dataset's folder.
        policy: What decides.
        version: The version of the dataset's record schema.
    """

    dataset: Path
    policy: Policy
    version: int


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What all shards are rewritten with.

    Attributes:
        dataset: The dataset's folder.
        target: The folder for new files.
        schema: The dataset's record schema.
    """

    dataset: Path
    target: Path
    schema: pa.Schema


def judge(judging: Judging, shard: Shard) -> Verdict:
    """The verdict on a shard; of one that a pull left where it came from, by the columns that were brought."""
    columns = pulled_columns(judging.dataset, shard)
    return decide_verdict(judging.dataset, shard, judging.policy, columns, version=judging.version)


def rewrite(rewriting: Rewriting, verdict: Verdict) -> Shard:
    """The entry of a judged shard, whose new file is written."""
    return write_verdict(rewriting.dataset, rewriting.target, verdict, rewriting.schema)


def judge_all(judging: Judging, shards: Sequence[Shard], ray_address: str | None = None) -> dict[str, Verdict]:
    """The verdicts on shards, by path.

    Args:
        judging: What they are judged by.
        shards: Their entries.
        ray_address: A running Ray cluster, whose nodes judge; None uses threads.

    Raises:
        InputError: A shard was edited, or lacks a column that a rule reads; or there is no cluster.
        WorkerError: A process of Ray died again and again.
    """
    steps = over_shards(judge, judging.dataset)
    return {found.shard.path: found for found in tasks_over_shards(ray_address).run(steps, judging, shards)}


def rewrite_all(rewriting: Rewriting, verdicts: Sequence[Verdict], ray_address: str | None = None) -> dict[str, Shard]:
    """Write the shards in which something changed; the entries of all, by path.

    Args:
        rewriting: What they are written with.
        verdicts: The verdicts on them.
        ray_address: A running Ray cluster, whose nodes make the files; None uses threads.

    Raises:
        InputError: A shard is damaged.
        WorkerError: A process of Ray died again and again.
    """
    entries = {verdict.shard.path: verdict.shard for verdict in verdicts}
    opened = [verdict for verdict in verdicts if verdict.open]
    done = list(tasks_over_shards(ray_address, WRITERS).run(REWRITE, rewriting, opened)) if opened else []
    return entries | {shard.path: shard for shard in done}


def _read(rewriting: Rewriting, verdict: Verdict) -> Sent:
    return read_files(rewriting.dataset, [verdict.shard.path])


def _rewrite_elsewhere(rewriting: Rewriting, verdict: Verdict, sent: Sent) -> tuple[Shard, Sent]:
    with laid_out(rewriting, sent) as there:
        made = there.dataset / MADE
        shard = write_verdict(there.dataset, made, verdict, there.schema)
        return shard, read_files(made, [shard.path])


def _keep(rewriting: Rewriting, _verdict: Verdict, made: tuple[Shard, Sent]) -> Shard:
    shard, files = made
    for place, data in files.items():
        write_bytes(rewriting.target / place, data)
    return shard


REWRITE = Steps(rewrite, attrgetter("written"), _read, _rewrite_elsewhere, _keep)
