"""Verify: whether a dataset is what it claims to be, file by file and row by row.

Guarantees: nothing is written; everything the manifest, the lock and the card say of the shards is counted again from
the shards themselves; each problem is one line with its file.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from glotmill.engine.commands.new_rules import new_rules
from glotmill.engine.commands.verify.verify_card import card_problems
from glotmill.engine.commands.verify.verify_shard import Checked, Rules, bytes_problems, check, check_columns
from glotmill.engine.dataset.locate import unnamed_files
from glotmill.engine.dataset.manifest import LOCK_FILE, MANIFEST, Manifest, files_of, read_facts, read_shards
from glotmill.engine.dataset.pages import EXTRAS, PAGES, check_pages
from glotmill.engine.dataset.recorded_rules import recorded_schema
from glotmill.engine.dataset.repeated_ids import read_ids, repeated_ids
from glotmill.engine.dataset.shards import Shard
from glotmill.engine.dataset.write_metadata import CALIBRATION
from glotmill.engine.publish.opened import OpenedDataset, opened
from glotmill.engine.publish.pull_record import Pulled, columns_of, pulled_columns
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.text.notebook import NotebookResult, View
from glotmill.engine.workers.sent_shard import over_shards
from glotmill.engine.workers.shard_threads import tasks_over_shards
from glotmill.engine.workers.stage_tasks import StageTasks
from glotmill.schemas.errors import GlotmillError, InputError
from glotmill.schemas.keys import file_sha256


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong: the file, relative to the dataset's folder, and what."""

    file: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


@dataclass(frozen=True, slots=True)
class Verification(NotebookResult):
    """A verified dataset.

    Attributes:
        dataset: Its folder; of a published folder, with the version.
        shards: Shards whose rows were read.
        rows: Rows that were read.
        bytes: Bytes of the whole shards that were read.
        deep: Whether all rules of a record were checked, too.
        problems: What is wrong; none for a sound dataset.
        unchecked: Small files that could not be checked, because the manifest has no checksum of them.
        elsewhere: Shards that a pull left where they came from: of those with records, the pulled columns were read.
        origin: Where these are, as ``PLACE@REVISION``; None where the folder was not pulled.
    """

    dataset: str
    shards: int
    rows: int
    bytes: int
    deep: bool
    problems: list[Problem]
    unchecked: list[str]
    elsewhere: list[str]
    origin: str | None

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        return {**asdict(self), "sound": self.sound}

    def notebook_view(self) -> View:
        """The problems, if there are any."""
        state = "sound" if self.sound else f"{len(self.problems):,} problems"
        rows = [("file", "problem"), *((problem.file, problem.what) for problem in self.problems)]
        return f"{self.dataset}: {state}: {self.rows:,} rows in {self.shards:,} shards", rows


@dataclass(frozen=True, slots=True)
class Checking:
    """What the checks of all shards share: the dataset's folder, and what its shards are held against."""

    dataset: Path
    rules: Rules


def verify(
    folder: Path, progress: ProgressReport, *, deep: bool = False, ray_address: str | None = None
) -> Verification:
    """Check a dataset.

    Args:
        folder: A build's folder, a dataset's, or a published one.
        progress: Shown the rows that were checked.
        deep: Also check all rules of a record on all rows.
        ray_address: A running Ray cluster, whose nodes check shards; None uses threads.

    Raises:
        InputError: There is no dataset, its manifest cannot be read at all, or it is of a newer format; or there is no
            cluster.
        GlotmillError: Another command changed it meanwhile.
    """
    with opened(folder) as found:
        return _verify(found, progress, tasks_over_shards(ray_address), deep=deep)


def _verify(opened_dataset: OpenedDataset, progress: ProgressReport, tasks: StageTasks, *, deep: bool) -> Verification:
    dataset, listed = opened_dataset.root, opened_dataset.listed
    before = file_sha256(dataset / MANIFEST)
    facts = read_facts(files_of(dataset), str(dataset))
    problems: list[Problem] = []
    shards = _manifests(dataset, facts, problems)
    pages = check_pages(facts, _small(dataset), str(dataset))
    problems += [Problem(name, what) for name, what in pages.wrong.items()]
    # The list of a published version has checksums of all files; the manifest has none of itself.
    problems += [Problem(name, "not the file that was published") for name in (MANIFEST, *pages.unchecked)
                 if name in listed and file_sha256(dataset / name) != listed[name].sha256]  # fmt: skip
    origin = Pulled.of(dataset.parent) if dataset.name == "dataset" else None
    rules = _rules(dataset, Manifest(facts, shards), problems, deep=deep)
    checked = _check(Checking(dataset, rules), shards, tasks, progress)
    for path, one in checked.items():
        problems += [Problem(path, what) for what in one.problems]
    hashes = {path: one.ids for path, one in checked.items()}
    elsewhere = [path for path in checked if origin and path in origin.columns and not (dataset / path).is_file()]
    at = {path: dataset.parent / columns_of(path) for path in elsewhere}
    ids = repeated_ids(hashes, lambda path: read_ids(at.get(path, dataset / path)))
    problems += [Problem(path, what) for path, what in ids]
    read = {path: one.shard for path, one in checked.items() if one.shard}
    counted = {lang: [read[s.path] for s in parts if s.path in read] for lang, parts in shards.items()}
    images = {item["path"]: item for item in facts.get("images", ())}
    left = [path for path in images if origin and not (dataset / path).is_file()]
    problems += [Problem(path, what) for path, item in images.items() if path not in left
                 for what in bytes_problems(dataset / path, item["size"], item["sha256"])]  # fmt: skip
    if len(counted) == len(facts["languages"]) and len(read) == len(checked):  # else its numbers are not known
        problems += [Problem("README.md", what) for what in card_problems(dataset, counted, [*images.values()])]
    problems += [Problem(path, "no manifest names it") for path in unnamed_files(dataset, facts, shards)]
    if file_sha256(dataset / MANIFEST) != before:
        msg = f"{opened_dataset.name}: another command changed it while it was verified; run the same command again"
        raise GlotmillError(msg)
    return Verification(
        opened_dataset.name,
        shards=len(read),
        rows=sum(shard.rows for shard in read.values()),
        bytes=sum(shard.size for path, shard in read.items() if path not in elsewhere),
        deep=deep,
        problems=problems,
        unchecked=[name for name in pages.unchecked if name not in listed],
        elsewhere=[*elsewhere, *left],
        origin=f"{origin.place}@{origin.revision}" if origin else None,
    )


def _small(dataset: Path) -> dict[str, bytes]:
    """The small files beside the manifests that are there."""
    return {name: (dataset / name).read_bytes() for name in (*PAGES, *EXTRAS) if (dataset / name).is_file()}


def _manifests(dataset: Path, facts: Mapping[str, Any], problems: list[Problem]) -> dict[str, list[Shard]]:
    """The shards of each language whose manifest can be read, its sums checked."""
    shards = {}
    for lang in facts["languages"]:
        config = facts["configs"][lang]
        try:
            shards[lang] = read_shards(files_of(dataset), str(dataset), facts, lang)
        except InputError as error:
            problems.append(Problem(str(config.get("manifest")), f"{_without(dataset, error)}; {lang} is not checked"))
            continue
        for key in ("rows", "kept"):
            total = sum(getattr(shard, key) for shard in shards[lang])
            if config.get(key) != total:
                what = f"{key} of {lang}: {config.get(key)}, but {total:,} in its shards' entries"
                problems.append(Problem(MANIFEST, what))
    return shards


def _rules(dataset: Path, manifest: Manifest, problems: list[Problem], *, deep: bool) -> Rules:
    """What the lock says of the dataset, held against the manifest."""
    try:
        lock, policy = new_rules(dataset, manifest, None, ())
    except InputError as error:
        what = f"{_without(dataset, error)}; schema and verdicts are not checked"
        problems.append(Problem(LOCK_FILE, what))
        return Rules(None, None, deep)
    if policy.fingerprint() != manifest.facts["filter"]:
        file = LOCK_FILE if policy.calibration is None else CALIBRATION
        problems.append(Problem(file, "its thresholds are not those of the filter in the manifest"))
    return Rules(recorded_schema(lock, manifest.facts), policy, deep)


def _check(
    checking: Checking, shards: Mapping[str, list[Shard]], tasks: StageTasks, progress: ProgressReport
) -> dict[str, Checked]:
    """What came out of checking each shard, by path."""
    everything = [shard for parts in shards.values() for shard in parts]
    total = sum(shard.rows for shard in everything)
    found = {}
    steps = over_shards(check_shard, checking.dataset)
    with progress.stage("verify", "rows") as stage, closing(tasks.run(steps, checking, everything)) as results:
        for shard, one in zip(everything, results, strict=True):
            found[shard.path] = one
            stage.advance(shard.rows, total)
    return found


def check_shard(checking: Checking, shard: Shard) -> Checked:
    """Check a shard, or what a pull brought of it."""
    dataset, rules = checking.dataset, checking.rules
    try:
        columns = pulled_columns(dataset, shard)
    except InputError as error:
        return Checked(None, pl.Series("id", [], dtype=pl.UInt64), [_without(dataset.parent, error)])
    checked = check(dataset, shard, rules) if columns is None else check_columns(columns, shard, rules)
    return replace(checked, problems=[_without(dataset, problem) for problem in checked.problems])


def _without(dataset: Path, error: InputError | str) -> str:
    """An error's words without the folder, which the problem names by itself."""
    return str(error).replace(f"{dataset}/", "")
