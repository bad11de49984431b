"""Published datasets as their users meet them: by the command, through `datasets`, from a Hub that is not theirs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.hub import StandInHub

# Opens a published dataset as its users do and prints what it found. `datasets` reads its endpoint when it is imported.
OPEN = """
import json, sys
from datasets import load_dataset
found = {}
for config in sys.argv[2:]:
    loaded = load_dataset(sys.argv[1], config, split="train", revision="v1")
    streamed = load_dataset(sys.argv[1], config, split="train", streaming=True)
    rows = list(streamed)
    found[config] = {"rows": len(loaded), "streamed": len(rows), "kept": sum(row["keep"] for row in rows),
                     "same": loaded.features == streamed.features, "mt": sum(row["mt"] is not None for row in rows)}
try:
    load_dataset(sys.argv[1], "default", token=False, cache_dir="nobody")
except Exception as error:
    found["nobody"] = type(error).__name__
print(json.dumps(found))
"""


@pytest.fixture
def hub() -> Iterator[StandInHub]:
    with StandInHub() as server:
        yield server


@pytest.fixture
def python(hub: StandInHub, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs Python with the Hub's address and token in its environment."""

    def go(*args: str, **environment: str) -> subprocess.CompletedProcess[str]:
        settings = {
            "HF_ENDPOINT": hub.url, "HF_TOKEN": hub.token, "HF_HOME": str(tmp_path / "home"),
            "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", **environment,
        }  # fmt: skip
        kept = {key: value for key, value in (os.environ | settings).items() if value}
        kept["PYTHONPATH"] = str(ROOT)
        return subprocess.run(
            [sys.executable, *args], env=kept, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return go


def asked(result: subprocess.CompletedProcess[str]) -> Any:
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_command_publishes_privately_and_every_config_loads_with_the_cards_counts(
    recipe_file, run, hub: StandInHub, python, tmp_path: Path
):
    """English rows have no translation and no scores: their columns are null throughout, beside languages that have."""
    summary = run(
        recipe_file(
            languages=["eng_Latn", "deu_Latn", "swh_Latn"], pack={"shard_rows": 16, "row_group_rows": 8},
            translate={"engine": "fake", "fault": "empty", "fault_every": 5}, max_failed=1,
        )
    )  # fmt: skip
    command = ["-m", "glotmill", "publish", "out", "--to", "hf://datasets/org/set", "--tag", "v1", "--json"]
    published = python(*command)
    outcome = asked(published)
    assert outcome["committed"]
    assert hub.repository("org/set").private

    configs = [name for lang in summary.languages for name in (lang, f"{lang}_all")]
    found = asked(python("-c", OPEN, "org/set", "default", *configs))
    nobody = found.pop("nobody")
    kept = {lang: count.kept for lang, count in summary.languages.items()}
    for lang, count in summary.languages.items():
        assert found[lang]["rows"] == found[lang]["streamed"] == found[lang]["kept"] == count.kept > 0
        assert found[f"{lang}_all"]["rows"] == found[f"{lang}_all"]["streamed"] == count.rows
        assert found[f"{lang}_all"]["kept"] == count.kept
    assert found["default"]["rows"] == sum(kept.values())
    assert all(config["same"] for config in found.values())
    assert (found["eng_Latn_all"]["mt"], found["deu_Latn"]["mt"]) == (0, kept["deu_Latn"])

    assert nobody in ("DatasetNotFoundError", "RepositoryNotFoundError")
    texts = [published.stdout, published.stderr, " ".join(published.args)]
    texts += [path.read_bytes().decode("latin-1") for path in (tmp_path / "out").rglob("*") if path.is_file()]
    texts += [path + body.decode("latin-1") for _, path, body in hub.requests]
    assert [text for text in texts if hub.token in text] == []
