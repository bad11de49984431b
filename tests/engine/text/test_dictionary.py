"""Words of a third language in an answer dictionary are set apart; words that languages share are not."""

from __future__ import annotations

from glotmill.engine.text.answers import load_answers
from glotmill.engine.text.dictionary import WHOLE_LETTERS, Dictionaries, judge_dictionaries

TABLE = load_answers("embedded")
GERMAN, FRENCH, CZECH = (
    {answer: word for answer, word in TABLE[lang].items() if word != answer}
    for lang in ("deu_Latn", "fra_Latn", "ces_Latn")
)


def apart(dictionaries: Dictionaries, known: Dictionaries | None = None) -> dict[str, list[str]]:
    """The answers whose words are set apart, by language."""
    judged = judge_dictionaries(dictionaries, known or {})
    return {lang: [entry.answer for entry in one.apart] for lang, one in judged.items() if one.apart}


def test_a_french_word_in_the_german_dictionary_is_set_apart_and_stays_in_the_french_one():
    judged = judge_dictionaries({"deu_Latn": {**GERMAN, "left": "gauche"}, "fra_Latn": FRENCH})
    (entry,) = [entry for entry in judged["deu_Latn"].apart if entry.answer == "left"]
    assert (entry.word, entry.same_in) == ("gauche", ("fra_Latn",))
    assert judged["deu_Latn"].entries == len(GERMAN)
    assert "left" not in [entry.answer for entry in judged["fra_Latn"].apart]


def test_it_is_in_a_dictionary_of_few_words_too():
    few = {"deu_Latn": {"left": "gauche", "red": "rot"}, "fra_Latn": {"left": "gauche", "red": "rouge"}}
    assert apart(few) == {"deu_Latn": ["left"]}


def test_a_table_tells_the_other_language_where_the_recipe_has_none_of_it():
    assert apart({"deu_Latn": {**GERMAN, "left": "gauche"}}, TABLE).keys() == {"deu_Latn"}
    assert "left" in apart({"deu_Latn": {**GERMAN, "left": "gauche"}}, TABLE)["deu_Latn"]
    assert "left" not in apart({"deu_Latn": GERMAN}, TABLE).get("deu_Latn", [])


def test_of_dictionaries_that_people_made_hardly_a_word_is_set_apart():
    found = apart({"deu_Latn": GERMAN, "fra_Latn": FRENCH, "ces_Latn": CZECH})
    assert sum(map(len, found.values())) <= 0.01 * sum(map(len, (GERMAN, FRENCH, CZECH)))


def test_languages_that_are_confused_with_one_another_share_words_freely():
    galician = {"dog": "can", "cat": "gato", "milk": "leite", "table": "mesa", "water": "auga"}
    portuguese = {"dog": "cão", "cat": "gato", "milk": "leite", "table": "mesa", "water": "água"}
    assert apart({"glg_Latn": galician, "por_Latn": portuguese}) == {}


def test_a_name_may_be_the_same_everywhere():
    word = {"deu_Latn": {**GERMAN, "Left": "gauche"}, "fra_Latn": {**FRENCH, "Left": "gauche"}}
    assert "Left" not in apart(word).get("deu_Latn", [])


def test_a_dictionary_that_is_of_another_language_as_a_whole_is_set_apart_as_a_whole():
    judged = judge_dictionaries({"deu_Latn": FRENCH, "ces_Latn": CZECH})
    assert judged["deu_Latn"].other_language
    assert len(judged["deu_Latn"].apart) == judged["deu_Latn"].entries == len(FRENCH)
    assert not judged["ces_Latn"].other_language
    assert "together they are of another language" in judged["deu_Latn"].in_words()


def test_a_few_words_are_no_evidence_of_the_whole():
    few = dict(list(FRENCH.items())[:5])
    assert sum(map(len, few.values())) < WHOLE_LETTERS
    assert apart({"deu_Latn": few}) == {}


def test_the_judgement_does_not_depend_on_the_order_of_languages_and_answers():
    german = {**GERMAN, "left": "gauche", "right": "droite"}
    turned = {"fra_Latn": dict(reversed(FRENCH.items())), "deu_Latn": dict(reversed(german.items()))}
    assert judge_dictionaries({"deu_Latn": german, "fra_Latn": FRENCH}) == judge_dictionaries(turned)


def test_the_line_for_people_names_the_first_words():
    few = {"deu_Latn": {"left": "gauche", "red": "rot"}, "fra_Latn": {"left": "gauche", "red": "rouge"}}
    assert judge_dictionaries(few)["deu_Latn"].in_words() == (
        "1 of 2 words set apart, their answers stay English: they are another language's: "
        "left → gauche (as in fra_Latn)"
    )
