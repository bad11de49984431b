from __future__ import annotations

import pytest

from benchmarks.human_text import script_of
from benchmarks.languages import upper_bound


def test_the_upper_bound_of_a_kept_share_is_that_of_clopper_and_pearson():
    assert upper_bound(100, 0) == 1
    assert upper_bound(200, 6) == pytest.approx(0.98686, abs=1e-4)
    assert upper_bound(200, 7) == pytest.approx(0.98346, abs=1e-4)


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Ein Hund", "Latn"),
        ("Собака бежит", "Cyrl"),
        ("犬が走る", "Jpan"),
        ("狗在跑", "Han"),
        ("개가 달린다", "Hang"),
        ("12!", ""),
    ],
)
def test_texts_are_sorted_by_the_script_of_most_letters(text: str, script: str):
    assert script_of(text) == script
