"""``glotmill templates``: put a recipe's instructions into its languages, as a file for people to review."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glotmill.engine.cli.options import MemoryOption, SetOption
from glotmill.engine.cli.say import say
from glotmill.schemas.errors import InputError


def templates_command(
    recipe: Annotated[str, typer.Argument(help="A recipe file, or the name of a built-in one, with templates.")],
    to: Annotated[Path, typer.Option("--to", help="The file to write (TSV).")],
    memory: MemoryOption = None,
    override: SetOption = None,
) -> None:
    """Translate the templates that a recipe puts into the target language, for review.

    The file keeps what the recipe's templates.translations already has and marks it `reviewed`; the rest is `machine`,
    or `refused` where templates.accept refuses it. Correct it and name it as templates.translations: a build passes
    over `refused` rows until their origin says `reviewed`. A template that came back without one of its slots is left
    out and named. Exit codes: 0 done; 1 failed; 2 the recipe or an option is not usable.

    Example: glotmill templates mblip --to templates.tsv
    """
    from glotmill.engine.api.boundary import reporter
    from glotmill.engine.commands.job import prepare
    from glotmill.engine.commands.load_recipe import load_recipe
    from glotmill.engine.commands.translate_templates import translate_bank
    from glotmill.engine.storage.output_path import check_new_file

    check_new_file(to, "--to")
    job = prepare(load_recipe(recipe, list(override or ())), out=to.with_suffix(".build"), memory=memory)
    if job.instructions is None:
        msg = f"recipe {recipe}: it has no templates section, so there is nothing to translate"
        raise InputError(msg)
    count = translate_bank(job, job.instructions, to, reporter(progress=True))
    say(
        f"{count.written} texts in {count.languages} languages: {count.reviewed} reviewed, {count.machine} machine, "
        f"{count.refused} refused"
    )
    if count.left_out:
        say(f"left out, as they came back without a slot or not at all: {', '.join(count.left_out)}")
