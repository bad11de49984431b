"""``glotmill diff``: in what two datasets differ."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glotmill.engine.cli.options import JsonOption
from glotmill.engine.cli.say import emit, say

if TYPE_CHECKING:
    from glotmill.engine.commands.diff import Difference
    from glotmill.engine.dataset.language_counts import LanguageCount

DIFFERENT = 3


def diff_command(
    first: Annotated[
        Path, typer.Argument(metavar="A", help="Folder of a build, of a dataset, or a published one (@VERSION).")
    ],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    rows: Annotated[
        bool, typer.Option("--rows", help="Read the shards that differ, and count records with another verdict.")
    ] = False,
    ids: Annotated[
        int, typer.Option("-n", "--ids", metavar="N", help="With --rows: name the first N records of each kind.")
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Say in what two datasets differ: versions, sources, models, thresholds, languages, counts and shards.

    The manifests are enough; only --rows opens shards. Exit codes: 0 nothing differs; 3 something does; 1 failed; 2 a
    folder or an option is not usable.

    Example: glotmill diff outputs/quickstart outputs/stricter --rows -n 5
    """
    from glotmill.engine.api.looking import diff

    found = diff(first, second, rows=rows, ids=ids)
    emit(found, _show, as_json=as_json)
    if not found.same:
        raise typer.Exit(DIFFERENT)


def _show(found: Difference) -> None:
    if found.same:
        say("nothing differs")
    for group, words in found.facts.items():
        for line in words:
            say(f"{group}: {line}")
    for sign, langs in (("+", found.added), ("-", found.removed)):
        if langs:
            say(f"languages: {' '.join(f'{sign} {lang}' for lang in langs)}")
    for lang, (before, after) in found.languages.items():
        say(f"{lang}: {_changes(before, after)}")
    for shard in found.shards:
        stages = f"  ({', '.join(shard.stages)})" if shard.stages else ""
        say(f"{shard.state:<10} {shard.path}  {shard.rows:,} rows{stages}")
    for flip in found.flips or ():
        say(f"{flip.lang}: {flip.count:,} records {flip.before} → {flip.after}")
        for record_id in flip.ids:
            say(f"  {record_id}")


def _changes(before: LanguageCount | None, after: LanguageCount | None) -> str:
    """The counts of a language that differ."""
    sides: list[dict[str, int]] = []
    for count in (before, after):
        if count is None:
            sides.append({})
            continue
        flat = {"rows": count.rows, "kept": count.kept}
        for what in ("dropped", "failed", "warned", "answers"):
            flat |= {f"{what} {reason}": number for reason, number in getattr(count, what).items()}
        sides.append(flat)
    was, now = sides
    keys = dict.fromkeys([*was, *now])
    return ", ".join(
        f"{key} {was.get(key, 0):,} → {now.get(key, 0):,}" for key in keys if was.get(key, 0) != now.get(key, 0)
    )
