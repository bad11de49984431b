"""The recipes that ship run end to end on small files in the official format of each source."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest

from glotmill.engine.commands.export import ExportOptions, export
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.commands.summary import BuildSummary
from glotmill.engine.runs.progress import ProgressReport
from glotmill.recipes.load import built_in_recipes
from glotmill.schemas.languages import ENGLISH, language

# Which of the official files each key of a recipe takes.
FILES = {
    "mblip": {
        "sources.web.path": "web", "sources.coco.path": "coco", "sources.vqa.questions": "questions",
        "sources.vqa.annotations": "annotations", "sources.reasons.path": "aokvqa", "sources.details.path": "llava",
        "sources.talks.path": "talks", "sources.imagenet.path": "imagenet", "labels.table": "labels",
    },
    "centurio": {"sources.captions.path": "llava", "sources.instructions.path": "talks"},
    "palo": {"sources.instruct.path": "llava", "sources.mix665k.path": "talks"},
    "m3it80": {
        "sources.captions.path": "coco", "sources.vqa.questions": "questions", "sources.vqa.annotations": "annotations",
        "sources.knowledge.path": "aokvqa", "sources.imagenet.path": "imagenet", "labels.table": "labels",
    },
    "xvlm2vec": {"sources.okvqa.path": "mmeb", "sources.visual7w.path": "mmeb"},
    "crossin": {"sources.instructions.path": "platypus"},
}  # fmt: skip
FAKE = ("clean=[]", "translate={engine: fake}", "score.scorers=[integrity, nmt]", "filter={}", "workers=0")

MANY_LANGUAGES = ("mblip", "m3it80")  # half a minute each with all of them
FOUR = "languages=[eng_Latn, deu_Latn, fra_Latn, ces_Latn]"


def overrides(name: str, official: dict[str, Path]) -> list[str]:
    return [f"{key}={official[file]}" for key, file in FILES[name].items()]


@pytest.fixture
def built(run, official, tmp_path):
    def go(name: str, *more: str) -> BuildSummary:
        return run(name, *overrides(name, official), *FAKE, *more, out=name, memory=tmp_path / "memory")

    return go


def records(dataset: Path, *columns: str) -> pl.DataFrame:
    files = sorted(dataset.glob("data/*/*.parquet"))
    return pl.concat([pl.read_parquet(path, columns=list(columns)) for path in files])


def test_every_published_recipe_is_tried():
    assert set(FILES) == set(built_in_recipes()) - {"quickstart", "coco_captions", "gqa"}


@pytest.mark.parametrize(
    ("name", "languages"),
    [
        *((name, [FOUR] if name in MANY_LANGUAGES else []) for name in FILES),
        *(pytest.param(name, [], marks=pytest.mark.long) for name in MANY_LANGUAGES),
    ],
)
def test_a_published_recipe_runs_end_to_end_and_again_to_the_same_bytes(name: str, languages: list[str], built):
    summary = built(name, *languages)
    recipe = load_recipe(name)
    assert not summary.too_many_failed
    assert all(count.rejected == 0 for count in summary.sources.values())
    rows = records(summary.dataset, "source_id", "lang", "row_status", "task")
    assigned = sum(sum(count.rows.values()) for count in summary.mix.sources.values())
    assert rows.height == assigned > 0
    assert rows["row_status"].unique().to_list() == ["ok"]
    assert set(summary.mix.sources) == set(recipe.sets)
    for source, count in summary.mix.sources.items():
        if source not in recipe.mix.skip:
            assert count.unassigned == 0, source
            assert sum(count.rows.values()) + sum(count.short.values()) == sum(count.target.values()), source
    before = {p: p.read_bytes() for p in summary.dataset.rglob("*") if p.is_file()}
    assert built(name, *languages).segments.translated == 0
    assert {p: p.read_bytes() for p in summary.dataset.rglob("*") if p.is_file()} == before


def test_mblip_has_every_task_and_keeps_its_reasons_english(built):
    rows = records(built("mblip", FOUR).dataset, "task", "lang", "template_id", "turn_langs", "messages")
    assert set(rows["task"]) == {
        "caption", "vqa_open", "vqg", "matching", "explanation", "conversation", "classification"
    }  # fmt: skip
    assert set(rows.filter(task="explanation")["lang"]) == {ENGLISH}
    assert rows.filter(pl.col("template_id").str.starts_with("decide")).height > 0
    assert rows.filter(pl.col("template_id").str.starts_with("cot")).height > 0


def test_centurio_is_half_english_and_half_uniform(built):
    summary = built("centurio", FOUR)
    assert summary.mix.sources["captions"].rows == {"eng_Latn": 10, "deu_Latn": 4, "fra_Latn": 3, "ces_Latn": 3}


def test_palo_has_every_conversation_in_nine_languages_and_its_mix_in_english(built):
    summary = built("palo")
    rows = summary.mix.sources["instruct"].rows
    assert (rows.pop(ENGLISH), list(rows.values()), summary.mix.notes) == (0, [20] * 9, [])
    assert summary.mix.sources["mix665k"].rows[ENGLISH] == 15
    assert sum(summary.mix.sources["mix665k"].rows.values()) == 15


def test_palo_has_no_english_conversation_twice(built, official):
    """LLaVA's English mix holds the conversations that the other languages are translated from."""
    summary = built("palo", FOUR, f"sources.mix665k.path={official['llava']}")
    rows = records(summary.dataset, "lang", "source_messages")
    english = rows.filter(pl.col("lang") == ENGLISH)["source_messages"].to_list()
    assert len(english) == 20
    assert all(
        rows.filter(pl.col("lang") == lang)["source_messages"].to_list() == english for lang in ("deu_Latn", "fra_Latn")
    )


@pytest.mark.parametrize(("languages", "count"), [([FOUR], 4), pytest.param([], 80, marks=pytest.mark.long)])
def test_m3it80_takes_the_same_rows_into_every_language(languages: list[str], count: int, built):
    summary = built("m3it80", "mix.quotas={'*': 7}", *languages)
    rows = records(summary.dataset, "source_id", "lang", "source")
    groups = rows.filter(pl.col("source").struct.field("dataset") == "coco_captions").group_by("lang").agg("source_id")
    assert groups.height == count
    assert len({tuple(sorted(ids)) for ids in groups["source_id"].to_list()}) == 1
    assert set(summary.mix.splits) == {"train", "validation"}
    names = summary.mix.sources["names"]  # each label has names in languages of its own
    assert max(names.rows.values()) == 7
    assert all(names.rows[code] + names.short.get(code, 0) == 7 for code in names.target)


def test_xvlm2vec_has_one_marker_for_its_picture(built):
    rows = records(built("xvlm2vec").dataset, "lang", "messages", "image_refs")
    for row in rows.iter_rows(named=True):
        assert len(row["image_refs"]) == 1
        assert row["messages"][0]["content"].startswith("<image>\nRepresent")


def test_crossin_pairs_languages_by_id_and_asks_in_words_for_the_language_of_the_reply(built, tmp_path):
    made = built("crossin")
    rows = records(
        made.dataset, "task", "keep", "turn_langs", "instruction_langs", "messages", "template_id", "record_id"
    )
    pairs = rows.filter(pl.col("task") == "conversation").filter(pl.col("turn_langs").list.n_unique() == 2)
    assert pairs.height == 120
    for row in pairs.iter_rows(named=True):
        asked, reply = (turn["content"] for turn in row["messages"])
        assert re.findall(r"\d+", asked) == re.findall(r"\d+", reply)  # the number of the row, in both
        assert row["template_id"].startswith("cross_lingual")
        assert row["instruction_langs"] == [ENGLISH, None]
        (line,) = (line for line in asked.split("\n") if "number" not in line)
        assert language(row["turn_langs"][1]).name in line
        for text, lang in ((asked.replace(line, ""), row["turn_langs"][0]), (reply, row["turn_langs"][1])):
            assert ("ˈ" in text) == (lang != ENGLISH)
            assert text.count("ˈ") == text.count(f"ˈ{lang[:3]}")
    plain = rows.filter(pl.col("template_id").is_null())
    assert set(plain["turn_langs"].list.unique().list.join(",")) == {ENGLISH}  # the English set stays as it is
    assert rows.filter(task="translation").height == 40
    export(made.dataset.parent, tmp_path / "llava", ExportOptions("llava"), ProgressReport())
    items = {item["id"]: item for item in json.loads((tmp_path / "llava/train.json").read_text())}
    for row in pairs.filter("keep").iter_rows(named=True):
        assert items[row["record_id"]]["turn_langs"] == row["turn_langs"]


def test_a_source_that_one_does_not_have_is_left_out(built):
    names = ("sources.imagenet", "sources.talks", "derive.names", "derive.objects", "derive.turns")
    gone = [f"{name}=null" for name in names]
    summary = built("mblip", FOUR, *gone, "labels=null", "mix.skip=[]", "mix.by_source={}")
    assert set(summary.mix.sources) == {"web", "coco", "vqa", "reasons", "details", "matching", "vqg", "cot"}


# The embedded model knows captions and GQA's questions: of these little conversations it makes what it can.
EMBEDDED = (
    "clean=[]", "translate.model=embedded", "translate.beam_size=1", "workers=0",
    "score.scorers=[integrity, nmt, round_trip]", "filter={round_trip: {min_chrf: 10}}", "max_failed=1",
)  # fmt: skip


@pytest.mark.parametrize("name", ["mblip", "palo"])
def test_it_runs_with_the_embedded_model_in_its_languages(name: str, run, official, tmp_path):
    extra = ["answers.table=embedded", "answers.dictionary.min_count=2"] if name == "mblip" else []
    summary = run(name, *overrides(name, official), *EMBEDDED, *extra, FOUR, memory=tmp_path / "memory")
    assert summary.segments.translated > 20
    for lang in ("deu_Latn", "fra_Latn", "ces_Latn"):
        assert summary.languages[lang].kept > 0, lang
    assert summary.failed <= summary.rows * 0.05
