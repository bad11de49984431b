"""Loading a recipe with the plug-ins that it may name."""

from __future__ import annotations

from collections.abc import Iterable

from glotmill.engine.samples.tasks.registry import DERIVATIONS
from glotmill.engine.sources.registry import SOURCES
from glotmill.engine.translators.registry import TRANSLATORS
from glotmill.recipes.families import Families
from glotmill.recipes.load import read_recipe
from glotmill.recipes.model import Recipe

FAMILIES = Families((SOURCES, TRANSLATORS, DERIVATIONS))


def load_recipe(recipe: str, overrides: Iterable[str] = ()) -> Recipe:
    """Read and check a recipe.

    Args:
        recipe: Path of a YAML file, or a built-in name.
        overrides: ``key.key=value`` items, values in YAML.

    Raises:
        InputError: The recipe or an override is not usable; the message names the key.
    """
    return read_recipe(recipe, FAMILIES, overrides)
