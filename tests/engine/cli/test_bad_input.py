"""Bad input: one line that names the offending word, exit code 2, and not one byte written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml


@pytest.fixture
def source(tmp_path: Path):
    """Writes a file and gives the option that makes it the recipe's only source."""

    def go(content: Any, kind: str) -> list[str]:
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / "given.json").write_text(text, encoding="utf-8")
        return ["--set", f"sources={{given: {{format: {kind}, path: {tmp_path / 'given.json'}, license: mit}}}}"]

    return go


# --- files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", ["nowhere.yaml", ".", "quickstrt", ""])
def test_a_recipe_that_is_not_there_is_named_with_the_built_in_ones(refuses, recipe: str):
    line = refuses("build", recipe)
    assert f"'{recipe}'" in line
    assert "quickstart" in line


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("coco_captions", [], ["given.json", "COCO captions object", "list"]),
        ("coco_captions", {"images": []}, ["given.json", "'annotations'"]),
        ("coco_captions", {"annotations": []}, ["given.json", "'images'"]),
        ("coco_captions", {"images": [], "annotations": []}, ["given.json", "no usable row among 0"]),
        ("coco_captions", {"images": [], "annotations": [{"id": 1, "image_id": 5, "caption": "A dog."}]},
         ["no usable row among 1", "annotations[0]", "unknown_image"]),
        ("coco_captions", '{"images": [', ["given.json", "not JSON"]),
        ("gqa", [], ["given.json", "questions by id", "list"]),
        ("gqa", {}, ["given.json", "no usable row among 0"]),
        ("gqa", {"images": [], "annotations": []}, ["given.json", "'question'"]),
        ("gqa", {"7": {"question": "Who?"}}, ["no usable row among 1", "question 7", "missing_field.imageId"]),
        ("gqa", "\x00", ["given.json", "not JSON"]),
        ("jsonl", "", ["given.json", "no usable row among 0"]),
        ("jsonl", "\n\n", ["given.json", "no usable row among 0"]),
        ("jsonl", "id,caption\n1,A dog\n", ["no usable row among 2", "line 1", "bad_json"]),
        ("jsonl", '{"id": "1", "task": "caption", "image": "a"}\n', ["no usable row among 1", "missing_field."]),
        ("aokvqa", {}, ["given.json", "list of A-OKVQA questions", "dict"]),
        ("aokvqa", "[]", ["given.json", "no usable row among 0"]),
        ("aokvqa", '[{"question": "Who?"}, 3', ["given.json", "not JSON", "character"]),
        ("llava", [3], ["no usable row among 1", "[0]", "not_an_object"]),
        ("llava", "3", ["given.json", "LLaVA conversations", "int"]),
        ("image_text", {"a": 1}, ["given.json", "a list of objects", "dict"]),
        ("image_text", [{"caption": "A dog."}], ["no usable row among 1", "missing_field.image"]),
        ("parquet", "id,caption\n", ["given.json", "not readable as Parquet"]),
        ("lines", "", ["given.json", "no usable row among 0"]),
        ("lines", "\n\n", ["no usable row among 2", "line 1", "empty_text.caption"]),
    ],
)  # fmt: skip
def test_a_file_that_is_unreadable_as_a_whole_is_named_with_what_was_expected(
    refuses, recipe_file, source, kind: str, content: Any, words: list[str]
):
    recipe = recipe_file()
    line = refuses("build", recipe, *source(content, kind))
    assert "sources.given.path" in line
    assert [word for word in words if word not in line] == []


def test_the_keys_of_a_source_of_several_files_are_named(refuses, recipe_file, tmp_path: Path):
    recipe = recipe_file()
    (tmp_path / "q.json").write_text('{"data_subtype": "test2015", "questions": []}')

    def line(keys: str) -> str:
        return refuses("build", recipe, "--set", f"sources={{v: {{format: vqav2, {keys}}}}}")

    assert "sources.v.questions" in line("annotations: a")
    assert "--set sources.v.questions=FILE" in line(f"questions: {tmp_path}/nowhere.json")
    assert "--set sources.v.annotations=FILE" in line(f"questions: {tmp_path}/q.json, annotations: nowhere.json")
    assert "'test2015' is a test split" in line(f"questions: {tmp_path}/q.json")


@pytest.mark.parametrize(("path", "problem"), [("nowhere.jsonl", "does not exist"), (".", "is a folder")])
def test_a_source_that_is_no_file_is_named_with_the_option_that_gives_one(
    refuses, recipe_file, tmp_path: Path, path: str, problem: str
):
    recipe = recipe_file()
    line = refuses("build", recipe, "--set", f"sources.small.path={path}")
    assert f"{tmp_path / path} {problem}" in line
    assert "--set sources.small.path=FILE" in line


@pytest.mark.parametrize("options", [["--out", "a/b", "--memory", "c/d"], ["--out", "a"]])
def test_not_even_an_empty_folder_is_left(refuses, recipe_file, captions: Path, options: list[str]):
    captions.write_text("{}\n")
    assert "no usable row" in refuses("build", recipe_file(), *options)


def test_a_file_where_the_builds_folder_should_be_is_left_alone(refuses, recipe_file, tmp_path: Path):
    (tmp_path / "taken").write_text("mine")
    assert str(tmp_path / "taken") in refuses("build", recipe_file(), "--out", "taken")


def test_a_refused_build_leaves_the_dataset_that_was_there_as_it_was(glotmill, refuses, recipe_file, captions: Path):
    recipe = recipe_file()
    assert glotmill("build", recipe)[0] == 0
    refuses("build", recipe, "--set", "languages=[deu_Latin]")
    captions.write_text("{}\n")
    refuses("build", recipe)


# --- the recipe ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "words"),
    [
        # unknown keys: the nearest one is named
        ("langauges=[deu_Latn]", ["'langauges'", "'languages'"]),
        ("sources.small.lisence=mit", ["sources.small", "'lisence'", "'license'"]),
        ("translate.batch_token=64", ["translate", "'batch_token'", "'batch_tokens'"]),
        ("translate={engine: nllb, beams: 4}", ["translate", "'beams'", "'beam_size'"]),
        ("translate={engine: nllb, retry: {no_repeat_ngrams: 4}}", ["translate.retry", "'no_repeat_ngram'"]),
        ("answers.polcy=source", ["answers", "'polcy'", "'policy'"]),
        ("score.scorer=[nmt]", ["score", "'scorer'", "'scorers'"]),
        ("pack.shard_row=5", ["pack", "'shard_row'", "'shard_rows'"]),
        ("filter.round_trp.min_chrf=3", ["filter.round_trp", "'round_trip'"]),
        ("filter.round_trip.min_chfr=3", ["filter.round_trip.min_chfr", "'min_chrf'"]),
        ("filter.integrity.emtpy.action=off", ["filter.integrity.emtpy", "'empty'"]),
        # languages
        ("languages=[deu_Latin]", ["'deu_Latin'", "did you mean deu_Latn"]),
        ("languages=[German]", ["'German'", "deu_Latn"]),
        ("languages=[zh]", ["'zh'", "FLORES-200"]),
        ("languages=[deu_Latn, deu_Latn]", ["deu_Latn", "twice"]),
        ("languages=[]", ["languages"]),
        ("languages=deu_Latn", ["languages", "'deu_Latn'"]),
        ("translate={engine: nllb}", ["embedded", "swh_Latn", "ces_Latn, deu_Latn, eng_Latn, fra_Latn"]),
        # values of another type, or out of their range
        ("limit=0", ["limit", "found 0"]),
        ("limit=1.5", ["limit", "found 1.5"]),
        ("limit=ten", ["limit", "'ten'"]),
        ("limit=true", ["limit", "True"]),
        ("workers=-1", ["workers", "-1"]),
        ("max_failed=1.01", ["max_failed", "1.01"]),
        ("name=Two Words", ["name", "'Two Words'"]),
        ("name=../up", ["name", "'../up'"]),
        ("sources=[]", ["sources", "list"]),
        ("sources.small=", ["sources", "at least 1"]),
        ("sources.small.path=3", ["sources.small.path", "found 3"]),
        ("sources.small.split=val-2017", ["sources.small.split", "'val-2017'"]),
        ("sources.small.format=csv", ["sources.small", "'csv'", "jsonl"]),
        ("sources.small.fields={captoin: text}", ["sources.small.fields", "'captoin'", "'caption'"]),
        ("sources.small.fields={caption: a..b}", ["sources.small.fields.caption", "'a..b'"]),
        ("sources.small.images.chek=true", ["sources.small.images", "'chek'", "'check'"]),
        ("sources.small.images.check=true", ["sources.small", "images.folder"]),
        ("sources.small.images.id=(", ["sources.small.images.id", "not a regular expression: missing )"]),
        ("sources.small.images.id='[0-9]+'", ["sources.small.images.id", "expected a named group", "(?P<vg>"]),
        ("sources.small.images.id='(?P<n>[0-9]+)[.]png'", ["sources.small.images.id", "finds nothing", "'0.jpg'"]),
        (
            "sources.small.images={check: true, folder: nowhere}",
            ["sources.small.images.folder", "nowhere is no folder"],
        ),
        ("sources.small={format: hub, license: mit}", ["sources.small", "'repo'", "'path'"]),
        ("sources.small={format: hub, path: nowhere, license: mit}", ["sources.small.path", "nowhere does not exist"]),
        ("translate.engine=google", ["translate", "'google'", "nllb"]),
        ("translate.batch_tokens=15", ["translate.batch_tokens", "found 15"]),
        ("translate={engine: nllb, compute_type: int4}", ["translate.compute_type", "'int4'"]),
        ("translate={engine: nllb, beam_size: 65}", ["translate.beam_size", "found 65"]),
        ("answers.policy=both", ["answers.policy", "'both'"]),
        ("answers.target_share=2", ["answers.target_share", "found 2"]),
        ("score.scorers=[integrty]", ["score.scorers", "'integrty'", "integrity"]),
        ("score.scorers=[nmt, nmt]", ["score.scorers", "'nmt'", "twice"]),
        ("filter.round_trip.min_chrf=101", ["filter.round_trip.min_chrf", "0 to 100", "101"]),
        ("filter.round_trip.min_chrf=.nan", ["filter.round_trip.min_chrf", "nan"]),
        ("filter.round_trip.min_chrf=high", ["filter.round_trip.min_chrf", "'high'"]),
        ("filter.round_trip.chrf.action=drop", ["filter.round_trip.chrf", "'drop'", "reject | warn | off"]),
        ("filter.language_id.min_mass=0.1", ["filter.language_id", "score.scorers"]),
        # what the machine has not
        ("translate={engine: nllb, model: two words}", ["translate.model", "'two words'"]),
        ("translate={engine: nllb, model: ./nowhere}", ["translate.model", "nowhere", "model.bin"]),
        # the option itself
        ("nonsense", ["--set nonsense", "key.key=value"]),
        ("=3", ["--set =3", "key.key=value"]),
        ("a..b=3", ["--set a..b=3", "key.key=value"]),
        ("name.first=a", ["--set name.first=a", "name is a str"]),
        ("languages=[deu_Latn", ["--set languages=[deu_Latn", "not YAML"]),
    ],
)
def test_a_recipe_that_cannot_be_is_refused_with_its_key_and_the_word(
    refuses, recipe_file, option: str, words: list[str]
):
    recipe = recipe_file()
    line = refuses("build", recipe, "--set", option)
    assert [word for word in words if word not in line] == []


def test_cuda_without_a_gpu_is_refused(refuses, recipe_file, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 0)
    recipe = recipe_file()
    line = refuses("build", recipe, "--set", "translate={engine: nllb, device: cuda}")
    assert "translate.device: cuda" in line
    assert "no GPU" in line


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("name: [a\nlanguages: b\n", ["not usable YAML", "line 2"]),
        ("name: a\nname: b\n", ["duplicate key 'name'", "line 2"]),
        ("sources:\n  s: {path: a, path: b}\n", ["duplicate key 'path'", "line 2"]),
        ("", ["mapping"]),
        ("- name\n", ["mapping", "list"]),
        ("name: \x07\n", ["UTF-8"]),
        ("name: !!python/object/apply:os.system ['touch pwned']\n", ["os.system", "Python objects are refused"]),
        ("name: !!python/object/new:os.system ['touch pwned']\n", ["os.system", "Python objects are refused"]),
        ("name: !!python/module:antigravity\n", ["antigravity", "Python objects are refused"]),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_file_and_runs_nothing(
    refuses, tmp_path: Path, content: str, words: list[str]
):
    (tmp_path / "given.yaml").write_text(content, encoding="utf-8")
    line = refuses("build", "given.yaml")
    assert [word for word in ["given.yaml", *words] if word not in line] == []


def test_an_override_that_asks_for_python_objects_runs_nothing(refuses, recipe_file):
    recipe = recipe_file()
    line = refuses("build", recipe, "--set", "name=!!python/object/apply:os.system ['touch pwned']")
    assert "--set name=" in line


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("deu_Latn\teng_Latn\nrot\tred\n", ["eng_Latn"]),
        ("eng_Latn\tdeu\nred\trot\n", ["'deu'", "deu_Latn"]),
        ("eng_Latn\tdeu_Latn\nred\n", ["line 2", "2 cells"]),
        ("eng_Latn\tdeu_Latn\nred\trot\nRed\trot\n", ["line 3", "'Red'"]),
        (None, ["does not exist"]),
    ],
)
def test_a_table_of_answers_that_is_none_is_refused(refuses, recipe_file, tmp_path: Path, content, words: list[str]):
    if content is not None:
        (tmp_path / "answers.tsv").write_text(content, encoding="utf-8")
    recipe = recipe_file()
    line = refuses("build", recipe, "--set", "answers.table=answers.tsv")
    assert [word for word in words if word not in line] == []


# --- options ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["build", "quickstart", "--limt", "3"], ["--limt"]),
        (["build", "quickstart", "extra"], ["extra"]),
        (["build", "quickstart", "--limit"], ["--limit"]),
        (["build", "quickstart", "--limit", "many"], ["limit", "many"]),
        (["build", "quickstart", "--limit", "0"], ["limit", "0"]),
        (["build", "quickstart", "--workers", "-1"], ["workers", "-1"]),
        (["build"], ["recipe"]),
        (["biuld", "quickstart"], ["biuld"]),
        (["--verbose"], ["--verbose"]),
    ],
)
def test_options_and_verbs_that_are_not_known_are_named(refuses, args: list[str], words: list[str]):
    line = refuses(*args)
    assert [word for word in words if word not in line] == []


# --- a process of its own -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["build", "nowhere.yaml", "--json"], "nowhere.yaml"),
        (["build", "quickstart", "--set", "translate.model=org/name"], "org/name"),
    ],
)
def test_a_process_exits_with_2_one_line_and_no_traceback(tmp_path: Path, args: list[str], word: str):
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "GLOTMILL_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-m", "glotmill", *args], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert word in done.stderr
    assert list(tmp_path.iterdir()) == []


# --- bad rows among good ones are no bad input ----------------------------------------------------------------------


def test_bad_rows_among_good_ones_are_kept_aside_with_file_position_and_reason(
    glotmill, recipe_file, captions: Path, tmp_path: Path
):
    good = captions.read_text().splitlines()
    captions.write_text("\n".join(["{broken", *good, '{"id": "z", "task": "poem"}', "[]"]) + "\n")
    code, out, _ = glotmill("build", recipe_file(), "--json")
    assert code == 0
    assert json.loads(out)["sources"] == {"small": {"read": 43, "samples": 40, "rejected": 3, "images": {}}}
    rows = pq.read_table(tmp_path / "outputs/small/samples/rejected.parquet").to_pylist()
    assert [(row["source"], row["file"], row["position"], row["reason"]) for row in rows] == [
        ("small", "samples.jsonl", "line 1", "bad_json"),
        ("small", "samples.jsonl", "line 42", "unknown_task"),
        ("small", "samples.jsonl", "line 43", "not_an_object"),
    ]


def test_the_rows_of_all_sources_balance_and_keep_their_own_reasons(glotmill, recipe_file, tmp_path: Path):
    image = {"id": 1, "coco_url": "http://i.org/1.jpg"}
    annotations = [{"id": 1, "image_id": 1, "caption": "A dog."}, {"id": 2, "image_id": 9, "caption": "A cat."}]
    questions = {"q1": {"question": "Who is it?", "imageId": "1", "answer": "man"}, "q2": {"question": "Who?"}}
    (tmp_path / "c.json").write_text(json.dumps({"images": [image], "annotations": annotations}))
    (tmp_path / "q.json").write_text(json.dumps(questions))
    sources = {
        "captions": {"format": "coco_captions", "path": str(tmp_path / "c.json")},
        "questions": {"format": "gqa", "path": str(tmp_path / "q.json")},
    }
    code, out, _ = glotmill("build", recipe_file(sources=sources), "--json")
    assert code == 0
    count = {"read": 2, "samples": 1, "rejected": 1, "images": {}}
    assert json.loads(out)["sources"] == {"captions": count, "questions": count}
    rows = pq.read_table(tmp_path / "outputs/small/samples/rejected.parquet").to_pylist()
    assert [(row["source"], row["file"], row["position"], row["reason"]) for row in rows] == [
        ("captions", "c.json", "annotations[1]", "unknown_image"),
        ("questions", "q.json", "question q2", "missing_field.imageId"),
    ]


def test_a_path_in_a_recipe_is_relative_to_the_recipe_and_in_an_option_to_the_working_directory(
    glotmill, refuses, recipe_file, tmp_path: Path
):
    content = yaml.safe_load(recipe_file().read_text())
    content["sources"]["small"]["path"] = "../samples.jsonl"
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/recipe.yaml").write_text(yaml.safe_dump(content))
    assert str(tmp_path / "deep.jsonl") in refuses(
        "build", "deep/recipe.yaml", "--set", "sources.small.path=deep.jsonl"
    )
    assert glotmill("build", "deep/recipe.yaml", "--limit", "1")[0] == 0
