from __future__ import annotations

from glotmill.engine.text.parts import Entry, Part, pair


def entry(reverse: list[float] | None, alone: list[float] | None = None) -> Entry:
    return Entry("x", None, -1.0, 2, hit_limit=False, back=None, reverse=reverse, alone=alone)


def turn(source: str, *entries: Entry):
    return pair(0, [Part(source, "x", None, ["x"] * len(entries), list(entries))], "deu_Latn")


def test_the_forced_scores_of_a_turns_sentences_stand_one_after_the_other():
    made = turn("One dog. Two!", entry([-1.0, -2.0, -0.5, 4.0], [-3.0, -4.0, -1.0, 4.0]),
                entry([-5.0, -0.25, 3.0], [-6.0, -1.0, 3.0]))  # fmt: skip
    assert made.reverse_words == [-1.0, -2.0, -5.0]
    assert (made.reverse_end, made.source_tokens) == (-0.75, 7)
    assert made.alone_words == [-3.0, -4.0, -6.0]


def test_a_turn_of_which_a_sentence_has_no_score_has_none():
    made = turn("One dog. Two!", entry([-1.0, -2.0, -0.5, 4.0]), entry(None))
    assert (made.reverse_words, made.reverse_end, made.source_tokens, made.alone_words) == (None, None, None, None)


def test_a_turn_with_words_that_were_not_translated_has_none():
    assert turn("One dog <b> 42", entry([-1.0, -2.0, -0.5, 4.0])).reverse_words is None
