"""Several translations of a text are kept, and one of them is chosen."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from glotmill.engine.translators import Request, Translation, load_translator, resolve_translator
from glotmill.engine.translators.contract import ForcedPair, ForcedScore
from glotmill.engine.translators.fake import FakeTranslate
from glotmill.engine.translators.madlad import MadladTranslate
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.translators.openai import OpenAiTranslate
from glotmill.engine.translators.shared.choose import Choice
from glotmill.engine.translators.shared.choosing_engines import check_decided, decided, undecided, without_choice
from glotmill.engine.translators.shared.retry import translate_with_retry
from glotmill.engine.translators.vllm import VllmTranslate
from glotmill.filters.quality_fit import SHIPPED, Content, QualityFit, shipped_fit
from glotmill.schemas.errors import InputError, TranslatorError

TEXTS = ["A dog runs on the grass.", "Two men in red shirts are playing football in the park.", "Two dogs."]


def requests(*texts: str) -> list[Request]:
    return [Request("eng_Latn", "deu_Latn", text) for text in texts]


def nllb(**keys: Any):
    return resolve_translator(NllbTranslate(engine="nllb", device="cpu", compute_type="int8_float32", **keys))


class Scripted:
    """Gives some translations of every text, first and on retry, and scores the way back by their texts."""

    retries = True

    def __init__(self, choice: Choice | None, first: list[Translation], retry: list[Translation], **reverse: float):
        self.choice = choice
        self._made = {False: first, True: retry}
        self._reverse = reverse
        self.scored: list[list[ForcedPair]] = []
        self.batches = 0

    def translate(self, batch, *, retry: bool = False):
        self.batches += 1
        first, *others = self._made[retry]
        made = Translation(first.text, first.failure, first.logprob, hit_limit=first.hit_limit, others=tuple(others))
        return [made for _ in batch]

    def score(self, pairs):
        self.scored.append(list(pairs))
        return [
            ForcedScore((self._reverse[pair.text],), 0.0, 1) if pair.text in self._reverse else None for pair in pairs
        ]


def said(text: str | None, logprob: float, **more: Any) -> Translation:
    return Translation(text, logprob=logprob, **more)


A, B, C = said("eins", -0.2), said("zwei", -0.3), said("drei", -0.9)


def texts(outcome) -> list[str | None]:
    return [outcome.translation.text, *(other.text for other in outcome.translation.others)]


def test_the_text_has_the_best_sum_of_both_directions_and_the_others_follow_in_that_order():
    engine = Scripted(Choice(3, 0.3), [A, B, C], [], eins=-3.0, zwei=-1.0, drei=-2.9)
    (outcome,) = translate_with_retry(engine, requests("one"))
    assert texts(outcome) == ["zwei", "eins", "drei"]  # -0.6, -1.1, -1.77
    kept = [outcome.translation, *outcome.translation.others]
    assert [(one.place, one.logprob, one.reverse) for one in kept] == [
        (1, -0.3, -1.0),
        (0, -0.2, -3.0),
        (2, -0.9, -2.9),
    ]
    assert engine.scored == [[ForcedPair("deu_Latn", "eng_Latn", text, "one") for text in ("eins", "zwei", "drei")]]


def test_without_the_way_back_the_engines_own_order_stays_and_nothing_is_scored():
    engine = Scripted(Choice(3, None), [C, A, B], [])
    (outcome,) = translate_with_retry(engine, requests("one"))
    assert (texts(outcome), engine.scored) == (["drei", "eins", "zwei"], [])
    assert outcome.translation.reverse is None


def test_one_that_cannot_be_scored_comes_last():
    engine = Scripted(Choice(3, 0.3), [A, B, C], [], drei=-9.0)
    assert texts(translate_with_retry(engine, requests("one"))[0]) == ["drei", "eins", "zwei"]


@pytest.mark.parametrize("weight", [None, 0.3])
def test_a_broken_translation_is_never_chosen_and_a_whole_one_beside_it_spares_the_second_decode(weight):
    loop = said("ein Hund und ein Hund und ein Hund und ein Hund und ein Hund", -0.1)
    engine = Scripted(Choice(4, weight), [loop, said("", -0.1, failure="empty_output"), B], [], zwei=-1.0)
    (outcome,) = translate_with_retry(engine, requests("one"))
    assert (texts(outcome), outcome.attempt, outcome.translation.place) == (["zwei"], 1, 2)


def test_where_all_are_broken_the_second_decodes_translations_are_chosen_from():
    cut = said("halb", -0.1, hit_limit=True)
    engine = Scripted(Choice(2, 0.3), [cut, cut], [A, B], eins=-3.0, zwei=-1.0)
    (outcome,) = translate_with_retry(engine, requests("one"))
    assert (texts(outcome), outcome.settings, outcome.attempt) == (["zwei", "eins"], "retry", 2)
    engine = Scripted(Choice(2, 0.3), [cut, cut], [cut, cut])
    (outcome,) = translate_with_retry(engine, requests("one"))
    assert (texts(outcome), outcome.translation.failure, engine.scored) == ([None], "hit_limit", [])


def test_equal_texts_are_one_translation():
    engine = Scripted(Choice(3, None), [A, said("eins", -0.25), B], [])
    assert texts(translate_with_retry(engine, requests("one"))[0]) == ["eins", "zwei"]


def test_an_engine_that_scores_too_few_is_broken():
    engine = Scripted(Choice(2, 0.3), [A, B], [])
    engine.score = lambda pairs: []
    with pytest.raises(TranslatorError, match="0 scores for the 2 pairs"):
        translate_with_retry(engine, requests("one"))


def test_the_embedded_models_choice_is_the_best_by_its_own_forced_scores():
    spec = nllb(hypotheses=4, choose="reverse")
    engine = load_translator(spec)
    for request, outcome in zip(requests(*TEXTS), translate_with_retry(engine, requests(*TEXTS)), strict=True):
        kept = [outcome.translation, *outcome.translation.others]
        assert 2 <= len({one.text for one in kept}) == len(kept) <= 4
        there = engine.score([ForcedPair("eng_Latn", "deu_Latn", request.text, str(one.text)) for one in kept])
        back = engine.score([ForcedPair("deu_Latn", "eng_Latn", str(one.text), request.text) for one in kept])
        assert [one.logprob for one in kept] == pytest.approx([score.logprob for score in there], abs=0.08)
        assert [one.reverse for one in kept] == pytest.approx([score.logprob for score in back], abs=0.08)
        sums = [one.logprob + 0.3 * one.reverse for one in kept]
        assert sums == sorted(sums, reverse=True)


def test_a_recipe_that_keeps_one_translation_has_the_fingerprints_of_before():
    assert nllb().fingerprint == nllb(hypotheses=1, choose="score", reverse_weight=0.7).fingerprint
    assert nllb().fingerprint == "a8299c01eb58eb7a5cdbe1165150723c"
    assert resolve_translator(FakeTranslate(engine="fake")).fingerprint == "df665e616476c07262850d595edc1dba"


def test_what_decides_the_choice_is_in_the_fingerprint():
    prints = [
        nllb(**keys).fingerprint
        for keys in (
            {},
            {"hypotheses": 4},
            {"hypotheses": 3},
            {"hypotheses": 4, "choose": "reverse"},
            {"hypotheses": 4, "choose": "reverse", "reverse_weight": 1.0},
        )
    ]
    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize(
    ("section", "keys", "said"),
    [
        (NllbTranslate, {"engine": "nllb", "hypotheses": 8}, "beam_size of 8 or more, it is 4"),
        (MadladTranslate, {"engine": "madlad", "hypotheses": 5}, "beam_size of 5 or more"),
        (NllbTranslate, {"engine": "nllb", "choose": "reverse"}, "set hypotheses to 2 or more"),
        (
            NllbTranslate,
            {"engine": "nllb", "hypotheses": 4, "choose": "reverse", "vocabulary": "auto"},
            "needs vocabulary: full",
        ),
        (NllbTranslate, {"engine": "nllb", "choose": "quality"}, "set hypotheses to 2 or more"),
        (NllbTranslate, {"engine": "nllb", "hypotheses": 4, "choose": "best"}, "'score', 'reverse' or 'quality'"),
        (NllbTranslate, {"engine": "nllb", "quality_fit": "fit.json"}, "goes with choose: quality"),
        (OpenAiTranslate, {"engine": "openai", "model": "m", "hypotheses": 4}, "a language model gives one"),
        (VllmTranslate, {"engine": "vllm", "model": "m", "choose": "reverse"}, "a language model gives one"),
    ],
)
def test_a_choice_that_an_engine_cannot_make_is_refused(section, keys, said: str):
    with pytest.raises(ValidationError, match=said):
        section(**keys)


def test_the_stand_in_gives_the_right_text_behind_a_faulty_one():
    engine = load_translator(resolve_translator(FakeTranslate(engine="fake", fault="wrong_language", hypotheses=3)))
    (outcome,) = translate_with_retry(engine, requests("A big dog."))
    assert texts(outcome) == ["A bigˈfra dogˈfra.", "A bigˈdeu dogˈdeu.", "A bigˈdeu"]


def fit(**weights: float) -> QualityFit:
    """The shipped fit with these weights and no others."""
    content = shipped_fit().content
    weights = dict.fromkeys(content.weights, 0.0) | weights
    return QualityFit(Content.model_validate(content.model_dump() | {"weights": weights}))


@pytest.mark.parametrize(
    ("weights", "best"),
    [({"likely": 1.0}, ["eins", "zwei", "drei"]), ({"way_back": 1.0}, ["drei", "zwei", "eins"]),
     ({"likely": 1.0, "way_back": 1.0}, ["drei", "eins", "zwei"])],
)  # fmt: skip
def test_by_quality_the_text_is_the_one_that_the_fit_finds_best(weights, best: list[str]):
    engine = Scripted(Choice(3, None, fit(**weights)), [A, B, C], [], eins=-4.0, zwei=-3.9, drei=-1.0)
    (outcome,) = translate_with_retry(engine, requests("one"))
    assert texts(outcome) == best
    kept = [outcome.translation, *outcome.translation.others]
    assert {one.text: one.reverse for one in kept} == {"eins": -4.0, "zwei": -3.9, "drei": -1.0}


def test_by_quality_a_text_that_leaves_half_out_is_not_chosen():
    source = "Two men in red shirts are playing football in the park."
    whole, half = said("Zwei Männer in roten Hemden spielen im Park Fußball.", -0.5), said("Zwei Männer.", -0.4)
    back = {str(one.text): -2.0 for one in (half, whole)}
    engine = Scripted(Choice(2, None, fit(likely=0.05, complete=0.05)), [half, whole], [], **back)
    assert texts(translate_with_retry(engine, requests(source))[0]) == [whole.text, half.text]


def test_the_embedded_model_has_a_fit_and_the_choice_names_it_in_the_fingerprint():
    spec = nllb(hypotheses=4, choose="quality")
    assert spec.identity["choose"] == {"quality": shipped_fit().digest}
    assert spec.choice is not None
    assert spec.choice.fit is shipped_fit()


def test_another_engine_needs_a_fit_of_its_own(tmp_path):
    section = {"engine": "fake", "hypotheses": 3, "choose": "quality"}
    with pytest.raises(InputError, match=r"there is no fit to the model fake; set translate\.quality_fit to build"):
        resolve_translator(FakeTranslate(**section))
    path = tmp_path / "fit.json"
    path.write_bytes(SHIPPED.read_bytes())
    one = resolve_translator(FakeTranslate(**section, quality_fit=path))
    path.write_bytes(fit(likely=1.0).data)
    other = resolve_translator(FakeTranslate(**section, quality_fit=path))
    assert one.fingerprint != other.fingerprint


def test_a_fit_that_the_build_makes_is_the_same_engine_as_one_that_the_recipe_names(tmp_path):
    section = {"engine": "fake", "hypotheses": 3, "choose": "quality"}
    path = tmp_path / "fit.json"
    path.write_bytes(SHIPPED.read_bytes())
    named = resolve_translator(FakeTranslate(**section, quality_fit=path))
    own = resolve_translator(FakeTranslate(**section, quality_fit="build"))
    assert undecided(own)
    assert own.identity["choose"] == {"quality": "undecided"}
    with pytest.raises(InputError, match="only a build makes the fit"):
        check_decided(own)
    made = decided(own, shipped_fit())
    assert made.fingerprint == named.fingerprint
    assert without_choice(made).fingerprint == resolve_translator(FakeTranslate(engine="fake")).fingerprint
