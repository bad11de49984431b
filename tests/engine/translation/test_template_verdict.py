"""What a translated template must be like, or no row carries it."""

from __future__ import annotations

from typing import Any

import pytest

from glotmill.engine.text.segments import split
from glotmill.engine.text.template_wording import Refusal, Words
from glotmill.engine.translation.template_verdict import TemplateJudge, without_slots
from glotmill.filters.scorers.language_id import LanguageIdScorer
from glotmill.recipes.sections.templates import Accept

LID = LanguageIdScorer()


def judge(source: str, *said: tuple[str | None, str | None], lang: str = "deu_Latn", **keys: Any) -> Words | Refusal:
    """The verdict on a template whose sentences came back as (translation, back-translation)."""
    accept = keys.pop("accept", Accept(**keys.pop("bounds", {})))
    entries = {
        (lang, request): {
            "translation": text, "back": back, "back_failed": text is not None and back is None,
            "failure": "failed:empty_output" if text is None else None, "origin": "machine", "engine": "e", **keys,
        }
        for request, (text, back) in zip(split(source, "eng_Latn").requests, said, strict=True)
    }  # fmt: skip
    judge = TemplateJudge(accept, LID, lambda word, _: {"Yes.": "Ja."}.get(word, word))
    return judge.judge([(lang, source)], entries)[lang, source]


def reason(*args: Any, **keys: Any) -> str | None:
    verdict = judge(*args, **keys)
    return verdict.reason if isinstance(verdict, Refusal) else None


def test_a_good_translation_is_accepted_with_all_that_is_known_of_it():
    source, said = "{question} Keep the answer short.", ("Halten Sie die Antwort kurz.", "Keep the answer short.")
    assert judge(source, said) == Words(
        "{question} Halten Sie die Antwort kurz.", "{question} Keep the answer short.",
        frozenset({"machine"}), frozenset({"e"}),
    )  # fmt: skip


def test_another_meaning_is_refused_with_what_was_measured():
    verdict = judge("{question} Three words at most, please.", ("Drei Blick auf Kirmen.", "Three look at a fair."))
    assert isinstance(verdict, Refusal)
    assert (verdict.reason, verdict.text) == ("min_chrf", "{question} Drei Blick auf Kirmen.")
    assert 0 < (verdict.value or 0) < 60


def test_a_sentence_that_says_something_else_is_not_hidden_by_a_good_one():
    source = "Look at the image closely and take your time for it. Then sum up the scene."
    good = ("Sehen Sie sich das Bild genau an und nehmen Sie sich Zeit.", source.partition(". ")[0] + ".")
    assert reason(source, good, ("Fassen Sie die Szene zusammen.", "Then sum up the scene.")) is None
    assert reason(source, good, ("Dann fliegt ein Schaf.", "A sheep flies.")) == "min_chrf"


@pytest.mark.parametrize(
    ("source", "said", "expected"),
    [
        ("Give this photo a short caption.", "Give this photo a short caption.", "max_copied"),
        ("Give this photo a short caption.", "Donnez une courte légende à cette photo.", "min_language"),
        ("Give this photo a short caption.", "Дайте этой фотографии короткую подпись.", "min_script"),
        ("Give this photo a short caption.", "Titel.", "max_length_ratio"),
        ("Give this photo a short caption.", "Gib diesem Foto einen kurzen Titel\ufffd.", "broken_chars"),
        ("{question} Answer briefly.", "Antworte {kurz} bitte.", "placeholder_mismatch"),
        ("Hence:", "Daher:", None),
    ],
)  # fmt: skip
def test_each_bound_refuses_what_misses_it(source: str, said: str, expected: str | None):
    assert reason(source, (said, without_slots(source))) == expected


def test_a_bound_of_none_is_not_sent_and_nothing_is_translated_back_without_its_bound():
    said = ("Drei Blick auf Kirmen.", "Three look at a fair.")
    assert reason("Three words at most, please.", said, bounds={"min_chrf": None}) is None
    assert not TemplateJudge(Accept(min_chrf=None), LID, lambda word, _: word).needs_back_translation
    assert not TemplateJudge(None, LID, lambda word, _: word).needs_back_translation


def test_without_accept_structure_alone_is_asked():
    assert reason("Three words at most, please.", ("Three words at most, please.", None), accept=None) is None
    assert reason("{question} Go on.", ("Weiter {so}.", None), accept=None) == "placeholder_mismatch"


def test_what_has_no_translation_is_refused_with_the_failure():
    assert judge("Go on, please.", (None, None)) == Refusal("empty_output")


def test_a_back_translation_that_could_not_be_made_refuses():
    assert judge("Give this photo a short caption.", ("Gib diesem Foto einen kurzen Titel.", None)) == Refusal(
        "min_chrf", 0.0, "Gib diesem Foto einen kurzen Titel."
    )


def test_what_people_corrected_is_accepted_as_they_say():
    said = ("Höchstens drei Wörter, bitte.", "Three look at a fair.")
    made = judge("Three words at most, please.", said, origin="human")
    assert isinstance(made, Words)
    assert (made.origins, made.engines) == (frozenset({"human"}), frozenset())


def test_a_text_of_which_an_entry_is_lacking_has_no_verdict():
    judged = TemplateJudge(Accept(), LID, lambda word, _: word).judge([("deu_Latn", "Go on, please.")], {})
    assert judged == {}


def test_a_bare_yes_comes_from_the_table():
    made = judge(
        "Yes. Say what this picture shows.", ("Sagen Sie, was dieses Bild zeigt.", "Say what this picture shows.")
    )
    assert isinstance(made, Words)
    assert made.text == "Ja. Sagen Sie, was dieses Bild zeigt."


def test_what_decides_is_told_for_the_manifest():
    facts = TemplateJudge(Accept(), LID, lambda word, _: word).facts()
    assert facts["accept"]["min_chrf"] == 60
    assert facts["scorers"]["round_trip"] == {"version": 3, "min_letters": 1}
    assert TemplateJudge(None, LID, lambda word, _: word).facts() == {"accept": None}
