"""Templates in other languages: which one a row carries there, and in which words.

Guarantees: what a row carries is a function of its sample, of the recipe's ``templates`` section with its banks, and of
what was judged of the templates' translations; a template that was refused in a language is in no row of it. A refused
template gives way in every row of that language that drew it, and in no other language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from glotmill.engine.text.instructions import templated_turns
from glotmill.engine.text.segments import split
from glotmill.recipes.sections.templates import Bank, Role, Template, Templates, Translations, pool
from glotmill.schemas.keys import digest, draw
from glotmill.schemas.languages import ENGLISH
from glotmill.schemas.sample import messages_column

TEMPLATE_REFUSED = "template_refused"  # the reason of a record for which no template was accepted


@dataclass(frozen=True, slots=True)
class Words:
    """A template's text in a language.

    Attributes:
        text: The text, with its slots.
        back: Its back-translation; None where there is none.
        origins: Whose words it holds: ``machine``, ``human`` (corrections); nobody's where it was known beforehand.
        engines: Fingerprints of the engines that translated it.
    """

    text: str
    back: str | None = None
    origins: frozenset[str] = frozenset()
    engines: frozenset[str] = frozenset()

    def facts(self) -> list[Any]:
        """What identifies them, in plain types."""
        return [self.text, self.back, sorted(self.origins), sorted(self.engines)]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no row carries a template's text in a language.

    Attributes:
        reason: The key of ``templates.accept`` that it misses, or a reason code of a failure.
        value: What was measured; None of a failure.
        text: The translation; None where there is none.
    """

    reason: str
    value: float | None = None
    text: str | None = None


TextKey = tuple[str, str]  # language, and a template's English text
Judged = Mapping[TextKey, Words | Refusal]
TurnLangs = tuple[str, str]  # of the turns that a template makes: the user's and the assistant's


@dataclass(frozen=True, slots=True)
class Carried:
    """A template as a row carries it.

    Attributes:
        template: The template.
        translated: Whether the words of the user's turn are in that turn's language; those of a reply always are.
    """

    template: Template
    translated: bool


@dataclass(frozen=True, slots=True)
class InstructionRule:
    """A recipe's ``templates`` section with its banks read.

    Attributes:
        section: The section.
        bank: Templates by kind.
        translations: Translations that were reviewed.
        judged: What became of the others; a text that is not there is not judged yet.
    """

    section: Templates
    bank: Bank
    translations: Translations = field(default_factory=dict)
    judged: Judged = field(default_factory=dict)
    _kept: dict[tuple[str, TurnLangs], Carried | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )  # what rows drew where it was not refused, else None: few different ones, met in every row
    _known: dict[str, Carried] = field(default_factory=dict, init=False, repr=False, compare=False)

    def identity(self) -> str:
        """Changes with any text of the banks."""
        texts = [[t.name, t.user, t.assistant] for templates in self.bank.values() for t in templates]
        known = {code: {name: list(pair) for name, pair in names.items()} for code, names in self.translations.items()}
        return digest([texts, known])

    def drawn(self, kind: str, row: Mapping[str, Any]) -> Template:
        """The template of a sample; where its turns are in different languages, one that names the reply's."""
        return self._draw(self._pool(kind, row), row)

    def _pool(self, kind: str, row: Mapping[str, Any]) -> list[Template]:
        return pool(self.bank, kind, "source" if row["turn_plan"] else self.section.instruction)

    def _draw(self, templates: list[Template], row: Mapping[str, Any]) -> Template:
        return templates[int(draw("template", self.section.seed, row["source_id"]) * len(templates))]

    def goes_into_target(self, template: Template) -> bool:
        """Whether the words of a template's user turn go into the target language."""
        return self.section.instruction != "source" and not template.names_language

    def to_judge(self) -> list[Template]:
        """The templates with words that go into the target language, in the user's turn or in the reply."""
        return [
            template
            for kind in self.bank
            for template in pool(self.bank, kind, self.section.instruction)
            if template.assistant is not None or self.goes_into_target(template)
        ]

    def is_reviewed(self, name: str, role: Role, lang: str) -> bool:
        """Whether a template's text was reviewed in a language."""
        return bool(self._reviewed(name, role, lang))

    def _reviewed(self, name: str, role: Role, lang: str) -> str | None:
        return self.translations.get(lang, {}).get(name, (None, None))[0 if role == "user" else 1]

    def _beforehand(self, name: str, role: Role, text: str, lang: str) -> Words | None:
        reviewed = self._reviewed(name, role, lang)
        if reviewed:
            return Words(reviewed)
        # Slots and marks alone are the same in every language.
        return None if split(text, ENGLISH).segments else Words(text)

    def words(self, name: str, role: Role, text: str, lang: str) -> Words | Refusal | None:
        """A template's text in a language; None where it is not judged yet.

        Args:
            name: The template's name.
            role: Whose turn the text makes.
            text: The English text.
            lang: The language.
        """
        return self._beforehand(name, role, text, lang) or self.judged.get((lang, text))

    def texts(self, carried: Carried, langs: TurnLangs) -> dict[TextKey, Words | Refusal | None]:
        """The texts of a template that are in other languages than English, with their `words`."""
        name = carried.template.name
        return {(lang, text): self.words(name, role, text, lang) for role, text, lang in _spoken(carried, langs)}

    def to_translate(self, carried: Carried, langs: TurnLangs) -> list[TextKey]:
        """Those of `texts` that an engine translates."""
        name = carried.template.name
        spoken = _spoken(carried, langs)
        return [(lang, text) for role, text, lang in spoken if not self._beforehand(name, role, text, lang)]

    def is_refused(self, carried: Carried, langs: TurnLangs) -> bool:
        """Whether a text of a template was refused in the language that it would be in."""
        return any(isinstance(words, Refusal) for words in self.texts(carried, langs).values())

    def of_row(self, row: Mapping[str, Any]) -> Carried:
        """The template that was drawn for a sample that has one."""
        if not self._known:
            everything = (template for templates in self.bank.values() for template in templates)
            self._known.update((each.name, Carried(each, self.goes_into_target(each))) for each in everything)
        return self._known[row["template_id"]]

    def stand_ins(self, drawn: Template, row: Mapping[str, Any]) -> Iterator[Carried]:
        """What may take the place of the template that a sample drew, in the order of ``templates.fallback``."""
        for step in self.section.fallback:
            if step == "next":
                translated = self.goes_into_target(drawn)
                others = _after(drawn, self._pool(drawn.kind, row))
                others = [template for template in others if self.goes_into_target(template) == translated]
            else:
                translated = False
                english = pool(self.bank, drawn.kind, "source")
                first = self._draw(english, row)
                others = [first, *_after(first, english)]
            for template in others:
                if (template.assistant is None) == (drawn.assistant is None):
                    yield Carried(template, translated)

    def carried(self, row: Mapping[str, Any], langs: TurnLangs) -> Carried | None:
        """What a sample's record carries; None where its template was refused and nothing can stand in.

        A text that is not judged yet counts as accepted.
        """
        place = str(row["template_id"]), langs
        if place not in self._kept:
            drawn = self.of_row(row)
            self._kept[place] = None if self.is_refused(drawn, langs) else drawn
        kept = self._kept[place]
        if kept is not None:
            return kept
        others = self.stand_ins(self.of_row(row).template, row)
        return next((other for other in others if not self.is_refused(other, langs)), None)


def _spoken(carried: Carried, langs: TurnLangs) -> Iterator[tuple[Role, str, str]]:
    """(whose turn, English text, language) of a template's texts that are in other languages than English."""
    template, (asks, replies) = carried.template, langs
    if carried.translated and asks != ENGLISH:
        yield "user", template.user, asks
    if template.assistant is not None and replies != ENGLISH:
        yield "assistant", template.assistant, replies


def _after(template: Template, templates: list[Template]) -> list[Template]:
    """The other templates, from the one after this to the one before it."""
    place = templates.index(template)
    return [*templates[place + 1 :], *templates[:place]]


def with_template(row: Mapping[str, Any], carried: Carried) -> dict[str, Any]:
    """A sample with a template in the place of the one that it has.

    Its ``source_hash`` stays: that says whether the sample changed.
    """
    template = carried.template
    return {
        **row,
        "template_id": template.name,
        "instruction": {"user": template.user, "assistant": template.assistant, "translated": carried.translated},
        "source_messages": messages_column(templated_turns(row, template.user, template.assistant)),
    }
