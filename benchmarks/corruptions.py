"""Known errors, made from good translations: what `benchmarks/filters.py` asks the filters to catch.

Each corruption gives the broken translation of one row, or None where it cannot be made there. The same row, seed and
corruption give the same text, whatever else is asked for. Words that are swapped are in `benchmarks/swaps.py`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from benchmarks.swaps import CYRILLIC, SWAPS

SEED = 7
CANDIDATES = 200  # rows among which a near-shuffle looks for the most similar English text
FINAL = re.compile(r"\s*[.!?。？！।]+\s*$")
WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Corpus:
    """Good translations of one field type into one language.

    Attributes:
        name: Where they are from.
        lang: FLORES-200 code.
        field_type: ``caption`` or ``question``.
        sources: English texts.
        targets: Their translations.
        elsewhere: Their translations into another of the corpus's languages.
    """

    name: str
    lang: str
    field_type: str
    sources: list[str]
    targets: list[str] = field(repr=False)
    elsewhere: list[str] = field(repr=False)

    @cached_property
    def source_words(self) -> list[set[str]]:
        """Lower-case words of each English text."""
        return [set(WORD.findall(text.lower())) for text in self.sources]

    @property
    def unspaced(self) -> bool:
        """Whether the language is written without spaces between words."""
        return self.lang.startswith(("zho", "jpn", "tha"))

    def tokens(self, row: int) -> list[str]:
        """Words of a translation, or its characters where it has no spaces."""
        return list(self.targets[row]) if self.unspaced else self.targets[row].split()

    def join(self, tokens: list[str]) -> str:
        """The text of tokens."""
        return ("" if self.unspaced else " ").join(tokens)


Corruption = Callable[[Corpus, int, random.Random], str | None]


def shuffle(c: Corpus, row: int, rng: random.Random) -> str | None:
    """The translation of another row."""
    other = rng.randrange(len(c.targets))
    return c.targets[other] if c.sources[other] != c.sources[row] else None


def near_shuffle(c: Corpus, row: int, rng: random.Random) -> str | None:
    """Of 200 random rows, the translation of the one that shares most English words."""
    others = [i for i in rng.sample(range(len(c.sources)), min(CANDIDATES, len(c.sources)))
              if c.source_words[i] != c.source_words[row]]  # fmt: skip
    return c.targets[max(others, key=lambda i: len(c.source_words[i] & c.source_words[row]))]


def untranslated(c: Corpus, row: int, _: random.Random) -> str | None:
    """The English text."""
    return c.sources[row]


def wrong_language(c: Corpus, row: int, _: random.Random) -> str | None:
    """The same sentence in another language."""
    return c.elsewhere[row]


def wrong_script(c: Corpus, row: int, _: random.Random) -> str | None:
    """Each letter replaced by one of another script: Cyrillic for Latin, Latin for all others."""
    return "".join(_other_letter(char) for char in c.targets[row])


def _other_letter(char: str) -> str:
    if not char.isalpha():
        return char
    return CYRILLIC.get(char.lower(), "о" if char.isascii() or ord(char) < 0x250 else chr(97 + ord(char) % 26))


def half_copied(c: Corpus, row: int, _: random.Random) -> str | None:
    """The second half in English."""
    tokens, english = c.tokens(row), c.sources[row].split()
    return f"{c.join(tokens[: len(tokens) // 2])} {' '.join(english[len(english) // 2 :])}"


def one_word_copied(c: Corpus, row: int, rng: random.Random) -> str | None:
    """One word replaced by an English one of the source."""
    tokens = c.tokens(row)
    english = [word for word in WORD.findall(c.sources[row]) if len(word) > 3 and word not in c.targets[row]]
    if len(tokens) < 3 or not english:
        return None
    tokens[rng.randrange(1, len(tokens) - 1)] = rng.choice(english)
    return c.join(tokens)


def _cut(keep: float, *, mark: bool) -> Corruption:
    def cut(c: Corpus, row: int, _: random.Random) -> str | None:
        tokens = c.tokens(row)
        kept = FINAL.sub("", c.join(tokens[: max(1, round(len(tokens) * keep))]))
        final = FINAL.search(c.targets[row])
        if len(tokens) < 4 or (mark and final is None):
            return None
        return kept + final.group() if mark and final else kept

    return cut


def phrase_loop(c: Corpus, row: int, _: random.Random) -> str | None:
    """The last three words five times more."""
    tokens = c.tokens(row)
    return c.join(tokens + tokens[-3:] * 5)


def whole_repetition(c: Corpus, row: int, _: random.Random) -> str | None:
    """The translation twice."""
    return c.join([c.targets[row], c.targets[row]])


def concatenated(c: Corpus, row: int, rng: random.Random) -> str | None:
    """The translation, and that of another row after it."""
    other = shuffle(c, row, rng)
    return None if other is None else c.join([c.targets[row], other])


def hallucinated_clause(c: Corpus, row: int, rng: random.Random) -> str | None:
    """The first half of another translation before the final mark."""
    other, final = rng.randrange(len(c.targets)), FINAL.search(c.targets[row])
    extra = c.tokens(other)
    if c.sources[other] == c.sources[row]:
        return None
    kept = FINAL.sub("", c.targets[row])
    return c.join([kept, c.join(extra[: len(extra) // 2])]) + (final.group() if final else "")


def _swap(kind: str) -> Corruption:
    """A word of a kind becomes another of its kind: the first place where one stands."""

    def swap(c: Corpus, row: int, rng: random.Random) -> str | None:
        places = [(m, new) for old, news in SWAPS[kind].get(c.lang, {}).items()
                  for m in [re.search(old, c.targets[row])] for new in [rng.choice(news)] if m]  # fmt: skip
        if not places:
            return None
        match, new = min(places, key=lambda place: place[0].start())
        return c.targets[row][: match.start()] + match.expand(new) + c.targets[row][match.end() :]

    return swap


def number_changed(c: Corpus, row: int, rng: random.Random) -> str | None:
    """A number becomes another: in figures, or in words where the language's are listed."""
    figures = re.search(r"\d+", c.targets[row])
    if figures is None:
        return _swap("number")(c, row, rng)
    changed = str(int(figures.group()) + rng.randint(1, 9))
    return c.targets[row][: figures.start()] + changed + c.targets[row][figures.end() :]


def entity_changed(c: Corpus, row: int, rng: random.Random) -> str | None:
    """A capitalised word that stands in both texts becomes another name."""
    names = [name for name in re.findall(r"(?<=[\w,] )[A-Z]\w{2,}", c.sources[row]) if name in c.targets[row]]
    return c.targets[row].replace(names[0], rng.choice(("Berlin", "Nike", "Toronto", "Walmart"))) if names else None


def tag_lost(c: Corpus, row: int, _: random.Random) -> str | None:
    """A web address stands in the source only; `sources_of` puts it there."""
    return c.targets[row]


def _others(c: Corpus, row: int) -> list[int]:
    """The rows whose texts are a row's options."""
    return [(row + step) % len(c.targets) for step in (1, 2, 3)]


def option_lost(c: Corpus, row: int, _: random.Random) -> str | None:
    """Three options below the text, of which the translation lacks the last."""
    return _with_options(c.targets[row], [c.targets[i] for i in _others(c, row)[:2]])


def options_swapped(c: Corpus, row: int, _: random.Random) -> str | None:
    """Three options below the text, the first two in each other's place."""
    first, second, third = (c.targets[i] for i in _others(c, row))
    return _with_options(c.targets[row], [second, first, third])


def answer_untranslated(c: Corpus, row: int, _: random.Random) -> str | None:
    """A word below the text as an answer to it, which stays English."""
    return f"{c.targets[row]}\n{_answer(c, row)}"


def _with_options(text: str, options: list[str]) -> str:
    return "\n".join([text, *(f"{letter}. {option}" for letter, option in zip("ABC", options, strict=False))])


def _answer(c: Corpus, row: int) -> str:
    """The longest word of the next English text."""
    words: list[str] = WORD.findall(c.sources[(row + 1) % len(c.sources)])
    return max(words or ["red"], key=len)


def final_mark_dropped(c: Corpus, row: int, _: random.Random) -> str | None:
    """The final mark is gone."""
    return FINAL.sub("", c.targets[row]) if FINAL.search(c.targets[row]) else None


def other_han_variant(c: Corpus, row: int, _: random.Random) -> str | None:
    """Simplified characters become traditional ones."""
    if c.lang != "zho_Hans":
        return None
    from opencc import OpenCC

    changed = str(OpenCC("s2t").convert(c.targets[row]))
    return changed if changed != c.targets[row] else None


CORRUPTIONS: dict[str, Corruption] = {
    "untranslated": untranslated,
    "wrong_language": wrong_language,
    "wrong_script": wrong_script,
    "phrase_loop": phrase_loop,
    "whole_repetition": whole_repetition,
    "half_copied": half_copied,
    "one_word_copied": one_word_copied,
    "cut50": _cut(0.5, mark=False),
    "cut50_marked": _cut(0.5, mark=True),
    "cut25": _cut(0.75, mark=False),
    "cut25_marked": _cut(0.75, mark=True),
    "concatenated": concatenated,
    "hallucinated_clause": hallucinated_clause,
    "shuffle": shuffle,
    "near_shuffle": near_shuffle,
    "number_changed": number_changed,
    "negation_dropped": _swap("negation_dropped"),
    "negation_added": _swap("negation_added"),
    "colour_changed": _swap("colour"),
    "side_changed": _swap("side"),
    "entity_changed": entity_changed,
    "tag_lost": tag_lost,
    "option_lost": option_lost,
    "options_swapped": options_swapped,
    "answer_untranslated": answer_untranslated,
    "final_mark_dropped": final_mark_dropped,
    "other_han_variant": other_han_variant,
}


def corrupted(corpus: Corpus, name: str) -> list[str | None]:
    """The corruption of every row, null where it cannot be made or changes nothing."""
    made = []
    for row, good in enumerate(corpus.targets):
        text = CORRUPTIONS[name](corpus, row, random.Random(f"{SEED} {corpus.name} {corpus.lang} {name} {row}"))
        made.append(text if text is not None and (text != good or name == "tag_lost") and text.strip() else None)
    return made


def sources_of(corpus: Corpus, name: str) -> list[str]:
    """The English side of a corruption: as it is, but for what stands below or beside it in some."""
    return [_source(corpus, row, name) for row in range(len(corpus.sources))]


def _source(c: Corpus, row: int, name: str) -> str:
    text = c.sources[row]
    match name:
        case "tag_lost":
            return f"{text} https://example.org/{row}"
        case "option_lost" | "options_swapped":
            return _with_options(text, [c.sources[i] for i in _others(c, row)])
        case "answer_untranslated":
            return f"{text}\n{_answer(c, row)}"
        case _:
            return text
