"""Verify: whether a dataset is what it claims to be, file by file and row by row.

Guarantees: nothing is written; everything the manifest, the lock and the card say of the shards is counted anew from
the shards themselves; each problem is one line with its file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from engine.progress import ProgressReport
from engine.publish.describe import CALIBRATION
from engine.recorded import recorded_metrics
from engine.refilter import new_rules
from engine.store.located import dataset_folder, unnamed_files
from engine.store.manifest import LOCK_FILE, MANIFEST, Manifest, files_of, read_facts, read_shards
from engine.store.shards import Shard
from engine.verify.card import card_problems
from engine.verify.shard import Checked, Rules, bytes_problems, check, read_ids
from schemas.errors import GlotmillError, InputError
from schemas.keys import file_sha256
from schemas.record import record_schema

THREADS = 2  # a shard each, of which the verdict's columns are in memory


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong: the file, relative to the dataset's folder, and what."""

    file: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


@dataclass(frozen=True, slots=True)
class Verification:
    """A verified dataset.

    Attributes:
        dataset: Its folder.
        shards: Shards that were read.
        rows: Rows that were read.
        bytes: Their files' bytes.
        deep: Whether all rules of a record were checked, too.
        problems: What is wrong; none for a sound dataset.
    """

    dataset: Path
    shards: int
    rows: int
    bytes: int
    deep: bool
    problems: list[Problem]

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        return {**asdict(self), "dataset": str(self.dataset), "sound": not self.problems}


def verify(folder: Path, progress: ProgressReport, *, deep: bool = False) -> Verification:
    """Check a dataset.

    Args:
        folder: A build's folder, or a dataset's.
        progress: Shown the rows that were checked.
        deep: Also check all rules of a record on all rows.

    Raises:
        InputError: There is no dataset, its manifest cannot be read at all, or it is of a newer format.
        GlotmillError: Another command changed it meanwhile.
    """
    dataset = dataset_folder(folder)
    before = file_sha256(dataset / MANIFEST)
    facts = read_facts(files_of(dataset), str(dataset))
    problems: list[Problem] = []
    shards = _manifests(dataset, facts, problems)
    rules = _rules(dataset, Manifest(facts, shards), problems, deep=deep)
    checked = _check(dataset, shards, rules, progress)
    for path, one in checked.items():
        problems += [Problem(path, what) for what in one.problems]
    problems += _repeated(dataset, checked)
    read = {path: one.shard for path, one in checked.items() if one.shard}
    counted = {lang: [read[s.path] for s in parts if s.path in read] for lang, parts in shards.items()}
    problems += [Problem(item["path"], what) for item in facts.get("images", ())
                 for what in bytes_problems(dataset / item["path"], item["size"], item["sha256"])]  # fmt: skip
    if len(counted) == len(facts["languages"]) and len(read) == len(checked):  # else its numbers cannot be told
        problems += [Problem("README.md", what) for what in card_problems(dataset, counted, facts.get("images", ()))]
    problems += [Problem(path, "no manifest names it") for path in unnamed_files(dataset, facts, shards)]
    if file_sha256(dataset / MANIFEST) != before:
        msg = f"{dataset}: another command changed it while it was verified; run the same command again"
        raise GlotmillError(msg)
    return Verification(
        dataset, len(read), sum(s.rows for s in read.values()), sum(s.size for s in read.values()), deep, problems
    )


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
        problems += [
            Problem(config["manifest"], f"names {shard.path}, which is not of {lang}")
            for shard in shards[lang]
            if not shard.path.startswith(f"data/{lang}/")
        ]
    return shards


def _rules(dataset: Path, manifest: Manifest, problems: list[Problem], *, deep: bool) -> Rules:
    """What the lock says of the dataset, held against the manifest."""
    lock_sha256 = manifest.facts.get("recipe", {}).get("sha256")
    problems += [
        Problem(LOCK_FILE, "its checksum is not the one in the manifest")
        for path in (dataset / LOCK_FILE,)
        if path.is_file() and file_sha256(path) != lock_sha256
    ]
    try:
        lock, policy = new_rules(dataset, manifest, None, ())
    except InputError as error:
        what = f"{_without(dataset, error)}; schema and verdicts are not checked"
        problems.append(Problem(LOCK_FILE, what))
        return Rules(None, None, deep)
    if policy.fingerprint() != manifest.facts["filter"]:
        file = LOCK_FILE if policy.calibration is None else CALIBRATION
        problems.append(Problem(file, "its thresholds are not those of the filter in the manifest"))
    facts = manifest.facts
    return Rules(record_schema(recorded_metrics(lock, facts), facts["schema_version"]), policy, deep)


def _check(
    dataset: Path, shards: Mapping[str, list[Shard]], rules: Rules, progress: ProgressReport
) -> dict[str, Checked]:
    """What came out of checking each shard, by path."""
    everything = [shard for parts in shards.values() for shard in parts]
    total = sum(shard.rows for shard in everything)
    found = {}
    with progress.stage("verify", "rows") as stage, ThreadPoolExecutor(THREADS) as threads:
        results = threads.map(partial(check, dataset, rules=rules), everything)
        for shard, one in zip(everything, results, strict=True):
            found[shard.path] = one
            stage.advance(shard.rows, total)
    return found


def _repeated(dataset: Path, checked: Mapping[str, Checked]) -> Iterator[Problem]:
    """Record ids that occur more than once; ids are held as numbers, and read again only where two are equal."""
    hashes = pl.concat([pl.Series("id", [], dtype=pl.UInt64), *(one.ids for one in checked.values())])
    twice = hashes.filter(hashes.is_duplicated()).unique()
    if not twice.len():
        return
    seen: dict[str, str] = {}
    for path, one in checked.items():
        if not one.ids.is_in(twice.implode()).any():
            continue
        ids = read_ids(dataset / path)
        repeated: dict[str, str] = {}
        for record_id in ids.filter(ids.hash().is_in(twice.implode())):
            if record_id in seen:
                repeated.setdefault(record_id, seen[record_id])
            seen.setdefault(record_id, path)
        for record_id, other in list(repeated.items())[:1]:
            yield Problem(path, f"{len(repeated):,} record ids occur more than once, such as {record_id} in {other}")


def _without(dataset: Path, error: InputError) -> str:
    """An error's words without the folder, which the problem names by itself."""
    return str(error).replace(f"{dataset}/", "")
