from __future__ import annotations

from pathlib import Path

import pytest

from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.commands.preview import Preview, preview
from glotmill.engine.runs.progress import ProgressReport

ONE_EACH = {
    "languages": ["eng_Latn", "deu_Latn", "swh_Latn"],
    "mix": {"mode": "one_each", "weights": {"eng_Latn": 2, "deu_Latn": 1, "swh_Latn": 1}},
    "splits": {"validation": 0.2},
    "templates": {"instruction": "target"},
}


@pytest.fixture
def look(tmp_path: Path):
    def go(recipe: Path, count: int = 20, **keys) -> Preview:
        job = prepare(load_recipe(str(recipe)), out=tmp_path / "out")
        options = {"rate": None, "measure": True, **keys}
        return preview(job, count, options["rate"], measure=options["measure"], progress=ProgressReport())

    return go


def test_a_preview_writes_nothing_and_shows_the_mix_that_the_build_gives_out(recipe_file, run, look, tmp_path):
    recipe = recipe_file(**ONE_EACH)
    found = look(recipe)
    assert {path.name for path in tmp_path.iterdir()} == {"samples.jsonl", "recipe.yaml"}
    assert found.samples.mix == run(recipe).mix


def test_a_preview_of_a_changed_mix_counts_who_would_move(recipe_file, run, look):
    run(recipe_file(**ONE_EACH))
    changed = {**ONE_EACH, "mix": {"mode": "one_each", "weights": "uniform"}}
    assert look(recipe_file(**ONE_EACH)).samples.mix.moved == 0
    found = look(recipe_file(**changed)).samples.mix.moved
    assert found == run(recipe_file(**changed)).mix.moved > 0


def test_the_estimate_is_what_the_build_sends(recipe_file, run, look):
    recipe = recipe_file(**ONE_EACH)
    cost = look(recipe).estimate
    summary = run(recipe)
    assert (cost.requested, cost.unique, cost.to_translate) == (
        summary.segments.requested, summary.segments.unique, summary.segments.translated
    )  # fmt: skip
    assert cost.tokens > cost.to_translate
    assert cost.tokens_per_second
    assert cost.back_translation
    after = look(recipe).estimate
    assert (after.known, after.to_translate, after.seconds) == (cost.unique, 0, 0.0)


def test_time_is_tokens_there_and_back_at_the_rate_of_the_workers(recipe_file, look):
    cost = look(recipe_file(workers=4), rate=10.0).estimate
    assert cost.seconds == pytest.approx(cost.tokens * 2 / 10 / 4, abs=0.1)
    assert look(recipe_file(), measure=False).estimate.seconds is None


def test_rows_stand_beside_their_translation_once_the_memory_has_it(recipe_file, run, look):
    recipe = recipe_file(**ONE_EACH)
    before = look(recipe, 12).rows
    assert len(before) == 12
    assert {row.target is None for row in before if row.lang != "eng_Latn"} == {True}
    run(recipe)
    after = look(recipe, 12).rows
    assert [(row.row_id, row.lang) for row in after] == [(row.row_id, row.lang) for row in before]
    for row in after:
        assert row.target is not None
        assert row.template_id or row.task == "conversation"
        if row.lang != "eng_Latn":
            assert any("ˈ" in turn["content"] for turn in row.target)
