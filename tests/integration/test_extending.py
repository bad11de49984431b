"""docs/extending.md, word for word: its blocks are a package of somebody else, and build as our own members do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import yaml

from glotmill.engine.commands.build import build
from glotmill.engine.commands.explain.explain_record import explain
from glotmill.engine.commands.export import ExportOptions, export
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.commands.plan import make_plan
from glotmill.engine.commands.refilter import refilter
from glotmill.engine.commands.verify.verify_dataset import verify
from glotmill.engine.dataset.manifest import read_manifest
from glotmill.engine.report.cuts import rule_cuts
from glotmill.engine.report.finished_build import open_build
from glotmill.engine.runs.progress import ProgressReport
from glotmill.filters.policy import make_policy
from glotmill.filters.registry import make_scorers
from glotmill.schemas.errors import InputError
from tests.conftest import ROOT
from tests.faults.trials import content
from tests.foreign_package import install, on_path

BLOCK = re.compile(r"^```\w+\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
QUIET = ProgressReport()
QUESTIONS = "".join(
    f"{n}.jpg\tWhat runs on the {place}?\ta dog\n" for n, place in enumerate(("grass", "beach", "roof"))
)
WORDS = {"what": "was", "runs": "rennt", "on": "auf", "the": "dem", "grass": "gras", "beach": "strand", "a": "ein",
         "dog": "hund"}  # fmt: skip
PROVIDER = {"distribution": "glotmill-example", "version": "1.2.0"}


def blocks() -> dict[str, str]:
    """Text by file name, of each block of the page that begins with one."""
    return dict(BLOCK.findall((ROOT / "docs/extending.md").read_text(encoding="utf-8")))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The package of the page, installed in a folder that is not on the path yet."""
    return install(blocks(), tmp_path / "site")


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """The recipe of the page, with what it reads."""
    (tmp_path / "questions.tsv").write_text(QUESTIONS + "1.jpg\tonly two\n", encoding="utf-8")
    rows = [
        f"{lang}\t{word}\t{other}-{lang[0]}\n" for lang in ("deu_Latn", "fra_Latn") for word, other in WORDS.items()
    ]
    (tmp_path / "glossary.tsv").write_text("".join(["lang\tenglish\tword\n", *rows]), encoding="utf-8")
    (tmp_path / "recipe.yaml").write_text(blocks()["recipe.yaml"], encoding="utf-8")
    return tmp_path / "recipe.yaml"


@pytest.fixture
def installed(site: Path) -> Iterator[None]:
    with on_path(site):
        yield


def job_of(recipe: Path, out: str, **changes: object):
    overrides = ["workers=0", *(f"{key}={value}" for key, value in changes.items())]
    folder = recipe.parent
    return prepare(load_recipe(str(recipe), overrides), out=folder / out, memory=folder / f"memory_{out}")


def ours() -> set[str]:
    return {name for name in sys.modules if name.startswith("glotmill_example")}


@pytest.mark.usefixtures("installed")
def test_members_of_another_package_build_as_ours_do(recipe: Path):
    made = build(job_of(recipe, "one"), QUIET)
    # Three good questions in two languages, of which the table lacks a word of one; the fourth row is rejected.
    assert (made.sources["questions"].read, made.sources["questions"].samples) == (4, 3)
    rows = pl.read_parquet(sorted((recipe.parent / "one/dataset/data").rglob("*.parquet")))
    assert {lang: (count.rows, count.failed) for lang, count in made.languages.items()} == {
        lang: (3, {"unknown_word": 1}) for lang in ("deu_Latn", "fra_Latn")
    }
    said = rows["messages"].drop_nulls().to_list()
    assert {turn["content"] for row in said for turn in row if turn["role"] == "assistant"} == {
        "ein-d hund-d", "ein-f hund-f"
    }  # fmt: skip
    build(job_of(recipe, "two"), QUIET)
    assert content(recipe.parent / "one/dataset") == content(recipe.parent / "two/dataset")
    planned = make_plan(job_of(recipe, "one"), QUIET)
    assert (planned.calls, planned.back_calls) == (0, 0)
    assert verify(recipe.parent / "one", QUIET, deep=True).problems == []


@pytest.mark.usefixtures("installed")
def test_the_manifest_and_the_fingerprint_name_the_package_and_its_version(recipe: Path, site: Path):
    job = job_of(recipe, "one")
    build(job, QUIET)
    facts = read_manifest(recipe.parent / "one/dataset").facts
    assert facts["sources"][0]["provider"] == PROVIDER
    (translator,) = facts["translators"].values()
    assert translator["provider"] == PROVIDER
    metadata = site / "glotmill_example-1.2.0.dist-info/METADATA"
    metadata.write_text(metadata.read_text().replace("1.2.0", "1.3.0"))
    newer = job_of(recipe, "one")
    assert newer.translator.fingerprint != job.translator.fingerprint
    assert make_plan(newer, QUIET).calls > 0


@pytest.mark.usefixtures("installed")
def test_refilter_and_export_work_on_such_a_build(recipe: Path):
    build(job_of(recipe, "one"), QUIET)
    assert refilter(recipe.parent / "one", recipe=str(recipe), overrides=("filter.round_trip.min_chrf=0",)).flipped >= 0
    to = recipe.parent / "alpaca"
    outcome = export(recipe.parent / "one", to, ExportOptions("alpaca", everything=True), QUIET)
    assert (outcome.rows, outcome.exported) == (6, {"train": 4})
    assert b'"output":"ein-d hund-d"' in (to / "train.jsonl").read_bytes()


@pytest.mark.usefixtures("installed")
def test_a_package_is_imported_only_where_a_recipe_names_it(recipe: Path):
    load_recipe("quickstart")
    with pytest.raises(InputError, match=r"everyday: unknown format 'question', .*did you mean 'question_list'"):
        load_recipe("quickstart", ["sources.everyday.format=question"])
    assert ours() == set()
    load_recipe("quickstart", [f"translate={{engine: glossary, table: {recipe.parent / 'glossary.tsv'}}}"])
    assert ours() == {"glotmill_example", "glotmill_example.glossary"}


def test_without_the_package_its_names_are_unknown_and_an_older_build_is_still_refiltered(recipe: Path, site: Path):
    ours_alone = {"score": "{scorers: [integrity, numbers, round_trip]}", "filter": "{}"}
    with on_path(site):
        build(job_of(recipe, "one", **ours_alone), QUIET)
    with pytest.raises(InputError, match=r"questions: unknown format 'question_list'.*translate: unknown engine 'gl"):
        load_recipe(str(recipe))
    assert refilter(recipe.parent / "one", overrides=("filter.round_trip.min_chrf=0",)).flipped >= 0
    assert verify(recipe.parent / "one", QUIET, deep=True).problems == []


@pytest.mark.usefixtures("installed")
def test_a_scorer_of_another_package_is_known_wherever_scores_are(recipe: Path):
    build(job_of(recipe, "one"), QUIET)
    folder, shards = recipe.parent / "one", (recipe.parent / "one/dataset/data").rglob("*.parquet")
    rows = pl.read_parquet(sorted(shards))
    judged = rows["score_word_count_ratio"].is_not_null().sum()
    assert judged == 4
    assert not rows["filter_reasons"].list.contains("word_count.ratio").any()
    assert rows.columns.index("score_word_count_ratio") > rows.columns.index("score_round_trip_exact")
    facts = read_manifest(folder / "dataset").facts
    assert facts["scorers"]["word_count"] == {"version": 1, "word": r"\w{2,}", "provider": PROVIDER}
    assert facts["filter"]["parameters"]["word_count.min_ratio"] == 0.1
    refiltered = refilter(folder, overrides=("filter.word_count.min_ratio=10",))
    assert refiltered.flipped == judged
    rejected = pl.read_parquet(sorted((folder / "dataset/data").rglob("*.parquet")))
    rejected = rejected.filter(pl.col("filter_reasons").list.contains("word_count.ratio"))
    assert rejected.height == judged
    assert verify(folder, QUIET, deep=True).problems == []
    explained = explain(folder, rejected["record_id"][0], QUIET)
    assert "word_count.ratio" in {rule.code for rule in explained.rules}
    assert "score_word_count_ratio" in {score.column for score in explained.scores}
    assert [label.value for label in explained.labels] == ["target"]
    assert rows["label_word_count_longer"].drop_nulls().to_list() == ["target"] * 4
    assert facts["score_labels"] == {"label_word_count_longer": {"deu_Latn": {"target": 2}, "fra_Latn": {"target": 2}}}
    reported = open_build(folder, "report")
    cuts = rule_cuts(reported.policy, reported.metrics, list(reported.languages))
    assert "word_count.ratio" in {cut.rule.code for cut in cuts}
    assert "score_word_count_ratio" in (folder / "dataset/README.md").read_text()


def locked(folder: Path) -> dict[str, object]:
    lock: dict[str, object] = yaml.safe_load((folder / "dataset/recipe.lock.yaml").read_text())["score"]
    return lock


@pytest.mark.usefixtures("installed")
def test_a_scorer_of_another_package_has_a_section_of_its_own_in_recipes(recipe: Path):
    stated = load_recipe(str(recipe)).score.settings["word_count"]
    assert stated.min_letters == 2
    build(job_of(recipe, "one"), QUIET)
    keys = ["scorers", "skip_rejected", "language_id", "embedding", "image_text", "llm_judge", "word_count"]
    assert list(load_recipe(str(recipe)).lock()["score"]) == keys
    assert list(load_recipe("quickstart").lock()["score"]) == keys[:-1]
    assert locked(recipe.parent / "one")["word_count"] == {"min_letters": 2}
    other = job_of(recipe, "one", **{"score.word_count.min_letters": 3})
    assert other.facts()["scorers"] != job_of(recipe, "one").facts()["scorers"]
    plain = load_recipe(str(recipe), ["score={scorers: [integrity, word_count]}"])
    assert plain.score.settings["word_count"].min_letters == 1
    assert "word_count" not in load_recipe(str(recipe), ["score={}"]).score.settings
    for key, message in {
        "score.word_count.min_letters=0": r"score\.word_count\.min_letters: input should be greater than or equal to 1",
        "score.word_count.min_leters=2": r"score\.word_count: unknown key 'min_leters'; did you mean 'min_letters'",
        "score.word_conut={}": r"score: unknown key 'word_conut'; did you mean 'word_count'",
    }.items():
        with pytest.raises(InputError, match=message):
            load_recipe(str(recipe), [key])


@pytest.mark.parametrize("name", ["scorers", "model_dump"])
def test_a_scorer_whose_key_cannot_be_called_by_its_name_is_refused_in_one_line(recipe: Path, site: Path, name: str):
    for file in (site / "glotmill_example/word_count.py", site / "glotmill_example-1.2.0.dist-info/entry_points.txt"):
        file.write_text(file.read_text().replace('"word_count"', f'"{name}"').replace("word_count =", f"{name} ="))
    message = rf"score: scorer '{name}' of glotmill-example 1\.2\.0: no setting can have its name"
    with on_path(site), pytest.raises(InputError, match=message):
        load_recipe(str(recipe), [f"score={{scorers: [{name}]}}"])


def test_a_dataset_is_not_judged_without_the_package_that_scored_it(recipe: Path, site: Path):
    with on_path(site):
        build(job_of(recipe, "one"), QUIET)
    message = "scored by 'word_count', which no package here offers; install"
    with pytest.raises(InputError, match=message):
        refilter(recipe.parent / "one", overrides=("filter.round_trip.min_chrf=0",))
    (problem,) = verify(recipe.parent / "one", QUIET).problems
    assert message in problem.what


@pytest.mark.usefixtures("installed")
def test_a_scorer_of_another_package_is_imported_only_where_it_is_named():
    quickstart = load_recipe("quickstart", ["filter={}"])
    make_policy({}, ["integrity", "nmt"])
    with pytest.raises(InputError, match=r"^filter\.word_count: the scorer does not run: add it to score\.scorers"):
        make_policy({"word_count": {"min_ratio": 0.5}}, ["integrity"])
    with pytest.raises(InputError, match=r"unknown scorer 'word_conut', expected one of word_count"):
        make_scorers(["word_conut"])
    assert (quickstart.name, ours()) == ("quickstart", set())
    assert [scorer.name for scorer in make_scorers(["word_count", "integrity"])] == ["integrity", "word_count"]
    assert "glotmill_example.word_count" in ours()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name: ClassVar[str] = "word_count"', 'name: ClassVar[str] = "words"', "its class states the name 'words'"),
        ("MEMBER = WordCountScorer", "MEMBER = Rule", "expected a subclass of .*Scorer, found Rule"),
        ('Metric("word_count"', 'Metric("words"', ".*and rules if any, of the scorer 'word_count'"),
        ('Label("word_count"', 'Label("words"', ".*and rules if any, of the scorer 'word_count'"),
        ('"longer", "which', '"ratio", "which', "a metric and a label of it are both called 'ratio'"),
        ('*below("word_count"', '*below("lexical"', "its rules read score_lexical_ratio, which is not a score of it"),
    ],
)
def test_a_scorer_that_breaks_the_contract_is_refused_in_one_line(site: Path, old: str, new: str, message: str):
    file = site / "glotmill_example/word_count.py"
    file.write_text(file.read_text().replace(old, new))
    with on_path(site), pytest.raises(InputError, match=rf"^score.scorers: scorer 'word_count' of .* 1.2.0: {message}"):
        make_scorers(["word_count"])


def test_a_scorers_name_that_glotmill_has_is_refused_in_one_line(site: Path):
    points = site / "glotmill_example-1.2.0.dist-info/entry_points.txt"
    points.write_text(points.read_text().replace("word_count =", "nmt ="))
    message = r"^score.scorers: scorer 'nmt' is offered by Glotmill itself and by glotmill-example 1\.2\.0"
    with on_path(site), pytest.raises(InputError, match=message):
        make_scorers(["nmt"])


def test_the_command_and_its_workers_find_the_package_and_give_the_same_bytes(recipe: Path, site: Path):
    with on_path(site):
        build(job_of(recipe, "one"), QUIET)
    path = os.pathsep.join([str(site), str(ROOT / "src")])
    command = [sys.executable, "-m", "glotmill", "build", "recipe.yaml", "--out", "two", "--memory", "memory_two"]
    done = subprocess.run(
        [*command, "--set", "workers=1"], cwd=recipe.parent, env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert content(recipe.parent / "one/dataset") == content(recipe.parent / "two/dataset")


def test_a_section_that_does_not_state_its_name_is_refused(recipe: Path, site: Path):
    file = site / "glotmill_example/question_list.py"
    file.write_text(file.read_text().replace('Literal["question_list"]', 'Literal["other"]'))
    message = r"sources\.questions: format 'question_list': its section must state format: Literal\['question_list'\]"
    with on_path(site), pytest.raises(InputError, match=message):
        load_recipe(str(recipe))


@pytest.fixture
def with_task(recipe: Path) -> Path:
    """The recipe of the page that derives rows, over questions with different answers."""
    places = ("grass", "beach")
    asked = [f"{n}.jpg\tWhat runs on the {places[n % 2]}?\tthe {places[n // 2 % 2]}\n" for n in range(20)]
    (recipe.parent / "questions.tsv").write_text("".join(asked), encoding="utf-8")
    path = recipe.parent / "recipe_with_task.yaml"
    path.write_text(blocks()[path.name], encoding="utf-8")
    return path


@pytest.mark.usefixtures("installed")
def test_a_derived_task_of_another_package_builds_as_ours_do(with_task: Path):
    folder = with_task.parent
    job = job_of(with_task, "one")
    made = build(job, QUIET)
    assert (made.derived["checks"].looked_at, made.derived["checks"].rows) == (20, 20)
    rows = pl.read_parquet(folder / "one/dataset/data/deu_Latn/*.parquet").filter(pl.col("task") == "matching")
    assert set(rows["template_id"]) <= {"answer_check.plain.1", "answer_check.name.1"}
    said = {turns[-1]["content"]: turns[0]["content"] for turns in rows["messages"]}
    assert said.keys() == {"Ja", "Nein"} or said.keys() == {"ja", "nein"}
    assert all("was-d rennt-d auf-d dem-d" in question for question in said.values())
    samples = pl.read_parquet(folder / "one/samples/checks.parquet")
    parents = pl.read_parquet(folder / "one/samples/questions.parquet")["source_id"].to_list()
    assert [ids.to_list() for ids in samples["derived_from"]] == [[parent] for parent in parents]
    assert samples["source_id"].n_unique() == 20
    build(job_of(with_task, "two"), QUIET)
    assert content(folder / "one/dataset") == content(folder / "two/dataset")
    assert make_plan(job_of(with_task, "one"), QUIET).calls == 0
    assert refilter(folder / "one", overrides=("filter.round_trip.min_chrf=0",)).flipped >= 0
    assert verify(folder / "one", QUIET, deep=True).problems == []


@pytest.mark.usefixtures("installed")
def test_the_facts_name_the_package_of_a_derived_task_and_nothing_of_ours(with_task: Path):
    facts = job_of(with_task, "one").facts()
    assert facts["derived"] == {"checks": {"kind": "answer_check", "provider": PROVIDER}}
    same = "derive.checks={kind: vqg, sources: [questions]}"
    assert "derived" not in prepare(load_recipe(str(with_task), [same]), out=with_task.parent / "two").facts()


@pytest.mark.usefixtures("installed")
def test_a_derived_task_is_imported_only_where_a_recipe_names_it(with_task: Path):
    load_recipe(str(with_task), ["derive={q: {kind: vqg, sources: [questions]}}"])
    assert "glotmill_example.answer_check" not in ours()
    with pytest.raises(InputError, match=r"derive\.checks\.negative_share: input should be less than or equal to 1"):
        load_recipe(str(with_task), ["derive.checks.negative_share=2"])
    with pytest.raises(InputError, match=r"derive\.checks: unknown kind 'answer_chec', .*did you mean 'answer_check'"):
        load_recipe(str(with_task), ["derive.checks.kind=answer_chec"])
    assert "glotmill_example.answer_check" in ours()


@pytest.mark.usefixtures("installed")
def test_a_recipes_own_bank_replaces_a_plug_ins_templates(with_task: Path):
    bank = with_task.parent / "bank.yaml"
    bank.write_text('answer_check: {mine.1: "{question} Is it {proposed}?"}\n', encoding="utf-8")
    rule = job_of(with_task, "one", **{"templates.bank": bank}).instructions
    assert rule is not None
    assert [template.name for template in rule.bank["answer_check"]] == ["mine.1"]
    bank.write_text('answer_check: {mine.1: "{question}"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"bank\.yaml: mine\.1: slot \{proposed\} is missing"):
        job_of(with_task, "one", **{"templates.bank": bank})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('slot("proposed"', 'slot("answer"', r"derive\.checks: it made a row whose slot 'answer' is not among its"),
        (
            "    yield derived_row(",
            "    yield derived_row(row, context, question, reply)\n    yield derived_row(",
            r"derive\.checks: 20 of 40 rows have another row's id; its plug-in must give each row of a parent a part",
        ),
        ('task="matching"', 'task="checking"', r"derive\.checks: it made a row of task 'checking'; expected one of"),
        (
            "{question}\\nIs this right",
            "Is this right",
            r"kind answer_check of its plug-in: answer_check\.plain\.1: slot",
        ),
    ],
)
def test_a_derived_task_that_breaks_the_contract_is_one_line(
    with_task: Path, site: Path, old: str, new: str, message: str
):
    file = site / "glotmill_example/answer_check.py"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    with on_path(site), pytest.raises(InputError, match=message):
        build(job_of(with_task, "one"), QUIET)


def test_the_recipe_of_the_page_is_one(recipe: Path):
    assert yaml.safe_load(recipe.read_text())["name"] == "example"
