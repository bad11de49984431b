from __future__ import annotations

from glotmill.filters.policy import make_policy
from glotmill.filters.registry import SCORERS, rules_of

ALL = list(SCORERS)


def test_codes_are_golden_and_in_order_of_cost():
    assert [rule.code for rule in rules_of(ALL)] == [
        "integrity.empty", "integrity.hit_limit", "integrity.broken_chars",
        "structure.verbatim", "structure.lines", "structure.items", "structure.encoding",
        "numbers.extra", "numbers.missing", "numbers.changed",
        "lexical.copy_frac", "lexical.copy_lcs", "lexical.segment_copy",
        "lexical.tng4", "lexical.dup2", "lexical.zlib_ratio", "lexical.len_z",
        "punctuation.surplus", "punctuation.question_lost", "punctuation.final_changed",
        "script.frac", "script.latin_frac", "script.han_variant",
        "language_id.mass", "language_id.short_margin", "language_id.english",
        "language_id.segment_english", "language_id.segment_mass", "language_id.second_margin",
        "fan_in.sources", "negation.lost", "negation.gained", "nmt.logprob", "round_trip.chrf", "cross_entropy.dual",
        "adequacy.score", "adequacy.meaning", "adequacy.omission", "adequacy.addition", "adequacy.numbers",
        "adequacy.negation", "quality.score", "quality.share", "embedding.cosine", "image_text.similarity",
        "llm_judge.adequacy", "llm_judge.fluency",
    ]  # fmt: skip


def test_parameters_are_golden():
    assert make_policy({}, ALL).parameters == {
        "integrity.max_broken_chars": 0, "structure.max_verbatim": 0, "structure.max_lines": 0,
        "structure.max_items": 0, "structure.max_encoding": 0, "numbers.max_extra": 0, "numbers.max_missing": 0,
        "numbers.max_changed": 0,
        "lexical.max_copy_frac": 0.5, "lexical.max_copy_frac_other": 0.25, "lexical.max_copy_lcs": 0.45,
        "lexical.max_segment_copy": 0.6,
        "lexical.max_tng4": 1, "lexical.max_dup2": 0.39, "lexical.min_zlib_ratio": 0.3, "lexical.max_len_z": 4.0,
        "punctuation.max_surplus": 0.35, "script.min_frac": 0.5, "script.min_frac_latin": 0.9,
        "script.max_latin_frac": 0.3, "script.min_han_variant": 0.5, "language_id.min_mass": 1.0,
        "language_id.min_short_margin": 0.0, "language_id.max_english": 0.8,
        "language_id.max_segment_english": 0.5, "language_id.max_segment_english_unknown": 0.9,
        "language_id.min_segment_mass": 0.001, "language_id.min_second_margin": 0.0, "fan_in.max_sources": 5,
        "nmt.min_logprob": -1e3, "round_trip.min_chrf": 5.0, "cross_entropy.min_dual": 0.0,
        "adequacy.min_score": -1e3, "adequacy.min_meaning": -1.5, "adequacy.min_omission": -1.0,
        "adequacy.min_addition": -1.0, "adequacy.min_numbers": 0.0, "adequacy.min_negation": 0.5,
        "quality.min": 0.0, "quality.keep": 1.0,
        "embedding.min_cosine": -1.0, "image_text.min_similarity": -1e3,
        "llm_judge.min_adequacy": 3, "llm_judge.min_fluency": 2,
    }  # fmt: skip


def test_every_rule_reads_columns_of_its_own_scorer_only():
    columns = {metric.score_column for scorer in SCORERS.values() for metric in scorer.metrics}
    for rule in rules_of(ALL):
        assert rule.columns
        assert rule.columns <= columns
        assert all(name.startswith(f"score_{rule.scorer}_") for name in rule.columns)


def test_what_warns_and_what_is_off_by_default():
    actions = make_policy({}, ALL).actions
    assert {code: action for code, action in actions.items() if action != "reject"} == {
        "structure.items": "warn", "numbers.missing": "warn", "punctuation.question_lost": "warn",
        "punctuation.final_changed": "off", "script.latin_frac": "warn", "negation.lost": "warn",
        "negation.gained": "warn", "adequacy.numbers": "warn", "adequacy.negation": "warn",
    }  # fmt: skip


def test_what_a_calibration_fits_is_a_metric_and_a_parameter_of_the_rule():
    for rule in rules_of(ALL):
        if rule.graded:
            metric, parameter = rule.graded
            assert metric in [m.name for m in SCORERS[rule.scorer].metrics]
            assert [p.name for p in rule.parameters] == [parameter]
