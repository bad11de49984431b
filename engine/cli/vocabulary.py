"""``glotmill vocabulary``: lists of output tokens, with which a model decodes faster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glotmill.engine.cli.options import JsonOption
from glotmill.engine.cli.say import emit, say

if TYPE_CHECKING:
    from glotmill.engine.commands.make_vocabularies import WrittenVocabulary


def vocabulary_command(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="embedded, a CTranslate2 folder, or a Hub id.")],
    out: Annotated[Path, typer.Option(help="The list to write; {lang} in it stands for the language.")],
    lang: Annotated[list[str], typer.Option(help="Target language, a FLORES-200 code; repeat it for more.")],
    text: Annotated[Path | None, typer.Option(help="Text in the language [the tokens of its script].")] = None,
    check: Annotated[Path | None, typer.Option(help="Other text in the language: what the list covers of it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the output tokens that a target language needs, one a line, for translate.vocabulary.

    A text has one sentence a line, in UTF-8. With fewer output tokens a model decodes faster (docs/engines.md). Exit
    codes: 0 done; 2 the model, a language or a file is not usable, and nothing was written.

    Example: glotmill vocabulary facebook/nllb-200-3.3B --lang swh_Latn --text swahili.txt --out swh_Latn.tokens, then
    glotmill build recipe.yaml --set 'translate.vocabulary={lists: swh_Latn.tokens}'
    """
    from glotmill.engine.commands.make_vocabularies import make_vocabularies

    made = make_vocabularies(model, lang, out, text, check)
    emit({"vocabularies": [one.as_json() for one in made]}, lambda _: _show(made), as_json=as_json)


def _show(made: list[WrittenVocabulary]) -> None:
    for one in made:
        say(_line(one))


def _line(made: WrittenVocabulary) -> str:
    parts = [f"{made.path}: {made.lang}, {made.tokens:,} of {made.of:,} tokens"]
    if made.unseen_mass is not None:
        parts.append(f"about {made.unseen_mass:.2%} of further text is not seen in this one")
    if made.tokens_covered is not None and made.sentences_covered is not None:
        parts.append(
            f"{made.tokens_covered:.2%} of the check's tokens and {made.sentences_covered:.2%} of its sentences"
        )
    return "; ".join(parts)
