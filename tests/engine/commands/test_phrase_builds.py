"""Builds that balance captions by their noun phrases, with a stand-in of spaCy: every two words are a phrase."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace

import orjson
import polars as pl
import pytest

from tests.phrase_models import install

MODEL = "en_house_style"


class Pipeline:
    def __call__(self, text: str) -> SimpleNamespace:
        words = [SimpleNamespace(lower_=word.lower(), is_alpha=True, is_stop=word == "a") for word in text.split()]
        return SimpleNamespace(noun_chunks=[words[i : i + 2] for i in range(0, len(words), 2)])

    def pipe(self, texts, batch_size: int):
        return map(self, texts)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    install(folder, "spacy", "3.8.18")
    monkeypatch.syspath_prepend(folder)
    spacy = ModuleType("spacy")
    spacy.__spec__ = ModuleSpec("spacy", None)
    spacy.load = lambda name, exclude: Pipeline()
    monkeypatch.setitem(sys.modules, "spacy", spacy)
    return folder


def test_what_is_taken_out_is_listed_and_the_manifest_names_the_model(run, recipe_file, site, tmp_path):
    install(site, MODEL, "0.1", {"meta.json": "{}"})
    captions = ["a dog a cat"] * 4 + ["a dog"] * 5 + ["a unicorn"]
    rows = [{"id": f"c{i}", "task": "caption", "image": f"{i}.jpg", "caption": text} for i, text in enumerate(captions)]
    (tmp_path / "rows.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    step = {"step": "noun_phrases", "sources": ["s"], "min": 2, "max": 3, "model": MODEL}
    source = {"format": "jsonl", "path": str(tmp_path / "rows.jsonl"), "license": "mit"}
    recipe = recipe_file(sources={"s": source}, clean=[step])
    summary = run(recipe)
    assert summary.sources["s"].samples + summary.sources["s"].rejected == 10
    rejected = pl.read_parquet(tmp_path / "out" / "samples" / "rejected.parquet")
    assert set(rejected["reason"]) == {"clean.noun_phrases"}
    assert "row c9" in rejected["position"].to_list()  # the unicorn
    assert rejected.height >= 10 - 2 * 3

    def known() -> dict[str, dict[str, str]]:
        return orjson.loads((tmp_path / "out" / "dataset" / "manifest.json").read_bytes())["noun_phrases"]

    assert known() == {MODEL: {"version": "0.1", "spacy": "3.8.18"}}
    assert "clean" not in run(recipe).seconds  # nothing is new
    (site / f"{MODEL}-0.1.dist-info").rename(site / f"{MODEL}-0.2.dist-info")
    metadata = site / f"{MODEL}-0.2.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("0.1", "0.2"))
    assert "clean" in run(recipe).seconds  # another release of the model may find other phrases
    assert known() == {MODEL: {"version": "0.2", "spacy": "3.8.18"}}


def test_a_manifest_says_nothing_of_models_where_no_step_needs_one(run, recipe_file, tmp_path):
    run(recipe_file())
    assert "noun_phrases" not in orjson.loads((tmp_path / "out" / "dataset" / "manifest.json").read_bytes())
