from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import yaml

from glotmill.filters.calibration import Calibration, read_calibration
from glotmill.filters.policy import make_policy
from glotmill.schemas.errors import InputError

CONTENT = {
    "calibration": 1,
    "thresholds": {
        "round_trip.min_chrf": {
            "deu_Latn": {"caption": {"20-39": 20.0, "all": 25.0}, "question": {"all": 40.0}},
            "Latn": {"caption": {"all": 30.0}},
            "all": {"caption": {"all": 35.0}},
        }
    },
    "unreliable": {"ces_Latn": ["round_trip.chrf"]},
}
POLICY = make_policy({}, ["lexical", "round_trip"])


def threshold(lang: str, task: str = "caption", letters: float | None = 30) -> float:
    frame = pl.DataFrame(
        {"lang": [lang], "task": [task], "score_lexical_letters": [letters]},
        schema_overrides={"score_lexical_letters": pl.Float32},
    )
    found = Calibration(CONTENT).threshold("round_trip.min_chrf", 10.0)
    assert found is not None
    return frame.select(found).item()


@pytest.mark.parametrize(
    ("lang", "task", "letters", "expected"),
    [
        ("deu_Latn", "caption", 30, 20), ("deu_Latn", "caption", 60, 25), ("deu_Latn", "caption", None, 25),
        ("deu_Latn", "vqa_open", 30, 40), ("deu_Latn", "conversation", 30, 10), ("fra_Latn", "caption", 30, 30),
        ("rus_Cyrl", "caption", 30, 35), ("rus_Cyrl", "vqa_mc", 30, 10),
    ],
)  # fmt: skip
def test_a_cell_backs_off_to_language_script_and_all(lang: str, task: str, letters: float, expected: float):
    assert threshold(lang, task, letters) == expected


def test_a_calibrated_policy_uses_it_unless_the_recipe_states_the_threshold():
    frame = pl.DataFrame({"lang": ["deu_Latn"], "task": ["caption"], "score_lexical_letters": [30.0],
                          "score_round_trip_chrf": [15.0]})  # fmt: skip
    only = make_policy({}, ["round_trip"])
    assert only.failing(frame).to_list() == [[]]
    assert only.calibrated(Calibration(CONTENT)).failing(frame).to_list() == [["round_trip.chrf"]]
    stated = make_policy({"round_trip": {"min_chrf": 12}}, ["round_trip"]).calibrated(Calibration(CONTENT))
    assert stated.failing(frame).to_list() == [[]]


def test_the_threshold_that_one_row_was_compared_with_is_told():
    frame = pl.DataFrame({"lang": ["deu_Latn"], "task": ["caption"], "score_lexical_letters": [30.0]})
    calibrated = POLICY.calibrated(Calibration(CONTENT))
    (rule,) = [rule for rule in calibrated.rules() if rule.code == "round_trip.chrf"]
    assert calibrated.thresholds(rule, frame) == {"min_chrf": 20.0}
    assert POLICY.thresholds(rule, frame) == {"min_chrf": POLICY.parameters["round_trip.min_chrf"]}


def test_it_is_part_of_the_filters_fingerprint():
    fingerprint = POLICY.calibrated(Calibration(CONTENT)).fingerprint()
    assert fingerprint["calibration"] == Calibration(CONTENT).digest
    assert POLICY.fingerprint()["calibration"] is None


def test_a_file_is_read_with_its_unreliable_languages(tmp_path: Path):
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(CONTENT))
    assert read_calibration(path, POLICY.parameters).unreliable == {"ces_Latn"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1", "expected a file written by glotmill calibrate"),
        ("calibration: 2", "expected a file written by glotmill calibrate"),
        ("a: [", "not usable YAML"),
        ("calibration: 1\nthresholds: {round_trip.min_chf: {}}", "did you mean 'round_trip.min_chrf'"),
        ("calibration: 1\nthresholds: {round_trip.min_chrf: {deu: {caption: {all: 3}}}}", "not a cell"),
        ("calibration: 1\nthresholds: {round_trip.min_chrf: {deu_Latn: {caption: {all: x}}}}", "not a cell"),
        ("calibration: 1\nthresholds: {round_trip.min_chrf: {deu_Latn: 3}}", "not a cell"),
        ("calibration: 1\nthresholds: 3", "expected a file"),
        ("calibration: 1\nthresholds: {round_trip.min_chrf: 3}", "not a cell"),
        ("calibration: 1\nunreliable: [deu_Latn]", "expected a file"),
    ],
)
def test_anything_else_is_one_line(tmp_path: Path, text: str, message: str):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_calibration(path, POLICY.parameters)


def test_a_missing_file_is_one_line(tmp_path: Path):
    with pytest.raises(InputError, match="does not exist"):
        read_calibration(tmp_path / "none.yaml", POLICY.parameters)
