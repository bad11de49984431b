"""A model of noun phrases that is not as it was released ends in one line, before anything is written."""

from __future__ import annotations

import json
from pathlib import Path

from glotmill.engine.text.noun_phrases import REPUBLISHED, VERSION
from tests.phrase_models import install


def test_a_changed_model_stops_a_build_before_it_writes_anything(glotmill, tmp_path: Path, monkeypatch):
    site = tmp_path / "site"
    install(site, "spacy", "3.8.18")
    install(site, REPUBLISHED, VERSION, {"meta.json": "{}", f"{REPUBLISHED}-{VERSION}/config.cfg": "[changed]"})
    monkeypatch.syspath_prepend(site)
    rows = [{"id": str(i), "task": "caption", "image": f"{i}.jpg", "caption": "A dog."} for i in range(3)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = {
        "name": "small", "sources": {"s": {"format": "jsonl", "path": "rows.jsonl", "license": "mit"}},
        "languages": ["deu_Latn"], "translate": {"engine": "fake"}, "workers": 0,
        "clean": [{"step": "noun_phrases", "sources": ["s"], "model": REPUBLISHED}],
    }  # fmt: skip
    (tmp_path / "small.yaml").write_text(json.dumps(recipe))
    before = sorted(tmp_path.rglob("*"))
    for verb in ("plan", "build"):
        code, _, err = glotmill(verb, "small.yaml", "--out", "out")
        assert code == 2
        assert "is not as it was released" in err
        assert "Traceback" not in err
    assert sorted(tmp_path.rglob("*")) == before
