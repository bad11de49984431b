"""The table of tasks: what is known of each, and who takes it from there."""

from __future__ import annotations

from typing import get_args

from glotmill.engine.samples.tasks.registry import MEMBERS
from glotmill.recipes.sections.templates import load_bank
from glotmill.schemas.task import ANSWER_TASKS, CROSS_LINGUAL, KINDS, TASKS, Task


def test_the_table_has_every_task_once_in_the_order_of_the_list():
    assert tuple(TASKS) == get_args(Task)


def test_every_kind_of_rows_is_a_task_or_a_derived_task_of_ours():
    assert set(KINDS) <= {*TASKS, *MEMBERS.built_in()}
    assert {task for task, facts in TASKS.items() if facts.slots is None} == {"conversation"}
    assert KINDS[CROSS_LINGUAL].must == {"question", "language"}


def test_every_kind_has_templates_in_the_shipped_bank():
    assert set(load_bank(None)) == set(KINDS)


def test_short_answers_are_those_that_the_answers_section_treats():
    assert sorted(ANSWER_TASKS) == ["classification", "matching", "ocr", "vqa_mc", "vqa_open"]
    assert {task for task, facts in TASKS.items() if facts.reply == "table"} == {"matching", "classification"}
    assert {task for task, facts in TASKS.items() if facts.reply == "printed"} == {"ocr"}


def test_the_kind_of_text_decides_on_thresholds():
    fields = {task: facts.field for task, facts in TASKS.items() if facts.field != "response"}
    assert fields == {
        "caption": "caption",
        **dict.fromkeys(("vqa_open", "vqa_mc", "vqg", "matching", "ocr"), "question"),
    }
