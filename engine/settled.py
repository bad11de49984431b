"""Settled: whether anything but the rules can have changed since a build's last run.

Guarantees: a build is settled only where its sources, recipe, engine, scorers and every file of its memory are those of
the last run. Then its samples and scores need not be looked at again: a changed threshold costs what `refilter` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import yaml

from engine.job import Job
from engine.store.files import write_json
from engine.store.manifest import LOCK_FILE, Manifest, writer_facts
from engine.store.memory import Memory
from engine.store.runs import FINISHED, Run
from engine.store.scores import ScoreStore

RECORD = "memory.json"
RULES = ("filter", "calibration", "max_failed")  # keys of a recipe that only decide


def note_memory(job: Job, run: Run) -> None:
    """Note in a finished run's folder what the memory held at its end."""
    write_json(run.folder / RECORD, _memory_state(job))


def settled_run(job: Job, published: Manifest | None) -> dict[str, Any] | None:
    """What the last run said at its end, where nothing but the rules can have changed since; else None."""
    last = max((job.folder / "runs").glob("[0-9]*-*"), default=None)
    if last is None or published is None or job.retry_failed or not _same_inputs(job, published):
        return None
    memory, finished = last / RECORD, last / FINISHED
    if not memory.is_file() or not finished.is_file() or orjson.loads(memory.read_bytes()) != _memory_state(job):
        return None
    summary: dict[str, Any] = orjson.loads(finished.read_bytes())
    return summary


def _memory_state(job: Job) -> list[str]:
    """Names of all files that entries and stored scores are read from; a file never changes under its name."""
    memory = Memory(job.memory)
    stores = {
        "translations": memory.translations,
        "corrections": memory.corrections,
        "scores": ScoreStore(job.memory).files,
    }
    return [f"{name}/{file.name}" for name, files in stores.items() for file in files.live()]


def _same_inputs(job: Job, published: Manifest) -> bool:
    path = job.folder / "dataset" / LOCK_FILE
    lock = yaml.safe_load(path.read_text(encoding="utf-8"))
    now = yaml.safe_load(yaml.safe_dump(job.recipe.lock()))  # as it is written: tuples are lists
    if {key: lock.get(key) for key in now if key not in RULES} != {k: v for k, v in now.items() if k not in RULES}:
        return False
    facts = orjson.loads(orjson.dumps(job.facts()))
    if facts["skip_rejected"] and published.facts["filter"] != facts["filter"]:
        return False  # the rules decide what is scored
    if published.facts["writer"] != orjson.loads(orjson.dumps(writer_facts())):
        return False
    return all(_within(value, published.facts.get(key)) for key, value in facts.items() if key != "filter")


def _within(new: Any, old: Any) -> bool:
    """Whether a fact is as it was; a source's counts, which are known after reading it only, stand beside."""
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        return all(_within(value, old.get(key)) for key, value in new.items())
    if isinstance(new, list) and isinstance(old, list):
        return len(new) == len(old) and all(_within(a, b) for a, b in zip(new, old, strict=True))
    return bool(new == old)
