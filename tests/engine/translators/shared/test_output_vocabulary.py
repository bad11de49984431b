"""Whatever the list of output tokens, everything can be spelled with it."""

from __future__ import annotations

import numpy as np
import pytest

from glotmill.engine.translators.shared.output_vocabulary import OutputVocabulary, of_ranked, of_script, of_text
from glotmill.schemas.errors import InputError

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<2de>", "deu_Latn", "rus_Cyrl"]
SIGNS = [".", "▁,", "7", "▁2024", "▁", "！", "।", "́"]
LATIN = ["a", "▁b", "é", "▁the", "ing", "▁Paris", "straße"]
CYRILLIC = ["д", "▁ж", "▁дом", "ский"]
HAN = ["狗", "公园", "▁国"]
FILLERS = [f"▁quer{'x' * n}" for n in range(60)]
GREEK = ["▁γ" + "α" * n for n in range(1, 20)]  # first, as a list is filled up with the first tokens that it lacks
TOKENS = [*GREEK, *SPECIAL, *SIGNS, *LATIN, *CYRILLIC, *HAN, *FILLERS]


def kept(vocabulary):
    return [TOKENS[number] for number in vocabulary.ids]


def test_a_script_keeps_its_tokens_the_special_ones_those_without_letters_and_short_latin_ones():
    russian = of_script(TOKENS, "rus_Cyrl")
    assert {*SPECIAL, *SIGNS, *CYRILLIC, "a", "▁b", "é", "▁the", "ing"} <= set(kept(russian))
    assert not {"公园", "straße", FILLERS[-1]} & set(kept(russian))
    chinese = of_script(TOKENS, "zho_Hans")
    assert {*SPECIAL, *SIGNS, *HAN} <= set(kept(chinese))
    german = of_script(TOKENS, "deu_Latn")
    assert {*SPECIAL, *SIGNS, *LATIN, *FILLERS} <= set(kept(german))


def test_a_text_keeps_its_tokens_and_what_spells_the_rest():
    made = of_text(TOKENS, "rus_Cyrl", ["x"] * 25_000, lambda lines: [[TOKENS.index("▁дом")]] * len(lines))
    assert {*SPECIAL, *SIGNS, "д", "▁ж", "a", "▁b", "é", "▁дом"} <= set(kept(made))
    assert FILLERS[-1] not in kept(made)


def test_a_list_is_filled_up_to_a_size_with_the_first_of_a_ranking():
    last, most = len(TOKENS) - 1, TOKENS.index("▁the")
    least = of_ranked(TOKENS, "deu_Latn", [last])
    assert {*SPECIAL, *SIGNS, "a", "▁b", "é", FILLERS[-1]} <= set(kept(least))
    more = of_ranked(TOKENS, "deu_Latn", [last], [most, TOKENS.index("ing")], least.tokens + 1)
    assert {"▁the", FILLERS[-1]} <= set(kept(more))
    assert of_ranked(TOKENS, "deu_Latn", [last], [most], 1) == least


def test_a_list_is_read_back_from_its_text_and_a_damaged_one_is_refused():
    made = OutputVocabulary.of(np.array([1, 5, 900], np.uint32), 1003)
    assert OutputVocabulary.unpacked(made.packed, 1003) == made
    assert made.tokens == len(made.ids) == 16
    with pytest.raises(ValueError, match=r"not one of 2,000 tokens"):
        OutputVocabulary.unpacked(made.packed, 2000)
    with pytest.raises(ValueError, match="ASCII"):
        OutputVocabulary.unpacked("§", 1003)


def test_lists_of_other_tokens_have_other_digests():
    one, other = (OutputVocabulary.of(np.array([n], np.uint32), 1003) for n in (800, 801))
    assert one.digest != other.digest
    assert one.digest == OutputVocabulary.of(np.array([800], np.uint32), 1003).digest


def test_an_unknown_language_is_an_error():
    with pytest.raises(InputError, match="unknown language code"):
        of_script(TOKENS, "xx")
