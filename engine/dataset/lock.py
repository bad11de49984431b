"""The lock of a dataset: the resolved recipe that it was built from, as any version of Glotmill wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glotmill.engine.dataset.manifest import AGAIN, LOCK_FILE
from glotmill.engine.storage.checked import FileModel, Lang, checked, yaml_value
from glotmill.recipes.model import Answers
from glotmill.recipes.section import FilterValue
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import bytes_sha256

WHAT = "the lock of a build"


class ScoreSection(FileModel):
    """What scored."""

    scorers: list[str]
    skip_rejected: bool


class RoutingSection(FileModel):
    """The engines of some languages, by their names or groups."""

    languages: dict[str, dict[str, Any]]


class Lock(FileModel):
    """The parts of a recipe that commands on a dataset read."""

    name: str
    description: str
    languages: list[Lang]
    score: ScoreSection
    filter: dict[str, dict[str, FilterValue]]
    calibration: str | None
    translate: dict[str, Any]
    routing: RoutingSection
    answers: Answers
    labels: dict[str, Any] | None
    templates: dict[str, Any] | None


def read_lock(dataset: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The lock of a dataset, checked.

    Args:
        dataset: The dataset's folder.
        facts: The root file of its manifest.

    Raises:
        InputError: The lock is missing, was edited, or is none.
    """
    path = dataset / LOCK_FILE
    try:
        data = path.read_bytes()
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}; expected {WHAT}; {AGAIN}"
        raise InputError(msg) from None
    if bytes_sha256(data) != facts["recipe"]["sha256"]:
        msg = f"{path}: its checksum is not the one in the manifest: it was edited; {AGAIN}"
        raise InputError(msg)
    return lock_from(data, str(path), facts)


def lock_from(data: bytes, path: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The same from its bytes, wherever they were read.

    Args:
        data: The bytes, whose checksum is the manifest's.
        path: The file, for errors.
        facts: The root file of the dataset's manifest.

    Raises:
        InputError: They are no lock of this dataset.
    """
    lock: dict[str, Any] = yaml_value(data, path, WHAT, AGAIN)
    checked(Lock, lock, path, WHAT, AGAIN)
    if set(lock["score"]["scorers"]) != set(facts["scorers"]):
        msg = f"{path}: its scorers are not those of the manifest; {AGAIN}"
        raise InputError(msg)
    return lock
