"""What a feature adds is measured on a language that its weight was not learnt of."""

from __future__ import annotations

import random

import numpy as np
import pytest

from benchmarks.quality_features import left_out, spoilt, standard

RNG = np.random.default_rng(1)
QUALITIES = [RNG.random(300) for _ in range(3)]
NOISE = [RNG.normal(size=300) for _ in QUALITIES]


def test_a_feature_that_tells_of_the_quality_adds_and_noise_does_not():
    blurred = [quality + noise / 2 for quality, noise in zip(QUALITIES, NOISE, strict=True)]
    others = [RNG.normal(size=300) for _ in QUALITIES]
    alone, with_noise, with_it = (
        left_out([np.c_[tuple(part)] for part in zip(*columns, strict=True)], QUALITIES)
        for columns in ([blurred], [blurred, others], [blurred, QUALITIES])
    )
    assert with_it["spearman"] > alone["spearman"] + 0.2
    assert with_noise["spearman"] == pytest.approx(alone["spearman"], abs=0.05)


def test_an_error_is_put_into_the_share_of_words_that_the_grade_says():
    words = [str(number) for number in range(10)]
    assert spoilt(words, 0.0, ["x"], random.Random(1)) == " ".join(words)
    spoiled = spoilt(words, 0.5, ["x"], random.Random(1)).split()
    assert 0 < len(set(words) - set(spoiled)) + spoiled.count("x") <= 10
    assert words == [str(number) for number in range(10)]


def test_columns_are_in_standard_deviations():
    found = standard(np.c_[QUALITIES[0], np.full(300, 2.0)])
    assert found[:, 0].std() == pytest.approx(1)
    assert not found[:, 1].any()
