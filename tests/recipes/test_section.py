from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from glotmill.recipes.section import RecipePath, Section


class Inner(Section):
    beam_size: int = 4


class Outer(Section):
    path: RecipePath | None = None
    inner: Inner = Inner()
    share: float = 0.5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"pth": "x"}, "unknown key 'pth'; did you mean 'path'?"),
        ({"inner": {"beamsize": 4}}, "unknown key 'beamsize'; did you mean 'beam_size'?"),
        ({"zzzz": 1}, "unknown key 'zzzz'; known: path, inner, share"),
        ({3: 1}, "unknown key '3'; known: path, inner, share"),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest_known_one_or_all(content: dict, message: str):
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(content)
    assert [(error["type"], error["msg"]) for error in caught.value.errors()] == [("unknown_key", message)]


@pytest.mark.parametrize("content", [{"inner": {"beam_size": "4"}}, {"inner": {"beam_size": 4.0}}, {"share": "0.5"},
                                     {"share": True}, {"inner": {"beam_size": True}}])  # fmt: skip
def test_a_value_of_another_type_is_never_turned_into_the_right_one(content: dict):
    with pytest.raises(ValidationError):
        Outer.model_validate(content)


def test_a_whole_number_is_a_number():
    assert Outer.model_validate({"share": 1}).share == 1.0


def test_a_section_does_not_change_once_it_is_read():
    section = Outer()
    with pytest.raises(ValidationError):
        section.share = 0.7


@pytest.mark.parametrize(
    ("written", "expected"),
    [("data/a.jsonl", "/recipes/data/a.jsonl"), ("../a.jsonl", "/recipes/../a.jsonl"), ("/a.jsonl", "/a.jsonl"),
     ("~/a.jsonl", "/home/me/a.jsonl")],
)  # fmt: skip
def test_a_path_is_relative_to_the_recipes_own_folder(monkeypatch: pytest.MonkeyPatch, written: str, expected: str):
    monkeypatch.setenv("HOME", "/home/me")
    found = Outer.model_validate({"path": written}, context={"base": Path("/recipes")})
    assert found.path == Path(expected)
