"""Engines made faster: make_vocabulary, tune."""

from __future__ import annotations

from collections.abc import Sequence

from glotmill.engine.api.boundary import PathInput, Progress, as_path, as_text, own_errors, reporter, whole_number
from glotmill.engine.api.builds import RecipeInput, resolved
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.make_vocabularies import WrittenVocabulary, make_vocabularies
from glotmill.engine.commands.tune import Tuning, tune_engine
from glotmill.recipes.load import Overrides
from glotmill.schemas.errors import InputError

LEAST_SEGMENTS, MOST_SEGMENTS = 16, 100_000
MOST_SECONDS = 3600


@own_errors
def make_vocabulary(
    model: PathInput,
    langs: str | Sequence[str],
    out: PathInput,
    *,
    text: PathInput | None = None,
    check: PathInput | None = None,
) -> list[WrittenVocabulary]:
    """Write the output tokens that a target language needs, one a line, for ``translate.vocabulary``.

    With fewer output tokens a model decodes faster.

    Args:
        model: ``embedded``, a converted CTranslate2 folder, or a Hub id.
        langs: A target language, or several.
        out: The file to write; for several languages with ``{lang}`` in its name, as ``text`` and ``check``.
        text: Text in the language, one sentence a line; without, the tokens of the language's script are taken.
        check: Other text in the language, to see what the list covers.

    Returns:
        What was written, a list for each language.

    Raises:
        InputError: The model, a language or a file is not usable; nothing was written.
    """
    chosen = [langs] if isinstance(langs, str) else langs
    if not isinstance(chosen, Sequence) or not chosen or not all(isinstance(lang, str) for lang in chosen):
        msg = f"langs {langs!r}: expected a FLORES-200 code, or a list of them"
        raise InputError(msg)
    example = None if text is None else as_path(text, "text")
    other = None if check is None else as_path(check, "check")
    return make_vocabularies(as_text(model, "model"), list(chosen), as_path(out, "out"), example, other)


@own_errors
def tune(
    recipe: RecipeInput,
    *,
    overrides: Overrides = (),
    segments: int = 256,
    seconds: float = 20,
    limit: int = 1000,
    progress: Progress = False,
) -> Tuning:
    """Try precisions, batch sizes and threads of the engine ``nllb`` or ``madlad`` on this machine.

    Run it while the machine does nothing else. Nothing is kept. Another precision is another engine to the memory: what
    it holds is translated again.

    Args:
        recipe: A path, a built-in name, a mapping, or what `load_recipe` returned.
        overrides: Keys of the recipe to change, as in `load_recipe`.
        segments: Texts to translate in each trial.
        seconds: A trial ends after so long.
        limit: Samples of each source to take texts from.
        progress: True shows the work on standard error; a function is called with each `StageProgress`.

    Returns:
        What was tried; `Tuning.best` has the recipe keys to set.

    Raises:
        InputError: The recipe or a value is not usable, or its engine has no settings to try.
        TranslatorError: The engine broke.
    """
    whole_number(segments, "segments", LEAST_SEGMENTS)
    if segments > MOST_SEGMENTS:
        msg = f"segments {segments:,}: expected at most {MOST_SEGMENTS:,}"
        raise InputError(msg)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0.1 <= seconds <= MOST_SECONDS:
        msg = f"seconds {seconds!r}: expected a number from 0.1 to {MOST_SECONDS:,}"
        raise InputError(msg)
    job = prepare(resolved(recipe, overrides, limit=limit))
    return tune_engine(job, segments, seconds, reporter(progress))
