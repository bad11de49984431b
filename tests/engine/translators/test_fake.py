from __future__ import annotations

import pytest

from glotmill.engine.translators import Request, load_translator, resolve_translator
from glotmill.engine.translators.contract import ForcedPair
from glotmill.engine.translators.fake import FakeTranslate
from glotmill.schemas.errors import TranslatorError


def fake(**asked):
    return load_translator(resolve_translator(FakeTranslate(engine="fake", **asked)))


def one(translator, text: str, source: str = "eng_Latn", target: str = "deu_Latn"):
    return translator.translate([Request(source, target, text)])[0]


def test_words_are_marked_with_the_language_and_back_again():
    there = one(fake(), "A dog, 2 cats.")
    assert there.text == "A dogˈdeu, 2 catsˈdeu."
    assert one(fake(), there.text, "deu_Latn", "eng_Latn").text == "A dog, 2 cats."


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("drop_sentence", "Oneˈdeu."),
        ("echo", "One. Two."),
        ("wrong_language", "Oneˈfra. Twoˈfra."),
        ("empty", None),
    ],
)
def test_faults_are_what_they_say(fault: str, expected: str | None):
    assert one(fake(fault=fault), "One. Two.").text == expected


def test_an_empty_output_is_a_named_failure():
    assert one(fake(fault="empty"), "One.").failure == "empty_output"


def test_a_loop_repeats_and_hits_the_limit():
    looped = one(fake(fault="loop"), "One two three.")
    assert looped.hit_limit
    assert str(looped.text).count("threeˈdeu") > 10


def test_a_fault_hits_every_nth_text_by_its_hash():
    translator = fake(fault="echo", fault_every=3)
    texts = [f"text number {i}" for i in range(300)]
    hit = sum(one(translator, text).text == text for text in texts)
    assert 60 < hit < 140


def test_it_crashes_at_the_batch_it_was_told():
    translator = fake(crash_at_batch=2)
    one(translator, "fine")
    with pytest.raises(TranslatorError, match="batch 2"):
        one(translator, "not fine")


def test_batch_sensitive_scores_depend_on_the_whole_batch():
    translator = fake(batch_sensitive=True)
    alone = one(translator, "A dog.")
    together = translator.translate([Request("eng_Latn", "deu_Latn", text) for text in ("A dog.", "A cat.")])[0]
    assert alone.text == together.text
    assert alone.logprob != together.logprob


def test_forced_words_are_likely_where_it_would_have_written_them():
    translator = load_translator(resolve_translator(FakeTranslate(engine="fake")))
    own, other, empty = translator.score(
        [
            ForcedPair("eng_Latn", "deu_Latn", "A dog runs.", text)
            for text in ("A dogˈdeu runsˈdeu.", "A cat sleeps.", "")
        ]
    )
    assert own is not None
    assert other is not None
    assert own.logprob > other.logprob
    assert empty is None
