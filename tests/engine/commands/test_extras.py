from __future__ import annotations

import pytest

from glotmill.engine.commands import extras
from glotmill.engine.commands.load_recipe import FAMILIES
from glotmill.recipes import Recipe
from glotmill.schemas.errors import InputError

BASE = {
    "name": "small", "sources": {"s": {"format": "jsonl", "path": "s.jsonl", "license": "mit"}},
    "languages": ["deu_Latn"], "translate": {"engine": "fake"}, "templates": {},
}  # fmt: skip


def recipe(**keys: object) -> Recipe:
    return Recipe.model_validate({**BASE, **keys}, context={"families": FAMILIES})


@pytest.mark.parametrize(
    ("keys", "missing", "message"),
    [
        ({"derive": {"m": {"kind": "matching", "sources": ["s"]}}}, "sklearn", r"derive\.m needs sklearn.*\[curate\]"),
        ({"clean": [{"step": "exact", "sources": ["s"]}]}, "datatrove", r"clean\.0 \(exact\) needs datatrove"),
        ({"clean": [{"step": "clusters", "sources": ["s"]}]}, "sklearn", r"clean\.0 \(clusters\) needs sklearn"),
        ({"clean": [{"step": "noun_phrases", "sources": ["s"]}]}, "spacy", r"clean\.0 \(noun_phrases\).*\[nouns\]"),
    ],
)  # fmt: skip
def test_a_missing_library_is_named_with_the_way_to_get_it(monkeypatch, keys, missing, message):
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == missing else object())
    with pytest.raises(InputError, match=message):
        extras.check_libraries(recipe(**keys))


def test_a_missing_spacy_model_is_known_before_any_work(monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: object())
    steps = [{"step": "noun_phrases", "sources": ["s"], "model": "no_such_model"}]
    with pytest.raises(InputError, match="model no_such_model is not installed: python -m spacy download"):
        extras.check_libraries(recipe(clean=steps))


def test_a_recipe_that_needs_none_is_let_through(monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    extras.check_libraries(recipe(derive={"v": {"kind": "vqg", "sources": ["s"]}}))
