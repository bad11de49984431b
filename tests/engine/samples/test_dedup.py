from __future__ import annotations

from glotmill.engine.samples.dedup import exact_duplicates, near_duplicates, shared_ngrams, simplified
from glotmill.recipes.sections.clean import NearDuplicates

STEP = NearDuplicates(step="near_duplicates", sources=("s",))
OLD = NearDuplicates(step="near_duplicates", sources=("s",), ngrams=3, buckets=14, hashes=8, similarity=0)
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
    assert near_duplicates(["dog", "dog", "Two girls eat ice cream.", "A man sells ice cream."], STEP) == {}
    assert near_duplicates([], STEP) == {}


def test_minhash_alone_takes_out_what_it_did_before_there_was_a_similarity():
    texts = [LONG, "Two girls eat ice cream on a sunny beach.", LONG.replace("large", "big"), LONG.upper() + "!"]
    assert near_duplicates(texts, OLD) == {2: 0, 3: 0}
    assert near_duplicates(["a dog", "a dog"], OLD) == {}


def test_one_word_more_or_less_or_another_in_fourteen_is_found():
    words = ["a", "small", "brown", "dog", "runs", "over", "the", "wet", "grass", "of", "a", "park", "in", "london"]
    texts, expected = [" ".join(words)], {}
    for place in range(1, len(words)):
        for other in (["really", words[place]], [], ["really"]):
            texts.append(" ".join([*words[:place], *other, *words[place + 1 :]]))
            expected[len(texts) - 1] = 0
    assert near_duplicates(texts, STEP) == expected


def test_texts_of_different_pictures_are_not_compared():
    texts = ["A dog runs on the grass."] * 4 + ["a dog runs on the wet grass"]
    pictures = [["a"], ["b"], ["a", "b"], ["b"], ["a"]]
    assert near_duplicates(texts, STEP, pictures) == {3: 1, 4: 0}
    assert near_duplicates(texts, STEP, [[]] * 5) == {1: 0, 2: 0, 3: 0, 4: 0}
    assert near_duplicates(["dog", "", "dog"], STEP, [["a"]] * 3) == {}


def test_a_row_goes_only_where_it_is_like_one_that_stays():
    """Each is like the next, the first and the last have little in common."""
    words = [f"w{number}" for number in range(60)]
    texts = [" ".join(words[start : start + 12]) for start in range(0, 40, 2)]
    found = near_duplicates(texts, STEP)
    assert found
    assert not set(found) & set(found.values())
    for place, original in found.items():
        assert len({*texts[place].split()} & {*texts[original].split()}) >= 9
    assert set(near_duplicates(texts, OLD.model_copy(update={"ngrams": 1, "hashes": 1})).values()) == {0}


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
