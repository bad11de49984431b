from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.schemas.errors import InputError


@pytest.fixture
def base(tmp_path: Path) -> Path:
    content = {
        "name": "base", "languages": ["deu_Latn", "fra_Latn"], "templates": {},
        "sources": {
            "one": {"format": "jsonl", "path": "data/one.jsonl", "license": "mit"},
            "two": {"format": "coco_captions", "path": "two.json"},
        },
        "derive": {"vqg": {"kind": "vqg", "sources": ["one"], "seed": 3}},
        "translate": {"engine": "nllb", "model": "./model", "beam_size": 2},
        "filter": {"round_trip": {"min_chrf": 30}, "language_id": {"min_mass": 0.1}},
    }  # fmt: skip
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "base.yaml").write_text(yaml.safe_dump(content))
    return folder / "base.yaml"


def child(tmp_path: Path, **content) -> str:
    path = tmp_path / "child.yaml"
    path.write_text(yaml.safe_dump({"extends": "base/base.yaml", **content}))
    return str(path)


def test_mappings_are_merged_and_the_rest_is_replaced(base: Path, tmp_path: Path):
    recipe = load_recipe(child(tmp_path, name="child", languages=["ces_Latn"], filter={"round_trip": {"min_chrf": 20}}))
    assert (recipe.name, recipe.languages) == ("child", ("ces_Latn",))
    assert recipe.filter == {"round_trip": {"min_chrf": 20}, "language_id": {"min_mass": 0.1}}
    assert recipe.translate.beam_size == 2


def test_paths_stay_relative_to_the_file_that_wrote_them(base: Path, tmp_path: Path):
    recipe = load_recipe(
        child(tmp_path, sources={"three": {"format": "jsonl", "path": "three.jsonl", "license": "mit"}})
    )
    assert recipe.sources["one"].path == base.parent / "data/one.jsonl"
    assert recipe.sources["three"].path == tmp_path / "three.jsonl"
    assert recipe.translate.model == str(base.parent / "model")


@pytest.mark.parametrize(
    ("section", "where"),
    [
        ({"translate": {"engine": "openai", "model": "m", "prompts": "in/base.yaml"}}, ("translate", "prompts")),
        (
            {"translate": {"engine": "vllm", "model": "m", "chat_template": "in/base.jinja"}},
            ("translate", "chat_template"),
        ),
        ({"routing": {"second": {"engine": "nllb", "model": "./in/base"}}}, ("routing", "second", "model")),
        ({"score": {"llm_judge": {"engine": "vllm", "model": "./in/base"}}}, ("score", "llm_judge", "model")),
        ({"answers": {"table": "in/base.tsv"}}, ("answers", "table")),
        ({"memory": "in/base"}, ("memory",)),
    ],
)
def test_every_key_that_is_a_path_by_its_type_stays_where_it_was_written(
    base: Path, tmp_path: Path, section: dict[str, Any], where: tuple[str, ...]
):
    base.write_text(yaml.safe_dump(yaml.safe_load(base.read_text()) | section))
    found: Any = load_recipe(child(tmp_path))
    for key in where:
        found = getattr(found, key)
    assert Path(found).parent == base.parent / "in"


def test_a_path_in_an_override_is_relative_to_the_working_directory(base: Path, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    override = "routing.second={engine: nllb, model: ./here}"
    recipe = load_recipe(child(tmp_path), (override, "sources.one.path=one.jsonl"))
    assert recipe.routing.second.model == str(tmp_path / "here")
    assert recipe.sources["one"].path == tmp_path / "one.jsonl"


def test_keys_of_any_type_hold_plain_texts(base: Path, tmp_path: Path):
    translate = {"engine": "openai", "model": "m", "extra": {"a": ["b", {"c": "d"}]}}
    extra = load_recipe(child(tmp_path, translate=translate)).translate.extra
    assert (type(extra["a"][0]), type(extra["a"][1]["c"])) == (str, str)


def test_a_source_given_as_null_is_taken_away(base: Path, tmp_path: Path):
    assert list(load_recipe(child(tmp_path, sources={"two": None})).sources) == ["one"]
    assert not load_recipe(child(tmp_path, derive={"vqg": None})).derive


def test_the_recipe_of_the_documentation_is_one(tmp_path: Path):
    text = (Path(__file__).resolve().parents[2] / "docs/recipes.md").read_text(encoding="utf-8")
    path = tmp_path / "mine.yaml"
    path.write_text(text.split("```yaml\n")[1].split("```")[0])
    recipe = load_recipe(str(path))
    assert (recipe.name, list(recipe.sources), recipe.mix.by_source) == ("my_palo", ["instruct"], {})
    assert recipe.sources["instruct"].path == tmp_path / "llava_instruct_150k.json"


def test_a_thing_of_another_format_takes_nothing_over(base: Path, tmp_path: Path):
    recipe = load_recipe(
        child(tmp_path, translate={"engine": "fake"}, sources={"two": {"format": "gqa", "path": "q.json"}})
    )
    assert recipe.translate.engine == "fake"
    assert recipe.sources["two"].path == tmp_path / "q.json"


def test_a_built_in_recipe_can_be_extended_by_name(tmp_path: Path):
    path = tmp_path / "mine.yaml"
    path.write_text("extends: quickstart\nname: mine\nlanguages: [deu_Latn]\n")
    recipe = load_recipe(str(path))
    assert (recipe.name, recipe.languages) == ("mine", ("deu_Latn",))
    assert recipe.sources["everyday"].path.is_file()


def test_an_override_comes_after_what_is_extended(base: Path, tmp_path: Path):
    assert load_recipe(child(tmp_path), ["filter.round_trip.min_chrf=5"]).filter["round_trip"] == {"min_chrf": 5}


@pytest.mark.parametrize(
    ("named", "message"),
    [("none", "no recipe 'none'"), ("child.yaml", "extends this recipe in turn"), (3, "expected a recipe file")],
)
def test_what_cannot_be_extended_is_refused(tmp_path: Path, named: object, message: str):
    path = tmp_path / "child.yaml"
    path.write_text(yaml.safe_dump({"extends": named}))
    with pytest.raises(InputError, match=message):
        load_recipe(str(path))


def test_a_section_of_the_filter_given_as_null_is_taken_away(base: Path, tmp_path: Path):
    assert set(load_recipe(child(tmp_path, filter={"round_trip": None})).filter) == {"language_id"}
