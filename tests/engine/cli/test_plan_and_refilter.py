"""Plan and refilter as people type them: exit codes, lines for people, one object for machines."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


def test_a_plan_ends_with_3_where_there_are_changes_and_with_0_where_there_are_none(glotmill, recipe_file):
    recipe = recipe_file()
    code, out, _ = glotmill("plan", recipe)
    assert code == 3
    assert "new          data/deu_Latn/train-00000.parquet  40 new samples; 40 rows" in out
    assert "translator: " in out
    assert "no time estimate yet: nothing has been translated here" in out
    glotmill("build", recipe)
    code, out, _ = glotmill("plan", recipe)
    assert (code, out) == (0, "shards: 2 reuse\ntranslator: no calls\n")


def test_a_plan_for_machines_has_the_promised_keys(glotmill, recipe_file):
    glotmill("build", recipe_file(), "--limit", "30")
    code, out, err = glotmill("plan", recipe_file(), "--json")
    plan = json.loads(out)
    assert (code, err) == (3, "")
    assert plan["actions"] == {"new": 2, "reuse": 2}
    assert plan["rows"] == 20
    assert plan["bytes"] > 0 < plan["calls"]
    assert plan["seconds"] > 0
    assert set(plan["shards"][0]) == {"path", "action", "why", "rows", "size"}


def test_refilter_says_what_changed_and_what_it_wrote(glotmill, recipe_file, tmp_path):
    glotmill("build", recipe_file())
    code, out, _ = glotmill("refilter", "outputs/small", "--set", "filter.nmt.min_logprob=-0.95")
    assert code == 0
    assert "filter.nmt.min_logprob -1000 → -0.95" in out
    assert "in 2 of 2 shards" in out
    code, out, _ = glotmill("refilter", "outputs/small", "--recipe", recipe_file(), "--json")
    done = json.loads(out)
    assert (done["rewritten"], done["shards"], done["languages"]["deu_Latn"]["kept"]) == (2, 2, 40)


def test_a_plan_counts_no_way_back_that_the_build_spared(glotmill, recipe_file):
    spares = {
        "filter": {"user": {"german": {"fails": "lang = 'deu_Latn'"}}},
        "score": {"scorers": ["integrity", "round_trip", "cross_entropy"], "skip_rejected": True},
    }
    glotmill("build", recipe_file(**spares))
    more = recipe_file(**spares, languages=["deu_Latn", "swh_Latn", "fra_Latn"])
    plan = json.loads(glotmill("plan", more, "--json")[1])
    assert plan["actions"] == {"new": 1, "reuse": 2}
    assert plan["calls"] == plan["back_calls"]  # French there and back, and nothing of German
    # French given its translation, and what English was never scored alone, as German's records were spared.
    assert plan["calls"] <= plan["forced"] <= 2 * plan["calls"]


def test_a_recipe_that_names_no_scorers_refilters_what_it_built(glotmill, recipe_file):
    glotmill("build", recipe_file(score={}, limit=4))
    recipe = recipe_file(score={}, limit=4, filter={"nmt": {"min_logprob": -0.95}})
    code, out, _ = glotmill("refilter", "outputs/small", "--recipe", recipe)
    assert code == 0
    assert "filter.nmt.min_logprob -1000 → -0.95" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["refilter", "nowhere"], "no dataset/ in it"),
        (["refilter", "outputs/small", "--set", "languages=[fra_Latn]"], "anything else needs glotmill build"),
        (["refilter", "outputs/small", "--set", "filter.nmt.min_logprob=high"], "expected a number from -1000 to 0"),
        (["refilter", "outputs/small", "--set", "filter.nmt.min_lgprob=-1"], "did you mean 'min_logprob'"),
        (["refilter", "outputs/small", "--set", "filter=3"], "refilter changes filter.… and calibration only"),
        (["refilter", "outputs/small", "--set", "filter.nmt=3"], "expected"),
        (["refilter", "outputs/small", "--set", "filter.round_trip.min_chrf=[1]"], "expected"),
        (["plan", "nowhere.yaml"], "no recipe"),
    ],
)
def test_what_is_not_usable_is_one_line_and_changes_nothing(glotmill, refuses, recipe_file, arguments, says):
    glotmill("build", recipe_file())
    assert says in refuses(*arguments)


def test_refilter_imports_neither_ray_nor_ctranslate2(glotmill, recipe_file, tmp_path):
    glotmill("build", recipe_file())
    script = (
        "import sys\nfrom glotmill.engine.cli import main\n"
        "sys.argv = ['glotmill', 'refilter', 'outputs/small', '--set', 'filter.nmt.min_logprob=-0.95']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print(sorted({'ray', 'ctranslate2', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
