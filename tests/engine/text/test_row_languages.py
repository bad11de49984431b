"""The columns that name languages are true for every turn, slot, option and answer of a record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from glotmill.engine.samples.instruct import instructed
from glotmill.engine.text.answers import AnswerRule
from glotmill.engine.text.composition import EngineName, compose
from glotmill.engine.text.fields import answer_requests, other_requests, turn_requests
from glotmill.engine.text.parts import Entry
from glotmill.engine.text.template_wording import InstructionRule, Judged, Words
from glotmill.recipes.model import Answers, Dictionary
from glotmill.recipes.sections.templates import Template, Templates

ENG, DEU, VIE = "eng_Latn", "deu_Latn", "vie_Latn"
ENGINE = EngineName("fake", "fake", "f" * 32)
SOURCE, TARGET = (AnswerRule(Answers(policy=policy), {}) for policy in ("source", "target"))
COLUMNS = ("turn_langs", "instruction_langs", "slot_langs", "choice_langs", "answer_langs")


def sample(user: str, assistant: str, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "source_id": "s1:0", "task": "vqa_open", "source_lang": ENG, "template_id": None, "image_refs": [],
        "source_messages": [{"role": "user", "content": user}, {"role": "assistant", "content": assistant}],
        "source_choices": None, "source_answers": None, "answer_index": None, "kind": None, "slots": None,
        "turn_plan": None, "instruction": None,
    }  # fmt: skip
    return {**row, **changes}


def slot(name: str, text: str, label: str | None = None) -> dict[str, Any]:
    return {"name": name, "text": text, "label": label}


def templated(row: dict[str, Any], user: str, assistant: str | None = None, instruction: Any = "source") -> dict:
    kind = row["kind"] or row["task"]
    bank = {kind: [Template("mine", kind, user, assistant)]}
    return instructed(row, InstructionRule(Templates(instruction=instruction), bank))


def accepted(judged: Judged) -> InstructionRule:
    return InstructionRule(Templates(), {}, {}, judged)


def languages(row: dict[str, Any], rule: AnswerRule = TARGET, lang: str = DEU, **changes: Entry) -> dict[str, Any]:
    """The columns of a record whose segments are all translated, but for those that are given."""
    bare, carriers = answer_requests(row, lang, rule)
    asked = {lang: [*turn_requests(row), *bare, *carriers]}
    for into, requests in other_requests(row, lang).items():
        asked.setdefault(into, []).extend(requests)
    if rule.instructions is None:
        own = [text for text in (row["instruction"] or {}).values() if isinstance(text, str)]
        rule = replace(
            rule, instructions=accepted({(into, text): Words(f"«{text}»") for into in asked for text in own})
        )
    entries = {
        (into, text): Entry(f"«{text}»", None, -0.5, 4, hit_limit=False, back=text)
        for into, texts in asked.items()
        for text in texts
    }
    entries |= {(lang, text): entry for text, entry in changes.items()}
    made = compose(row, lang, entries, rule, ENGINE)
    assert made.failure is None
    return {name: made.columns[name] for name in COLUMNS}


def test_a_turn_as_its_source_has_it_has_one_language_and_no_instruction():
    assert languages(sample("What is it?", "A ball.", task="conversation")) == {
        "turn_langs": [DEU, DEU], "instruction_langs": [None, None], "slot_langs": None,
        "choice_langs": None, "answer_langs": None,
    }  # fmt: skip


def test_an_english_instruction_around_a_translated_caption_is_told_apart_from_it():
    row = sample("A dog runs.", "yes", task="matching", slots=[slot("caption", "A dog runs.")], source_answers=["yes"])
    found = languages(templated(row, 'Does this fit: "{caption}" Answer yes or no in {language}.'))
    assert found["turn_langs"] == [DEU, DEU]
    assert found["instruction_langs"] == [ENG, None]
    assert found["slot_langs"] == [{"turn": 0, "slot": "caption", "lang": DEU}]
    assert found["answer_langs"] == [DEU]


@pytest.mark.parametrize(
    ("answer", "rule", "lang", "turn"),
    [("ball", TARGET, DEU, DEU), ("ball", SOURCE, ENG, ENG), ("3", TARGET, None, ENG), ("yes", TARGET, DEU, DEU)],
)
def test_a_question_to_be_made_up_has_the_language_of_the_answer_it_is_given(
    answer: str, rule: AnswerRule, lang: str | None, turn: str
):
    row = sample(answer, "What is it?", task="vqg", slots=[slot("answer", answer)], source_answers=[answer])
    found = languages(templated(row, "Think of a question in {language} that is answered by: {answer}"), rule)
    assert found["slot_langs"] == [{"turn": 0, "slot": "answer", "lang": lang}]
    assert found["turn_langs"] == [turn, DEU]
    assert found["instruction_langs"] == [ENG, None]


def test_an_instruction_without_a_text_is_the_text_of_its_turn():
    found = languages(templated(sample("", "A dog runs.", task="caption"), "Describe this in {language}."))
    assert (found["turn_langs"], found["instruction_langs"], found["slot_langs"]) == ([ENG, DEU], [ENG, None], [])


def test_a_translated_instruction_has_the_language_of_its_slots():
    row = templated(sample("What is it?", "A ball."), "{question} Keep it short.", instruction="target")
    found = languages(row)
    assert (found["turn_langs"], found["instruction_langs"]) == ([DEU, DEU], [DEU, None])


def test_a_reviewed_instruction_counts_as_translated():
    reviewed = InstructionRule(Templates(), {}, {DEU: {"mine": ("{question} Kurz, bitte.", None)}})
    rule = replace(TARGET, instructions=reviewed)
    row = templated(sample("What is it?", "A ball."), "{question} Keep it short.", instruction="target")
    assert languages(row, rule)["instruction_langs"] == [DEU, None]


def test_a_template_without_words_of_its_own_is_no_instruction():
    assert languages(templated(sample("What is it?", "A ball."), "{question}"))["instruction_langs"] == [None, None]


def test_a_turn_whose_slots_are_in_several_languages_names_none_for_all_of_them():
    slots = [slot("question", "What is it?"), slot("answer", "ball")]
    row = sample("What is it?", "It is round.", task="explanation", slots=slots, source_answers=["ball"])
    found = languages(templated(row, "{question} The answer is {answer}. Why?", instruction="target"), SOURCE)
    assert found["turn_langs"] == [None, DEU]
    assert found["instruction_langs"] == [DEU, None]
    assert [one["lang"] for one in found["slot_langs"]] == [DEU, ENG]


def test_reasons_and_their_answer_may_be_in_different_languages_in_one_reply():
    slots = [slot("question", "What is it?"), slot("rationale", "It is round."), slot("answer", "ball")]
    row = sample(
        "What is it?", "It is round. ball", task="explanation", kind="cot", slots=slots, source_answers=["ball"]
    )
    found = languages(templated(row, "{question} Why?", "{rationale} So it is {answer}."), SOURCE)
    assert found["turn_langs"] == [DEU, None]
    assert found["instruction_langs"] == [ENG, DEU]
    assert [(one["turn"], one["lang"]) for one in found["slot_langs"]] == [(0, DEU), (1, DEU), (1, ENG)]


DICTIONARY = AnswerRule(Answers(policy="target", dictionary=Dictionary(min_count=1)), {}, frequent=frozenset({"dog"}))


def test_each_option_has_its_language_and_options_in_two_have_none_together():
    row = sample(
        "Which?", "dog", task="vqa_mc", source_choices=["dog", "zebu", "12"], source_answers=["dog"], answer_index=0
    )
    found = languages(templated(row, "{question}\n{options}"), DICTIONARY)
    assert found["choice_langs"] == [DEU, ENG, None]
    assert [(one["slot"], one["lang"]) for one in found["slot_langs"]] == [("question", DEU), ("options", None)]
    assert found["turn_langs"] == [None, DEU]


def test_ten_answers_say_ten_times_which_language_they_are_in():
    ten = ["dog", "zebu", "dog", "2", "yes", "no", "zebu", "dog", "B", "dog"]
    found = languages(sample("What is it?", "dog", source_answers=ten), DICTIONARY)
    assert found["answer_langs"] == [DEU, ENG, DEU, None, DEU, DEU, ENG, DEU, None, DEU]


def test_an_answer_of_a_table_is_in_the_target_language_under_either_policy():
    rule = AnswerRule(Answers(policy="source"), {DEU: {"red": "rot"}})
    found = languages(sample("Which?", "red", source_answers=["red", "dark red"]), rule)
    assert (found["turn_langs"], found["answer_langs"]) == ([DEU, DEU], [DEU, ENG])


def test_yes_stays_english_where_the_language_has_no_known_word():
    found = languages(sample("Is it?", "yes", source_answers=["yes", "red"]), lang="kbp_Latn")
    assert (found["turn_langs"], found["answer_langs"]) == (["kbp_Latn", ENG], [ENG, "kbp_Latn"])


def test_a_name_of_a_thing_is_in_the_target_language_wherever_it_stands():
    rule = replace(SOURCE, labels={DEU: {"n1": "Hund"}})
    named = sample("", "dog", task="classification", slots=[slot("answer", "dog", "n1")], source_answers=["dog"])
    found = languages(templated(named, "Name it in {language}."), replace(TARGET, labels=rule.labels))
    assert (found["turn_langs"], found["answer_langs"]) == ([ENG, DEU], [DEU])
    asked = sample(
        "dog", "no", task="matching", kind="decide", slots=[slot("label", "dog", "n1")], source_answers=["no"]
    )
    found = languages(templated(asked, "Is this shown: {label}?"), rule)
    assert (found["turn_langs"], found["instruction_langs"]) == ([DEU, ENG], [ENG, None])
    assert found["slot_langs"] == [{"turn": 0, "slot": "label", "lang": DEU}]


@pytest.mark.parametrize(
    ("plan", "langs", "slot_lang"),
    [
        (["source", None], [ENG, DEU], ENG),  # en2x
        ([None, "source"], [DEU, ENG], DEU),  # x2en
        ([VIE, None], [VIE, DEU], VIE),  # x2x
    ],
)
def test_a_pair_of_languages_is_named_turn_by_turn_with_its_english_instruction(
    plan: list[str | None], langs: list[str], slot_lang: str
):
    row = sample("Where is it?", "It is here.", task="conversation", turn_plan=plan)
    assert languages(row)["turn_langs"] == langs
    named = templated({**row, "kind": "cross_lingual", "slots": [slot("question", "Where is it?")]},
                      "{question}\nReply in {language}.")  # fmt: skip
    found = languages(named)
    assert (found["turn_langs"], found["instruction_langs"]) == (langs, [ENG, None])
    assert found["slot_langs"] == [{"turn": 0, "slot": "question", "lang": slot_lang}]


def test_an_english_row_is_english_but_for_what_has_no_words():
    ten = ["dog", "2"]
    row = sample("What is it?", "2", source_answers=ten, source_choices=["dog", "2"], answer_index=1, task="vqa_mc")
    found = languages(templated(row, "{question}\n{options}\nPick one."), lang=ENG)
    assert found == {
        "turn_langs": [ENG, None], "instruction_langs": [ENG, None], "choice_langs": [ENG, None],
        "slot_langs": [{"turn": 0, "slot": "question", "lang": ENG}, {"turn": 0, "slot": "options", "lang": ENG}],
        "answer_langs": [ENG, None],
    }  # fmt: skip
