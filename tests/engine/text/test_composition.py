from __future__ import annotations

from typing import Any

import pytest

from glotmill.engine.text.answers import AnswerRule
from glotmill.engine.text.composition import Composed, EngineName, compose
from glotmill.engine.text.fields import answer_requests, turn_requests
from glotmill.engine.text.parts import Entry
from glotmill.engine.text.yes_no import yes_no
from glotmill.recipes.model import Answers, Dictionary

ENGINE = EngineName("fake", "fake", "f" * 32)
SOURCE = AnswerRule(Answers(policy="source"), {})
TARGET = AnswerRule(Answers(policy="target"), {})
CONTEXT = AnswerRule(Answers(policy="target", context=True), {})
TABLE = AnswerRule(Answers(policy="source"), {"deu_Latn": {"red": "rot"}})


def sample(question: str, answer: str, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "source_id": "s1:0",
        "task": "vqa_open",
        "source_lang": "eng_Latn",
        "source_messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}],
        "source_choices": None,
        "source_answers": [answer],
        "answer_index": None,
    }
    return {**row, **changes}


def entry(text: str | None, failure: str | None = None, back: str | None = "back") -> Entry:
    return Entry(text, failure, -0.5, 4, hit_limit=False, back=back)


def composed(row: dict[str, Any], rule: AnswerRule, lang: str = "deu_Latn", **entries: Entry) -> Composed:
    bare, carriers = answer_requests(row, lang, rule)
    known = {text: entry(f"«{text}»") for text in (*turn_requests(row), *bare, *carriers)}
    keyed = {(lang, request): entry for request, entry in {**known, **entries}.items()}
    return compose(row, lang, keyed, rule, ENGINE)


QUESTION = sample("<image>\nWhat color is the ball?", "red")


def test_markers_and_line_breaks_stay_where_they_were():
    made = composed(QUESTION, SOURCE)
    assert made.columns["messages"][0]["content"] == "<image>\n«What color is the ball?»"
    assert made.columns["turn_langs"][0] == "deu_Latn"


def test_policy_source_leaves_answers_english_and_unjudged():
    made = composed(QUESTION, SOURCE)
    assert made.columns["answers"] == ["red"]
    assert made.columns["messages"][1]["content"] == "red"
    assert made.columns["turn_langs"] == ["deu_Latn", "eng_Latn"]
    assert [pair.turn for pair in made.pairs] == [0]
    assert made.columns["mt"]["copied_fields"] == ["messages[1].content", "answers[0]"]


def test_a_table_gives_the_answer_in_the_target_language_with_its_capital():
    made = composed(sample("<image>\nWhat color is it?", "Red"), TABLE)
    assert made.columns["answers"] == ["Rot"]
    assert made.columns["messages"][1]["content"] == "Rot"
    assert made.columns["turn_langs"] == ["deu_Latn", "deu_Latn"]
    assert made.columns["mt"]["engines"] == ["fake", "answer_table"]
    assert made.answers == {"table": 1}


def test_policy_target_asks_for_each_answer_once_and_uses_it_everywhere():
    row = sample("Which animal is it?", "a dog", source_choices=["a cat", "a dog"], answer_index=1, task="vqa_mc")
    assert answer_requests(row, "deu_Latn", TARGET) == (["a dog", "a cat"], [])
    made = composed(row, TARGET)
    assert made.columns["choices"] == ["«a cat»", "«a dog»"]
    assert made.columns["answers"] == ["«a dog»"]
    assert made.columns["messages"][1]["content"] == "«a dog»"


def test_numbers_are_copied_under_either_policy():
    for rule in (SOURCE, TARGET):
        made = composed(sample("<image>\nHow many dogs?", "42"), rule)
        assert made.columns["answers"] == ["42"]
        assert made.columns["turn_langs"] == ["deu_Latn", None]


def test_a_failed_segment_fails_the_record_with_its_reason_and_never_becomes_empty():
    made = composed(QUESTION, SOURCE, **{"What color is the ball?": entry(None, "failed:source_too_long")})
    assert made.failure == "failed:source_too_long"
    assert made.columns == {}
    assert made.pairs == []


def test_an_invented_image_marker_fails_the_record():
    made = composed(QUESTION, SOURCE, **{"What color is the ball?": entry("Welche <image>?")})
    assert made.failure == "tag_mismatch"


def test_choices_that_differ_only_in_case_may_stay_so():
    row = sample("Which?", "US", source_choices=["US", "us"], answer_index=0, task="vqa_mc")
    assert composed(row, SOURCE).columns["choices"] == ["US", "us"]


@pytest.mark.parametrize(
    "choices", [["yes", "Yes", "no"], ["dog", "Dog"], ["a dog", "A DOG"], ["Caf\u00e9 au lait", "Cafe\u0301 au lait"]]
)
@pytest.mark.parametrize("lang", ["deu_Latn", "hin_Deva", "zho_Hans"])
def test_choices_that_differ_only_in_case_fail_the_record_where_they_become_one(choices: list[str], lang: str):
    row = sample("Which?", choices[0], source_choices=choices, answer_index=0, task="vqa_mc")
    same = {text: entry("ein Hund") for text in answer_requests(row, lang, TARGET)[0]}
    assert composed(row, TARGET, lang, **same).failure == "choices_collide"


def test_choices_that_differ_only_in_case_and_become_different_words_are_sound():
    row = sample("Which?", "polish", source_choices=["polish", "Polish"], answer_index=0, task="vqa_mc")
    made = composed(row, TARGET, polish=entry("polieren"), Polish=entry("polnisch"))
    assert made.columns["choices"] == ["polieren", "polnisch"]


@pytest.mark.parametrize(
    "targets", [("ein Sofa", " ein Sofa"), ("ein Sofa", "Ein Sofa"), ("ein Sofa", "ein\u200b Sofa")]
)
def test_choices_that_look_alike_fail_the_record(targets: tuple[str, str]):
    row = sample("Which?", "a sofa", source_choices=["a sofa", "a couch"], answer_index=0, task="vqa_mc")
    made = composed(row, TARGET, **{"a sofa": entry(targets[0]), "a couch": entry(targets[1])})
    assert made.failure == "choices_collide"


def test_choices_that_become_alike_fail_the_record():
    row = sample("Which?", "a sofa", source_choices=["a sofa", "a couch"], answer_index=0, task="vqa_mc")
    made = composed(row, TARGET, **{"a sofa": entry("ein Sofa"), "a couch": entry("ein Sofa")})
    assert made.failure == "choices_collide"


def test_english_rows_are_the_source_without_provenance():
    made = compose(QUESTION, "eng_Latn", {}, SOURCE, ENGINE)
    assert made.columns["messages"] == QUESTION["source_messages"]
    assert made.columns["turn_langs"] == ["eng_Latn", "eng_Latn"]
    assert made.columns["mt"] is None
    assert made.pairs == []


def test_scorers_see_the_segments_of_a_turn_of_several_and_none_of_a_turn_of_one():
    made = composed(sample("One line here.\nAnother line there.", "red"), SOURCE)
    assert [(one.source, one.target) for one in made.pairs[0].segments] == [
        ("One line here.", "«One line here.»"), ("Another line there.", "«Another line there.»")
    ]  # fmt: skip
    assert composed(QUESTION, SOURCE).pairs[0].segments is None


def test_a_turn_of_several_segments_weighs_their_log_probabilities_by_tokens():
    row = sample("One line here.\nAnother line there.", "red")
    made = composed(
        row, SOURCE,
        **{"One line here.": Entry("a", None, -1.0, 1, hit_limit=False, back="x"),
           "Another line there.": Entry("b", None, -2.0, 3, hit_limit=True, back="y")},
    )  # fmt: skip
    (pair,) = made.pairs
    assert pair.logprob == pytest.approx(-1.75)
    assert pair.hit_limit
    assert (pair.target, pair.back) == ("a\nb", "x\ny")


def test_a_turn_whose_way_back_failed_has_no_back_translation():
    made = composed(QUESTION, SOURCE, **{"What color is the ball?": entry("Welche?", back=None)})
    assert made.pairs[0].back is None
    assert made.columns["back_messages"] is None


def test_assistant_text_of_a_conversation_is_text_and_not_an_answer():
    row = sample("Hello there?", "red", task="conversation", source_answers=None)
    assert turn_requests(row) == ["Hello there?", "red"]


def test_yes_and_no_never_go_to_an_engine():
    row = sample("<image>\nIs it red?", "no")
    assert answer_requests(row, "deu_Latn", TARGET) == ([], [])
    made = composed(row, TARGET)
    assert made.columns["answers"] == ["nein"]
    assert made.columns["messages"][1]["content"] == "nein"
    assert made.columns["mt"]["engines"] == ["fake", "answer_yes_no_table"]


def test_yes_in_a_language_without_a_known_word_stays_english_and_is_named():
    made = composed(sample("<image>\nIs it red?", "yes"), TARGET, lang="kbp_Latn")
    assert made.columns["answers"] == ["yes"]
    assert made.columns["turn_langs"] == ["kbp_Latn", "eng_Latn"]
    assert "answers[0]" in made.columns["mt"]["copied_fields"]
    assert made.answers == {"source": 1}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (" yes", " ja"),
        ('"No"', '"Nein"'),
        ("(yes)", "(ja)"),
        ("«no»", "«nein»"),
        ("\u200byes", "\u200bja"),
        ("_no_", "_nein_"),
    ],
)
@pytest.mark.parametrize("task", ["vqa_open", "conversation", "matching", "vqg", "explanation"])
def test_yes_and_no_come_from_the_table_with_what_stands_around_them(answer: str, expected: str, task: str):
    row = sample("<image>\nIs it red?", answer, task=task)
    assert answer_requests(row, "deu_Latn", TARGET) == ([], [])
    assert turn_requests(row) == ["Is it red?"]
    made = composed(row, TARGET)
    assert made.columns["answers"] == [expected]
    assert made.columns["messages"][1]["content"] == expected
    assert made.columns["turn_langs"] == ["deu_Latn", "deu_Latn"]
    assert made.columns["mt"]["engines"] == ["fake", "answer_yes_no_table"]
    assert made.columns["mt"]["copied_fields"] == []


def test_yes_and_no_among_the_sentences_of_a_reply_come_from_the_table():
    row = sample("Is it red?", "Yes. It is red.", task="conversation", source_answers=None)
    assert turn_requests(row) == ["Is it red?", "It is red."]
    made = composed(row, SOURCE)
    assert made.columns["messages"][1]["content"] == "Ja. «It is red.»"
    assert made.columns["back_messages"][1]["content"] == "Yes. back"
    assert made.columns["mt"]["engines"] == ["fake", "answer_yes_no_table"]
    own = AnswerRule(Answers(policy="source"), {"deu_Latn": {"yes": "jawohl"}})
    assert composed(row, own).columns["messages"][1]["content"] == "Jawohl. «It is red.»"
    assert composed(row, own).columns["mt"]["engines"] == ["fake", "answer_table"]


def test_scorers_judge_what_was_translated_beside_a_yes():
    made = composed(sample("Is it red?", "Yes. It is red.", task="conversation", source_answers=None), SOURCE)
    judged = made.pairs[1]
    assert (judged.source, judged.target, judged.back) == ("It is red.", "«It is red.»", "back")


@pytest.mark.parametrize("lang", sorted(yes_no()))
def test_a_no_of_the_table_never_counts_as_a_dropped_sentence(lang: str):
    """In Spanish and others a splitter takes ``No.`` for the abbreviation of number."""
    row = sample("Is it red?", "No. It is green.", task="conversation", source_answers=None)
    assert composed(row, SOURCE, lang, **{"It is green.": entry("Xyz abc.")}).failure is None


def test_in_a_language_without_a_word_it_stays_english_in_a_reply_and_is_named():
    alone = composed(sample("Is it red?", "«Yes»", task="conversation", source_answers=None), SOURCE, lang="kbp_Latn")
    assert alone.columns["messages"][1]["content"] == "«Yes»"
    assert alone.columns["turn_langs"] == ["kbp_Latn", "eng_Latn"]
    assert alone.columns["mt"]["copied_fields"] == ["messages[1].content"]
    row = sample("Is it red?", "Yes. It is red.", task="conversation", source_answers=None)
    within = composed(row, SOURCE, lang="kbp_Latn")
    assert within.columns["messages"][1]["content"] == "Yes. «It is red.»"
    assert within.columns["turn_langs"] == ["kbp_Latn", None]  # two languages, so neither is the turn's
    assert within.columns["mt"]["copied_fields"] == ["messages[1].content"]


def test_a_question_beside_a_yes_is_not_the_only_one():
    row = sample("No. What is it?", "red", source_answers=["red"])
    assert answer_requests(row, "deu_Latn", CONTEXT) == (["red"], [])
    assert answer_requests(sample("Yes?", "red"), "deu_Latn", CONTEXT) == (["red"], [])


def test_ten_answers_stay_ten_in_their_order():
    ten = ["red", "yes", "red", "42", "dark red", "no", "red", "B", "yes", "red"]
    made = composed(sample("<image>\nWhat is it?", "red", source_answers=ten), TARGET)
    assert made.columns["answers"] == [
        "«red»", "ja", "«red»", "42", "«dark red»", "nein", "«red»", "B", "ja", "«red»",
    ]  # fmt: skip


def test_in_context_an_answer_is_taken_from_its_carrier():
    row = sample("<image>\nWhat color is it?", "red")
    assert answer_requests(row, "deu_Latn", CONTEXT) == (["red"], ["What color is it? Red."])
    known = {
        "What color is it?": entry("Welche Farbe hat es?"),
        "What color is it? Red.": entry("Welche Farbe hat es? Rot."),
        "red": entry("Rotwild"),
    }
    made = composed(row, CONTEXT, **known)
    assert made.columns["answers"] == ["Rot"]
    assert made.columns["messages"][1]["content"] == "Rot"
    assert made.answers == {"in_context": 1}
    same = composed(row, CONTEXT, **{**known, "red": entry("rot")})
    assert same.answers == {"in_context_as_bare": 1}


@pytest.mark.parametrize(
    "carrier",
    [
        entry("Welche Farbe hat es?"),
        entry("Welche Farbe ist es? Rot."),
        entry("Welche Farbe hat es? Rot. Ja."),
        entry("Welche Farbe hat es? **Rot**."),
        entry(None, "failed:hit_limit"),
    ],
)
def test_a_carrier_that_did_not_come_back_whole_gives_the_bare_translation(carrier: Entry):
    known = {
        "What color is it?": entry("Welche Farbe hat es?"), "What color is it? Red.": carrier, "red": entry("rot"),
    }  # fmt: skip
    made = composed(sample("<image>\nWhat color is it?", "red"), CONTEXT, **known)
    assert made.columns["answers"] == ["rot"]
    assert made.answers == {"bare": 1}


def test_sentences_keep_their_separators():
    row = sample("One line here.  Another line there!\n\nA third.", "red")
    made = composed(row, SOURCE)
    assert made.columns["messages"][0]["content"] == "«One line here.»  «Another line there!»\n\n«A third.»"


def test_a_lost_sentence_fails_the_record():
    row = sample("One line here. Another line there.", "red")
    made = composed(
        row, SOURCE, **{"One line here.": entry("Eine Zeile hier,"), "Another line there.": entry("noch eine.")}
    )
    assert made.failure == "sentence_dropped"


def test_an_answer_whose_translation_gained_structure_fails_the_record():
    made = composed(sample("What is it?", "a dog"), TARGET, **{"a dog": entry("ein\nHund")})
    assert made.failure == "line_break_mismatch"


DICTIONARY = AnswerRule(Answers(policy="target", dictionary=Dictionary(min_count=1)), {}, frequent=frozenset({"red"}))


@pytest.mark.parametrize(
    ("target", "back", "answer"),
    [
        ("rot", "red", "rot"),
        ("rot", "Red.", "rot"),
        ("Rot", "brown", "red"),  # the back-translation gives another answer
        ("red", "red", "red"),  # no translation at all
        ("rot", None, "red"),  # no back-translation
    ],
)
def test_a_dictionary_answer_is_used_where_its_way_back_gives_it_again(target: str, back: str | None, answer: str):
    made = composed(QUESTION, DICTIONARY, red=entry(target, back=back))
    assert made.columns["answers"] == [answer]
    assert made.columns["messages"][1]["content"] == answer
    assert made.columns["turn_langs"][1] == ("deu_Latn" if answer == "rot" else "eng_Latn")


def test_an_answer_that_failed_stays_english_where_there_is_a_dictionary():
    made = composed(QUESTION, DICTIONARY, red=entry(None, "failed:looped"))
    assert made.failure is None
    assert made.columns["answers"] == ["red"]
