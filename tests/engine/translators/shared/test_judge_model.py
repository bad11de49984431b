"""The scorer llm_judge: grades of a served model, stored, and asked once."""

from __future__ import annotations

import itertools

import polars as pl
import pytest

from glotmill.engine.llm.contract import Answer
from glotmill.engine.translators.shared.judge_model import grades_of
from glotmill.filters.scorers.llm_judge import Grades
from glotmill.schemas.errors import InputError, WorkerError
from tests.stand_in_llm import StandIn


@pytest.mark.parametrize(
    ("text", "grades"),
    [
        ('{"adequacy": 4, "fluency": 5}', Grades(4, 5)),
        ('{"fluency": 1, "adequacy": 2, "why": "…"}', Grades(2, 1)),
        ('{"adequacy": 6, "fluency": 5}', None),
        ('{"adequacy": "4", "fluency": 5}', None),
        ('{"adequacy": true, "fluency": 5}', None),
        ('{"adequacy": 4}', None),
        ("[4, 5]", None),
        ("4 and 5", None),
        (None, None),
    ],
)
def test_only_two_grades_from_1_to_5_count(text, grades):
    assert grades_of(Answer(text)) == grades


def recipe(recipe_file, server, **judge):
    section = {"engine": "openai", "model": "stand-in", "url": server.url, "first_wait": 0.01, "attempts": 2, **judge}
    return recipe_file(languages=["deu_Latn"], score={"scorers": ["integrity", "llm_judge"], "llm_judge": section})


def test_grades_are_columns_asked_once_and_rules_judge_them(recipe_file, run):
    with StandIn({"number 3 ": itertools.repeat("wrapper")}) as server:
        # The stand-in grades a source with "bad" in it 1, all others 5; what is no JSON gives no grade.
        summary = run(recipe(recipe_file, server))
        asked = sum(server.seen.values())
        again = run(recipe(recipe_file, server), out="again")
        assert sum(server.seen.values()) == asked
    table = pl.read_parquet(summary.dataset / "data" / "deu_Latn" / "*.parquet")
    grades = table["score_llm_judge_adequacy"]
    assert grades.drop_nulls().unique().to_list() == [5.0]
    [ungraded] = table.filter(grades.is_null())["source_messages"].to_list()
    assert "number 3 " in ungraded[-1]["content"]
    assert table["keep"].all()  # what was not judged is not rejected for it
    assert again.languages == summary.languages


def test_a_bad_grade_rejects_with_its_rule(recipe_file, run, captions):
    captions.write_text(captions.read_text(encoding="utf-8").replace("A dog number 5", "A bad dog"), encoding="utf-8")
    with StandIn() as server:
        summary = run(recipe(recipe_file, server))
    assert summary.languages["deu_Latn"].dropped == {"llm_judge.adequacy": 1}


def test_a_judge_that_cannot_be_asked_ends_the_build_and_is_no_missing_grade(recipe_file, run):
    with StandIn({"dog": itertools.repeat("500")}) as server, pytest.raises(WorkerError, match=r"score.llm_judge.*500"):
        run(recipe(recipe_file, server))


def test_a_judge_without_a_model_or_a_server_is_refused_before_any_work(recipe_file, run):
    with pytest.raises(InputError, match=r"score.llm_judge: the scorer llm_judge needs a model"):
        run(recipe_file(score={"scorers": ["llm_judge"]}))
    with StandIn() as server, pytest.raises(InputError, match=r"score.llm_judge.model: the server has no 'other'"):
        run(recipe(recipe_file, server, model="other"))
