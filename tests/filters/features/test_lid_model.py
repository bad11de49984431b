from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.features.lid_model import LidModel, load_lid
from glotmill.filters.scorers.language_id import LanguageIdScorer
from glotmill.schemas.errors import InputError
from glotmill.schemas.languages import language

GLOTLID = frozenset({"eng_Latn", "sco_Latn", "deu_Latn", "ltz_Latn", "ekk_Latn", "cmn_Hani", "zul_Latn", "fas_Arab"})


class Handle:
    """fastText's object, as far as it is used: sure of one label."""

    def __init__(self, label: str) -> None:
        self.f, self._label = self, label

    def predict(self, text: str, k: int, threshold: float, errors: str) -> list[tuple[float, str]]:
        return [(0.9, f"__label__{self._label}"), (0.1, "__label__eng_Latn")]


def model(label: str = "deu_Latn") -> LidModel:
    return LidModel(Path("model.bin"), GLOTLID, Handle(label))


def test_labels_like_flores_codes_are_told_by_english():
    assert model().by_flores_code
    assert not load_lid().by_flores_code


@pytest.mark.parametrize(
    ("code", "own"),
    [("deu_Latn", "deu_Latn"), ("est_Latn", "ekk_Latn"), ("zho_Hans", "cmn_Hani"), ("pes_Arab", "fas_Arab")],
)
def test_renamed_codes_and_macrolanguages_are_found(code: str, own: str):
    assert model().knows(language(code))
    assert own in model().labels_of(language(code))


def test_a_language_that_lid176_lacks_is_known_to_another_model():
    zulu = language("zul_Latn")
    assert not load_lid().knows(zulu)
    assert model().knows(zulu)
    assert not model().knows(language("xho_Latn"))


def test_languages_that_are_confused_count_together():
    assert "ltz_Latn" in model().labels_of(language("deu_Latn"))


def test_albanian_is_never_alemannic():
    assert "als" not in load_lid().labels_of(language("als_Latn"))


@pytest.mark.parametrize(("label", "mass"), [("deu_Latn", 0.9), ("ltz_Latn", 0.05), ("zul_Latn", 0.0)])
def test_a_scorer_weighs_its_labels_against_the_strongest_rival(monkeypatch, label: str, mass: float):
    monkeypatch.setattr("glotmill.filters.scorers.language_id.load_lid", lambda path: model(label))
    pair = {"target": "ein roter Ball liegt auf der Wiese", "lang": "deu_Latn"}
    columns = LanguageIdScorer(Path("model.bin")).score(pa.Table.from_pylist([pair], schema=PAIR_SCHEMA))
    assert columns["mass"][0].as_py() == pytest.approx(mass, abs=1e-3)
    assert columns["english"][0].as_py() == pytest.approx(0.1)


def test_a_file_that_is_missing_or_no_model_is_one_line(tmp_path: Path):
    with pytest.raises(InputError, match="no file"):
        load_lid(tmp_path / "lid.bin")
    (tmp_path / "text.bin").write_text("hello")
    with pytest.raises(InputError, match="not a fastText model"):
        load_lid(tmp_path / "text.bin")
