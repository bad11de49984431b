from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from glotmill.engine.embedded import MODEL_DIR
from glotmill.engine.translators import resolve_translator
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.translators.shared import model_files
from glotmill.engine.translators.shared.model_files import FILES, convert_folder, find_model, verify_files
from glotmill.schemas.errors import InputError, TranslatorError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class CopyingConverter:
    """Stands for CTranslate2's converter: copies the embedded model, or dies half-way."""

    fail = False

    def __init__(self, source: str) -> None:
        self.source = source

    def convert(self, target: str, quantization: str) -> None:
        Path(target).mkdir()
        for name in FILES[:2]:
            (Path(target) / name).write_bytes((MODEL_DIR / name).read_bytes())
        if self.fail:
            raise KeyboardInterrupt
        (Path(target) / FILES[3]).write_bytes((MODEL_DIR / FILES[3]).read_bytes())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLOTMILL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_embedded_model_names_its_non_commercial_license():
    assert find_model(NllbTranslate(engine="nllb")).license == "cc-by-nc-sa-4.0"


def test_a_killed_conversion_leaves_nothing_that_looks_finished(cache: Path, monkeypatch: pytest.MonkeyPatch):
    target = cache / "models" / "m"
    monkeypatch.setattr(CopyingConverter, "fail", True)
    with pytest.raises(KeyboardInterrupt):
        convert_folder(MODEL_DIR, target, "cc-by-nc-4.0", CopyingConverter)
    assert not target.exists()
    monkeypatch.setattr(CopyingConverter, "fail", False)
    convert_folder(MODEL_DIR, target, "cc-by-nc-4.0", CopyingConverter)
    assert {path.name for path in target.iterdir()} == {*FILES, "LICENSE_ID"}


def test_a_hub_model_in_the_cache_needs_no_network(cache: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    target = model_files._cached("org/nllb", COMMIT)
    convert_folder(MODEL_DIR, target, "cc-by-nc-4.0", CopyingConverter)
    found = find_model(NllbTranslate(engine="nllb", model="org/nllb", revision=COMMIT))
    assert (found.folder, found.name, found.license) == (target, f"org/nllb@{COMMIT}", "cc-by-nc-4.0")


def test_a_missing_converter_is_an_error_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(model_files, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'glotmill\[convert\]'"):
        model_files.require_converter("org/nllb")


def test_a_word_that_is_neither_model_folder_nor_hub_id_is_refused(cache: Path):
    with pytest.raises(InputError, match="embeded"):
        find_model(NllbTranslate(engine="nllb", model="embeded model"))


@pytest.mark.parametrize(
    ("change", "word"), [(lambda p: p.unlink(), "not on this node"), (lambda p: p.write_bytes(b"x"), "another file")]
)
def test_a_node_with_another_model_is_refused(tmp_path: Path, change, word: str):
    folder = tmp_path / "model"
    shutil.copytree(MODEL_DIR, folder)
    spec = resolve_translator(NllbTranslate(engine="nllb", model=str(folder)))
    verify_files(spec)
    change(folder / "shared_vocabulary.json")
    with pytest.raises(TranslatorError, match=word):
        verify_files(spec)
