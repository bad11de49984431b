"""Records keep their structure, or carry a named reason: head to head with what public pipelines damage."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glotmill.engine.text.answers import AnswerRule
from glotmill.engine.text.composition import Composed, EngineName, compose
from glotmill.engine.text.fields import answer_requests, turn_requests
from glotmill.engine.text.parts import Entry
from glotmill.engine.text.segments import split
from glotmill.engine.translators import Request, load_translator, resolve_translator
from glotmill.engine.translators.fake import FakeTranslate
from glotmill.engine.translators.shared.retry import translate_with_retry
from glotmill.recipes.model import Answers

FAULTS = [None, "drop_sentence", "loop", "echo", "wrong_language", "empty"]
RULE = AnswerRule(Answers(policy="target"), {})
CONTEXT = AnswerRule(Answers(policy="target", context=True), {})
NAMED = re.compile(r"(failed:)?(empty_output|hit_limit|looped|sentence_dropped|choices_collide|[a-z_]+_mismatch)$")


def fake(fault: str | None, every: int = 1):
    return load_translator(resolve_translator(FakeTranslate(engine="fake", fault=fault, fault_every=every)))


def made(row: dict[str, Any], engine, rule: AnswerRule = RULE, lang: str = "deu_Latn") -> Composed:
    """A record through the whole text room, with real answers of an engine."""
    bare, carriers = answer_requests(row, lang, rule)
    texts = list(dict.fromkeys([*turn_requests(row), *bare, *carriers]))
    outcomes = translate_with_retry(engine, [Request("eng_Latn", lang, text) for text in texts]) if texts else []
    entries = {}
    for text, outcome in zip(texts, outcomes, strict=True):
        t = outcome.translation
        failure = f"failed:{t.failure}" if t.failure else None
        entries[lang, text] = Entry(t.text, failure, t.logprob, t.target_tokens, t.hit_limit, back=t.text)
    return compose(row, lang, entries, rule, EngineName("fake", "fake", "f"))


def record(*contents: str, task: str = "conversation", **changes: Any) -> dict[str, Any]:
    roles = ("user", "assistant") * len(contents)
    turns = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]
    row = {"source_id": "s1:0", "task": task, "source_lang": "eng_Latn", "source_messages": turns,
           "source_choices": None, "source_answers": None, "answer_index": None}  # fmt: skip
    return {**row, **changes}


def text(composed: Composed, turn: int = 0) -> str:
    return str(composed.columns["messages"][turn]["content"])


# --- the head-to-head cases ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("<image> What is on the left?", "<image> Whatˈdeu isˈdeu onˈdeu theˈdeu leftˈdeu?"),
        ("What is this? <image>", "Whatˈdeu isˈdeu thisˈdeu? <image>"),
        ("<ref>the dog</ref>", "<ref>theˈdeu dogˈdeu</ref>"),
        ("<p>The man [12,30,40,50] is</p>", "<p>Theˈdeu manˈdeu [12,30,40,50] isˈdeu</p>"),
    ],
)
def test_tags_boxes_and_positions_are_identical_and_words_translated(source: str, target: str):
    assert text(made(record(source, "fine"), fake(None))) == target


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("B", "B"), ("42", "42"), ("2 dogs", "2 dogsˈdeu"), ("yes", "ja"), ("https://x.y/z", "https://x.y/z")],
)
def test_answers_are_copied_or_translated_and_never_sent_as_a_lone_number(answer: str, expected: str):
    row = record("How many?", answer, task="vqa_open", source_answers=[answer])
    assert not {"B", "42", "yes", "https://x.y/z"} & set(answer_requests(row, "deu_Latn", RULE)[0])
    composed = made(row, fake(None))
    assert composed.columns["answers"] == [expected]
    assert text(composed, 1) == expected


@pytest.mark.parametrize("lang", ["deu_Latn", "fra_Latn", "swh_Latn", "zho_Hans", "hin_Deva"])
def test_the_answer_equals_the_third_choice_in_every_language(lang: str):
    choices = ["a red ball", "yes", "the third one", "42"]
    row = record("Which is it?", "the third one", task="vqa_mc", source_choices=choices,
                 source_answers=["the third one"], answer_index=2)  # fmt: skip
    composed = made(row, fake(None), lang=lang)
    assert composed.columns["choices"][2] == composed.columns["answers"][0] == text(composed, 1)
    assert composed.columns["choices"][3] == "42"
    assert len(set(composed.columns["choices"])) == 4


@pytest.mark.parametrize("fault", FAULTS)
def test_two_sentence_captions_keep_both_or_name_the_reason(fault: str | None):
    composed = made(record("<image>", "A dog runs on the grass. A cat sits on the wall."), fake(fault))
    if composed.failure is None:
        assert text(composed, 1).count(".") >= 2
    else:
        assert NAMED.match(composed.failure)


# --- any record, any fault ----------------------------------------------------------------------------------------

SPAN_TEXTS = (
    "<image>", "<ref>", "</ref>", "<box>", "</box>", "<p>", "</p>", "[12,30,40,50]", "(0.1, 0.2)", "https://x.y/z?a=1",
    "a.b@c.org", "`x = 1`", "```\ncode here\n```", "$a^2+b$", "{name}", "%s", "\n", "\n\n", "\n- ", "\n1. ", "\n# ",
    "(A)", "**", "42", "3.5", "<|end|>", "<!-- a note -->", "<!DOCTYPE html>", "\n- [ ]", "[x]", "%(name)s", "%dpx",
    "{<12><30><40><50>}", "[.12, .30]",
)  # fmt: skip
WORDS = (
    "a dog", "The man is here.", "Is it red?", "two people walk, talk and run", "Dr. Smith left.", "yes", "No!", "A",
    "the dog runs. The cat sits", "Müller", "U.S. flag", "e.g. this", "well-known", "B",
)  # fmt: skip
CONTENT = st.lists(st.sampled_from([*SPAN_TEXTS, *WORDS]), min_size=1, max_size=9).map(" ".join)
SHORT = st.sampled_from(
    ["red", "yes", "no", "42", "B", "a dog", "two dogs", "on the left side", "Yes.", "https://a.b/c"]
)


def protected(content: str) -> Counter[tuple[str, str]]:
    """What must be the same, by the splitter's own kinds, white space apart."""
    kept = [p for p in split(content, "eng_Latn").pieces if p.kind not in ("text", "yes_no", "copied")]
    return Counter((p.kind, p.text.strip() or p.text) for p in kept)


def literal(content: str) -> Counter[str]:
    """The same without the splitter: every span text of this test, counted as a plain string."""
    return Counter({span: content.count(span) for span in SPAN_TEXTS if span.strip() and content.count(span)})


def intact(row: dict[str, Any], composed: Composed) -> None:
    columns = composed.columns
    assert [t["role"] for t in columns["messages"]] == [t["role"] for t in row["source_messages"]]
    for source, target in zip(row["source_messages"], columns["messages"], strict=True):
        assert protected(target["content"]) == protected(source["content"])
        there, here = literal(source["content"]), literal(target["content"])
        assert all(here[span] >= count for span, count in there.items() if span not in ("42", "3.5", "%s"))
        assert target["content"].count("\n") == source["content"].count("\n")
        assert target["content"].strip() or not source["content"].strip()
    for name in ("choices", "answers"):
        source_values = row[f"source_{name}"]
        assert (columns[name] is None) == (source_values is None)
        assert len(columns[name] or ()) == len(source_values or ())
        assert all(value.strip() for value in columns[name] or ())
    if row["source_choices"] is not None:
        assert columns["choices"][columns["answer_index"]] == text(composed, len(row["source_messages"]) - 1)
        assert len(set(columns["choices"])) == len(columns["choices"])


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    task = draw(st.sampled_from(["conversation", "caption", "vqa_open", "vqa_mc"]))
    if task in ("conversation", "caption"):
        return record(*draw(st.lists(CONTENT, min_size=2, max_size=4)), task=task)
    question = draw(CONTENT)
    if task == "vqa_open":
        answers = draw(st.lists(SHORT, min_size=1, max_size=10))
        return record(question, answers[0], task=task, source_answers=answers)
    choices = draw(st.lists(SHORT, min_size=2, max_size=5, unique_by=lambda c: c.strip(".").casefold()))
    index = draw(st.integers(0, len(choices) - 1))
    return record(question, choices[index], task=task, source_choices=choices, answer_index=index,
                  source_answers=[choices[index]])  # fmt: skip


ENGINES = {(fault, every): fake(fault, every) for fault in FAULTS for every in (1, 3)}
SEEN: Counter[str] = Counter()


@settings(max_examples=10_000, suppress_health_check=list(HealthCheck))
@given(rows(), st.sampled_from(sorted(ENGINES, key=str)), st.sampled_from([RULE, CONTEXT]))
def test_ten_thousand_records_are_intact_or_name_their_reason_under_every_fault(row, engine, rule):
    composed = made(row, ENGINES[engine], rule)
    SEEN["ok" if composed.failure is None else composed.failure] += 1
    if composed.failure is None:
        intact(row, composed)
    else:
        assert NAMED.match(composed.failure), composed.failure
        assert composed.columns == {}


def test_the_run_above_saw_sound_records_and_several_reasons():
    assert SEEN.total() >= 10_000
    assert SEEN["ok"] > 3_000
    assert len(SEEN) >= 4
