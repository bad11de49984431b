"""A file in a source's format, and its reader."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from glotmill.engine.commands.load_recipe import FAMILIES
from glotmill.engine.sources import Reader, open_source
from glotmill.recipes.sections.sources import Source
from glotmill.schemas.errors import RowError
from glotmill.schemas.sample import Sample
from glotmill.schemas.sample_checks import check

Outcome = Sample | tuple[str, str]


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Reader]:
    """Writes a file (bytes, text, or a value as JSON) and opens it as a source of the given keys."""

    def go(content: Any, *, file: str = "given", **source: Any) -> Reader:
        data = content if isinstance(content, bytes) else None
        if data is None:
            text = content if isinstance(content, str) else json.dumps(content)
            data = text.encode("utf-8", "surrogatepass")
        (tmp_path / file).write_bytes(data)
        keys = {"path": tmp_path / file, "license": "mit", **source}
        return open_source("s", TypeAdapter(Source).validate_python(keys, context={"families": FAMILIES}))

    return go


@pytest.fixture
def outcomes() -> Callable[[Reader], list[tuple[str, Outcome]]]:
    """What becomes of each row: its position, and the sample or the reason with its detail."""

    def go(reader: Reader) -> list[tuple[str, Outcome]]:
        return [(position, _outcome(reader, raw)) for position, raw in reader.rows()]

    return go


def _outcome(reader: Reader, raw: Any) -> Outcome:
    try:
        if isinstance(raw, RowError):
            raise raw
        sample = reader.sample(raw)
        check(sample)
    except RowError as error:
        return error.reason, error.detail
    return sample


@pytest.fixture
def samples(outcomes) -> Callable[[Reader], list[Sample]]:
    """The samples of a reader all of whose rows are sound."""

    def go(reader: Reader) -> list[Sample]:
        found = [outcome for _, outcome in outcomes(reader)]
        assert all(isinstance(outcome, Sample) for outcome in found), found
        return found

    return go


@pytest.fixture
def reasons(outcomes) -> Callable[[Reader], list[str]]:
    """The reason of each row, or ``ok``."""

    def go(reader: Reader) -> list[str]:
        return ["ok" if isinstance(outcome, Sample) else outcome[0] for _, outcome in outcomes(reader)]

    return go
