from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from glotmill.filters.features.pair_quality import FEATURES
from glotmill.filters.policy import make_policy
from glotmill.filters.quality_fit import ALL, LOWEST, SHIPPED, Content, QualityFit, read_fit, shipped_fit
from glotmill.filters.quality_fitting import MIN_REFERENCES, MIN_ROWS, fit_quality
from glotmill.schemas.errors import InputError

ENGINE = "other@1"
LIKELY = FEATURES.index("likely")


def rows(number: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(features that all tell the same quality with noise, that quality)."""
    rng = np.random.default_rng(seed)
    good = rng.normal(0, 1, number)
    noise = rng.normal(0, 1, (number, len(FEATURES)))
    return (good[:, None] + noise) * 3 + 10, np.clip(0.5 + good / 10, 0.01, 0.99)


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.argsort().argsort(), other.argsort().argsort())[0, 1])


def fit(number: int = 500, lang: str = "deu_Latn") -> QualityFit:
    return fit_quality(rows(number)[0], [lang] * number, ENGINE, shipped_fit())


def test_an_engine_of_another_scale_is_ranked_without_references():
    """Its features have other means and deviations than those of the engine that the weights were learnt from."""
    table, quality = rows(800)
    found = fit().quality(table, ["deu_Latn"] * 800)
    assert rank_correlation(found, quality) > 0.75
    assert rank_correlation(found, quality) > rank_correlation(table[:, LIKELY], quality)


def test_a_feature_that_does_not_agree_with_the_others_loses_its_weight():
    table, _ = rows(800)
    table[:, LIKELY] = np.random.default_rng(1).normal(0, 1, 800)
    weights = fit_quality(table, ["deu_Latn"] * 800, ENGINE, shipped_fit()).content.weights
    shipped = shipped_fit().content.weights
    assert weights["likely"] < 0.15 * shipped["likely"]
    assert weights["round_trip"] > 0.7 * shipped["round_trip"]


def test_references_decide_the_weights_and_the_level():
    table, quality = rows(800)
    table[:, LIKELY] = np.random.default_rng(1).normal(0, 1, 800)
    found = fit_quality(table, ["deu_Latn"] * 800, ENGINE, None, quality).content
    assert found.learnt_from == "references"
    assert found.weights["likely"] < 0.1 * found.weights["gain"]
    assert found.usual["deu_Latn"].level == pytest.approx(quality.mean(), abs=1e-4)
    estimated = QualityFit(found).quality(table, ["deu_Latn"] * 800)
    assert abs(estimated.mean() - quality.mean()) < 0.03


def test_too_few_references_are_an_error():
    table, quality = rows(MIN_REFERENCES - 1)
    with pytest.raises(InputError, match=f"weights need {MIN_REFERENCES}"):
        fit_quality(table, ["deu_Latn"] * len(table), ENGINE, None, quality)


def test_a_language_with_few_rows_has_its_script_then_all():
    table, _ = rows(3 * MIN_ROWS)
    langs = ["deu_Latn"] * (2 * MIN_ROWS) + ["fra_Latn"] * (MIN_ROWS - 1) + ["rus_Cyrl"]
    found = fit_quality(table, langs, ENGINE, shipped_fit())
    assert sorted(found.content.usual) == ["Latn", ALL, "deu_Latn"]
    assert [found.place(lang) for lang in ("deu_Latn", "fra_Latn", "rus_Cyrl")] == ["deu_Latn", "Latn", ALL]


def test_with_too_few_rows_of_all_nothing_is_judged_and_no_share_rejects():
    found = fit(MIN_ROWS - 1)
    assert not found.content.usual
    assert np.isnan(found.quality(rows(5)[0], ["deu_Latn"] * 5)).all()
    assert found.least("deu_Latn", 0.5) == LOWEST


def test_the_same_rows_give_the_same_bytes():
    assert fit().data == fit().data
    assert fit().digest == fit().digest
    assert fit().digest != fit(lang="fra_Latn").digest


@pytest.mark.parametrize("share", [0.9, 0.5, 0.93])
def test_keep_is_the_share_of_each_language_that_stays(share: float):
    table, _ = rows(1000)
    langs = ["deu_Latn"] * 500 + ["fra_Latn"] * 500
    table[500:] -= 5  # the one language is harder for the engine than the other
    found = fit_quality(table, langs, ENGINE, shipped_fit())
    frame = pl.DataFrame({"lang": langs, "score_quality_score": found.quality(table, langs)})
    policy = make_policy({"quality": {"keep": share}}, ["quality"]).fitted(found)
    kept = frame.filter(policy.failing(frame).list.len() == 0)
    for lang in ("deu_Latn", "fra_Latn"):
        assert kept.filter(lang=lang).height == pytest.approx(500 * share, abs=3)


def test_the_threshold_of_a_share_is_recorded_and_shown():
    policy = make_policy({"quality": {"keep": 0.9}}, ["quality"]).fitted(fit())
    rule = next(rule for rule in policy.rules() if rule.code == "quality.share")
    row = pl.DataFrame({"lang": ["deu_Latn"]})
    assert policy.thresholds(rule, row) == {"keep": fit().content.usual["deu_Latn"].least["0.9"]}
    assert policy.fingerprint()["fit"] == fit().digest


def test_a_policy_without_a_fit_is_what_it_was():
    """Datasets of recipes that do not name quality keep their fingerprints."""
    assert "fit" not in make_policy({}, ["nmt"]).fingerprint()


def test_the_file_is_read_as_it_was_written(tmp_path: Path):
    path = tmp_path / "quality.json"
    path.write_bytes(fit().data)
    assert read_fit("score.quality", path).digest == fit().digest


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"weights": {"likely": 1.0}}, "expected weights and agreement of the features"),
        ({"quality": 2}, "quality: Input should be less than or equal to 1"),
        ({"usual": {"deu_Latn": {"rows": 5}}}, "usual.deu_Latn.level"),
        ({"usual": {"Klingon": None}}, "usual.Klingon"),
        ({"learnt_from": "guesses"}, "learnt_from"),
        ({"more": 1}, "more"),
    ],
)
def test_another_file_is_refused_in_one_line(tmp_path: Path, change: dict, told: str):
    content = json.loads(fit().data) | change
    if "Klingon" in content["usual"]:
        content["usual"]["Klingon"] = json.loads(fit().data)["usual"]["deu_Latn"]
    path = tmp_path / "quality.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError) as error:
        read_fit("score.quality", path)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"quality": NaN}', "\x00"])
def test_what_is_no_fit_at_all_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "quality.json"
    path.write_text(text)
    with pytest.raises(InputError, match="a file of the quality score"):
        read_fit("score.quality", path)


def test_the_shipped_fit_names_its_engine_and_every_weight_counts_for_good():
    content = shipped_fit().content
    assert content.engine.startswith("embedded@")
    assert content.learnt_from == "references"
    assert all(weight > 0 for weight in content.weights.values())
    assert Content.model_validate_json(SHIPPED.read_bytes()) == content
