from __future__ import annotations

import pytest

from benchmarks.corruptions import CORRUPTIONS, Corpus, corrupted, sources_of

SOURCES = [
    "Two men with red hats ride in New York.",
    "A dog is not on the left side.",
    "Three girls play.",
    "A red car.",
]
TARGETS = ["Zwei Männer mit roten Hüten fahren in New York.", "Ein Hund ist nicht auf der linken Seite.",
           "Drei Mädchen spielen.", "Ein rotes Auto."]  # fmt: skip
FRENCH = ["Deux hommes roulent.", "Un chien n'est pas là.", "Trois filles jouent.", "Une voiture rouge."]
CORPUS = Corpus("made_up", "deu_Latn", "caption", SOURCES, TARGETS, FRENCH)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_is_the_same_each_time_and_changes_the_text_or_is_none(name: str):
    made = corrupted(CORPUS, name)
    assert made == corrupted(CORPUS, name)
    assert len(made) == len(TARGETS)
    assert all(bad is None or bad != good or name == "tag_lost" for bad, good in zip(made, TARGETS, strict=True))


@pytest.mark.parametrize(
    ("name", "row", "expected"),
    [
        ("untranslated", 0, SOURCES[0]),
        ("wrong_language", 2, FRENCH[2]),
        ("half_copied", 0, "Zwei Männer mit roten hats ride in New York."),
        ("cut50", 0, "Zwei Männer mit roten"),
        ("cut50_marked", 0, "Zwei Männer mit roten."),
        ("cut25_marked", 1, "Ein Hund ist nicht auf der."),
        ("phrase_loop", 2, "Drei Mädchen spielen." + " Drei Mädchen spielen." * 5),
        ("whole_repetition", 3, "Ein rotes Auto. Ein rotes Auto."),
        ("negation_dropped", 1, "Ein Hund ist auf der linken Seite."),
        ("negation_added", 0, "Zwei Männer ohne roten Hüten fahren in New York."),
        ("side_changed", 1, "Ein Hund ist nicht auf der rechten Seite."),
        ("final_mark_dropped", 3, "Ein rotes Auto"),
        ("wrong_script", 3, "Еин ротес ауто.".lower()),
        ("side_changed", 0, None),
        ("option_lost", 0, f"{TARGETS[0]}\nA. {TARGETS[1]}\nB. {TARGETS[2]}"),
        ("options_swapped", 0, f"{TARGETS[0]}\nA. {TARGETS[2]}\nB. {TARGETS[1]}\nC. {TARGETS[3]}"),
        ("answer_untranslated", 1, f"{TARGETS[1]}\nThree"),
        ("other_han_variant", 0, None),
    ],
)
def test_a_corruption_does_what_it_says(name: str, row: int, expected: str | None):
    assert corrupted(CORPUS, name)[row] == expected


def test_a_swapped_word_is_of_its_kind_and_its_case():
    assert str(corrupted(CORPUS, "number_changed")[2]).split()[0] in ("Zwei", "Vier", "Fünf")
    assert "rot" not in str(corrupted(CORPUS, "colour_changed")[3])


def test_a_concatenation_is_the_text_and_another():
    for good, bad in zip(TARGETS, corrupted(CORPUS, "concatenated"), strict=True):
        assert bad is None or (bad.startswith(good) and bad.removeprefix(good).strip() in TARGETS)


def test_a_lost_tag_stands_in_the_source_alone():
    assert "https://" in sources_of(CORPUS, "tag_lost")[0]
    assert sources_of(CORPUS, "shuffle") == SOURCES


def test_options_and_answers_stand_in_the_source_too():
    assert sources_of(CORPUS, "option_lost")[3] == "\n".join(
        [SOURCES[3], f"A. {SOURCES[0]}", f"B. {SOURCES[1]}", f"C. {SOURCES[2]}"]
    )
    assert sources_of(CORPUS, "answer_untranslated")[1] == f"{SOURCES[1]}\nThree"
