"""Scorers in other processes: made there from the recipe's section, with what the build fitted."""

from __future__ import annotations

from pydantic import TypeAdapter
from ray import cloudpickle

from glotmill.engine.commands.load_recipe import FAMILIES
from glotmill.engine.records.recipe_scorers import RecipeScorers
from glotmill.filters.quality_fit import shipped_fit
from glotmill.filters.registry import make_scorers
from glotmill.filters.scorers.quality import QualityScorer
from glotmill.recipes.sections.scorers import Score, ScoreSection


def test_a_build_s_fit_travels_with_its_scorers():
    section: TypeAdapter[Score] = TypeAdapter(ScoreSection)
    score = section.validate_python({"scorers": ["nmt", "quality"]}, context={"families": FAMILIES})
    made = [*make_scorers(["nmt"]), QualityScorer(shipped_fit())]
    sent = cloudpickle.loads(cloudpickle.dumps(RecipeScorers(score, made))).get()
    assert [scorer.identity() for scorer in sent] == [scorer.identity() for scorer in made]
