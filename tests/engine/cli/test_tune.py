"""``glotmill tune`` names settings that a recipe takes, and keeps nothing."""

from __future__ import annotations

import json

import yaml

ROWS = [
    {"id": f"c{n}", "task": "caption", "image": f"{n}.jpg", "caption": f"A dog runs in {n} parks."} for n in range(40)
]


def recipe(tmp_path, engine):
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    source = {"format": "jsonl", "path": "rows.jsonl", "license": "cc0-1.0"}
    content = {
        "name": "small",
        "sources": {"small": source},
        "languages": ["deu_Latn", "fra_Latn"],
        "translate": engine,
    }
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(content))
    return "recipe.yaml"


def test_the_fastest_of_the_trials_is_printed_as_keys_of_a_recipe(glotmill, tmp_path):
    path = recipe(tmp_path, {"engine": "nllb", "model": "embedded", "beam_size": 1, "unit_tokens": 2048})
    before = sorted(tmp_path.rglob("*"))
    code, out, err = glotmill("tune", path, "--segments", 16, "--seconds", 0.1, "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["trials"][0]["settings"]["batch_tokens"] == 2048
    rates = {json.dumps(trial["settings"]): trial["segments_per_second"] for trial in found["trials"]}
    assert len(rates) == len(found["trials"]) >= 3
    assert rates[json.dumps(found["best"])] == max(rates.values())
    assert all(0 < trial["segments"] <= 16 for trial in found["trials"])
    assert found["gain"] >= 1
    assert sorted(tmp_path.rglob("*")) == before
    sets = [f"translate.{key}={value}" for key, value in found["best"].items()]
    code, _, err = glotmill("plan", path, *(word for text in sets for word in ("--set", text)), "--json")
    assert code == 3, err


def test_an_engine_that_computes_nothing_here_is_one_line(refuses, tmp_path):
    assert "has no settings to try here" in refuses("tune", recipe(tmp_path, {"engine": "fake"}))
