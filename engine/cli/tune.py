"""``glotmill tune``: the settings with which an engine is fastest on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from glotmill.engine.cli.options import JsonOption, RecipeArgument, SetOption
from glotmill.engine.cli.say import emit, say

if TYPE_CHECKING:
    from glotmill.engine.commands.tune import Trial, Tuning


def tune_command(
    recipe: RecipeArgument,
    segments: Annotated[int, typer.Option(min=16, max=100_000, help="Texts to translate in each trial.")] = 256,
    seconds: Annotated[float, typer.Option(min=0.1, max=3600, help="A trial ends after so long.")] = 20,
    limit: Annotated[int, typer.Option(min=1, help="Samples of each source to take texts from.")] = 1000,
    override: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try precisions, batch sizes and threads of nllb or madlad on this machine, and print the fastest recipe keys.

    Run it while the machine does nothing else. Nothing is kept; a build itself never times anything. Another precision
    is another engine to the memory: what it holds is translated again. Exit codes: 0 done; 1 failed; 2 the recipe or an
    option is not usable.

    Example: glotmill tune quickstart --seconds 5
    """
    from glotmill.engine.api.boundary import reporter
    from glotmill.engine.commands.job import prepare
    from glotmill.engine.commands.load_recipe import load_recipe
    from glotmill.engine.commands.tune import tune_engine

    job = prepare(load_recipe(recipe, [*(override or ()), f"limit={limit}"]))
    emit(tune_engine(job, segments, seconds, reporter(not as_json)), _show, as_json=as_json)


def _show(tuning: Tuning) -> None:
    for trial in tuning.trials:
        say(f"{_keys(trial):<64} {trial.rate:>10,.1f} segments/s into {tuning.lang}, {trial.workers} workers")
    gain = tuning.best.rate / tuning.trials[0].rate
    say(f"fastest, {gain:.2f} times the recipe's own settings: translate: {{{_keys(tuning.best)}}}")


def _keys(trial: Trial) -> str:
    return ", ".join(f"{name}: {value}" for name, value in trial.settings.items())
