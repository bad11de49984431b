"""What is known of a model on CTranslate2 before it is loaded, with the embedded one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from glotmill.engine.embedded import MODEL_DIR
from glotmill.engine.translators import resolve_translator
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.schemas.errors import InputError


def spec(**settings):
    return resolve_translator(NllbTranslate(engine="nllb", device="cpu", **settings))


def test_the_languages_are_those_of_the_models_own_vocabulary():
    assert spec().languages == {"eng_Latn", "deu_Latn", "fra_Latn", "ces_Latn"}


def test_the_fingerprint_holds_what_decides_a_translation_and_nothing_else():
    base = spec().fingerprint
    assert spec(threads=2, batch_tokens=64, unit_tokens=64, actors_per_gpu=2).fingerprint == base
    changed = [{"beam_size": 1}, {"length_penalty": 0.5}, {"compute_type": "float32"}, {"max_decoding_tokens": 9}]
    assert len({base, *(spec(**change).fingerprint for change in changed)}) == 5


def test_int8_is_recorded_as_what_it_really_is():
    assert spec(compute_type="int8").identity["compute_type"] == "int8_float32"
    assert spec(compute_type="int8").fingerprint == spec(compute_type="int8_float32").fingerprint


def test_a_folder_that_is_no_converted_model_is_refused_with_what_is_missing(tmp_path: Path):
    shutil.copy(MODEL_DIR / "config.json", tmp_path)
    with pytest.raises(InputError, match=r"model\.bin"):
        spec(model=str(tmp_path))


def test_a_converted_folder_is_the_same_model_under_its_own_name(tmp_path: Path):
    folder = tmp_path / "mine"
    shutil.copytree(MODEL_DIR, folder)
    assert spec(model=str(folder)).fingerprint == spec().fingerprint
    assert spec(model=str(folder)).model.startswith("local@sha256:")


def test_a_code_that_the_vocabulary_lacks_is_not_among_the_languages(tmp_path: Path):
    folder = tmp_path / "mine"
    shutil.copytree(MODEL_DIR, folder)
    path = folder / "shared_vocabulary.json"
    tokens = ["fra_Xxxx" if token == "fra_Latn" else token for token in json.loads(path.read_text(encoding="utf-8"))]
    path.write_text(json.dumps(tokens), encoding="utf-8")
    assert "fra_Latn" not in spec(model=str(folder)).languages


def with_tokens(folder: Path, *more: str) -> str:
    """A copy of the embedded model whose vocabulary lists more tokens."""
    shutil.copytree(MODEL_DIR, folder)
    path = folder / "shared_vocabulary.json"
    path.write_text(json.dumps([*json.loads(path.read_text(encoding="utf-8")), *more]), encoding="utf-8")
    return str(folder)


def test_a_vocabulary_with_more_tokens_than_its_model_is_refused(tmp_path: Path):
    assert spec(model=with_tokens(tmp_path / "same")).languages
    with pytest.raises(InputError, match=r"lists 5,0\d\d tokens, but model\.bin beside it has 5,0\d\d; .* convert"):
        spec(model=with_tokens(tmp_path / "longer", "fra_Xxxx"))


def test_a_model_of_a_format_that_is_not_known_here_is_left_to_the_engine(tmp_path: Path):
    folder = Path(with_tokens(tmp_path / "older", "fra_Xxxx"))
    data = (folder / "model.bin").read_bytes()
    (folder / "model.bin").write_bytes(b"\x05" + data[1:])
    assert spec(model=str(folder)).languages
