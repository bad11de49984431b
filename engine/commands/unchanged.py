"""Unchanged: whether anything but the rules can have changed since a build's last run.

Guarantees: a build is unchanged only where its sources, recipe, engine, scorers and every file of its memory are those
of the last run. Then nobody looks at its samples and scores again: a changed threshold costs what `refilter` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from glotmill.engine.commands.job import Job
from glotmill.engine.dataset.fingerprints import pack_fingerprint
from glotmill.engine.dataset.lock import read_lock
from glotmill.engine.dataset.manifest import Manifest
from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.memory.translations import Memory
from glotmill.engine.runs.finished_runs import run_recipe, run_summary
from glotmill.engine.runs.run import Run
from glotmill.engine.storage.atomic_write import write_json
from glotmill.schemas.errors import InputError

RECORD = "memory.json"
RULES = ("filter", "calibration", "max_failed")  # keys of a recipe that only decide


def note_memory(job: Job, run: Run, read: list[str]) -> None:
    """Note in a finished run's folder what the memory held.

    Args:
        job: The job.
        run: The run.
        read: `entries_state` before records were composed: what came since was not read.
    """
    write_json(run.folder / RECORD, [*read, *_scores_state(job)])


def unchanged_run(job: Job, published: Manifest | None) -> dict[str, Any] | None:
    """What the last run said at its end, where nothing but the rules can have changed since; else None."""
    last = max((job.folder / "runs").glob("[0-9]*-*"), default=None)
    if last is None or published is None or job.retry_failed or not _same_inputs(job, published):
        return None
    try:
        recipe, summary = run_recipe(last), run_summary(last)
        memory = orjson.loads((last / RECORD).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError, InputError):
        return None  # not the record of a finished run: the build looks at everything again
    if memory != [*entries_state(job), *_scores_state(job)] or _ruled(recipe) != _ruled(_plain(job.recipe.lock())):
        return None
    return summary


def entries_state(job: Job) -> list[str]:
    """Names of all files that entries are read from; a file never changes under its name."""
    memory = Memory(job.memory)
    stores = {"translations": memory.translations, "corrections": memory.corrections}
    return [f"{name}/{file.name}" for name, files in stores.items() for file in files.live()]


def _scores_state(job: Job) -> list[str]:
    return [f"scores/{file.name}" for file in ScoreStore(job.memory).files.live()]


def _plain(value: Any) -> Any:
    """A value as it is after it was written and read: tuples are lists."""
    return orjson.loads(orjson.dumps(value))


def _ruled(lock: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe without what only decides."""
    return {key: value for key, value in lock.items() if key not in RULES}


def _same_inputs(job: Job, published: Manifest) -> bool:
    if any(source.images.check for source in job.sources):
        return False  # images may have changed
    try:
        lock = read_lock(job.folder / "dataset", published.facts)
    except InputError:
        return False
    if _ruled(lock) != _ruled(_plain(job.recipe.lock())):
        return False
    facts = _plain(job.facts())
    if facts["skip_rejected"] and published.facts["filter"] != facts["filter"]:
        return False  # the rules decide what is scored
    if any(shard.fingerprints["pack"] != pack_fingerprint() for shard in published.all_shards()):
        return False
    return all(_within(value, published.facts.get(key)) for key, value in facts.items() if key != "filter")


def _within(new: Any, old: Any) -> bool:
    """Whether a fact is as it was; a source's counts, which are known after reading it only, stand beside."""
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        return all(_within(value, old.get(key)) for key, value in new.items())
    if isinstance(new, list) and isinstance(old, list):
        return len(new) == len(old) and all(_within(a, b) for a, b in zip(new, old, strict=True))
    return bool(new == old)
