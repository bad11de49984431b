"""No translated template decides for rows in silence: it is translated and judged first, or no row carries it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from glotmill.engine.commands.explain.explain_record import explain
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.commands.plan import Plan, make_plan
from glotmill.engine.commands.translate_templates import translate_bank
from glotmill.engine.commands.verify.verify_dataset import verify
from glotmill.engine.dataset.manifest import read_manifest
from glotmill.engine.memory.corrections import export_tmx, import_tmx
from glotmill.engine.memory.translations import Memory
from glotmill.engine.report.finished_build import open_build
from glotmill.engine.report.page import report_data
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.storage.folder import Folder
from glotmill.engine.translation.template_phase import TemplatePhase
from glotmill.engine.translators import fake
from glotmill.schemas.errors import ConservationError
from tests.stand_in_llm import StandIn

QUIET = ProgressReport()
BAD = "Three words at most, please."
BANK = {
    "caption": {"c.bad": BAD, "c.good": "Say what is here."},
    "vqa_open": {"q.bad": f"{{question}} {BAD}", "q.good": "{question} Keep it short."},
}
# What the scripted engine makes of some texts: nonsense that comes back as other nonsense.
SCRIPT = {("deu_Latn", BAD): "Drei Blick auf Kirmen.", ("eng_Latn", "Drei Blick auf Kirmen."): "A view of a fair."}
Script = dict[tuple[str, str], str]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    """Translations that the fake engine gives, by language and text, instead of its own; those asked are noted."""
    said, own = dict(SCRIPT), fake._mark
    monkeypatch.setattr(fake, "_mark", lambda text, lang: said.get((lang, text)) or own(text, lang))
    return said


@pytest.fixture
def recipe(recipe_file, tmp_path: Path) -> Callable[..., Path]:
    """Writes the recipe of these tests; keyword arguments are keys of its ``templates`` section."""

    def write(bank: dict[str, Any] = BANK, engine: dict[str, Any] | None = None, **section: Any) -> Path:
        (tmp_path / "bank.yaml").write_text(yaml.safe_dump(bank))
        templates = {"bank": "bank.yaml", "instruction": "target", **section}
        return recipe_file(templates=templates, max_failed=1, **(engine or {}))

    return write


def records(dataset: Path, lang: str = "deu_Latn", task: str = "caption") -> pl.DataFrame:
    return pl.read_parquet(sorted((dataset / "data" / lang).glob("*.parquet"))).filter(task=task)


def asked(row: dict[str, Any]) -> str:
    return str(row["messages"][0]["content"].removeprefix("<image>\n"))


def planned(recipe: Path, tmp_path: Path, out: str = "out", **options: Any) -> Plan:
    return make_plan(prepare(load_recipe(str(recipe)), out=tmp_path / out, **options), QUIET)


def test_a_bad_template_that_passed_in_every_row_is_replaced_by_the_next_good_one(recipe, run, script):
    summary = run(recipe())
    rows = records(summary.dataset)
    assert rows["template_id"].unique().to_list() == ["c.good"]
    assert {asked(row) for row in rows.iter_rows(named=True)} == {"Sayˈdeu whatˈdeu isˈdeu hereˈdeu."}
    assert {row["source_messages"][0]["content"] for row in rows.iter_rows(named=True)} == {
        "<image>\nSay what is here."
    }
    questions = records(summary.dataset, task="vqa_open")
    assert questions["template_id"].unique().to_list() == ["q.good"]
    assert not any("Kirmen" in asked(row) for row in questions.iter_rows(named=True))
    assert set(records(summary.dataset, "swh_Latn")["template_id"]) == {"c.bad", "c.good"}  # good there


def test_a_template_that_dropped_every_row_drops_none(recipe, recipe_file, run, script):
    """The rows' own text is judged, with whatever instruction; here every template is nonsense in German."""
    script[("deu_Latn", "Say what is here.")] = "Ein Schaf fliegt über das Haus und singt."
    script[("eng_Latn", "Ein Schaf fliegt über das Haus und singt.")] = "A sheep flies over the house and sings."
    summary = run(recipe(), "filter.round_trip.min_chrf=60")
    german, swahili = summary.languages["deu_Latn"], summary.languages["swh_Latn"]
    assert (german.kept, german.dropped, german.failed) == (swahili.kept, {}, {})
    for row in records(summary.dataset).iter_rows(named=True):
        assert asked(row) == row["source_messages"][0]["content"].removeprefix("<image>\n")
        assert row["turn_langs"] == ["eng_Latn", "deu_Latn"]


def test_a_row_is_judged_by_its_own_text_alone(recipe, run, script):
    dataset = run(recipe()).dataset
    scored = [name for name in records(dataset).columns if name.startswith("turn_") and name != "turn_langs"]
    for row in records(dataset).iter_rows(named=True):
        assert [row[name][0] for name in scored] == [None] * len(scored)
        assert row["turn_round_trip_chrf"][1] == 100
        assert row["mt"]["engines"] == ["fake"]
        assert row["back_messages"][0]["content"] == "<image>\nSay what is here."
    script[("eng_Latn", "Keepˈdeu itˈdeu shortˈdeu.")] = "Make it short."  # good enough for the template
    worse = run(recipe(), out="worse", memory=dataset.parent / "other")
    for row in records(worse.dataset, task="vqa_open").iter_rows(named=True):
        assert row["turn_round_trip_exact"][0] == 1  # the question came back as it was


def test_what_was_refused_is_named_in_summary_json_plan_manifest_and_run(recipe, run, script, tmp_path):
    summary = run(recipe())
    found = {refused.template: refused for refused in summary.templates.refused}
    assert set(found) == {"c.bad", "q.bad"}
    bad = found["c.bad"]
    assert (bad.lang, bad.reason, bad.text) == ("deu_Latn", "min_chrf", "Drei Blick auf Kirmen.")
    drew = records(summary.dataset, "swh_Latn").filter(template_id="c.bad").height
    assert (bad.rows, bad.instead) == (drew, {"c.good": drew})
    assert summary.as_json()["templates"]["refused"][0]["template"] == "c.bad"
    assert summary.templates.judged - summary.templates.accepted == 2
    assert any("c.bad in deu_Latn (min_chrf: " in line for line in summary.templates.lines())
    assert [each["template"] for each in read_manifest(summary.dataset).facts["refused_templates"]] == [
        "c.bad",
        "q.bad",
    ]
    for out in ("out", "another"):
        assert planned(recipe(), tmp_path, out).as_json()["templates"] == summary.as_json()["templates"]
    again = run(recipe(), "filter.round_trip.min_chrf=5")  # nothing but rules changed
    assert again.templates == summary.templates
    assert verify(summary.dataset, QUIET).problems == []


def test_report_and_card_name_what_was_refused_with_the_rows_it_touches(recipe, run, script):
    dataset = run(recipe()).dataset
    (bad,) = (each for each in read_manifest(dataset).facts["refused_templates"] if each["template"] == "c.bad")
    card = (dataset / "README.md").read_text(encoding="utf-8")
    assert f"| `c.bad` | `deu_Latn` | `min_chrf {bad['value']:g}` | {bad['rows']} | `c.good` {bad['rows']} |" in card
    assert (
        report_data(open_build(dataset.parent, "test"))["refused_templates"]
        == read_manifest(dataset).facts["refused_templates"]
    )
    assert "refused" not in (run(recipe(accept=None), out="all").dataset / "README.md").read_text(encoding="utf-8")


def test_no_good_template_and_no_english_one_fails_the_rows_with_their_reason(recipe, run, script):
    script[("deu_Latn", "Say what is here.")] = "Sag es, sag es, sag es doch endlich."
    script[("eng_Latn", "Sag es, sag es, sag es doch endlich.")] = "Talk to me, finally."
    summary = run(recipe(fallback=["next"]))
    assert summary.languages["deu_Latn"].failed == {"template_refused": 20}
    assert summary.languages["swh_Latn"].failed == {}
    assert {
        each.instead.get("template_refused", 0) > 0 for each in summary.templates.refused if each.template[0] == "c"
    }
    rows = records(summary.dataset)
    assert rows["messages"].null_count() == rows.height == 20
    assert set(rows["template_id"]) == {"c.bad", "c.good"}


def test_a_reviewed_translation_is_taken_as_given(recipe, run, script, tmp_path):
    head = "template_id\tflores_code\tuser\tassistant\torigin\n"
    (tmp_path / "t.tsv").write_text(head + "c.bad\tdeu_Latn\tHöchstens drei Wörter.\t\treviewed\n")
    rows = records(run(recipe(translations="t.tsv")).dataset)
    assert {asked(row) for row in rows.filter(template_id="c.bad").iter_rows(named=True)} == {"Höchstens drei Wörter."}


def test_a_translation_that_was_written_down_as_refused_is_not_taken(recipe, run, script, tmp_path):
    table = tmp_path / "t.tsv"
    job = prepare(load_recipe(str(recipe())), out=tmp_path / "out")
    assert job.instructions is not None
    assert translate_bank(job, job.instructions, table, QUIET).refused == 2
    lines = [line for line in table.read_text().splitlines() if not line.startswith("#")]
    rows = {(row["template_id"], row["flores_code"]): row for row in csv.DictReader(lines, delimiter="\t")}
    assert rows["c.bad", "deu_Latn"]["user"] == "Drei Blick auf Kirmen."
    assert rows["c.bad", "deu_Latn"]["origin"] == "refused"
    assert rows["c.good", "deu_Latn"]["origin"] == "machine"
    assert set(records(run(recipe(translations="t.tsv")).dataset)["template_id"]) == {"c.good"}


def test_a_correction_of_a_template_is_judged_by_the_next_build(recipe, run, script, tmp_path):
    first = run(recipe())
    memory = Memory(Folder(tmp_path / "memory"))
    export_tmx(memory, tmp_path / "all.tmx", ("deu_Latn",))
    text = (tmp_path / "all.tmx").read_text(encoding="utf-8")
    (tmp_path / "all.tmx").write_text(
        text.replace("Drei Blick auf Kirmen.", "Höchstens drei Wörter."), encoding="utf-8"
    )
    assert import_tmx(memory, tmp_path / "all.tmx").corrected == 1
    changes = {change.path: change.action for change in planned(recipe(), tmp_path).changes}
    assert set(changes) == {"data/deu_Latn/train-00000.parquet"}
    second = run(recipe())
    assert second.shards == {"re-translate": 1, "reuse": 1}
    assert second.segments.translated == 0
    rows = records(second.dataset)
    assert set(rows["template_id"]) == {"c.bad", "c.good"}
    assert {row["mt"]["engines"][-1] for row in rows.filter(template_id="c.bad").iter_rows(named=True)} == {"human"}
    assert first.templates != second.templates
    assert second.templates.refused == []


def test_other_bounds_judge_again_from_the_memory(recipe, run, script, tmp_path):
    run(recipe())
    changed = recipe(accept={"min_chrf": 5})
    plan = planned(changed, tmp_path)
    assert {change.why for change in plan.changes} == {"text.templates.accept.min_chrf 60 → 5"}
    assert (plan.calls, plan.back_calls) == (0, 0)
    summary = run(changed)
    assert (summary.segments.translated, summary.back_translation.translated) == (0, 0)
    assert set(records(summary.dataset)["template_id"]) == {"c.bad", "c.good"}


def test_the_plan_counts_what_the_build_sends_and_names_the_shards_it_makes(recipe, run, script, tmp_path):
    before = planned(recipe(), tmp_path)
    summary = run(recipe())
    assert before.calls == summary.segments.translated
    assert (planned(recipe(), tmp_path).changes, planned(recipe(), tmp_path).calls) == ([], 0)
    memory = tmp_path / "memory"
    for folder in memory.iterdir():  # a memory that is gone: every template must be judged again
        for file in folder.iterdir():
            file.unlink()
    lost = planned(recipe(), tmp_path)
    assert {change.action for change in lost.changes} == {"re-translate"}
    assert lost.calls == before.calls


def test_templates_that_no_row_drew_are_asked_for_only_where_one_was_refused(recipe, run, script, tmp_path):
    bank = {"caption": {"c.bad": BAD, **{f"c.{n}": f"Say it in way number {n}." for n in range(60)}}}
    summary = run(recipe(bank, seed=1))
    units = [pl.read_parquet(path) for path in (tmp_path / "out/runs").glob("*/units-templates-*.parquet")]
    sent = pl.concat(units).filter(pl.col("text").str.starts_with("Say it in way"))
    drew = set(records(summary.dataset, "swh_Latn")["template_id"])
    assert "c.bad" in drew
    assert sent.filter(target_lang="swh_Latn").height == len(drew - {"c.bad"}) < 30
    assert sent.filter(target_lang="deu_Latn").height == 60


def test_a_recipe_that_translates_no_template_asks_and_notes_nothing(recipe_file, run, tmp_path):
    summary = run(recipe_file(templates={"instruction": "source"}))
    assert summary.templates is None
    assert summary.as_json()["templates"] is None
    facts = read_manifest(summary.dataset).facts
    assert "templates" not in facts["text"]
    assert "refused_templates" not in facts
    assert not any(name.startswith("templates") for name in summary.seconds)


def test_a_build_without_round_trip_scorer_still_judges_by_it(recipe, run, script):
    summary = run(recipe(engine={"score": {"scorers": ["integrity"]}}))
    assert [each.reason for each in summary.templates.refused] == ["min_chrf", "min_chrf"]
    assert summary.back_translation.unique == 8  # captions and questions have their bad sentence in common
    assert records(summary.dataset)["back_messages"].null_count() == 20
    spared = run(recipe(engine={"score": {"scorers": ["integrity"]}}, accept={"min_chrf": None}), out="spared")
    assert spared.back_translation is None
    assert spared.templates.refused == []


class Killed(BaseException):
    pass


def test_a_build_killed_among_the_templates_ends_in_the_bytes_of_an_undisturbed_one(
    recipe, run, script, tmp_path, monkeypatch
):
    small = {"translate": {"engine": "fake", "batch_tokens": 16, "unit_tokens": 16}}
    whole = run(recipe(engine={**small, "memory": str(tmp_path / "other")}), out="whole").dataset
    commit, left = fake.FakeTranslator.translate, 0

    def translate(self, batch, *, retry=False):
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed
        return commit(self, batch, retry=retry)

    monkeypatch.setattr(fake.FakeTranslator, "translate", translate)
    for batches in (3, 5):
        left = batches
        with pytest.raises(Killed):
            run(recipe(engine=small))
        assert not (tmp_path / "out/dataset").exists()
    left = 0
    made = run(recipe(engine=small)).dataset
    assert len(list((tmp_path / "out/runs").iterdir())) == 1  # the run was gone on with
    assert contents(made) == contents(whole)


def contents(dataset: Path) -> dict[str, bytes]:
    files = sorted(path for path in dataset.rglob("*") if path.is_file())
    return {str(path.relative_to(dataset)): path.read_bytes() for path in files}


def test_a_correction_that_comes_while_a_build_runs_is_refused_and_not_mixed_in(recipe, run, script, monkeypatch):
    check = TemplatePhase.check

    def corrected(self, rule):
        return check(self, type(rule)(rule.section, rule.bank, rule.translations, {**rule.judged, **something_else}))

    something_else = {("deu_Latn", "Say what is here."): None}
    monkeypatch.setattr(TemplatePhase, "check", corrected)
    with pytest.raises(ConservationError, match="other translations of templates than when they were judged"):
        run(recipe())


def test_explain_shows_the_template_that_the_record_carries(recipe, run, script, tmp_path):
    dataset = run(recipe()).dataset
    drew = records(dataset, "swh_Latn").filter(template_id="c.bad")["source_id"][0]
    record = records(dataset).filter(source_id=drew).row(0, named=True)
    found = explain(dataset.parent, record["record_id"], QUIET, memory=str(tmp_path / "memory"))
    assert "template: c.bad was drawn and refused in deu_Latn, so the record carries c.good" in found.notes
    assert not any(segment.request == BAD for segment in found.segments)


def test_appended_rows_change_what_no_other_row_carries(recipe, run, script, captions):
    before = records(run(recipe()).dataset)
    rows = [{"id": f"x{n}", "task": "caption", "image": "x.jpg", "caption": f"A cat {n} sleeps."} for n in range(9)]
    captions.write_text(captions.read_text() + "".join(json.dumps(row) + "\n" for row in rows))
    after = records(run(recipe()).dataset)
    assert after.filter(pl.col("record_id").is_in(before["record_id"])).equals(before)
    assert set(after["template_id"]) == {"c.good"}


# The stand-in for a server marks words: its text is in no language.
NO_LANGUAGE = {"min_language": None, "max_english": None, "min_script": None}


def server_engine(server: StandIn, **keys: Any) -> dict[str, Any]:
    fast = {"first_wait": 0.01, "longest_wait": 0.05, "attempts": 2}
    return {"translate": {"engine": "openai", "model": "stand-in", "url": server.url, **fast, **keys}}


def test_records_that_go_whole_carry_the_accepted_words_too(recipe, run):
    bank = {"caption": {"c.bad": BAD, "c.good": "Say what is here."}}
    with StandIn() as server:
        server.instead = {BAD: "Drei Blick auf Kirmen.", "Drei Blick auf Kirmen.": "A view of a fair."}
        engine = {**server_engine(server, mode="record"), "languages": ["deu_Latn"]}
        summary = run(recipe(bank, engine, accept=NO_LANGUAGE))
        whole = [json.loads(text) for text in server.seen if text.startswith("{")]
    assert {each.template for each in summary.templates.refused} == {"c.bad", "vqa_open.plain.3"}
    assert {asked(row) for row in records(summary.dataset).iter_rows(named=True)} == {
        "Sayˈger whatˈger isˈger hereˈger."
    }
    assert {items["instruction_1"] for items in whole if "instruction_1" in items} >= {BAD, "Say what is here."}
    assert summary.records.whole == summary.records.requested > 20


def test_a_template_that_a_server_did_not_answer_is_asked_again_by_the_next_build(recipe, run):
    bank = {"caption": {"c.one": "Tell me about it.", "c.two": "Say what is here."}}
    with StandIn({"Tell me about it.": ["500"] * 2}) as server:
        changes = {**server_engine(server), "languages": ["deu_Latn"]}
        first = run(recipe(bank, changes, accept=NO_LANGUAGE))
        assert [each.why for each in first.templates.refused] == ["server_error"]
        assert set(records(first.dataset)["template_id"]) == {"c.two"}
        second = run(recipe(bank, changes, accept=NO_LANGUAGE))
    assert second.templates.refused == []
    assert set(records(second.dataset)["template_id"]) == {"c.one", "c.two"}
    assert second.shards == {"re-translate": 1}


def test_a_template_of_a_bare_yes_alone_asks_no_engine(recipe, run):
    bank = {kind: {f"{kind}.yes": "{question} Yes?"} for kind in ("vqa_open", "vqa_mc")} | {"caption": {"c": "Yes?"}}
    summary = run(recipe(bank))
    assert not any(name.endswith("yes") for name in summary.templates.refused)
    assert {asked(row) for row in records(summary.dataset).iter_rows(named=True)} == {"Ja?"}
    assert {asked(row) for row in records(summary.dataset, "swh_Latn").iter_rows(named=True)} == {"Ndiyo?"}


def test_a_template_that_the_first_engine_fails_on_is_the_second_engines(recipe, run):
    engines = {
        "translate": {"engine": "fake", "fault": "empty"},
        "routing": {"second": {"engine": "fake"}},
        "score": {"scorers": ["integrity"]},
    }
    summary = run(recipe(engine=engines))
    assert summary.templates.refused == []
    assert set(records(summary.dataset)["template_id"]) == {"c.bad", "c.good"}
