"""A finished build as it lies on disk: its manifests, its recipe, its record of the last run.

Guarantees: nothing but the build's folder is read; no model is loaded; what a folder lacks (a dataset that was copied
without its samples and runs) is absent, and never made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import polars as pl

from glotmill.engine.dataset.embedded_notice import notice
from glotmill.engine.dataset.keep_rates import KeepRates
from glotmill.engine.dataset.language_counts import count_language
from glotmill.engine.dataset.lock import read_lock
from glotmill.engine.dataset.manifest import has_manifest, read_manifest
from glotmill.engine.dataset.recorded_rules import check_scorers, check_shards, recorded_fit, recorded_metrics
from glotmill.engine.dataset.shards import Shard, counted
from glotmill.engine.dataset.sound_rows import RECORDS
from glotmill.engine.publish.opened import refuse_published
from glotmill.engine.runs.finished_runs import run_summary
from glotmill.engine.runs.run import FINISHED
from glotmill.engine.samples.ingest import REJECTED
from glotmill.engine.storage.readable import check_types, reading, schema_of
from glotmill.filters.fairness import Share, shares
from glotmill.filters.policy import Policy
from glotmill.filters.registry import rules_of
from glotmill.filters.rules import Rule
from glotmill.filters.user_rules import USER, user_rule
from glotmill.schemas.errors import InputError
from glotmill.schemas.record import Metric
from glotmill.schemas.sample import REJECTED_SCHEMA

REPORT = "report.html"
READ_TOGETHER = 50_000  # records of small shards
FILES_TOGETHER = 256
REJECTED_ROWS = "the rows of the sources that became no sample"


@dataclass(frozen=True, slots=True)
class LanguageFacts:
    """One language's balance and its files.

    Attributes:
        rows: Its records.
        kept: Of those, the ones that no rule rejects.
        dropped: Rejected records by their first reason.
        failed: Records without a translation by reason.
        warned: Records that a rule warns of.
        files: The files of its shards, in order; a pull may have left some where they came from.
        shards: Its shards, in order.
    """

    rows: int
    kept: int
    dropped: dict[str, int]
    failed: dict[str, int]
    warned: dict[str, int]
    files: tuple[Path, ...]
    shards: tuple[Shard, ...]

    @property
    def sound(self) -> int:
        """Records that have a translation."""
        return self.rows - sum(self.failed.values())


@dataclass(frozen=True, slots=True)
class Portion:
    """Shards that are read together, each with its language, in order."""

    shards: tuple[tuple[str, Shard], ...]

    def places(self) -> list[str]:
        """Their places in the dataset."""
        return [shard.path for _, shard in self.shards]

    def files(self, dataset: Path) -> list[Path]:
        """Their files in a dataset's folder."""
        return [dataset / place for place in self.places()]

    def columns(self, dataset: Path, names: Sequence[str]) -> Iterator[tuple[str, pl.DataFrame]]:
        """(language, some columns of its rows) of each language, in order.

        Raises:
            InputError: Naming the shard that is damaged.
        """
        files = self.files(dataset)
        with reading(*files, what=RECORDS):
            rows = scan_shards(files).select(names).collect()
        start = 0
        for lang, own in groupby(self.shards, key=itemgetter(0)):
            height = sum(shard.rows for _, shard in own)
            yield lang, rows.slice(start, height)
            start += height


@dataclass(frozen=True, slots=True)
class BuiltFolder:
    """A build's folder, read.

    Attributes:
        folder: The folder.
        manifest: Its ``dataset/manifest.json``.
        recipe: Its ``dataset/recipe.lock.yaml``.
        languages: Balance by language, of those that have records.
        policy: The rules with their thresholds and actions, with a fit where there is one, without a calibration.
        rates: Balances by source and task.
        notice: What to know before training on the dataset; None for nothing.
        metrics: The scores that its records have.
        summary: What its last finished build said at its end; None where no run is recorded.
    """

    folder: Path
    manifest: dict[str, Any]
    recipe: dict[str, Any]
    languages: dict[str, LanguageFacts]
    policy: Policy
    rates: KeepRates
    notice: str | None
    metrics: tuple[Metric, ...]
    summary: dict[str, Any] | None

    @property
    def dataset(self) -> Path:
        """The folder that gets published."""
        return self.folder / "dataset"

    @property
    def calibrated(self) -> bool:
        """Whether thresholds come from a calibration: they then differ by field type and length too."""
        return self.manifest["filter"].get("calibration") is not None

    def fitted(self, rule: Rule) -> bool:
        """Whether a calibration set a rule's thresholds: what the recipe states, no calibration changes."""
        own = {f"{rule.scorer}.{parameter.name}" for parameter in rule.parameters}
        return self.calibrated and bool(own) and not own & set(self.manifest["filter"]["stated"])

    def all_shards(self) -> Iterator[Shard]:
        """Every shard, in order."""
        for facts in self.languages.values():
            yield from facts.shards

    def shards(self) -> Iterator[tuple[str, Path]]:
        """(language, file) of every shard, in order."""
        for lang, facts in self.languages.items():
            for file in facts.files:
                yield lang, file

    def portions(self) -> Iterator[Portion]:
        """Every shard, in order; small ones stand together, as each read takes a while."""
        shards: list[tuple[str, Shard]] = []
        held = 0
        for lang, facts in self.languages.items():
            for shard in facts.shards:
                if shards and (held + shard.rows > READ_TOGETHER or len(shards) == FILES_TOGETHER):
                    yield Portion(tuple(shards))
                    shards, held = [], 0
                shards.append((lang, shard))
                held += shard.rows
        if shards:
            yield Portion(tuple(shards))

    def fairness(self) -> list[Share]:
        """Each language's keep-rate, of all rules and of each, beside the median language's."""
        sound = {lang: facts.sound for lang, facts in self.languages.items()}
        return shares(sound, {lang: facts.dropped for lang, facts in self.languages.items()})

    def rejected(self) -> list[dict[str, Any]]:
        """Source rows that became no sample, counted by source and reason."""
        return rejected_rows(self.folder)


def scan_shards(shards: Sequence[Path], file: str | None = None) -> pl.LazyFrame:
    """The records of several shards, one below the other; one may have columns that another lacks.

    Args:
        shards: Their files.
        file: A column with the file of each row.
    """
    return pl.scan_parquet(
        list(shards), glob=False, missing_columns="insert", extra_columns="ignore", include_file_paths=file
    )


def rejected_rows(folder: Path) -> list[dict[str, Any]]:
    """Source rows that became no sample of a build, counted by source and reason.

    Raises:
        InputError: Their file is damaged.
    """
    path = folder / "samples" / REJECTED
    if not path.exists():
        return []
    check_types(schema_of(path, REJECTED_ROWS), REJECTED_SCHEMA, path, REJECTED_ROWS)
    with reading(path, what=REJECTED_ROWS):
        rows = pl.scan_parquet(path, glob=False).group_by("source", "reason").agg(rows=pl.len())
        return rows.sort("source", "rows", "reason", descending=[False, True, False]).collect().to_dicts()


def check_place(folder: Path) -> None:
    """Find the place of a build's report to be free, or a report's, before a command changes the dataset.

    Raises:
        InputError: A folder has its name.
    """
    if (folder / REPORT).is_dir():
        msg = f"{folder / REPORT}: a folder, where a build has its report; remove it and run the same command again"
        raise InputError(msg)


def check_notes(folder: Path) -> None:
    """Find what a report reads beside the dataset to be sound, and its place, before a command changes the dataset.

    Raises:
        InputError: A file of the samples or of the last run is damaged, or a folder has the report's name.
    """
    check_place(folder)
    rejected_rows(folder)
    _last_summary(folder)


def open_build(folder: Path, verb: str, *, checked: bool = False) -> BuiltFolder:
    """Read a build's folder.

    Args:
        folder: The build's folder.
        verb: The command that wants it, for the message.
        checked: Whether the command has looked at each shard that it found, and has written all others.

    Raises:
        InputError: There is no finished build of this version in it.
    """
    dataset = folder / "dataset"
    if not has_manifest(dataset):
        refuse_published(folder, verb)
        msg = f"{verb} {folder}: no finished build in it; name a build's folder, such as outputs/NAME"
        raise InputError(msg)
    manifest = read_manifest(dataset)
    recipe = read_lock(dataset, manifest.facts)
    if not checked:
        check_shards(dataset, manifest)
    check_scorers(recipe)
    metrics = tuple(recorded_metrics(recipe, manifest.facts))
    policy = _policy(manifest.facts["filter"], metrics)
    noted = manifest.facts["filter"].get("fit")
    policy = policy if noted is None else policy.fitted(recorded_fit(dataset, noted))
    shards = {lang: [counted(dataset, shard) for shard in parts] for lang, parts in manifest.shards.items()}
    languages = {lang: _language(dataset, parts) for lang, parts in shards.items()}
    rates = KeepRates.of(shards, manifest.facts["sources"])
    warning = notice(manifest.facts["translators"], shards)
    return BuiltFolder(
        folder, manifest.facts, recipe, languages, policy, rates, warning, metrics, _last_summary(folder)
    )


def _language(dataset: Path, shards: Sequence[Shard]) -> LanguageFacts:
    count = count_language(shards)
    files = tuple(dataset / shard.path for shard in shards)
    return LanguageFacts(count.rows, count.kept, count.dropped, count.failed, count.warned, files, tuple(shards))


def _policy(content: dict[str, Any], metrics: tuple[Metric, ...]) -> Policy:
    """The policy as the manifest states it."""
    prefix = f"{USER}."
    user = tuple(
        user_rule(code.removeprefix(prefix), {"fails": text, "action": content["actions"][code]}, metrics)
        for code, text in content["rules"].items()
    )
    rules = rules_of({metric.scorer for metric in metrics})
    today = {f"{rule.scorer}.{parameter.name}": parameter.default for rule in rules for parameter in rule.parameters}
    stated = frozenset(content.get("stated", ()))
    return Policy({**today, **content["parameters"]}, content["actions"], rules, user, fixed=stated)


def _last_summary(folder: Path) -> dict[str, Any] | None:
    """The summary of the last build that was finished in the folder."""
    for path in sorted(folder.glob(f"runs/*/{FINISHED}"), reverse=True):
        return run_summary(path.parent)
    return None
