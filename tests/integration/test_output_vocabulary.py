"""Builds with fewer output tokens: decided once a memory, named in the dataset, and nothing else changes."""

from __future__ import annotations

import json

import polars as pl
import pytest

from glotmill.engine.api.terminal import TerminalDisplay
from glotmill.engine.commands import auto_vocabularies
from glotmill.engine.commands.build import build
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.commands.make_vocabularies import make_vocabularies
from glotmill.engine.commands.plan import make_plan
from glotmill.engine.commands.refilter import refilter
from glotmill.engine.dataset.manifest import read_manifest
from glotmill.engine.memory.commit_log import NumberedFiles
from glotmill.engine.memory.vocabularies import Vocabularies
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.translation import vocabulary_phase
from glotmill.engine.translators.shared import vocabulary_lists
from glotmill.engine.translators.shared.output_vocabulary import of_text
from glotmill.schemas.errors import InputError

THINGS = ("dog", "man", "woman", "cat", "horse", "train")
PLACES = ("on the grass", "near the water", "in the snow", "at a table", "under a tree")
CAPTIONS = [f"A {thing} is {place}." for thing in THINGS for place in PLACES]
LANGS = ["deu_Latn", "fra_Latn"]


@pytest.fixture
def recipe(recipe_file, tmp_path):
    def write(vocabulary, captions=CAPTIONS, langs=LANGS, **translate):
        rows = [
            {"id": f"c{n}", "task": "caption", "image": f"{n}.jpg", "caption": text} for n, text in enumerate(captions)
        ]
        (tmp_path / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        sources = {"small": {"format": "jsonl", "path": "own.jsonl", "license": "cc0-1.0"}}
        engine = {"engine": "nllb", "model": "embedded", "beam_size": 1, "vocabulary": vocabulary, **translate}
        return recipe_file(
            sources=sources, languages=langs, translate=engine, score={"scorers": ["nmt", "lexical", "cross_entropy"]}
        )

    return write


@pytest.fixture
def plan(tmp_path):
    def go(recipe):
        return make_plan(prepare(load_recipe(str(recipe)), out=tmp_path / "out"), ProgressReport())

    return go


def records(summary):
    return pl.read_parquet(sorted(summary.dataset.glob("data/*/*.parquet"))).sort("record_id")


def texts(summary):
    return records(summary)["messages"].to_list()


def shards(dataset):
    return {path.relative_to(dataset).as_posix(): path.read_bytes() for path in dataset.glob("data/*/*.parquet")}


def facts(summary):
    [translator] = read_manifest(summary.dataset).facts["translators"].values()
    return translator


@pytest.fixture
def small_samples(monkeypatch):
    for name, value in (("SAMPLE", 10), ("LOOKS", (5, 10, 20)), ("TEXTS_THAT_PAY", 20)):
        monkeypatch.setattr(vocabulary_phase, name, value)
        monkeypatch.setattr(auto_vocabularies, name, value)
    monkeypatch.setattr(vocabulary_lists, "ROWS_OF_A_TRIAL", 20)
    monkeypatch.setattr(vocabulary_lists, "shipped_figures", lambda *_: None)


def test_the_tokens_of_a_text_decide_what_can_be_written_and_the_dataset_says_so(recipe, run, tmp_path):
    full = run(recipe("full"))
    before = texts(full)
    for lang in LANGS:
        own = records(full).filter(lang=lang)["messages"].explode().struct.field("content")
        (tmp_path / f"{lang}.txt").write_text("\n".join(own))
    (tmp_path / "eng_Latn.txt").write_text("\n".join(CAPTIONS))
    cut = run(recipe({"text": "{lang}.txt"}), out="cut")
    assert texts(cut) == before
    lists = facts(cut)["vocabularies"]
    assert set(lists) == {*LANGS, "eng_Latn"}
    assert all(0 < one["tokens"] < one["of"] for one in lists.values())
    assert "vocabularies" not in facts(full)
    assert records(cut)["score_nmt_logprob"].mean() > records(full)["score_nmt_logprob"].mean()
    assert set(records(cut)["mt"].struct.field("params_hash")).isdisjoint(
        records(full)["mt"].struct.field("params_hash")
    )


def test_auto_keeps_a_list_for_all_later_builds_of_the_memory(recipe, run, plan, small_samples, tmp_path):
    wide = {"max_changed": 0.9}
    first = plan(recipe("auto", **wide))
    assert first.calls == len(CAPTIONS) * 2
    made = run(recipe("auto", **wide))
    lists = facts(made)["vocabularies"]
    assert set(lists) == {*LANGS, "eng_Latn"}
    assert all(0 < one["changed_at_most"] <= 0.9 for one in lists.values())
    card = (made.dataset / "README.md").read_text()
    assert f"had fewer output tokens: `deu_Latn` {lists['deu_Latn']['tokens']:,} of" in card
    assert "of translations changed in the list's check)" in card
    again = plan(recipe("auto", **wide))
    assert (again.calls, again.forced, again.changes) == (0, 0, [])
    more = [*CAPTIONS, "A red boat is in the water."]
    new = plan(recipe("auto", more, **wide))
    assert new.calls == 2
    grown = run(recipe("auto", more, **wide))
    assert grown.segments.translated == 2
    assert facts(grown)["vocabularies"] == lists


def test_auto_that_changes_too_much_keeps_all_tokens_and_the_memory_of_full(
    recipe, run, small_samples, capsys, tmp_path
):
    full = run(recipe("full"))
    job = prepare(load_recipe(str(recipe("auto", max_changed=0.001))), out=tmp_path / "out")
    auto = build(job, ProgressReport(TerminalDisplay()))
    assert "output vocabulary of deu_Latn: 5,006 of 5,006 tokens: translations changed" in capsys.readouterr().err
    assert auto.segments.translated == 0
    assert texts(auto) == texts(full)
    assert "vocabularies" not in facts(auto)


def test_a_script_s_list_holds_for_later_builds_with_fewer_rows(recipe, run, monkeypatch):
    monkeypatch.setattr(vocabulary_lists, "ROWS_THAT_PAY", 20)
    monkeypatch.setattr(vocabulary_lists, "of_script", lambda tokens, lang: of_text(tokens, lang, [], list))
    made = run(recipe("script"))
    assert set(facts(made)["vocabularies"]) == {*LANGS, "eng_Latn"}
    monkeypatch.undo()
    fewer = run(recipe("script", CAPTIONS[:5]), out="fewer")
    assert fewer.segments.translated == 0
    assert facts(fewer)["vocabularies"] == facts(made)["vocabularies"]


def test_few_rows_keep_all_tokens_and_decide_nothing(recipe, run, tmp_path):
    full = run(recipe("full"))
    for vocabulary in ("script", "auto"):
        tried = run(recipe(vocabulary))
        assert tried.segments.translated == 0
        assert texts(tried) == texts(full)
    assert not (tmp_path / "memory" / "vocabularies").exists()


def test_a_refilter_of_a_dataset_with_lists_equals_the_build(recipe, run, small_samples, tmp_path):
    first, rules = recipe("auto", max_changed=0.9), "filter.nmt.min_logprob=-0.2"
    run(first)
    refiltered = refilter(tmp_path / "out", overrides=(rules,))
    built = run(first, rules, out="other")
    assert refiltered.flipped > 0
    assert built.segments.translated == 0
    assert shards(refiltered.dataset) == shards(built.dataset)


@pytest.mark.parametrize(
    ("vocabulary", "problem"),
    [
        ({"text": "nowhere.txt"}, "cannot be read"),
        ({"text": "empty.txt"}, "has no text"),
        ({"text": "bytes.txt"}, "UTF-8"),
    ],
)
def test_a_text_that_makes_no_list_is_one_line(recipe, run, tmp_path, vocabulary, problem):
    (tmp_path / "empty.txt").write_text("\n \n")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InputError, match=problem) as raised:
        run(recipe(vocabulary))
    assert str(raised.value).startswith("translate.vocabulary.text: ")


def test_a_written_list_makes_the_dataset_that_its_text_makes(recipe, run, tmp_path):
    for lang in (*LANGS, "eng_Latn"):
        (tmp_path / f"{lang}.txt").write_text("\n".join(CAPTIONS))
    make_vocabularies("embedded", [*LANGS, "eng_Latn"], tmp_path / "{lang}.tokens", tmp_path / "{lang}.txt")
    by_text, by_list = run(recipe({"text": "{lang}.txt"})), run(recipe({"lists": "{lang}.tokens"}), out="lists")
    assert by_list.segments.translated == 0
    assert texts(by_list) == texts(by_text)
    assert facts(by_list)["vocabularies"] == facts(by_text)["vocabularies"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda lines: [*lines, '"▁no_such_token"'], "expected a token of this model"),
        (lambda lines: [*lines, "{"], "expected a token of this model"),
        (lambda lines: [line for line in lines if line != '"€"'], "the token '€' is missing"),
    ],
)
def test_a_list_that_was_edited_badly_is_one_line(recipe, run, tmp_path, change, problem):
    (tmp_path / "text.txt").write_text("\n".join(CAPTIONS))
    make_vocabularies("embedded", ["deu_Latn"], tmp_path / "list.tokens", tmp_path / "text.txt")
    lines = (tmp_path / "list.tokens").read_text().splitlines()
    (tmp_path / "list.tokens").write_text("\n".join(change(lines)))
    with pytest.raises(InputError, match=problem):
        run(recipe({"lists": "list.tokens"}, langs=["deu_Latn"]))


def test_a_list_is_decided_again_where_the_recipe_says_so_and_holds_from_then_on(
    recipe, run, plan, small_samples, tmp_path
):
    wide, renew = {"max_changed": 0.9, "langs": ["deu_Latn"]}, {"auto": {"renew": True}}
    first = facts(run(recipe("auto", **wide)))["vocabularies"]
    others = [
        f"The {word} blue {thing} waits."
        for word in ("small", "old", "new")
        for thing in (*THINGS, "bird", "bus", "boat")
    ]
    assert facts(run(recipe("auto", [*CAPTIONS, *others], **wide)))["vocabularies"] == first
    again = recipe(renew, others, **wide)
    assert sorted(plan(again).undecided) == ["deu_Latn", "eng_Latn"]
    renewed = facts(run(again, out="renewed"))["vocabularies"]
    assert renewed["deu_Latn"]["digest"] != first["deu_Latn"]["digest"]
    kept = sorted(path.name for path in tmp_path.glob("**/vocabularies/*deu*.json"))
    assert len(kept) == 2
    later = run(recipe("auto", others, **wide), out="later")
    assert (later.segments.translated, facts(later)["vocabularies"]) == (0, renewed)
    once_more = run(recipe(renew, others, **wide), out="once_more")
    assert (once_more.segments.translated, facts(once_more)["vocabularies"]) == (0, renewed)
    assert sorted(path.name for path in tmp_path.glob("**/vocabularies/*deu*.json")) == kept


class KilledError(BaseException):
    """Ends a build as a kill does: nothing cleans up."""


# The first units say which tokens are used and are kept with the scores; those after them are translations.
@pytest.mark.parametrize("commits", [0, 1, 3, 6, 10])
def test_a_build_that_ends_while_it_decides_goes_on_to_the_same_bytes(
    recipe, run, small_samples, monkeypatch, tmp_path, commits
):
    wide = recipe("auto", max_changed=0.9, batch_tokens=32, unit_tokens=32)
    whole = run(wide, f"memory={tmp_path}/undisturbed", out="undisturbed")
    real, added = NumberedFiles.add, []

    def add(self, entries):
        if len(added) == commits:
            raise KilledError
        added.append(self.folder)
        return real(self, entries)

    monkeypatch.setattr(NumberedFiles, "add", add)
    with pytest.raises(KilledError):
        run(wide)
    monkeypatch.setattr(NumberedFiles, "add", real)
    again = run(wide)
    assert facts(again)["vocabularies"] == facts(whole)["vocabularies"]
    assert shards(again.dataset) == shards(whole.dataset)


@pytest.mark.usefixtures("local_ray")
def test_workers_on_ray_decide_the_same_lists(recipe, run, small_samples, tmp_path):
    path = recipe("auto", langs=LANGS[:1], max_changed=0.9, batch_tokens=32, unit_tokens=32)
    made = [
        run(path, f"workers={workers}", f"memory={tmp_path}/memory{workers}", out=f"out{workers}").dataset
        for workers in (0, 2)
    ]
    kept = [
        {file.name: file.read_bytes() for file in (tmp_path / f"memory{workers}/vocabularies").iterdir()}
        for workers in (0, 2)
    ]
    assert len(kept[0]) == 2  # English too, for the way back
    assert kept[0] == kept[1]
    assert shards(made[0]) == shards(made[1])


def test_of_two_builds_that_decide_at_once_the_second_takes_what_the_first_decided(
    recipe, run, small_samples, monkeypatch
):
    wide = recipe("auto", max_changed=0.9)
    first = run(wide)
    real = Vocabularies.find
    unseen = {"deu_Latn"}
    monkeypatch.setattr(
        Vocabularies,
        "find",
        lambda self, model, lang, origin: None if lang in unseen else real(self, model, lang, origin),
    )
    decide = Vocabularies.decide

    def late(self, made):
        unseen.clear()
        return decide(self, made.model_copy(update={"members": None, "tokens": made.size}))

    monkeypatch.setattr(Vocabularies, "decide", late)
    second = run(wide, out="second")
    assert facts(second)["vocabularies"] == facts(first)["vocabularies"]
    assert texts(second) == texts(first)
