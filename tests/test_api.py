"""``import glotmill``: what programs and notebooks may rely on."""

from __future__ import annotations

import ast
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import glotmill
from glotmill.engine.api.api_reference import HEAD, reference
from glotmill.engine.text.notebook import MOST_ROWS, html_of
from tests.conftest import ROOT

SECRET_LIKE = "<script>alert(1)</script>"


@pytest.fixture
def mapping() -> dict[str, Any]:
    """A recipe whose paths are relative to the working directory."""
    return {
        "name": "small",
        "sources": {"small": {"format": "jsonl", "path": Path("samples.jsonl"), "license": "cc0-1.0"}},
        "languages": ("deu_Latn", "swh_Latn"),
        "translate": {"engine": "fake", "fault": "empty", "fault_every": 5},
        "score": {"scorers": ["integrity", "nmt"]},
        "filter": {"user": {"unsure": {"fails": "score_nmt_logprob < -0.95"}}},
        "max_failed": 1,
    }


@pytest.fixture
def quiet(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is printed, and no signal handler is set."""

    handled: list[int] = []
    handle = signal.signal
    monkeypatch.setattr(signal, "signal", lambda number, handler: handled.append(number) or handle(number, handler))
    yield
    assert capfd.readouterr() == ("", "")
    assert not {signal.SIGINT, signal.SIGTERM} & set(handled)


@pytest.fixture
def outputs(built_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `built_once` in the working directory."""
    shutil.copytree(built_once.parent if built_once.name == "outputs" else built_once, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    return Path("outputs")


def test_the_import_loads_nothing_that_works():
    code = "import sys, glotmill; print(*sorted(n for n in sys.modules if n.startswith('glotmill.') or n in sys.argv))"
    heavy = ("polars", "pyarrow", "pydantic", "rich", "ray", "yaml", "datasets", "typer")
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("name", glotmill.__all__)
def test_every_public_name_is_there_and_described(name: str):
    assert name in dir(glotmill)
    value = getattr(glotmill, name)
    assert name == "__version__" or value.__doc__
    page = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    assert name == "__version__" or f"\n### {name}\n" in page


def test_type_checkers_see_the_names_that_programs_get():
    tree = ast.parse((ROOT / "src/glotmill/__init__.py").read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    stated = {alias.name: node.module for node in block.body for alias in node.names}
    assert stated == glotmill._HOME
    assert sorted(stated) == sorted(glotmill.__all__)
    assert (ROOT / "src/glotmill/py.typed").exists()


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'rebuild'"):
        glotmill.rebuild  # noqa: B018


def test_the_page_is_what_the_code_says():
    page = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    assert page == reference(), "python -m glotmill.engine.api.api_reference docs/api.md"


def test_every_error_is_a_glotmill_error():
    errors = [getattr(glotmill, name) for name in glotmill.__all__ if name.endswith("Error")]
    assert len(errors) == 8
    assert all(issubclass(error, glotmill.GlotmillError) for error in errors)


def test_a_mapping_is_built_as_its_file_would_be(mapping, captions: Path, monkeypatch, tmp_path: Path, quiet: None):
    monkeypatch.chdir(tmp_path)
    events: list[glotmill.StageProgress] = []
    planned = glotmill.plan(mapping, out="a")
    summary = glotmill.build(mapping, out="a", memory="memory", workers=0, progress=events.append)
    assert {shard.action for shard in planned.changes} == {"new"}
    assert glotmill.plan(mapping, out="a", memory="memory").changes == []
    assert summary.rows == 80
    assert not summary.too_many_failed
    assert summary.dataset == tmp_path / "a" / "dataset"
    file = tmp_path / "recipe.yaml"
    file.write_text(glotmill.load_recipe(mapping).model_dump_json(exclude_unset=True))
    loaded = glotmill.load_recipe(file)
    glotmill.build(loaded, out=tmp_path / "b", memory=tmp_path / "memory", workers=0)
    assert (tmp_path / "a/dataset/manifest.json").read_bytes() == (tmp_path / "b/dataset/manifest.json").read_bytes()

    stages = [event.stage for event in events if event.ended]
    assert stages == list(summary.seconds)
    assert {"translate", "pack"} <= set(stages)
    done = {event.stage: event for event in events}
    assert (done["pack"].done, done["pack"].total, done["pack"].unit) == (80, 80, "records")
    assert [e.done for e in events if e.stage == "pack"] == sorted(e.done for e in events if e.stage == "pack")


def test_a_loaded_recipe_takes_the_numbers_of_the_call(mapping, captions: Path, monkeypatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    recipe = glotmill.load_recipe(mapping, {"name": "other", "languages": ["deu_Latn"]})
    assert (recipe.name, recipe.languages) == ("other", ("deu_Latn",))
    found = glotmill.preview(recipe, limit=3, rows=2, measure=False)
    assert sum(count.samples for count in found.samples.sources.values()) == 3
    assert len(found.rows) == 2
    assert not (tmp_path / "outputs").exists()


def test_overrides_are_a_mapping_or_items_of_text(mapping, captions: Path, monkeypatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    by_item = glotmill.load_recipe(mapping, ["limit=3", "sources.small.path=samples.jsonl"])
    assert by_item == glotmill.load_recipe(mapping, {"limit": 3, "sources.small.path": "samples.jsonl"})


def test_a_mapping_may_extend_a_recipe(captions: Path, monkeypatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    recipe = glotmill.load_recipe({"extends": "quickstart", "limit": 3})
    assert recipe.limit == 3
    assert recipe.sources == glotmill.load_recipe("quickstart").sources


def test_what_the_callback_raises_ends_the_build_and_the_same_call_goes_on(
    mapping, captions: Path, monkeypatch, tmp_path: Path, quiet: None
):
    monkeypatch.chdir(tmp_path)

    def stop(event: glotmill.StageProgress) -> None:
        if event.stage == "pack":
            raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        glotmill.build(mapping, workers=0, progress=stop)
    assert not Path("outputs/small/dataset").exists()
    summary = glotmill.build(mapping, workers=0)
    assert summary.segments.translated == 0
    assert summary.rows == 80


def test_a_dataset_goes_round(outputs: Path, quiet: None):
    """Refilter, publish, pull, verify, export: each as a call, each with its result."""
    folder = outputs / "small"
    before = glotmill.open_dataset(folder)
    summary = glotmill.refilter(folder, overrides={"filter.user.unsure.fails": "score_nmt_logprob < -0.5"})
    assert summary.flipped > 0
    with pytest.raises(glotmill.GlotmillError, match="open it again"):
        next(before.records())
    dry = glotmill.publish(folder, "published", dry_run=True)
    assert (dry.committed, Path("published").exists()) == (False, False)
    done = glotmill.publish(folder, "published", tag="v1")
    assert (done.committed, done.revision, done.tag) == (True, "1", "v1")
    pulled = glotmill.pull("published@v1", "pulled")
    assert pulled.whole == 0
    for place in (folder, folder / "dataset", "published", "published@v1", "pulled"):
        assert glotmill.verify(place, deep=True).sound
    rows = [list(glotmill.open_dataset(place).records()) for place in (folder, folder / "dataset", "published@v1")]
    assert rows[0] == rows[1] == rows[2] == list(glotmill.open_dataset("pulled").records())
    outcome = glotmill.export("pulled", "llava", "llava", languages=["deu_Latn"])
    assert sum(outcome.exported.values()) == glotmill.open_dataset(folder).counts["deu_Latn"].kept


def test_a_dataset_is_read_by_language_and_verdict(outputs: Path, tmp_path: Path, quiet: None):
    dataset = glotmill.open_dataset(outputs / "small")
    assert dataset.languages == ("deu_Latn", "swh_Latn")
    assert dataset.splits == ("train",)
    for lang, count in dataset.counts.items():
        assert count.rows == count.kept + sum(count.dropped.values()) + sum(count.failed.values())
        for kept, rows in ((True, count.kept), (False, count.rows - count.kept), (None, count.rows)):
            found = list(dataset.records(lang, kept))
            assert len(found) == rows > 0
            assert {row["lang"] for row in found} == {lang}
            assert {row["keep"] for row in found} == ({True, False} if kept is None else {kept})
            ids = [row["record_id"] for row in found]
            assert dataset.to_polars(lang, kept).collect()["record_id"].to_list() == ids
            by_split = dataset.to_datasets(lang, kept, cache_dir=tmp_path / "cache")
            assert by_split["train"]["record_id"][:] == ids
    assert dataset.kept == sum(count.kept for count in dataset.counts.values())
    assert dataset.to_polars(kept=None).select(pl.len()).collect().item() == dataset.rows == 80
    assert next(dataset.records(columns=["lang", "task"])).keys() == {"lang", "task"}
    assert list(dataset.records("deu_Latn", split="train")) == list(dataset.records("deu_Latn"))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: glotmill.load_recipe("nonesuch"), "no recipe 'nonesuch'"),
        (lambda: glotmill.load_recipe(5), "recipe: expected a path, found int"),
        (lambda: glotmill.load_recipe({"sources": {"a": {1, 2}}}), "expected what a YAML file can hold: found a set"),
        (lambda: glotmill.load_recipe({"nme": "x"}), "recipe <mapping>: unknown key 'nme'"),
        (lambda: glotmill.load_recipe({"extends": "nonesuch"}), "no recipe 'nonesuch'"),
        (lambda: glotmill.load_recipe({"name": "x" * 2_000_000}), "a recipe has at most"),
        (lambda: glotmill.load_recipe("quickstart", "limit=3"), "expected a mapping, or a list of key.key=value"),
        (lambda: glotmill.load_recipe("quickstart", {"a..b": 3}), "expected key.key=value"),
        (lambda: glotmill.build(glotmill.load_recipe("quickstart"), overrides={"limit": 3}), "load_recipe"),
        (lambda: glotmill.build("quickstart", workers=-1), "workers -1: expected a whole number from 0"),
        (lambda: glotmill.build("quickstart", limit=True), "limit True: expected a whole number from 1"),
        (lambda: glotmill.build("quickstart", progress="yes"), "progress: expected True, False or a function"),
        (lambda: glotmill.preview("quickstart", rows=-1), "rows -1: expected a whole number from 0"),
        (lambda: glotmill.open_dataset("nowhere"), "nowhere"),
        (lambda: glotmill.open_dataset("a\0b"), "without NUL characters"),
        (lambda: glotmill.open_dataset("x" * 5000), "name another path"),
        (lambda: glotmill.open_dataset("hf://datasets/a/b"), "glotmill pull hf://datasets/a/b DIR"),
        (lambda: glotmill.verify(b"bytes"), "folder: expected a path, found bytes"),
        (lambda: glotmill.refilter("nowhere"), "no dataset/ in it"),
        (lambda: glotmill.publish("nowhere", "ftp://x"), "expected hf://datasets/ORG/NAME"),
        (lambda: glotmill.pull("nowhere", "here"), "nowhere"),
        (lambda: glotmill.export("nowhere", "there", "csv"), "unknown format 'csv'"),
        (lambda: glotmill.rollback("v1", "nowhere"), "nowhere"),
        (lambda: glotmill.rollback(1, "nowhere"), "version: expected text, found int"),
        (lambda: glotmill.diff("nowhere", "there"), "nowhere"),
        (lambda: glotmill.diff("nowhere", "there", ids=3), "together with --rows"),
        (lambda: glotmill.explain("nowhere", "r1:0"), "nowhere"),
        (lambda: glotmill.explain("nowhere", 5), "record_id: expected text, found int"),
        (lambda: glotmill.show("nowhere"), "nowhere"),
        (lambda: glotmill.show("nowhere", count=0), "count 0: expected a whole number from 1"),
        (lambda: glotmill.show("nowhere", verdict="good"), "verdict 'good': expected one of kept, dropped, failed"),
        (lambda: glotmill.report("nowhere"), "nowhere"),
        (lambda: glotmill.calibrate("nowhere"), "no dataset in it"),
        (lambda: glotmill.calibrate("nowhere", mode="guess"), "--mode guess: expected noise or quantile"),
        (lambda: glotmill.calibrate("nowhere", target=2), "--target 2: expected a share between 0 and 1"),
        (lambda: glotmill.calibrate("nowhere", min_rows=0), "--min-rows 0: expected a whole number from 1"),
    ],
)
def test_wrong_input_is_an_input_error_and_nothing_is_written(
    call: Callable[[], Any], words: str, tmp_path: Path, monkeypatch, quiet: None
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(glotmill.InputError) as error:
        call()
    assert words in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_wrong_choices_of_a_reader_are_input_errors(outputs: Path):
    dataset = glotmill.open_dataset(outputs / "small")
    with pytest.raises(glotmill.InputError, match="did you mean 'deu_Latn'"):
        dataset.records("deu_Latin")
    with pytest.raises(glotmill.InputError, match="no split 'tset'"):
        dataset.to_polars(split="tset")
    with pytest.raises(glotmill.InputError, match="did you mean 'messages'"):
        next(dataset.records(columns=["mesages"]))


def test_a_damaged_shard_is_an_error_of_ours(outputs: Path):
    dataset = glotmill.open_dataset(outputs / "small")
    shard = next((outputs / "small/dataset/data/deu_Latn").iterdir())
    shard.write_bytes(b"PAR1 not")
    with pytest.raises(glotmill.InputError, match="expected a shard of records"):
        list(dataset.records("deu_Latn"))


def test_what_the_system_refuses_is_an_error_of_ours(outputs: Path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("glotmill.engine.commands.refilter.commit_verdicts", full)
    with pytest.raises(glotmill.GlotmillError, match="No space left on device") as error:
        glotmill.refilter(outputs / "small")
    assert isinstance(error.value.__cause__, OSError)


def record_id(folder: Path) -> str:
    found: str = next(glotmill.open_dataset(folder).records())["record_id"]
    return found


def test_a_dataset_is_looked_at_and_rolled_back_from_a_program(outputs: Path, quiet: None):
    folder = outputs / "small"
    glotmill.publish(folder, "published", tag="v1")
    glotmill.refilter(folder, overrides={"filter.user.unsure.fails": "score_nmt_logprob < -0.5"})
    glotmill.publish(folder, "published")
    between = glotmill.diff("published@v1", folder, rows=True, ids=2)
    assert not between.same
    (flip, *_) = between.flips or ()
    assert (flip.before, flip.after, len(flip.ids)) == ("kept", "user.unsure", 2)
    found = glotmill.explain(folder, flip.ids[0], memory=outputs / ".memory")
    assert [rule.code for rule in found.rules if rule.result == "fails"] == ["user.unsure"]
    worst = glotmill.show(folder, lang=flip.lang, verdict="dropped", sort="score_nmt_logprob", count=2)
    values = [row["score_nmt_logprob"] for row in worst.rows]
    assert values == sorted(values)
    assert worst.found >= len(worst.rows) == 2
    assert glotmill.report(folder).bytes == (folder / "report.html").stat().st_size
    back = glotmill.rollback("v1", "published", dry_run=True)
    assert (back.committed, back.dry_run) == (False, True)
    assert glotmill.rollback("v1", "published").committed
    assert glotmill.diff("published", "published@v1").same


def test_a_calibration_is_written_and_used_from_a_program(tmp_path: Path, monkeypatch, quiet: None):
    monkeypatch.chdir(tmp_path)
    glotmill.build("quickstart", out="out", memory="memory", workers=0)
    made = glotmill.calibrate("out", min_rows=20)
    assert made.path == Path("out/calibration.yaml")
    assert set(made.lost) == set(made.content["thresholds"]) > set()
    summary = glotmill.refilter("out", overrides={"calibration": str(made.path)})
    assert summary.why
    assert "turns below" in made._repr_html_()


def test_notebooks_show_results_as_small_tables_of_text(outputs: Path):
    folder = outputs / "small"
    plan = glotmill.plan("recipe.yaml", out=folder, memory=outputs / ".memory")
    shown = [
        plan,
        glotmill.preview("recipe.yaml", measure=False, memory=outputs / ".memory"),
        glotmill.build("recipe.yaml", out=folder, memory=outputs / ".memory"),
        glotmill.refilter(folder),
        glotmill.publish(folder, "published"),
        glotmill.pull("published", "pulled"),
        glotmill.export(folder, "exported", "llava"),
        glotmill.verify(folder),
        glotmill.rollback("1", "published"),
        glotmill.show(folder, count=3),
        glotmill.explain(folder, record_id(folder), memory=outputs / ".memory"),
        glotmill.diff(folder, "published"),
        glotmill.report(folder),
        glotmill.open_dataset(folder),
    ]
    for result in shown:
        html = result._repr_html_()
        assert html.startswith("<div><p>")
        assert "object at 0x" not in html
        assert len(html) < 40_000
    assert "deu_Latn" in shown[-1]._repr_html_()
    assert "deu_Latn" in repr(shown[-1]) or "2 languages" in repr(shown[-1])


def test_notebooks_run_nothing_that_a_text_says():
    html = html_of((SECRET_LIKE, [("a",), *[(SECRET_LIKE + "\u202e" + "x" * 5000,)] * (MOST_ROWS + 7)]))
    assert "<script" not in html
    assert "\u202e" not in html
    assert "&lt;script&gt;" in html
    assert "and 7 more rows" in html
    assert len(html) < 50 * 400


def test_the_page_begins_with_an_example_that_works(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = [block.partition("```")[0] for block in HEAD.split("```python\n")[1:]]
    exec(compile(code, "docs/api.md", "exec"), {})
    assert glotmill.open_dataset("outputs/first").languages == ("deu_Latn",)
