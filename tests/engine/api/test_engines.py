"""Lists of output tokens and tuning from Python: what the commands do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import glotmill
from glotmill.engine.commands import tune


def test_a_list_is_written_for_each_language(tmp_path: Path):
    made = glotmill.make_vocabulary("embedded", ["deu_Latn", "fra_Latn"], tmp_path / "{lang}.tokens")
    assert [one.path for one in made] == [tmp_path / "deu_Latn.tokens", tmp_path / "fra_Latn.tokens"]
    assert all(0 < one.tokens <= one.of == 5006 for one in made)
    assert len((tmp_path / "deu_Latn.tokens").read_text().splitlines()) >= made[0].tokens
    (tmp_path / "text.txt").write_text("Ein Hund läuft.\n")
    [other] = glotmill.make_vocabulary(
        "embedded", "deu_Latn", str(tmp_path / "o"), text=tmp_path / "text.txt", check=tmp_path / "text.txt"
    )
    assert other.tokens < made[0].tokens
    assert other.sentences_covered == 1


def test_the_fastest_settings_are_those_of_the_best_trial(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tune, "make_samples", lambda *_: SimpleNamespace(files=[]))
    monkeypatch.setattr(tune, "_texts", lambda _job, _files, count: {"target_lang": ["deu_Latn"] * count})
    monkeypatch.setattr(tune, "BATCH_TOKENS", (512, 2048))
    monkeypatch.setattr(tune, "COMPUTE_TYPES", {"cpu": ("int8_float32",)})

    def tried(section, _rows, _seconds) -> tune.Trial:
        settings = {name: getattr(section, name) for name in ("compute_type", "batch_tokens", "threads")}
        return tune.Trial(settings, 100 if section.batch_tokens == 512 else 10, 1.0, 1)

    monkeypatch.setattr(tune, "_tried", tried)
    found = glotmill.tune("quickstart", seconds=0.1)
    assert found.lang == "deu_Latn"
    assert found.best.settings["batch_tokens"] == 512
    assert "512" in found._repr_html_()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: glotmill.make_vocabulary("embedded", [], "x"), r"langs \[\]: expected a FLORES-200 code"),
        (lambda: glotmill.make_vocabulary("embedded", ["deu_Latn", "fra_Latn"], "x"), r"--out x: expected \{lang\}"),
        (lambda: glotmill.make_vocabulary("embedded", "xyz", "x"), "xyz"),
        (lambda: glotmill.tune("quickstart", segments=3), "segments 3: expected a whole number from 16"),
        (lambda: glotmill.tune("quickstart", segments=10**7), "segments 10,000,000: expected at most"),
        (lambda: glotmill.tune("quickstart", seconds=float("nan")), "seconds nan: expected a number from 0.1"),
        (lambda: glotmill.tune("quickstart", limit=0), "limit 0: expected a whole number from 1"),
        (lambda: glotmill.tune("quickstart", overrides={"translate": {"engine": "fake"}}), "has no settings to try"),
    ],
)
def test_a_value_that_is_not_usable_is_one_clear_error(
    call: Callable[[], object], message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(glotmill.InputError, match=message):
        call()
    assert list(tmp_path.iterdir()) == []
