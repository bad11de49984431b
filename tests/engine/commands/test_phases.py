"""What a plan counts is what the build after it sends: both go through the same phases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.commands.plan import make_plan
from glotmill.engine.runs.progress import ProgressReport

FAKE = {"engine": "fake", "batch_tokens": 128, "unit_tokens": 256}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="one engine"),
        pytest.param({"routing": {"languages": {"swh_Latn": {**FAKE, "retry_helps": True}}}}, id="one for a language"),
        pytest.param({"score": {"scorers": ["integrity", "lexical"]}}, id="no back-translation"),
        pytest.param({"answers": {"dictionary": {"min_count": 2}}}, id="a dictionary"),
        pytest.param({"score": {"scorers": ["lexical", "round_trip"], "skip_rejected": True}}, id="skip rejected"),
    ],
)
def test_what_is_planned_is_what_is_sent(recipe_file, run, tmp_path: Path, changes: dict[str, Any]):
    for limit in (20, 40):
        recipe = recipe_file(limit=limit, **changes)
        plan = make_plan(prepare(load_recipe(str(recipe)), out=tmp_path / "out"), ProgressReport())
        summary = run(recipe)
        assert plan.calls == summary.segments.translated > 0
        # Of a text that is not translated yet one sentence is expected back; equal sentences are sent once.
        back = summary.back_translation
        assert plan.back_calls >= (back.translated if back else 0)
        assert bool(plan.back_calls) == bool(back)
    again = make_plan(prepare(load_recipe(str(recipe)), out=tmp_path / "out"), ProgressReport())
    assert (again.calls, again.back_calls, again.changes) == (0, 0, [])
