"""``glotmill memory``: what people type to look into, tidy and correct a memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def built(glotmill, recipe_file, tmp_path: Path) -> Path:
    """A memory with the translations of a small build."""
    assert glotmill("build", recipe_file(), "--memory", "memory")[0] == 0
    return tmp_path / "memory"


def test_stats_name_directions_engines_and_files(glotmill, built: Path):
    code, out, _ = glotmill("memory", "stats", "--memory", "memory")
    assert code == 0
    for word in (
        "eng_Latn",
        "deu_Latn German",
        "translations: ",
        "corrections: 0 rows",
        "scores: 0 rows",
        "translator ",
    ):
        assert word in out
    told = json.loads(glotmill("memory", "stats", "--memory", "memory", "--json")[1])
    assert {row["target_lang"] for row in told["directions"]} == {"deu_Latn", "swh_Latn", "eng_Latn"}
    assert told["stores"]["translations"]["rows"] == sum(told["translators"].values())


def test_the_default_memory_is_that_of_the_working_directory(glotmill, recipe_file):
    assert glotmill("build", recipe_file(memory=None))[0] == 0
    assert "deu_Latn" in glotmill("memory", "stats")[1]


def test_compact_makes_one_file_and_a_build_still_finds_everything(glotmill, recipe_file, built: Path):
    code, out, _ = glotmill("memory", "compact", "--memory", "memory", "--json")
    assert code == 0
    assert json.loads(out)["files_after"] == 1 < json.loads(out)["files_before"]
    summary = json.loads(glotmill("build", recipe_file(), "--memory", "memory", "--json")[1].splitlines()[-1])
    assert summary["segments"]["translated"] == 0


def test_verify_finds_nothing_in_a_sound_memory_and_names_a_damaged_file(glotmill, built: Path):
    code, out, _ = glotmill("memory", "verify", "--memory", "memory")
    assert code == 0
    assert "rows checked" in out
    damaged = built / "translations/00000001.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-9])
    code, out, err = glotmill("memory", "verify", "--memory", "memory", "--json")
    assert code == 1
    assert json.loads(out)["problems"][0].startswith(str(damaged))
    assert "1 problems in the memory" in err


def test_a_file_goes_out_is_corrected_and_comes_back(glotmill, recipe_file, built: Path, tmp_path: Path):
    code, out, _ = glotmill(
        "memory", "export", "--format", "tmx", "--lang", "deu_Latn", "--to", "x.tmx", "--memory", built
    )
    assert (code, "units written to x.tmx" in out) == (0, True)
    path = tmp_path / "x.tmx"
    path.write_text(path.read_text().replace("umbrellaˈdeu", "Regenschirm"))
    told = json.loads(glotmill("memory", "import", "x.tmx", "--memory", "memory", "--json")[1])
    assert told["units"] == told["corrected"] + told["unchanged"] + sum(told["rejected"].values())
    assert told["corrected"] == 1
    assert "0 corrections" in glotmill("memory", "import", "x.tmx", "--memory", "memory")[1]
    assert glotmill("build", recipe_file(), "--memory", "memory")[0] == 0
    assert b"Regenschirm" in b"".join(p.read_bytes() for p in built.glob("corrections/*.parquet"))


@pytest.mark.parametrize("verb", [["stats"], ["compact"], ["verify"], ["export", "--to", "x.tmx"]])
@pytest.mark.parametrize("place", ["nowhere", "file"])
def test_a_memory_that_is_not_there_is_refused(refuses, tmp_path: Path, verb: list[str], place: str):
    (tmp_path / "file").write_text("x")
    assert f"--memory {tmp_path / place}" in refuses("memory", *verb, "--memory", place) or place == "file"


@pytest.mark.parametrize(("content", "word"), [(None, "No such file"), ("nonsense", "TMX"), ("<html/>", "TMX")])
def test_a_file_that_cannot_be_imported_is_refused_and_nothing_is_written(refuses, tmp_path: Path, content, word: str):
    if content:
        (tmp_path / "x.tmx").write_text(content)
    assert word in refuses("memory", "import", "x.tmx", "--memory", "memory")


def test_an_unknown_language_or_storage_is_refused(refuses, built: Path):
    assert "deu_Latn" in refuses("memory", "export", "--lang", "deu_Latin", "--to", "x.tmx", "--memory", "memory")
    assert "nosuch://x" in refuses("memory", "stats", "--memory", "nosuch://x")


@pytest.mark.parametrize("verb", ["stats", "compact", "verify", "export", "import"])
def test_every_verb_has_an_example(glotmill, verb: str):
    assert f"Example: glotmill memory {verb}" in " ".join(glotmill("memory", verb, "--help")[1].split())


@pytest.mark.parametrize("verb", ["build", "plan", "preview"])
def test_every_command_takes_the_url_of_a_memory_as_it_is(refuses, recipe_file, verb: str):
    assert "nosuch://bucket/memory:" in refuses(verb, recipe_file(), "--memory", "nosuch://bucket/memory")
