"""The lists that ship can be made again, and a run that was interrupted goes on."""

from __future__ import annotations

import gzip
import json
import sys

import pytest

from benchmarks import fit_vocabularies
from glotmill.engine.embedded import MODEL_DIR
from glotmill.engine.translators.shared.vocabulary_lists import model_tokens, read_list

CAPTIONS = ["A dog runs on the grass.", "A man sits at a table.", "Two cats sleep.", "A red bus is near the water."]


@pytest.fixture
def command(tmp_path, monkeypatch):
    for name in ("multi30k", "xgqa/en", "coco"):
        (tmp_path / name).mkdir(parents=True)
    for split, text in (("train", "A woman reads.\nA boy swims."), ("test_2016_flickr", "A horse stands.")):
        for lang in ("en", "de", "fr", "cs"):
            (tmp_path / f"multi30k/{split}.{lang}.gz").write_bytes(gzip.compress(text.encode()))
    for split, question in (("train_48", "Is the car red?"), ("dev", "What is on the table?")):
        content = {"1": {"question": question, "answer": "yes"}}
        (tmp_path / f"xgqa/en/{split}.json").write_text(json.dumps(content))
    (tmp_path / "coco/captions_val2017.json").write_text(
        json.dumps({"annotations": [{"caption": text} for text in CAPTIONS]})
    )
    monkeypatch.setattr(fit_vocabularies, "CHUNK", 3)
    arguments = ["--data", str(tmp_path), "--scratch", str(tmp_path / "scratch"), "--out", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", ["fit_vocabularies", *arguments])
    return fit_vocabularies.main


def test_each_language_gets_a_list_and_what_it_changed_in_its_check(command, tmp_path, monkeypatch):
    command()
    found = json.loads((tmp_path / "out/checked.json").read_text())
    assert set(found["by_language_and_beams"]) == {"deu_Latn", "fra_Latn", "ces_Latn", "eng_Latn"}
    for lang, by_beams in found["by_language_and_beams"].items():
        made = read_list(model_tokens(MODEL_DIR), lang, tmp_path / f"out/{lang}.tokens")
        assert 0 < made.tokens < made.size
        assert 0 <= by_beams["1"]["changed"] <= by_beams["1"]["changed_at_most"]
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    monkeypatch.setattr(fit_vocabularies.Translator, "hypotheses", None)  # everything is saved
    command()
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
