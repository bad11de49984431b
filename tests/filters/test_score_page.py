from __future__ import annotations

import re

import pytest

from glotmill.filters.registry import SCORERS
from glotmill.filters.score_page import page
from tests.conftest import ROOT

METRICS = [metric for scorer in SCORERS.values() for metric in scorer.metrics]
RULES = [rule for scorer in SCORERS.values() for rule in scorer.rules]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.score_column)
def test_the_sentence_of_a_score_says_what_it_measures_and_what_a_high_value_means(metric):
    measures, found, means = metric.description.partition("; high means ")
    assert found
    assert len(measures.split()) >= 3
    assert re.fullmatch(r"[^;.]+", means)
    assert metric.description == metric.description.strip()
    assert not metric.description.endswith(".")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_each_rule_and_parameter_says_in_words_what_it_is(rule):
    assert len(rule.description.split()) >= 2
    assert all(len(parameter.description.split()) >= 2 for parameter in rule.parameters)


def test_no_two_scores_have_the_same_sentence():
    sentences = [metric.description for metric in METRICS]
    assert len(set(sentences)) == len(sentences)


def test_the_page_has_every_score_and_rule_in_these_words():
    written = (ROOT / "docs/scores.md").read_text(encoding="utf-8")
    assert written == page(), "python -m glotmill.filters.score_page docs/scores.md"
    assert all(f"`{metric.score_column}`" in written and metric.description in written for metric in METRICS)
    assert all(f"`{rule.code}`" in written and rule.description in written for rule in RULES)
