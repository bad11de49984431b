"""Which template a row carries in a language."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from glotmill.engine.samples.instruct import instructed
from glotmill.engine.text.answers import AnswerRule
from glotmill.engine.text.fields import as_carried
from glotmill.engine.text.template_wording import InstructionRule, Refusal, Words
from glotmill.recipes.model import Answers
from glotmill.recipes.sections.templates import Template, Templates
from glotmill.schemas.sample import SAMPLE_SCHEMA

REFUSED = Refusal("min_chrf", 12.0, "Unsinn.")
PLAIN = [Template(f"p{n}", "caption", f"Say what is here, way {n}.") for n in range(4)]
NAMED = [Template(f"n{n}", "caption", f"Say in {{language}} what is here, way {n}.") for n in range(3)]
REASONS = [Template(f"r{n}", "cot", "{question} Why?", f"{{rationale}} Hence, way {n}: {{answer}}.") for n in range(3)]


def rule(*refused: str, instruction: str = "target", **section: Any) -> InstructionRule:
    """German words for every text of the bank, but for the templates refused."""
    bank = {"caption": [*PLAIN, *NAMED], "cot": REASONS}
    judged = {}
    for template in [*PLAIN, *NAMED, *REASONS]:
        for text in filter(None, (template.user, template.assistant)):
            said = Words(f"Auf Deutsch: {text}", text, frozenset({"machine"}), frozenset({"engine"}))
            judged["deu_Latn", text] = REFUSED if template.name in refused and text != "{question} Why?" else said
            judged["fra_Latn", text] = said
    return InstructionRule(Templates(instruction=instruction, **section), bank, {}, judged)  # type: ignore[arg-type]


def sample(number: int, used: InstructionRule, task: str = "caption", **columns: Any) -> dict[str, Any]:
    row = {
        **dict.fromkeys(SAMPLE_SCHEMA.names),
        "source_id": f"s1:{number:032x}",
        "task": task,
        "source_lang": "eng_Latn",
        "image_refs": [{"image_id": "i", "uri": "i.jpg"}],
        "source_messages": [
            {"role": "user", "content": "<image>"}, {"role": "assistant", "content": "A dog runs."},
        ],
        **columns,
    }  # fmt: skip
    return instructed(row, used)


def carried(used: InstructionRule, row: dict[str, Any], lang: str = "deu_Latn") -> dict[str, Any] | None:
    return as_carried(row, lang, AnswerRule(Answers(), {}, instructions=used))


def drew(name: str, used: InstructionRule, **columns: Any) -> dict[str, Any]:
    """A sample that drew a template."""
    rows = (sample(number, used, **columns) for number in range(200))
    return next(row for row in rows if row["template_id"] == name)


def test_a_row_carries_what_it_drew_where_that_was_accepted():
    used = rule()
    row = drew("p1", used)
    assert carried(used, row) is row


@pytest.mark.parametrize(
    ("refused", "drawn", "expected"),
    [(["p1"], "p1", "p2"), (["p1", "p2"], "p1", "p3"), (["p1", "p2"], "p2", "p3"), (["p3"], "p3", "p0")],
)
def test_a_refused_template_gives_way_to_the_next_accepted_one_of_its_kind(
    refused: list[str], drawn: str, expected: str
):
    used = rule(*refused)
    assert carried(used, drew(drawn, used))["template_id"] == expected  # type: ignore[index]


def test_it_gives_way_in_that_language_only():
    used = rule("p1")
    row = drew("p1", used)
    assert carried(used, row, "fra_Latn") is row
    assert carried(used, row, "eng_Latn") is row


def test_a_row_with_a_stand_in_shows_its_english_and_keeps_its_identity_and_its_change_detector():
    used = rule("p1")
    row = drew("p1", used)
    made = carried(used, row)
    assert made is not None
    assert made["source_messages"][0]["content"] == "<image>\nSay what is here, way 2."
    assert made["source_messages"][1] == row["source_messages"][1]
    assert (made["source_id"], made["source_hash"]) == (row["source_id"], row["source_hash"])


def test_without_an_accepted_template_the_instruction_is_english_and_names_the_language():
    used = rule(*(t.name for t in PLAIN))
    made = [carried(used, sample(n, used)) for n in range(40)]
    assert {row["template_id"] for row in made if row} == {"n0", "n1", "n2"}  # spread like a draw of English ones
    assert not any(row["instruction"]["translated"] for row in made if row)


def test_a_kind_that_never_names_the_language_keeps_its_template_in_english():
    used = rule(*(t.name for t in PLAIN))
    used = replace(used, bank={"caption": PLAIN})
    row = drew("p1", used)
    made = carried(used, row)
    assert made is not None
    assert (made["template_id"], made["instruction"]["translated"]) == ("p1", False)
    assert made["source_messages"] == row["source_messages"]


def test_in_mixed_mode_translated_templates_stand_in_for_translated_ones():
    used = rule("p1", instruction="mixed")
    assert carried(used, drew("p1", used))["template_id"] == "p2"  # type: ignore[index]
    assert carried(used, row := drew("n1", used)) is row


@pytest.mark.parametrize(
    ("fallback", "refused", "expected"),
    [
        (("next", "source"), ["p1"], "p2"),
        (("source", "next"), ["p1"], "n"),
        (("source",), ["p1"], "n"),
        (("next",), ["p1"], "p2"),
        (("next",), ["p0", "p1", "p2", "p3"], None),
        ((), ["p1"], None),
    ],
)
def test_the_recipe_says_what_stands_in(fallback: tuple[str, ...], refused: list[str], expected: str | None):
    used = rule(*refused, fallback=fallback)
    row = carried(used, drew("p1", used))
    assert (row is None) if expected is None else row is not None and row["template_id"].startswith(expected)


def test_words_around_a_reply_are_never_english():
    slots = [{"name": name, "text": "x", "label": None} for name in ("question", "rationale", "answer")]
    columns = {"task": "vqa_open", "kind": "cot", "slots": slots}
    used = rule("r1")
    assert carried(used, drew("r1", used, **columns))["template_id"] == "r2"  # type: ignore[index]
    used = rule("r0", "r1", "r2")
    assert carried(used, drew("r1", used, **columns)) is None


def test_a_turn_in_a_third_language_is_judged_in_that_language():
    slots = [{"name": name, "text": "x", "label": None} for name in ("question", "rationale", "answer")]
    columns = {"task": "vqa_open", "kind": "cot", "slots": slots}
    used = rule("r1")  # in German
    row = drew("r1", used, turn_plan=["fra_Latn", None], **columns)
    assert carried(used, row, "deu_Latn")["template_id"] == "r2"  # type: ignore[index]
    row = drew("r1", used, turn_plan=["deu_Latn", None], **columns)
    assert carried(used, row, "fra_Latn") is row
    row = drew("r1", used, turn_plan=[None, "source"], **columns)
    assert carried(used, row, "deu_Latn") is row  # the reply stays English, so nothing around it is judged


def test_a_reviewed_translation_is_carried_whatever_the_engine_said():
    used = replace(rule("p1"), translations={"deu_Latn": {"p1": ("Sag es.", None)}})
    row = drew("p1", used)
    assert carried(used, row) is row
    assert used.words("p1", "user", PLAIN[1].user, "deu_Latn") == Words("Sag es.")


def test_slots_and_marks_alone_need_no_translation():
    assert rule().words("x", "user", "{question}", "deu_Latn") == Words("{question}")
