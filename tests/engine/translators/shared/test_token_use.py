"""What a search uses of the output tokens: those that it decoded, and those that it expected."""

from __future__ import annotations

import numpy as np
import pytest

from glotmill.engine.translators import Request, load_translator, resolve_translator
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.translators.shared import token_use
from glotmill.engine.translators.shared.output_vocabulary import OutputVocabulary
from glotmill.engine.translators.shared.token_tally import TokenTally, lacking
from glotmill.engine.translators.shared.token_use import TokenUse
from glotmill.engine.translators.shared.vocabulary_lists import model_tokens

TEXTS = ["A dog runs on the grass.", "", "Two men sit at a table.", "A red bus."]
BATCH = [Request("eng_Latn", "deu_Latn", text) for text in TEXTS]


def use(best, others=(), expected=None):
    likely = expected or {}
    return TokenUse(
        np.array(best, np.int32), np.array(others, np.int32),
        np.array(list(likely), np.int32), np.array(list(likely.values()), np.float32),
    )  # fmt: skip


@pytest.fixture(scope="module")
def engine():
    return load_translator(resolve_translator(NllbTranslate(engine="nllb", device="cpu", beam_size=4)))


def test_the_tokens_are_those_of_the_translation_and_of_the_other_hypotheses(engine):
    tokens = model_tokens(engine._spec.folder).tokens
    made, uses = engine.translate(BATCH), engine.used(BATCH)
    assert [use is None for use in uses] == [False, True, False, False]
    for translation, use in zip(made, uses, strict=True):
        if use:
            *spelled, end = [tokens[number] for number in use.best]
            assert (engine._pieces.decode(spelled), end) == (translation.text, "</s>")
            assert len(use.others)
            assert not {*use.others} & {*use.best}


def test_what_a_step_expects_adds_up_to_one_and_what_is_used_was_expected(engine):
    [use] = engine.used(BATCH[:1])
    assert 0.8 * len(use.best) < use.expected.sum() <= len(use.best)
    assert len({*use.best} & {*use.likely}) > 0.8 * len({*use.best})
    assert use.expected.min() >= token_use.LEAST


def test_few_rows_a_call_give_the_same(engine, monkeypatch):
    whole = engine.used(BATCH)
    monkeypatch.setattr(token_use, "LOGITS_AT_ONCE", 1)
    for one, other in zip(whole, engine.used(BATCH), strict=True):
        assert (one is None) == (other is None)
        if one and other:
            assert (one.best.tolist(), one.others.tolist()) == (other.best.tolist(), other.others.tolist())
            again = dict(zip(other.likely.tolist(), other.expected.tolist(), strict=True))
            counts = zip(one.likely.tolist(), one.expected.tolist(), strict=True)
            often = {token: count for token, count in counts if count > 0.01}
            assert {token: again[token] for token in often} == pytest.approx(often, abs=0.01)


def test_it_is_read_back_from_the_numbers_that_it_is_kept_as():
    numbers = use([5, 256_205, 5, 2], [7, 9], {5: 1.5, 256_205: 0.25}).as_numbers()
    again = TokenUse.of_numbers(numbers)
    assert (again.best.tolist(), again.others.tolist()) == ([5, 256_205, 5, 2], [7, 9])
    assert (again.likely.tolist(), again.expected.tolist()) == ([5, 256_205], [1.5, 0.25])
    assert again.as_numbers().tolist() == numbers.tolist()


def test_the_unseen_mass_is_the_share_of_tokens_that_occurred_once():
    tally = TokenTally([f"▁x{n}" for n in range(64)], "deu_Latn")
    tally.add([use([40, 41, 41, 42], [43], {44: 0.5})])
    assert tally.unseen_mass == 0.5
    assert {40, 41, 42, 43} <= {*tally.of_size(0).ids.tolist()}
    uses = [use([40, 41]), use([40, 60], [63])]
    assert lacking(uses, OutputVocabulary.of(np.arange(48, dtype=np.uint32), 64)) == 1
