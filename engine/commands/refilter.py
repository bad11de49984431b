"""Refilter: a published dataset under other rules, from its stored scores alone.

Guarantees: no model is loaded and no text is looked at; only shards in which a verdict changed are written; what comes
out has the bytes that a build with these rules would have made; a kill leaves the dataset as it was or as it will be.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from glotmill.engine.commands.new_rules import new_rules
from glotmill.engine.commands.report import report_of_commit
from glotmill.engine.dataset.commit import build_lock, commit, recover, staging
from glotmill.engine.dataset.differences import difference
from glotmill.engine.dataset.embedded_notice import notice
from glotmill.engine.dataset.keep_rates import KeepRates
from glotmill.engine.dataset.language_counts import LanguageCount, count_language, count_table
from glotmill.engine.dataset.manifest import Manifest, read_manifest
from glotmill.engine.dataset.recorded_rules import (
    check_shards,
    recorded_choice,
    recorded_schema,
    unjudged,
)
from glotmill.engine.dataset.shards import Shard
from glotmill.engine.dataset.write_metadata import CALIBRATION, describe
from glotmill.engine.publish.opened import refuse_published
from glotmill.engine.publish.whole_shards import fetch_shards
from glotmill.engine.records.rejudge_shard import Verdict
from glotmill.engine.records.rejudge_tasks import Judging, Rewriting, judge_all, rewrite_all
from glotmill.engine.report.finished_build import check_notes
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.text.notebook import NotebookResult, View
from glotmill.engine.workers.ray_session import one_ray
from glotmill.filters.policy import Policy
from glotmill.recipes.load import Overrides
from glotmill.schemas.errors import ConservationError, InputError


@dataclass(frozen=True, slots=True)
class RefilterSummary(NotebookResult):
    """A finished refilter.

    Attributes:
        dataset: The dataset's folder.
        why: The first thing in which the rules differ, in words; None where nothing does.
        shards: Shards of the dataset.
        rewritten: Of those, how many were written.
        flipped: Records whose verdict or reasons changed.
        unjudged: Rules that cannot run, for the dataset is older than the scores that they read.
        languages: Balance by language.
        rates: Balances by source and task.
        notice: What to know before training on the dataset; None for nothing.
        decide_seconds: Time until every verdict was known.
        seconds: Time for all of it.
    """

    dataset: Path
    why: str | None
    shards: int
    rewritten: int
    flipped: int
    unjudged: list[str]
    languages: dict[str, LanguageCount]
    rates: KeepRates
    notice: str | None
    decide_seconds: float
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        found = asdict(self)
        del found["rates"]
        return {**found, "dataset": str(self.dataset), "keep_rates": self.rates.as_json()}

    def notebook_view(self) -> View:
        """Rows of each language."""
        line = f"{self.dataset}: {self.flipped:,} records changed in {self.rewritten:,} of {self.shards:,} shards"
        return line, count_table(self.languages)


def refilter(
    folder: Path,
    *,
    recipe: str | Mapping[str, Any] | None = None,
    overrides: Overrides = (),
    ray_address: str | None = None,
    progress: ProgressReport | None = None,
) -> RefilterSummary:
    """Judge a dataset again and rewrite what changed.

    Args:
        folder: The build's folder.
        recipe: A recipe that differs in its filter only; None takes the dataset's own.
        overrides: ``filter.…=value`` items, or a mapping of ``filter.…`` to values.
        ray_address: A running Ray cluster, whose nodes judge shards and write them; None uses threads.
        progress: Shows how it gets on; None shows nothing.

    Raises:
        InputError: The recipe differs in more than its filter; the dataset is damaged, edited or newer; or there is no
            cluster.
    """
    began = time.monotonic()
    progress = progress or ProgressReport()
    dataset = folder / "dataset"
    if not dataset.is_dir():
        refuse_published(folder, "refilter")
        msg = f"refilter {folder}: no dataset/ in it; name the folder of a finished build, such as outputs/NAME"
        raise InputError(msg)
    with build_lock(folder), one_ray():
        recover(folder)
        manifest = read_manifest(dataset)
        lock, policy = new_rules(dataset, manifest, recipe, overrides)
        check_shards(dataset, manifest)
        with progress.stage("verdict", "records") as stage:
            verdicts = decide_all(dataset, manifest, policy, ray_address)
            stage.advance(sum(shard.rows for shard in manifest.all_shards()))
        decided = time.monotonic()
        _fetch_changed(folder, verdicts, progress)
        shards = commit_verdicts(folder, manifest, verdicts, manifest.facts, lock, policy, ray_address)
        told = notice(manifest.facts["translators"], shards)
        if all((dataset / shard.path).is_file() for shard in manifest.all_shards()):  # else pulled in part
            told = report_of_commit(folder, "refilter", told, ray_address)
    return RefilterSummary(
        dataset=dataset,
        why=difference("verdict", manifest.facts, {"filter": policy.fingerprint()}),
        shards=len(verdicts),
        rewritten=sum(verdict.flipped > 0 for verdict in verdicts.values()),
        flipped=sum(verdict.flipped for verdict in verdicts.values()),
        unjudged=unjudged(lock, manifest.facts),
        languages={lang: count_language(parts) for lang, parts in shards.items()},
        rates=KeepRates.of(shards, manifest.facts["sources"]),
        notice=told,
        decide_seconds=round(decided - began, 3),
        seconds=round(time.monotonic() - began, 3),
    )


def _fetch_changed(folder: Path, verdicts: Mapping[str, Verdict], progress: ProgressReport) -> None:
    """Bring the shards of a pulled dataset that will be written."""
    dataset = folder / "dataset"
    missing = [path for path, found in verdicts.items() if found.written and not (dataset / path).is_file()]
    if missing:
        fetch_shards(folder, missing, progress)


def decide_all(dataset: Path, manifest: Manifest, policy: Policy, ray_address: str | None = None) -> dict[str, Verdict]:
    """The verdicts on every shard of a dataset, by path; of a pulled one, from the columns that were brought."""
    judging = Judging(dataset, policy, manifest.facts["schema_version"])
    return judge_all(judging, manifest.all_shards(), ray_address)


def commit_verdicts(
    folder: Path,
    manifest: Manifest,
    verdicts: Mapping[str, Verdict],
    facts: Mapping[str, Any],
    lock: Mapping[str, Any],
    policy: Policy,
    ray_address: str | None = None,
) -> dict[str, list[Shard]]:
    """Write what the verdicts change and make it the build's own; the shards by language.

    Args:
        folder: The build's folder, which is locked.
        manifest: Its manifest.
        verdicts: The verdicts on its shards, by path.
        facts: What the new manifest says the dataset is made from.
        lock: The resolved recipe.
        policy: What decided.
        ray_address: A running Ray cluster, whose nodes write shards; None uses threads.

    Raises:
        ConservationError: A record would be lost or gained.
        InputError: A file of the samples or of the last run is damaged.
    """
    check_notes(folder)
    dataset = folder / "dataset"
    schema = recorded_schema(lock, manifest.facts)
    with staging(folder) as staged:
        rewriting = Rewriting(dataset, staged / "dataset", schema)
        entries = rewrite_all(rewriting, list(verdicts.values()), ray_address)
        shards = {lang: [entries[shard.path] for shard in parts] for lang, parts in manifest.shards.items()}
        _check(manifest, shards, staged / "dataset")
        choice = recorded_choice(dataset, manifest.facts)
        describe(staged / "dataset", shards, facts, lock, policy, schema, choice)
        commit(folder, (), delete=_stale(dataset, policy))
    return shards


def _check(manifest: Manifest, shards: Mapping[str, list[Shard]], written: Path) -> None:
    """No record may be lost or gained: each shard's rows are kept, dropped or failed, and as many as before."""
    for lang, parts in manifest.shards.items():
        for old, new in zip(parts, shards[lang], strict=True):
            counted = new.kept + sum(new.dropped.values()) + sum(new.failed.values())
            file = written / new.path
            held = pq.read_metadata(file).num_rows if file.exists() else new.rows
            if not old.rows == held == counted:
                msg = f"{old.path}: {old.rows} records before, {counted} kept, dropped and failed now"
                raise ConservationError(msg)


def _stale(dataset: Path, policy: Policy) -> list[str]:
    there = (dataset / CALIBRATION).exists()
    return [f"dataset/{CALIBRATION}"] if there and policy.calibration is None else []
