from __future__ import annotations

import pytest

from glotmill.filters.features.target_language import FLOOR, NEAR, Target
from glotmill.schemas.languages import Language, language


class Found:
    """A model that finds the same in every text."""

    labels = frozenset({"yue", "zh", "ja", "en"})
    english = frozenset({"en"})
    prefix = ""

    def ranked(self, text: str) -> list[tuple[float, str]]:
        return [(0.5, "zh"), (0.4, "ja"), (0.08, "en"), (0.02, "yue")]

    def own_labels_of(self, wanted: Language) -> frozenset[str]:
        return frozenset({"yue"})

    def labels_of(self, wanted: Language) -> frozenset[str]:
        return frozenset({"yue", "zh", "ja"})

    def knows(self, wanted: Language) -> bool:
        return True


def test_a_label_that_counts_for_a_language_does_so_where_it_cannot_be_a_rival():
    found = Target(language("yue_Hant"), Found()).measure("一隻狗喺草地上面走")
    own, rival = 0.02 + NEAR * 0.5 + NEAR * 0.4 + FLOOR, (1 - NEAR) * 0.5 + FLOOR
    assert found.mass == pytest.approx(own / (own + rival))
    assert found.english == 0  # it is never written in Chinese characters
