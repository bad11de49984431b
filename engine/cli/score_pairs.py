"""``glotmill score``: pairs of texts that others made, through the filters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glotmill.engine.cli.options import JsonOption, SetOption
from glotmill.engine.cli.say import emit, say

if TYPE_CHECKING:
    from glotmill.engine.commands.score_pairs import PairScores


def score_command(
    pairs: Annotated[Path, typer.Argument(metavar="PAIRS", help="A .tsv, .jsonl or .parquet file of pairs.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The Parquet file to write.")],
    lang: Annotated[
        str | None, typer.Option("--lang", metavar="CODE", help="Language of the rows that state none.")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option("--recipe", metavar="RECIPE", help="Its scorers and filter [the default ones].")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="MODEL", help="embedded, or a model of the engine nllb.")
    ] = None,
    field: Annotated[
        str, typer.Option("--field", metavar="FIELD", help="caption, question, answer or response.")
    ] = "caption",
    override: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge pairs of English texts and translations by the filters, and write each with its scores and verdict.

    The file has the columns source, target and, where languages mix, lang. Without --model the rules run that need no
    engine; with it forced scores and back-translations count, too. Rows = kept + dropped + failed: a row that cannot be
    judged has its reason in filter_reasons. Exit codes: 0 done; 1 the work failed; 2 the file or an option is not
    usable, and nothing was written.

    Example: glotmill score bitext.tsv --lang deu_Latn --out scored.parquet
    """
    from glotmill.engine.api.pairs import score

    outcome = score(
        pairs, out, lang=lang, recipe=recipe, overrides=override or (), model=model, field=field, progress=True
    )
    emit(outcome, _show, as_json=as_json)


def _show(outcome: PairScores) -> None:
    dropped, failed = sum(outcome.dropped.values()), sum(outcome.failed.values())
    say(f"{outcome.rows:,} pairs = {outcome.kept:,} kept + {dropped:,} dropped + {failed:,} failed")
    for what, counts in (("dropped", outcome.dropped), ("failed", outcome.failed)):
        if counts:
            most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
            say(f"{what}: {', '.join(f'{reason} {number:,}' for reason, number in most)}")
    for name, why in outcome.left_out.items():
        say(f"left out: {name}: {why}")
    for lang, number in outcome.not_sent.items():
        say(f"without the engine: {number:,} pairs in {lang}, which the model lacks")
    say(f"scores: {outcome.out}")
