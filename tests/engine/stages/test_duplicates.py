from __future__ import annotations

from engine.stages.duplicates import exact_duplicates, near_duplicates, shared_ngrams, simplified
from recipes.clean import NearDuplicates

STEP = NearDuplicates(step="near_duplicates", sources=("s",))
LONG = "a brown dog with a red collar runs over the wet grass of a large park near the old stone bridge by the river"


def test_the_first_of_equal_keys_stays():
    assert exact_duplicates(["a", "b", "a", "c", "b", "a"]) == {2: 0, 4: 1, 5: 0}
    assert exact_duplicates(["a", "b"]) == {}
    assert exact_duplicates([]) == {}


def test_texts_are_compared_without_case_punctuation_and_diacritics_but_with_their_digits():
    assert simplified("  A Café, on\tthe corner!") == simplified("a cafe on the corner")
    assert simplified("Dog number 1") != simplified("Dog number 2")


def test_a_text_that_is_nearly_another_is_found_and_the_first_stays():
    texts = [LONG, "Two girls eat ice cream on a sunny beach.", LONG.replace("large", "big"), LONG.upper() + "!"]
    assert near_duplicates(texts, STEP) == {2: 0, 3: 0}


def test_short_and_different_texts_are_never_near_duplicates():
    assert near_duplicates(["a dog", "a dog", "Two girls eat ice cream.", "A man sells ice cream."], STEP) == {}
    assert near_duplicates([], STEP) == {}


def test_a_shared_ngram_or_a_whole_short_text_is_found_with_its_set():
    sets = {"eval": [LONG, "What color is it?\nred"], "other": ["six seven eight nine ten eleven twelve thirteen"]}
    texts = [
        f"look there {LONG[20:80]} and so on",
        "What colour is it? red",
        "What color is it? Red.",
        "one two three six seven eight nine ten eleven twelve thirteen",
        "six seven eight nine ten eleven twelve",
    ]
    found = shared_ngrams(texts, sets, ngrams=8)
    assert {place: name for place, (name, _) in found.items()} == {0: "eval", 2: "eval", 3: "other"}
    assert found[3][1] == "six seven eight nine ten eleven twelve thirteen"
