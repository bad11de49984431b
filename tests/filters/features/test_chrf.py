from __future__ import annotations

import numpy as np
import polars as pl
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from glotmill.filters.features.chrf import BLOCK, chrf

# Few letters, so that n-grams are shared; white space that Python and Unicode agree on.
TEXT = st.text(st.sampled_from("aabbcdé狗跑🙂́ \n\u00a0\u3000."), max_size=24)
PAIRS = st.lists(st.tuples(TEXT, TEXT) | TEXT.map(lambda text: (text, text)), min_size=1, max_size=8)


def of(pairs: list[tuple[str, str]]) -> list[float]:
    texts, references = ([pair[side] for pair in pairs] for side in (0, 1))
    return chrf(pl.Series(texts, dtype=pl.String), pl.Series(references, dtype=pl.String)).tolist()


@given(PAIRS)
def test_many_pairs_at_once_have_sacrebleus_value_each(pairs: list[tuple[str, str]]):
    wanted = [sacrebleu.sentence_chrf(text, [reference]).score for text, reference in pairs]
    assert np.float32(of(pairs)).tolist() == np.float32(wanted).tolist()


def test_a_text_has_its_value_whatever_block_it_is_in():
    pairs = [(f"A dog number {number} runs", f"A cat number {number % 7} runs") for number in range(BLOCK + 3)]
    assert of(pairs) == [value for pair in pairs for value in of([pair])]


def test_no_text_and_white_space_alone():
    assert of([]) == []
    assert of([("", ""), (" ", "\n"), ("", "a"), ("a", "a"), ("a b", "ab")]) == [0, 0, 0, 100, 100]
