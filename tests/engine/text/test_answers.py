from __future__ import annotations

from pathlib import Path

import pytest

from glotmill.engine.text.answers import AnswerRule, carrier, load_answers, recover
from glotmill.recipes.model import Answers
from glotmill.schemas.errors import InputError

ROW = {"source_id": "s1:0", "task": "vqa_open"}


def rule(table: dict | None = None, **section) -> AnswerRule:
    return AnswerRule(Answers(**section), table or {})


# --- tables -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "yes", "no"),
    [("deu_Latn", "ja", "nein"), ("fra_Latn", "oui", "non"), ("ces_Latn", "ano", "ne"), ("por_Latn", "sim", "não"),
     ("rus_Cyrl", "да", "нет"), ("ind_Latn", "ya", "tidak"), ("ben_Beng", "হ্যাঁ", "না"), ("kor_Hang", "네", "아니요"),
     ("zho_Hans", "是", "否")],
)  # fmt: skip
def test_yes_and_no_come_from_a_table(lang: str, yes: str, no: str):
    assert rule().known("yes", lang, "target") == (yes, "yes_no_table")
    assert rule().known("no", lang, "target") == (no, "yes_no_table")


def test_capital_and_final_mark_of_the_answer_are_kept():
    assert rule().known("Yes", "deu_Latn", "target") == ("Ja", "yes_no_table")
    assert rule().known("no.", "fra_Latn", "target") == ("non.", "yes_no_table")


def test_policy_source_takes_only_the_recipes_own_table():
    assert rule().known("yes", "deu_Latn", "source") is None
    assert rule({"deu_Latn": {"yes": "jawohl"}}).known("yes", "deu_Latn", "source") == ("jawohl", "table")


def test_the_recipes_table_wins_over_yes_and_no():
    assert rule({"deu_Latn": {"yes": "jawohl"}}).known("yes", "deu_Latn", "target") == ("jawohl", "table")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(" yes", " ja"), ('"No"', '"Nein"'), ("(yes)", "(ja)"), ("«no»", "«nein»"), ("\u200byes", "\u200bja"),
     ("yes\u00a0", "ja\u00a0"), ("**Yes**", "**Ja**"), ("<b>no</b>", "<b>nein</b>"), ("- yes\n- no", "- ja\n- nein")],
)  # fmt: skip
def test_what_stands_around_yes_and_no_stays_around_the_tables_word(answer: str, expected: str):
    assert rule().known(answer, "deu_Latn", "target") == (expected, "yes_no_table")
    assert rule().known(answer, "kbp_Latn", "target") is None
    assert rule().known(answer, "deu_Latn", "source") is None


def test_the_recipes_own_word_stands_with_what_is_around_it_too():
    own = rule({"deu_Latn": {"yes": "jawohl"}})
    assert own.known("(Yes)", "deu_Latn", "source") == ("(Jawohl)", "table")
    assert own.known('"no"', "deu_Latn", "source") is None
    assert own.known('"no"', "deu_Latn", "target") == ('"nein"', "yes_no_table")


@pytest.mark.parametrize("answer", ["yes it is", "no dog", "`yes`", "{no}"])
def test_another_word_beside_it_and_what_is_protected_are_not_looked_up(answer: str):
    assert rule().known(answer, "deu_Latn", "target") is None


def test_the_embedded_table_reads():
    table = load_answers("embedded")
    assert table["deu_Latn"]["red"] == "rot"
    assert table["ces_Latn"]["yes"] == "ano"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("deu_Latn\teng_Latn\nrot\tred\n", "eng_Latn"),
        ("eng_Latn\tdeu\nred\trot\n", "deu"),
        ("eng_Latn\tdeu_Latn\nred\n", "line 2"),
        ("eng_Latn\tdeu_Latn\nred\t \n", "line 2"),
        ("eng_Latn\tdeu_Latn\nred\trot\nRed\trot\n", "line 3"),
        ("", "header"),
    ],
)
def test_a_malformed_table_is_refused_with_its_place(tmp_path: Path, content: str, word: str):
    path = tmp_path / "t.tsv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=word):
        load_answers(path)


def test_a_missing_table_is_refused_by_name(tmp_path: Path):
    with pytest.raises(InputError, match=r"nowhere\.tsv"):
        load_answers(tmp_path / "nowhere.tsv")


# --- policy -------------------------------------------------------------------------------------------------------


def test_keep_if_ocr_keeps_only_ocr_answers():
    assert rule(policy="keep_if_ocr").policy({**ROW, "task": "ocr"}, "deu_Latn") == "source"
    assert rule(policy="keep_if_ocr").policy(ROW, "deu_Latn") == "target"


def test_coin_draws_for_each_record_by_the_seed_and_nothing_else():
    rows = [{**ROW, "source_id": f"s1:{i}"} for i in range(1000)]
    drawn = [rule(policy="coin", seed=1).policy(row, "deu_Latn") for row in rows]
    assert drawn == [rule(policy="coin", seed=1).policy(row, "deu_Latn") for row in rows]
    assert 440 < drawn.count("target") < 560
    assert drawn != [rule(policy="coin", seed=2).policy(row, "deu_Latn") for row in rows]
    assert drawn != [rule(policy="coin", seed=1).policy(row, "fra_Latn") for row in rows]


def test_coin_follows_its_share():
    rows = [{**ROW, "source_id": f"s1:{i}"} for i in range(1000)]
    drawn = [rule(policy="coin", target_share=0.2).policy(row, "deu_Latn") for row in rows]
    assert 150 < drawn.count("target") < 250


# --- in context ---------------------------------------------------------------------------------------------------


def test_a_carrier_is_the_question_and_the_answer_as_two_sentences():
    assert carrier("What color is it?", "red") == "What color is it? Red."
    assert carrier("What color is it?", "one two three four") is None
    assert carrier("Describe it.", "red") is None
    assert carrier("What is it?", "?!") is None


@pytest.mark.parametrize(
    ("translated", "lang", "expected"),
    [
        ("De quelle couleur est-il ? Rouge.", "fra_Latn", "rouge"),
        ("De quelle couleur est-il ?", "fra_Latn", None),
        ("De quelle couleur est-elle ? Rouge.", "fra_Latn", None),
        ("De quelle couleur est-il ? Rouge. Oui.", "fra_Latn", None),
        ("De quelle couleur est-il ? .", "fra_Latn", None),
    ],
)
def test_an_answer_is_taken_only_from_two_sentences_of_which_the_first_is_the_question(translated, lang, expected):
    assert recover(translated, "De quelle couleur est-il ?", "red", lang) == expected


def test_german_keeps_its_capitals():
    assert recover("Was ist das? Hund.", "Was ist das?", "dog", "deu_Latn") == "Hund"


@pytest.mark.parametrize("task", ["matching", "classification"])
def test_a_coin_leaves_answers_that_come_from_tables_in_the_target_language(task: str):
    rule = AnswerRule(Answers(policy="coin", target_share=0.0), {})
    row = {"source_id": "s1:0", "task": task}
    assert rule.policy(row, "deu_Latn") == "target"
    assert rule.policy({**row, "task": "vqa_open"}, "deu_Latn") == "source"
