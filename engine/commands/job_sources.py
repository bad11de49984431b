"""The sources of a job and the evaluation sets that it cleans against: found, and stated for its manifest."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from glotmill.engine.sources import OpenSource, located, open_sources
from glotmill.recipes.model import Recipe
from glotmill.recipes.sections.clean import Contamination
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import file_sha256


def all_sources(recipe: Recipe) -> list[OpenSource]:
    """The sources of a recipe; the evaluation sets that it cleans against are looked for, too.

    Raises:
        InputError: One is missing, or cannot be read.
    """
    try:
        sources = open_sources(recipe)
        evaluation_files(recipe)
    except OSError as error:
        msg = f"sources: cannot be read: {error}"
        raise InputError(msg) from None
    return sources


def evaluation_files(recipe: Recipe) -> list[tuple[str, dict[str, Path]]]:
    """The files of the evaluation sets that a recipe cleans against, by name and key.

    Raises:
        InputError: One is missing.
    """
    sets = [item for step in recipe.clean if isinstance(step, Contamination) for item in step.against.items()]
    return [(name, located(f"against.{name}", source).files()) for name, source in sets]


def source_facts(source: OpenSource) -> dict[str, Any]:
    """What a manifest says of a source."""
    return {
        "name": source.name,
        "dataset": source.origin.dataset,
        "config": source.origin.config,
        "split": source.origin.split,
        "revision": source.origin.revision,
        "license": source.origin.license,
        "image_license": source.images.license if source.images.store else None,
        "files": {key: asdict(file) for key, file in source.files.items()},
        **({"provider": source.provider.identity()} if source.provider else {}),
    }


def evaluation_facts(recipe: Recipe) -> list[dict[str, Any]]:
    """What a manifest says of the evaluation sets that a recipe cleans against."""
    return [
        {"name": name, "files": {key: {"file": p.name, "sha256": file_sha256(p)} for key, p in files.items()}}
        for name, files in evaluation_files(recipe)
    ]
