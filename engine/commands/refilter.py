"""Refilter: a published dataset under other rules, from its stored scores alone.

Guarantees: no model is loaded and no text is looked at; only shards in which a verdict changed are written; what comes
out has the bytes that a build with these rules would have made; a kill leaves the dataset as it was or as it will be.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml
from pydantic import TypeAdapter, ValidationError

from glotmill.engine.commands.load_recipe import FAMILIES, load_recipe
from glotmill.engine.dataset.commit import build_lock, commit, recover, staging
from glotmill.engine.dataset.differences import difference
from glotmill.engine.dataset.embedded_notice import notice
from glotmill.engine.dataset.keep_rates import KeepRates
from glotmill.engine.dataset.language_counts import LanguageCount, count_language, count_table
from glotmill.engine.dataset.lock import WHAT, read_lock
from glotmill.engine.dataset.manifest import AGAIN, LOCK_FILE, Manifest, read_manifest
from glotmill.engine.dataset.recorded_rules import (
    check_scorers,
    check_shards,
    recorded_metrics,
    recorded_policy,
    recorded_schema,
    scorers_of,
    unjudged,
    with_columns,
)
from glotmill.engine.dataset.shards import Shard
from glotmill.engine.dataset.write_metadata import CALIBRATION, describe
from glotmill.engine.publish.opened import refuse_published
from glotmill.engine.publish.pull import fetch_shards
from glotmill.engine.publish.pull_record import pulled_columns
from glotmill.engine.records.rejudge_shard import Verdict, decide_verdict, write_verdict
from glotmill.engine.report import write_report
from glotmill.engine.report.finished_build import check_notes
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.text.notebook import NotebookResult, View
from glotmill.filters.calibration import read_calibration
from glotmill.filters.policy import Policy, make_policy
from glotmill.filters.registry import in_order
from glotmill.recipes.from_mapping import MAPPING
from glotmill.recipes.load import Overrides, completed, override_all
from glotmill.recipes.model import FilterValue
from glotmill.schemas.errors import ConservationError, InputError
from glotmill.schemas.record import SCHEMA_VERSION

THREADS = 2  # a shard each; more of them take more memory, and writing is bound by the cores
ALLOWED = ("filter", "calibration")
Filter = dict[str, dict[str, FilterValue]]


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
    progress: ProgressReport | None = None,
) -> RefilterSummary:
    """Judge a dataset again and rewrite what changed.

    Args:
        folder: The build's folder.
        recipe: A recipe that differs in its filter only; None takes the dataset's own.
        overrides: ``filter.…=value`` items, or a mapping of ``filter.…`` to values.
        progress: Shows how it gets on; None shows nothing.

    Raises:
        InputError: The recipe differs in more than its filter; the dataset is damaged, edited or newer.
    """
    began = time.monotonic()
    progress = progress or ProgressReport()
    dataset = folder / "dataset"
    if not dataset.is_dir():
        refuse_published(folder, "refilter")
        msg = f"refilter {folder}: no dataset/ in it; name the folder of a finished build, such as outputs/NAME"
        raise InputError(msg)
    with build_lock(folder):
        recover(folder)
        manifest = read_manifest(dataset)
        lock, policy = new_rules(dataset, manifest, recipe, overrides)
        check_shards(dataset, manifest)
        with progress.stage("verdict", "records") as stage:
            verdicts = decide_all(dataset, manifest, policy)
            stage.advance(sum(shard.rows for shard in manifest.all_shards()))
        decided = time.monotonic()
        _fetch_changed(folder, verdicts, progress)
        shards = commit_verdicts(folder, manifest, verdicts, manifest.facts, lock, policy)
        if all((dataset / shard.path).is_file() for shard in manifest.all_shards()):  # else pulled in part
            write_report(folder, verb="refilter")
    return RefilterSummary(
        dataset=dataset,
        why=difference("verdict", manifest.facts, {"filter": policy.fingerprint()}),
        shards=len(verdicts),
        rewritten=sum(verdict.flipped > 0 for verdict in verdicts.values()),
        flipped=sum(verdict.flipped for verdict in verdicts.values()),
        unjudged=unjudged(lock, manifest.facts),
        languages={lang: count_language(parts) for lang, parts in shards.items()},
        rates=KeepRates.of(shards, manifest.facts["sources"]),
        notice=notice(manifest.facts["translators"], shards),
        decide_seconds=round(decided - began, 3),
        seconds=round(time.monotonic() - began, 3),
    )


def _fetch_changed(folder: Path, verdicts: Mapping[str, Verdict], progress: ProgressReport) -> None:
    """Bring the shards of a pulled dataset that will be written."""
    dataset = folder / "dataset"
    missing = [path for path, found in verdicts.items() if found.written and not (dataset / path).is_file()]
    if missing:
        fetch_shards(folder, missing, progress)


def new_rules(
    dataset: Path, manifest: Manifest, recipe: str | Mapping[str, Any] | None, overrides: Overrides
) -> tuple[dict[str, Any], Policy]:
    """(lock, policy) of a dataset under a recipe or some overrides.

    Raises:
        InputError: Something else than the filter would change, or the filter is not usable.
    """
    lock = read_lock(dataset, manifest.facts)
    new = lock
    calibration = dataset / CALIBRATION if lock.get("calibration") else None
    for item in overrides:
        key = item.partition("=")[0]
        if not key.startswith("filter.") and key != "calibration":
            msg = f"--set {item}: refilter changes filter.… and calibration only; anything else needs glotmill build"
            raise InputError(msg)
    facts = manifest.facts
    try:
        recorded_policy(lock["filter"], lock, facts)
    except InputError as error:
        msg = f"{dataset / LOCK_FILE}: not {WHAT}: {error}; {AGAIN}"
        raise InputError(msg) from None
    if recipe is not None:
        loaded = load_recipe(recipe, overrides)
        # The default scorers, as the build found them to suit its engine; stated ones in the order of the registry.
        stated = loaded.score.scorers
        named = lock["score"]["scorers"] if stated is None else in_order(stated)
        loaded = loaded.with_scorers(named)
        new, calibration = loaded.lock(), loaded.calibration
        _refuse_others(recipe if isinstance(recipe, str) else MAPPING, completed(lock, FAMILIES), new)
        check_scorers(lock)
        policy = make_policy(new["filter"], scorers_of(lock), metrics=recorded_metrics(lock, facts))
        if facts["schema_version"] < SCHEMA_VERSION:
            policy = with_columns(policy, lock, facts)
    else:
        content = {"filter": lock["filter"]}
        override_all(content, overrides)
        new = {**lock, "filter": _checked(content["filter"])}
        if "calibration" in content:
            named = content["calibration"]
            calibration = Path(named) if isinstance(named, str) else None
            new["calibration"] = calibration.name if calibration else None
        policy = recorded_policy(new["filter"], lock, facts)
    if calibration is not None:
        policy = policy.calibrated(read_calibration(calibration, policy.parameters))
    changed = difference("verdict", manifest.facts, {"filter": policy.fingerprint()})
    if lock["score"]["skip_rejected"] and changed:
        msg = (
            f"refilter: the dataset was built with score.skip_rejected, so its rules decided what was scored "
            f"({changed}); use glotmill build, which scores what was spared"
        )
        raise InputError(msg)
    return new, policy


def _refuse_others(recipe: str, lock: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Refuse a recipe that differs from the dataset's in more than its filter."""
    plain = yaml.safe_load(yaml.safe_dump(dict(new)))  # as the lock was written: tuples are lists
    for key in sorted(lock.keys() | plain.keys()):
        if key not in ALLOWED and lock.get(key) != plain.get(key):
            msg = f"refilter --recipe {recipe}: '{key}' differs from the dataset's recipe; use glotmill build for that"
            raise InputError(msg)


def _checked(section: Any) -> Filter:
    try:
        return TypeAdapter(Filter).validate_python(section)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in problem["loc"][:2])
        msg = f"--set filter.{key}: {problem['msg']}; expected a number, or {{action: reject | warn | off}}"
        raise InputError(msg) from None


def decide_all(dataset: Path, manifest: Manifest, policy: Policy) -> dict[str, Verdict]:
    """The verdicts on every shard of a dataset, by path; of a pulled one, from the columns that were brought."""

    def decide(shard: Shard) -> Verdict:
        columns = pulled_columns(dataset, shard)
        return decide_verdict(dataset, shard, policy, columns, version=manifest.facts["schema_version"])

    shards = manifest.all_shards()
    with ThreadPoolExecutor(THREADS) as threads:
        verdicts = list(threads.map(decide, shards))
    return {shard.path: verdict for shard, verdict in zip(shards, verdicts, strict=True)}


def commit_verdicts(
    folder: Path,
    manifest: Manifest,
    verdicts: Mapping[str, Verdict],
    facts: Mapping[str, Any],
    lock: Mapping[str, Any],
    policy: Policy,
) -> dict[str, list[Shard]]:
    """Write what the verdicts change and make it the build's own; the shards by language.

    Args:
        folder: The build's folder, which is locked.
        manifest: Its manifest.
        verdicts: The verdicts on its shards, by path.
        facts: What the new manifest says the dataset is made from.
        lock: The resolved recipe.
        policy: What decided.

    Raises:
        ConservationError: A record would be lost or gained.
        InputError: A file of the samples or of the last run is damaged.
    """
    check_notes(folder)
    dataset = folder / "dataset"
    schema = recorded_schema(lock, manifest.facts)
    with ThreadPoolExecutor(THREADS) as threads, staging(folder) as staged:
        done = {
            path: threads.submit(write_verdict, dataset, staged / "dataset", verdict, schema)
            for path, verdict in verdicts.items()
        }
        shards = {lang: [done[shard.path].result() for shard in parts] for lang, parts in manifest.shards.items()}
        _check(manifest, shards, staged / "dataset")
        describe(staged / "dataset", shards, facts, lock, policy, schema)
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
