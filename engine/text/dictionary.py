"""The answer dictionaries of all languages, judged as wholes: whose words are they?

A translator that is given a lone word may answer in a third language: "left" becomes "gauche" in German, and the
back-translation gives "left" again. One short word says too little of its language; a dictionary says more. So a
dictionary whose words, one after the other, are of another language is set apart whole. An entry that is the same in
several languages which are not confused with one another is set apart where it is far likelier a word of another of
them: by what the words of each dictionary look like (letter trigrams of those that it alone has), and by language
identification.

Guarantees: the judgement is a function of the dictionaries; what is set apart is named with its reason, and names are
not: an answer that begins with a capital may be the same everywhere.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from glotmill.engine.text.answers import bare, without_end
from glotmill.filters.features.lid_model import load_lid
from glotmill.filters.features.target_language import normalise, weak_languages
from glotmill.schemas.languages import Language, language

Dictionaries = Mapping[str, Mapping[str, str]]  # language -> English answer -> word

WHOLE_LETTERS = 100  # of all words together, some 15 of them: fewer are no evidence
WHOLE_MASS = 0.01  # least probability of the language, of all words together
MARGIN = 2.0  # ln of how many times likelier the word is another language's: the margin of short texts' rule, too
LEAST_MASS = 1e-3  # so that language identification alone never outweighs a dictionary by more than a factor of 1000
NAMED = 5  # of the words that are set apart, in a line for people
SMOOTHING, TRIGRAMS = 0.1, 20_000  # additive smoothing of trigram counts over so many possible ones


@dataclass(frozen=True, slots=True)
class Apart:
    """An entry that is not used.

    Attributes:
        answer: The English answer.
        word: Its translation.
        same_in: The languages whose dictionaries have the same word, where that is the reason.
    """

    answer: str
    word: str
    same_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is used of a language's dictionary.

    Attributes:
        entries: Its entries, whether they are used or not.
        other_language: Whether all of them are set apart, as together they are of another language.
        apart: The entries that are not used, by their answers.
    """

    entries: int
    other_language: bool = False
    apart: list[Apart] = field(default_factory=list)

    @classmethod
    def of(cls, noted: Mapping[str, Any]) -> Judgement:
        """A judgement as it was noted in JSON."""
        apart = [Apart(one["answer"], one["word"], tuple(one["same_in"])) for one in noted["apart"]]
        return cls(noted["entries"], noted["other_language"], apart)

    def in_words(self) -> str:
        """What is not used of the dictionary, and why."""
        apart = f"{len(self.apart):,} of {self.entries:,} words set apart, their answers stay English"
        if self.other_language:
            return f"{apart}: together they are of another language"
        named = [f"{entry.answer} → {entry.word} (as in {', '.join(entry.same_in)})" for entry in self.apart[:NAMED]]
        rest = len(self.apart) - len(named)
        more = f" and {rest:,} more, which manifest.json lists" if rest else ""
        return f"{apart}: they are another language's: {', '.join(named)}{more}"


def judge_dictionaries(dictionaries: Dictionaries, known: Dictionaries = MappingProxyType({})) -> dict[str, Judgement]:
    """What is used of each language's dictionary.

    Args:
        dictionaries: The entries whose back-translation gave the answer again, which are not the English word.
        known: Words of languages from tables, which are not judged.
    """
    judged = {}
    sound: dict[str, Mapping[str, str]] = {}
    for lang, entries in dictionaries.items():
        if _of_another_language(lang, list(entries.values())):
            every = [Apart(*entry) for entry in sorted(entries.items())]
            judged[lang] = Judgement(len(entries), other_language=True, apart=every)
        else:
            judged[lang] = Judgement(len(entries))
            sound[lang] = entries
    for lang, entry in _not_theirs(sound, known):
        judged[lang].apart.append(entry)
    return judged


def _of_another_language(lang: str, words: list[str]) -> bool:
    text = normalise(", ".join(words))
    if not load_lid().knows(language(lang)) or sum(map(str.isalpha, text)) < WHOLE_LETTERS:
        return False
    return _mass(language(lang), text) < weak_languages().get(lang, WHOLE_MASS)


def _mass(lang: Language, text: str) -> float:
    """The probability of a language and those it is confused with."""
    model = load_lid()
    found = model.predict(text)
    return min(1.0, sum(found.get(label, 0.0) for label in model.labels_of(lang)))


def _not_theirs(dictionaries: Dictionaries, known: Dictionaries) -> Iterator[tuple[str, Apart]]:
    """(language, entry) of the entries that are another language's words, by their answers."""
    sources = [(lang, *entry) for table in (dictionaries, known) for lang in table for entry in table[lang].items()]
    langs_of: dict[tuple[str, str], set[str]] = defaultdict(set)
    for lang, answer, word in sources:
        langs_of[answer.casefold(), bare(word)].add(lang)
    own: dict[str, set[str]] = {lang: set() for lang, _, _ in sources}
    for lang, answer, word in sources:
        if len(langs_of[answer.casefold(), bare(word)]) == 1:
            own[lang].add(without_end(word))
    looks = {lang: _Looks(words) for lang, words in own.items()}
    for lang, entries in dictionaries.items():
        for answer, word in sorted(entries.items()):
            same = langs_of[answer.casefold(), bare(word)]
            others = sorted(other for other in same if other != lang and not _confused(lang, other))
            likelier = max((_evidence(without_end(word), other, lang, looks) for other in others), default=0.0)
            if likelier > MARGIN and not answer[0].isupper():
                yield lang, Apart(answer, word, tuple(others))


def _confused(one: str, other: str) -> bool:
    """Whether two languages are so alike that they share many words: language identification confuses them."""
    return not language(one).lid176_labels.isdisjoint(language(other).lid176_labels)


def _evidence(word: str, other: str, lang: str, looks: Mapping[str, _Looks]) -> float:
    """ln of how many times likelier a word is one language's than another's."""
    likelier = looks[other].likelihood(word) - looks[lang].likelihood(word)
    text, both = normalise(word), (language(other), language(lang))
    if not text or not all(map(load_lid().knows, both)):
        return likelier
    theirs, ours = (math.log(max(_mass(each, text), LEAST_MASS)) for each in both)
    return likelier + theirs - ours


class _Looks:
    """What the words of a dictionary look like: how often each letter trigram is in them."""

    def __init__(self, words: Collection[str]) -> None:
        self._counts = Counter(trigram for word in words for trigram in _trigrams(word))
        self._total = self._counts.total()

    def likelihood(self, word: str) -> float:
        """ln of the probability of a word's trigrams."""
        every = self._total + SMOOTHING * TRIGRAMS
        return sum(math.log((self._counts[trigram] + SMOOTHING) / every) for trigram in _trigrams(word))


def _trigrams(word: str) -> list[str]:
    marked = f"^{word}$"
    return [marked[place : place + 3] for place in range(len(marked) - 2)]
