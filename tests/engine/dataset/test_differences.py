"""What changed is named as the recipe names it, with its old and its new value."""

from __future__ import annotations

import pytest

from glotmill.engine.dataset.differences import difference

FACTS = {
    "translators": {"f1": {"model": "m", "decode": {"beam_size": 4}}},
    "text": {"splitter": 1},
    "scorers": {"nmt": {"version": 1}, "lexical": {"version": 1}},
    "skip_rejected": False,
    "filter": {"parameters": {"nmt.min_logprob": -3.0}, "actions": {"numbers.missing": "warn"}, "rules": {}},
    "writer": {"compression": "zstd", "pyarrow": "26.0.1"},
}


@pytest.mark.parametrize(
    ("stage", "changes", "words"),
    [
        ("translate", {"translators": {"f2": {"model": "m", "decode": {"beam_size": 1}}}},
         "translate.decode.beam_size 4 → 1"),
        ("translate", {"text": {"splitter": 2}}, "text.splitter 1 → 2"),
        ("score", {"scorers": {"nmt": {"version": 1}}}, "score.scorers - lexical"),
        ("score", {"scorers": {**FACTS["scorers"], "numbers": {}}}, "score.scorers + numbers"),
        ("score", {"scorers": {**FACTS["scorers"], "nmt": {"version": 2}}}, "score.nmt.version 1 → 2"),
        ("verdict", {"filter": {**FACTS["filter"], "parameters": {"nmt.min_logprob": -2.5}}},
         "filter.nmt.min_logprob -3 → -2.5"),
        ("verdict", {"filter": {**FACTS["filter"], "actions": {"numbers.missing": "reject"}}},
         "filter.numbers.missing.action warn → reject"),
        ("verdict", {"filter": {**FACTS["filter"], "rules": {"user.mine": "lang = 'x'"}}},
         "filter.user.mine none → lang = 'x'"),
        ("pack", {"writer": {"compression": "zstd", "pyarrow": "27.0.0"}}, "writer.pyarrow 26.0.1 → 27.0.0"),
    ],
)  # fmt: skip
def test_the_first_difference_in_words(stage: str, changes: dict, words: str):
    assert difference(stage, FACTS, {**FACTS, **changes}) == words


def test_what_is_the_same_has_no_difference():
    assert [difference(stage, FACTS, FACTS) for stage in ("translate", "score", "verdict", "pack")] == [None] * 4


def test_of_an_engine_that_chooses_the_change_is_named_and_not_its_way_back():
    """Such an engine stands there twice, the second time as it translates back; both fingerprints are others."""
    one = {"engine": "nllb", "beam_size": 8}

    def facts(fit: str) -> dict:
        choosing = {**one, "hypotheses": 8, "choose": {"quality": fit}}
        return {**FACTS, "translators": {f"{fit}1": choosing, f"{fit}2": one}}

    assert difference("translate", facts("aa"), facts("bb")) == "translate.choose.quality aa → bb"
    assert difference("translate", facts("aa"), facts("aa")) is None
