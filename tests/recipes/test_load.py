from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.sources import open_source
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.recipes.load import built_in_recipes
from glotmill.schemas.errors import InputError
from glotmill.schemas.sample_checks import check

GOOD: dict[str, Any] = {
    "name": "good",
    "sources": {"s": {"format": "jsonl", "path": "s.jsonl", "license": "mit"}},
    "languages": ["deu_Latn"],
    "translate": {"engine": "fake"},
}


@pytest.fixture
def write(tmp_path: Path):
    def go(content: Any) -> str:
        path = tmp_path / "recipe.yaml"
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
        return str(path)

    return go


@pytest.mark.parametrize("name", ["quickstart", "coco_captions", "gqa"])
def test_every_built_in_recipe_loads_by_name(name: str):
    assert load_recipe(name).name == name
    assert name in built_in_recipes()


def test_the_quickstart_data_is_what_the_readme_says_and_sound():
    reader = open_source("everyday", load_recipe("quickstart").sources["everyday"])
    samples = [reader.sample(raw) for _, raw in reader.rows()]
    for sample in samples:
        check(sample)
    tasks = [sample.task for sample in samples]
    assert (tasks.count("caption"), tasks.count("vqa_open")) == (340, 220)
    assert len({sample.row_id for sample in samples}) == 560


def test_paths_are_relative_to_the_recipe_and_overrides_to_the_working_directory(write, tmp_path: Path, monkeypatch):
    monkeypatch.chdir("/")
    recipe = load_recipe(write(GOOD))
    assert recipe.sources["s"].path == tmp_path / "s.jsonl"
    over = load_recipe(write(GOOD), ["sources.s.path=other.jsonl", "memory=mem"])
    assert over.sources["s"].path == Path("/other.jsonl")
    assert over.memory == "/mem"
    assert load_recipe(write(GOOD), ["memory=s3://bucket/mem"]).memory == "s3://bucket/mem"


def test_a_model_is_a_folder_only_where_it_is_written_as_a_path(write, tmp_path: Path):
    folder = load_recipe(write({**GOOD, "translate": {"engine": "nllb", "model": "./m"}})).translate
    hub = load_recipe(write({**GOOD, "translate": {"engine": "nllb", "model": "org/m"}})).translate
    assert isinstance(folder, NllbTranslate)
    assert isinstance(hub, NllbTranslate)
    assert folder.model == str(tmp_path / "m")
    assert hub.model == "org/m"


def test_overrides_are_yaml_and_reach_any_key(write):
    recipe = load_recipe(write(GOOD), ["languages=[fra_Latn, ces_Latn]", "filter.round_trip.min_chrf=12", "limit=3"])
    assert recipe.languages == ("fra_Latn", "ces_Latn")
    assert recipe.filter == {"round_trip": {"min_chrf": 12.0}}
    assert recipe.limit == 3


def test_off_and_no_are_words_and_only_true_and_false_are_booleans(write):
    text = yaml.safe_dump(GOOD).replace("engine: fake", "engine: fake\n  batch_sensitive: true")
    content = text + "filter: {round_trip: {chrf: {action: off}}}\n"
    recipe = load_recipe(write(content), ["name=no", "description=falsehood"])
    assert recipe.filter == {"round_trip": {"chrf": {"action": "off"}}}
    assert (recipe.name, recipe.description) == ("no", "falsehood")
    assert recipe.translate.batch_sensitive is True


def changed(path: str, value: Any) -> dict[str, Any]:
    content = yaml.safe_load(yaml.safe_dump(GOOD))
    *parents, last = path.split(".")
    inner = content
    for part in parents:
        inner = inner.setdefault(part, {})
    inner[last] = value
    return content


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("langauges", [], r"unknown key 'langauges'; did you mean 'languages'\?"),
        ("sources.s.pth", "x", r"sources\.s: unknown key 'pth'; did you mean 'path'\?"),
        ("sources.s.format", "coco", r"sources\.s: unknown format 'coco', expected one of .*coco_captions"),
        ("sources.s.split", "val-2017", r"sources\.s\.split: .*'val-2017'"),
        ("sources.s.license", "", r"sources\.s\.license: "),
        ("sources", {}, "sources: "),
        ("sources", {"rejected": GOOD["sources"]["s"]}, "sources: a source cannot be called 'rejected'"),
        ("sources", {"../s": GOOD["sources"]["s"]}, r"sources\.\.\./s.*pattern"),
        ("sources.s", {"path": "x"}, r"sources\.s: required key .*format.* is missing"),
        ("sources.s", {"format": "jsonl", "license": "mit"}, r"sources\.s\.path: required key is missing"),
        ("languages", [], "languages: "),
        ("languages", ["german"], "languages: unknown language code 'german'.*deu_Latn"),
        ("languages", ["deu_Latn", "deu_Latn"], "languages: deu_Latn named twice"),
        ("languages", "deu_Latn", "languages: .*'deu_Latn'"),
        ("translate.engine", "nlb", "translate: unknown engine 'nlb', expected one of .*nllb"),
        ("translate.beam", 3, r"translate: unknown key 'beam'"),
        ("translate", {"engine": "nllb", "beam_size": 0}, r"translate\.beam_size: .*found 0"),
        ("translate", {"engine": "nllb", "beam_size": "4"}, r"translate\.beam_size: .*found '4'"),
        ("translate", {"engine": "nllb", "retry": {"beams": 4}}, r"translate\.retry: unknown key 'beams'"),
        ("answers.policy", "targt", r"answers\.policy: .*'targt'"),
        ("workers", -1, "workers: .*-1"),
        ("max_failed", 2, "max_failed: .*2"),
        ("name", "a b", "name: .*'a b'"),
    ],
)
def test_what_is_wrong_is_one_line_with_the_key_and_the_word(write, path: str, value: Any, message: str):
    with pytest.raises(InputError, match=message) as caught:
        load_recipe(write(changed(path, value)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name: !!python/object/apply:os.system [echo]", "Python objects are refused"),
        ("name: !!python/name:os.system", "Python objects are refused"),
        ("name: [1", r"not usable YAML: .*line 1"),
        ("- a\n- b", "expected a mapping of keys, found list"),
        ("", "expected a mapping of keys, found NoneType"),
        ("name: a\nname: b", r"duplicate key 'name' \(line 2"),
        ("name: \x01", "not readable as YAML"),
    ],
)
def test_what_is_no_plain_yaml_mapping_is_refused_in_one_line(write, content: str, message: str):
    with pytest.raises(InputError, match=message) as caught:
        load_recipe(write(content))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("limit", "expected key.key=value"),
        ("=3", "expected key.key=value"),
        ("a..b=3", "expected key.key=value"),
        ("name.x=3", "name is a str, not a mapping"),
        ("limit=[1", "the value is not YAML"),
        ("limit=!!python/name:os.system", "the value is not YAML"),
        ("limt=3", "did you mean 'limit'"),
    ],
)
def test_a_bad_override_is_refused_in_one_line(write, item: str, message: str):
    with pytest.raises(InputError, match=message) as caught:
        load_recipe(write(GOOD), [item])
    assert "\n" not in str(caught.value)


def test_an_unknown_recipe_names_the_nearest_built_in_one():
    with pytest.raises(InputError, match=r"'quickstrt'.*quickstart"):
        load_recipe("quickstrt")


def test_a_lock_names_a_model_folder_by_its_base_name(write, tmp_path: Path):
    lock = load_recipe(write({**GOOD, "translate": {"engine": "nllb", "model": "./some/model"}})).lock()
    assert lock["translate"]["model"] == "model"
    assert str(tmp_path) not in str(lock)


def test_a_lock_holds_no_path_width_or_place(write):
    lock = load_recipe(write(GOOD), ["workers=3", "memory=/somewhere"]).lock()
    assert not {"workers", "memory"} & set(lock)
    assert "device" not in lock["translate"]
    assert lock["sources"]["s"]["path"] == "s.jsonl"
