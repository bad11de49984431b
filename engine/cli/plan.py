"""``glotmill plan``: what a build would do, and what it would cost."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import typer

from glotmill.engine.cli.options import (
    JsonOption,
    LimitOption,
    MemoryOption,
    OutOption,
    RecalibrateOption,
    RecipeArgument,
    RetryFailedOption,
    SetOption,
)
from glotmill.engine.cli.say import emit, say

if TYPE_CHECKING:
    from glotmill.engine.commands.plan import Plan

CHANGES = 3


def plan_command(
    recipe: RecipeArgument,
    out: OutOption = None,
    memory: MemoryOption = None,
    limit: LimitOption = None,
    override: SetOption = None,
    retry_failed: RetryFailedOption = False,
    recalibrate: RecalibrateOption = False,
    as_json: JsonOption = False,
) -> None:
    """Say what a build would do to each shard and why, with the rows, bytes and translator calls it takes.

    Nothing is translated and nothing changes. Exit codes: 0 nothing to do; 3 there are changes; 1 failed; 2 the recipe,
    an option or a file is not usable.

    Example: glotmill plan quickstart --set filter.round_trip.min_chrf=30
    """
    from glotmill.engine.api.builds import plan

    overrides = [*(override or ()), *([f"limit={limit}"] if limit is not None else [])]
    found = plan(
        recipe, overrides=overrides, out=out, memory=memory, retry_failed=retry_failed, recalibrate=recalibrate,
        progress=not as_json,
    )  # fmt: skip
    emit(found, _show, as_json=as_json)
    if found.changes:
        raise typer.Exit(CHANGES)


def _show(plan: Plan) -> None:
    for shard in plan.changes:
        say(f"{shard.action:<12} {shard.path}  {shard.why}; {shard.rows:,} rows, {shard.size:,} bytes")
    counts = Counter(shard.action for shard in plan.shards)
    say(f"shards: {', '.join(f'{n:,} {action}' for action, n in sorted(counts.items())) or 'none'}")
    time = (
        f"about {plan.seconds:,.0f} s"
        if plan.seconds is not None
        else "no time estimate yet: nothing has been translated here"
    )
    if plan.calls or plan.back_calls or plan.forced:
        calls = f"{plan.calls:,} segments there, {plan.back_calls:,} back, {plan.forced:,} pairs to score"
        say(f"translator: {calls}, {time}")
    else:
        say("translator: no calls")
    if plan.undecided:
        langs = ", ".join(plan.undecided)
        say(f"output vocabulary: not decided yet for {langs}; all of their texts count as not translated")
    if plan.undecided_choice:
        say("choice of translations: the build first fits what it chooses by; all texts count as not translated")
    if (cost := plan.usage.expectation()) is not None:
        say(cost)
    if plan.disk is not None:
        say(plan.disk.line())
    for line in plan.templates.lines() if plan.templates else ():
        say(line)
