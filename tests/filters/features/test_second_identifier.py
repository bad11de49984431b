from __future__ import annotations

import pyarrow as pa
import pytest

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.features import second_identifier
from glotmill.filters.features.second_identifier import SecondIdentifier, load_second
from glotmill.filters.policy import make_policy
from glotmill.filters.scorers import language_id
from glotmill.filters.scorers.language_id import LanguageIdScorer
from glotmill.schemas.languages import language

DOUBTFUL = ("Esta es una casa grande", "cat_Latn")  # Spanish: the first identifier finds a rival likelier
SURE = ("Ein roter Ball liegt auf der Wiese", "deu_Latn")


class Handle:
    """py3langid's object, as far as it is used; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def rank(self, text: str) -> list[tuple[str, float]]:
        self.asked.append(text)
        return [("es", 0.9), ("ca", 0.1)]


@pytest.fixture
def handle(monkeypatch) -> Handle:
    made = Handle()
    labels = frozenset({"es", "ca", "de", "ha", "no"})
    monkeypatch.setattr(language_id, "load_second", lambda: SecondIdentifier(labels, made))
    monkeypatch.setattr(second_identifier, "version", lambda package: "0.4.0")
    return made


def margins(*pairs: tuple[str, str], second: bool = True) -> list[float | None]:
    table = pa.Table.from_pylist([{"target": text, "lang": lang} for text, lang in pairs], schema=PAIR_SCHEMA)
    return LanguageIdScorer(second=second).score(table)["second_margin"].to_pylist()


def test_only_texts_that_the_first_leaves_in_doubt_reach_the_second(handle: Handle):
    found = margins(SURE, DOUBTFUL, ("Ja", "deu_Latn"))
    assert handle.asked == [DOUBTFUL[0]]
    assert found[0] is None
    assert found[1] == pytest.approx(-1.8, abs=0.5)
    assert found[2] is None


def test_nobody_is_asked_by_default(handle: Handle):
    assert margins(SURE, DOUBTFUL, second=False) == [None, None]
    assert handle.asked == []


def test_a_language_that_the_second_does_not_know_is_not_judged_by_it(handle: Handle):
    assert margins(("Esta es una casa grande", "glg_Latn")) == [None]


def test_a_language_that_only_the_second_knows_is_always_asked_about(handle: Handle):
    assert margins(("Ina son wannan gida sosai", "hau_Latn"))[0] is not None


def test_who_judged_is_in_the_fingerprint(handle: Handle):
    assert LanguageIdScorer(second=True).fingerprint()["second"] == {"name": "py3langid", "version": "0.4.0"}
    assert "second" not in LanguageIdScorer().fingerprint()


def test_the_real_one_tells_neighbours_apart_that_the_first_does_not():
    pytest.importorskip("py3langid", reason="the extra langid is not installed")
    load_second.cache_clear()
    (spanish,) = margins(DOUBTFUL)
    assert spanish is not None
    assert spanish < make_policy({}, ["language_id"]).parameters["language_id.min_second_margin"]
    assert load_second().knows(language("hau_Latn"))
    assert not load_second().knows(language("ace_Arab"))
