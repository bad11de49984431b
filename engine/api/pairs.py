"""Pairs of texts that others made: score."""

from __future__ import annotations

from glotmill.engine.api.boundary import PathInput, Progress, as_path, as_text, own_errors, reporter
from glotmill.engine.api.builds import RecipeInput, resolved
from glotmill.engine.commands.score_pairs import PairScores, make_pair_judge, score_pairs
from glotmill.engine.translators import resolve_translator
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.recipes.load import Overrides
from glotmill.schemas.errors import InputError


@own_errors
def score(
    pairs: PathInput,
    out: PathInput,
    *,
    lang: str | None = None,
    recipe: RecipeInput | None = None,
    overrides: Overrides = (),
    model: PathInput | None = None,
    field: str = "caption",
    progress: Progress = False,
) -> PairScores:
    """Judge pairs of English texts and translations that others made, by the default rules or those of a recipe.

    Rows = kept + dropped + failed. A row that cannot be judged fails with a reason in the file, never the call.

    Args:
        pairs: A ``.tsv``, ``.jsonl`` or ``.parquet`` file with the columns source, target and, where languages mix,
            lang.
        out: The Parquet file to write: the rows in order with ``score_…``, ``keep`` and ``filter_reasons``.
        lang: FLORES-200 code of the translations; for the rows that state none.
        recipe: A path, a built-in name, a mapping, or what `load_recipe` returned: its scorers and its filter count.
        overrides: Keys of the recipe to change, as in `load_recipe`.
        model: ``embedded``, or another model of the engine ``nllb``: forced scores and back-translations too. Without,
            only the scorers that need no engine run.
        field: What the texts are: ``caption``, ``question``, ``answer`` or ``response``.
        progress: True shows the work on standard error; a function is called with each `StageProgress`.

    Raises:
        InputError: The file, the recipe, the model or a value is not usable; nothing was written.
        GlotmillError: The engine failed; nothing was written.
    """
    if lang is not None and not isinstance(lang, str):
        msg = f"lang: expected a FLORES-200 code, found {type(lang).__name__}"
        raise InputError(msg)
    if recipe is None and overrides:
        msg = "overrides: expected a recipe whose keys they change; give --recipe"
        raise InputError(msg)
    loaded = None if recipe is None else resolved(recipe, overrides)
    spec = None
    if model is not None:
        try:
            spec = resolve_translator(NllbTranslate(engine="nllb", model=as_text(model, "model")))
        except InputError as error:
            msg = str(error).replace("translate.model", "--model", 1)
            raise InputError(msg) from None
    judge = make_pair_judge(loaded, field, spec)
    return score_pairs(as_path(pairs, "pairs"), as_path(out, "out"), judge, reporter(progress), lang=lang)
