"""What ships with the code: the recipes, and the sentences of the demo."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.embedded import MODEL_DIR
from glotmill.engine.sources import open_source
from glotmill.recipes.load import BUILT_IN, built_in_recipes
from glotmill.schemas.sample import Sample
from glotmill.schemas.sample_checks import check

DATA = BUILT_IN / "data/quickstart.jsonl"

# A small file of each built-in recipe's format, and the key that takes it.
FILES = {
    "quickstart": ("everyday", '{"id": "1", "task": "caption", "image": "a.jpg", "caption": "A dog."}\n'),
    "coco_captions": (
        "captions",
        json.dumps({"images": [{"id": 1, "coco_url": "u"}], "annotations": [{"id": 2, "image_id": 1, "caption": "A"}]}),
    ),
    "gqa": ("questions", json.dumps({"1": {"question": "Who?", "imageId": "1", "answer": "man"}})),
}


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    reader = open_source("everyday", load_recipe("quickstart").sources["everyday"])
    return [reader.sample(raw) for _, raw in reader.rows()]


def test_every_built_in_recipe_has_a_file_here():
    """The published recipes have theirs in tests/integration/test_recipe_files.py."""
    published = {name for name, path in built_in_recipes().items() if "et al." in path.read_text(encoding="utf-8")}
    assert set(FILES) == set(built_in_recipes()) - published


@pytest.mark.parametrize("name", FILES)
def test_a_built_in_recipe_reads_a_file_that_the_user_gives(tmp_path: Path, name: str):
    source, content = FILES[name]
    (tmp_path / "given").write_text(content)
    recipe = load_recipe(name, [f"sources.{source}.path={tmp_path / 'given'}"])
    assert list(recipe.sources) == [source]
    reader = open_source(source, recipe.sources[source])
    ((_, raw),) = reader.rows()
    check(reader.sample(raw))


@pytest.mark.parametrize("name", FILES)
def test_a_built_in_recipe_asks_only_for_languages_that_the_embedded_model_has(name: str):
    tokens = json.loads((MODEL_DIR / "shared_vocabulary.json").read_text(encoding="utf-8"))
    recipe = load_recipe(name)
    assert recipe.translate.model == "embedded"
    assert set(recipe.languages) <= set(tokens)


def test_every_line_of_the_demo_is_a_sound_sample_with_an_id_of_its_own(samples: list[Sample]):
    for sample in samples:
        check(sample)
    assert len({sample.row_id for sample in samples}) == len(samples) == len(DATA.read_text().splitlines())


def test_the_demo_has_captions_and_questions(samples: list[Sample]):
    tasks = [sample.task for sample in samples]
    assert tasks.count("caption") >= 300
    assert tasks.count("vqa_open") >= 150


def test_every_sample_of_the_demo_has_an_image_and_no_text_twice(samples: list[Sample]):
    assert all(len(sample.images) == 1 for sample in samples)
    assert len({(sample.images, sample.messages) for sample in samples}) == len(samples)
    captions = [sample.messages[1][1] for sample in samples if sample.task == "caption"]
    assert len(set(captions)) == len(captions)


def test_questions_of_the_demo_ask_and_captions_end(samples: list[Sample]):
    for sample in samples:
        text = sample.messages[0][1] if sample.task == "vqa_open" else sample.messages[1][1]
        assert text.endswith("?" if sample.task == "vqa_open" else "."), sample.row_id
        assert text == text.strip()
