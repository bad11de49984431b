from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.scorers.embedding import EmbeddingScorer

PAIRS = [{"source": f"word{i} in a long sentence", "target": f"Wort{i} im langen Satz", "lang": "deu_Latn",
          "source_lang": "eng_Latn"} for i in range(6)]  # fmt: skip


class OneHot:
    """Each text's digit as a direction, with a common part that makes all alike."""

    def fingerprint(self) -> dict[str, str]:
        return {"name": "one-hot"}

    def encode(self, texts: list[str], langs: list[str]) -> np.ndarray:
        digits = [int(next(c for c in text if c.isdigit())) for text in texts]
        return np.eye(10, dtype=np.float32)[digits] + 0.2


def scored(pairs: list[dict]) -> dict[str, list]:
    columns = EmbeddingScorer(OneHot()).score(pa.Table.from_pylist(pairs, schema=PAIR_SCHEMA))
    return {name: values.to_pylist() for name, values in columns.items()}


def test_a_translation_is_near_and_another_text_is_not():
    wrong = {**PAIRS[0], "target": "Wort5 im langen Satz"}
    scores = scored([*PAIRS, wrong])
    assert scores["cosine"][:6] == pytest.approx([1.0] * 6)
    assert scores["cosine"][6] < 0.6
    assert scores["margin"][6] < 1 < scores["margin"][0]


def test_short_texts_are_not_judged():
    assert scored([{**PAIRS[0], "source": "word0"}]) == {"cosine": [None], "margin": [None]}
