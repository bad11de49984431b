"""Loading a recipe with the plug-ins that it may name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glotmill.engine.samples.tasks.registry import DERIVATIONS
from glotmill.engine.sources.registry import SOURCES
from glotmill.engine.translators.registry import TRANSLATORS
from glotmill.filters.registry import SETTINGS
from glotmill.recipes.families import Families
from glotmill.recipes.load import Overrides, read_recipe
from glotmill.recipes.model import Recipe

FAMILIES = Families((SOURCES, TRANSLATORS, DERIVATIONS), (SETTINGS,))


def load_recipe(recipe: str | Mapping[str, Any], overrides: Overrides = ()) -> Recipe:
    """Read and check a recipe.

    Args:
        recipe: Path of a YAML file, a built-in name, or the content of such a file, whose paths are relative to the
            working directory.
        overrides: ``key.key=value`` items, values in YAML; or a mapping of ``key.key`` to values.

    Raises:
        InputError: The recipe or an override is not usable; the message names the key.
    """
    return read_recipe(recipe, FAMILIES, overrides)
