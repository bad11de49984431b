from __future__ import annotations

import pytest

from glotmill.engine.translators import Request, Translation, load_translator, resolve_translator
from glotmill.engine.translators.fake import FakeTranslate
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.translators.shared.loops import looping
from glotmill.engine.translators.shared.retry import translate_with_retry
from glotmill.schemas.errors import TranslatorError


def requests(*texts: str) -> list[Request]:
    return [Request("eng_Latn", "deu_Latn", text) for text in texts]


class Scripted:
    """Gives what it was told, first and on retry, and remembers what it was asked."""

    def __init__(self, first: list[Translation], second: list[Translation] | None) -> None:
        self.retries = second is not None
        self.asked: list[tuple[list[str], bool]] = []
        self._results = {False: first, True: second or []}

    def translate(self, batch, *, retry: bool = False):
        self.asked.append(([request.text for request in batch], retry))
        return self._results[retry]


GOOD = Translation("gut", logprob=-0.1)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (Translation(None, "empty_output"), "empty_output"),
        (Translation("halb", hit_limit=True), "hit_limit"),
        (Translation("ein Hund und ein Hund und ein Hund und ein Hund und ein Hund"), "looped"),
    ],
)
def test_a_broken_segment_alone_is_decoded_again_and_then_a_remembered_failure(broken: Translation, reason: str):
    healed = Scripted([GOOD, broken, GOOD], [GOOD])
    outcomes = translate_with_retry(healed, requests("a", "b", "c"))
    assert healed.asked == [(["a", "b", "c"], False), (["b"], True)]
    assert [(o.translation.text, o.settings, o.attempt) for o in outcomes] == [
        ("gut", "first", 1), ("gut", "retry", 2), ("gut", "first", 1),
    ]  # fmt: skip
    hopeless = translate_with_retry(Scripted([GOOD, broken, GOOD], [broken]), requests("a", "b", "c"))
    assert (hopeless[1].translation.text, hopeless[1].translation.failure) == (None, reason)
    assert hopeless[1].attempt == 2


@pytest.mark.parametrize("failure", [None, "empty_output"])
def test_a_log_probability_that_is_no_number_is_not_remembered(failure: str | None):
    text = None if failure else "gut"
    engine = Scripted([Translation(text, failure, logprob=float("nan"))], None)
    (outcome,) = translate_with_retry(engine, requests("a"))
    assert outcome.translation.failure == (failure or "score_not_finite")
    assert outcome.translation.logprob is None


def test_without_a_second_rung_the_first_failure_is_remembered():
    engine = Scripted([Translation("halb", hit_limit=True)], None)
    (outcome,) = translate_with_retry(engine, requests("a"))
    assert (outcome.translation.failure, outcome.attempt) == ("hit_limit", 1)
    assert len(engine.asked) == 1


def test_a_source_that_is_too_long_is_not_tried_again():
    engine = Scripted([Translation(None, "source_too_long")], [GOOD])
    (outcome,) = translate_with_retry(engine, requests("a"))
    assert outcome.translation.failure == "source_too_long"
    assert len(engine.asked) == 1


def test_too_few_results_break_the_engines_contract_on_either_rung():
    with pytest.raises(TranslatorError, match="0 results for the 1 requests"):
        translate_with_retry(Scripted([], None), requests("a"))
    with pytest.raises(TranslatorError, match="0 results for the 1 requests"):
        translate_with_retry(Scripted([Translation("x", hit_limit=True)], []), requests("a"))


def test_a_loop_of_the_source_is_not_held_against_the_translation():
    engine = Scripted([Translation("la la la la la la la la la")], [GOOD])
    (outcome,) = translate_with_retry(engine, requests("na na na na na na na na na"))
    assert outcome.attempt == 1
    assert outcome.translation.failure is None


def test_the_embedded_model_gives_up_its_loops_on_the_second_decode():
    engine = load_translator(resolve_translator(NllbTranslate(engine="nllb", beam_size=1, max_decoding_tokens=60)))
    texts = [
        "It's plausible that prior to this moment, the skateboard ended up upside down with its wheels up " * n
        for n in (1, 2, 3)
    ]
    outcomes = translate_with_retry(engine, requests(*texts))
    assert all(o.translation.failure or not looping([str(o.translation.text)])[0] for o in outcomes)


def test_the_ladder_is_part_of_the_fingerprint():
    def fingerprint(**retry):
        return resolve_translator(NllbTranslate(engine="nllb", **retry)).fingerprint

    assert len({fingerprint(), fingerprint(retry=None), fingerprint(retry={"beam_size": 7})}) == 3


def test_the_fake_engines_retry_helps_only_where_it_was_told():
    for helps, failure in ((True, None), (False, "empty_output")):
        spec = resolve_translator(FakeTranslate(engine="fake", fault="empty", retry_helps=helps))
        (outcome,) = translate_with_retry(load_translator(spec), requests("a dog"))
        assert (outcome.translation.failure, outcome.attempt) == (failure, 2)
