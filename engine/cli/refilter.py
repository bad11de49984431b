"""``glotmill refilter``: other rules for a finished dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glotmill.engine.cli.options import JsonOption, ShardAddressOption
from glotmill.engine.cli.say import emit, say

if TYPE_CHECKING:
    from glotmill.engine.commands.refilter import RefilterSummary


def refilter_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a build, such as outputs/NAME.")],
    recipe: Annotated[
        str | None, typer.Option(metavar="FILE", help="A recipe of which only filter: and calibration: may differ.")
    ] = None,
    override: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A threshold or an action: filter.…=….")
    ] = None,
    ray_address: ShardAddressOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide again from stored scores which records are kept, and rewrite only the shards in which one changed.

    No model is loaded. Setting a threshold back gives the files back, byte for byte. Exit codes: 0 done; 1 failed;
    2 the dataset, the recipe or an option is not usable, and nothing was written.

    Example: glotmill refilter outputs/quickstart --set filter.round_trip.min_chrf=30; on a cluster the same with
    --ray-address head:6379
    """
    from glotmill.engine.api.builds import refilter

    summary = refilter(folder, recipe=recipe, overrides=override or (), ray_address=ray_address, progress=not as_json)
    emit(summary, _show, as_json=as_json)


def _show(summary: RefilterSummary) -> None:
    say(summary.why or "the rules are the same")
    if summary.unjudged:
        rules = ", ".join(summary.unjudged)
        say(f"not judged, for the dataset has no such scores: {rules}; glotmill build makes them")
    for lang, count in summary.languages.items():
        dropped, failed = sum(count.dropped.values()), sum(count.failed.values())
        say(f"{lang}: {count.rows:,} rows = {count.kept:,} kept + {dropped:,} dropped + {failed:,} failed")
    for warning in (*summary.rates.warnings(), *([summary.notice] if summary.notice else [])):
        say(warning)
    say(
        f"{summary.flipped:,} records changed in {summary.rewritten:,} of {summary.shards:,} shards, "
        f"{summary.seconds:.1f} s ({summary.decide_seconds:.1f} s to decide)"
    )
    say(f"dataset: {summary.dataset}")
