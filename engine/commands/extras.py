"""Libraries and models that only some recipes need: whether they are there is known before any work."""

from __future__ import annotations

from importlib.util import find_spec

from glotmill.engine.samples.tasks.registry import task_of
from glotmill.engine.text.noun_phrases import NOUNS, find_model
from glotmill.recipes.model import Recipe
from glotmill.recipes.sections.clean import Clusters, Contamination, Exact, NearDuplicates, NounPhrases
from glotmill.schemas.errors import InputError

CURATE = "pip install 'glotmill[curate]'"


def check_libraries(recipe: Recipe) -> None:
    """Refuse a recipe whose steps need a library or a spaCy model that is not installed.

    Raises:
        InputError: Naming the step, what it needs and how to get it.
    """
    needs: list[tuple[str, tuple[str, ...], str]] = [
        (f"derive.{name}", task.libraries, task.install)
        for name, task in ((name, task_of(spec)) for name, spec in recipe.derive.items())
    ]
    for place, step in enumerate(recipe.clean):
        where = f"clean.{place} ({step.step})"
        match step:
            case Exact() | NearDuplicates() | Contamination():
                needs.append((where, ("datatrove", "loguru", "tokenizers"), CURATE))
            case Clusters():
                needs.append((where, ("sklearn",), CURATE))
            case NounPhrases():
                needs.append((where, ("spacy",), f"{NOUNS}; or take the step out of clean"))
    for where, libraries, how in needs:
        for library in libraries:
            if find_spec(library) is None:
                msg = f"{where} needs {library}, which is not installed: {how}"
                raise InputError(msg)
    for step in recipe.clean:
        if isinstance(step, NounPhrases):
            find_model(step.model)
