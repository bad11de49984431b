"""What became of templates' translations, for the summary, the report and the card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from glotmill.engine.text.fields import template_langs
from glotmill.engine.text.template_wording import TEMPLATE_REFUSED, Carried, InstructionRule, Refusal, Words
from glotmill.engine.text.visible import visible_line
from glotmill.engine.translation.template_phase import Drawn

ENGLISH_INSTEAD = "source"
SHOWN = 20  # refused templates that a terminal names


@dataclass(frozen=True, slots=True)
class RefusedTemplate:
    """A template that no row carries in a language.

    Attributes:
        lang: The language.
        template: Its name.
        reason: The key of ``templates.accept`` that it misses, or a reason code of a failure.
        value: What was measured; None of a failure.
        text: Its translation; None where there is none.
        rows: Rows that drew it.
        instead: Rows by what they carry instead: a template's name, ``source`` (an English instruction), or
            ``template_refused`` (nothing, so they failed).
    """

    lang: str
    template: str
    reason: str
    value: float | None
    text: str | None
    rows: int
    instead: dict[str, int]

    @property
    def why(self) -> str:
        """The reason with what was measured."""
        return self.reason if self.value is None else f"{self.reason}: {self.value:g}"

    @property
    def became(self) -> str:
        """What its rows carry instead, in words."""
        words = {ENGLISH_INSTEAD: "an English instruction", TEMPLATE_REFUSED: "nothing and fail"}
        return ", ".join(f"{n:,} carry {words.get(name, name)}" for name, n in self.instead.items())


@dataclass(frozen=True, slots=True)
class TemplateCount:
    """What became of the templates that were put into other languages.

    Attributes:
        judged: Different texts of templates, by language.
        accepted: Of those, the ones that rows may carry.
        refused: The templates of the others that rows drew.
    """

    judged: int
    accepted: int
    refused: list[RefusedTemplate]

    def as_json(self) -> dict[str, Any]:
        """The object of ``--json``, and of a finished run."""
        return asdict(self)

    @classmethod
    def from_json(cls, known: Mapping[str, Any]) -> Self:
        """What `as_json` gave."""
        return cls(known["judged"], known["accepted"], [RefusedTemplate(**refused) for refused in known["refused"]])

    def lines(self) -> Iterator[str]:
        """The count for people, the templates that touch most rows first."""
        yield f"templates: {self.judged:,} translations judged, {self.accepted:,} accepted"
        order = sorted(self.refused, key=lambda refused: -refused.rows)
        for each in order[:SHOWN]:
            said = f"{each.template} in {each.lang} ({each.why}); of {each.rows:,} rows {each.became}"
            yield f"template refused: {visible_line(said)}"
        if len(order) > SHOWN:
            yield f"template refused: {len(order) - SHOWN:,} more; the report and --json name all"


def count_templates(rule: InstructionRule, drawn: Sequence[Drawn]) -> TemplateCount | None:
    """What became of templates; None where nothing had to be judged.

    Args:
        rule: The rule with its verdicts.
        drawn: What rows drew.
    """
    if not rule.judged:
        return None
    rows: Counter[tuple[str, str]] = Counter()
    why: dict[tuple[str, str], Refusal] = {}
    instead: dict[tuple[str, str], Counter[str]] = {}
    for one in drawn:
        langs = template_langs(one.sample, one.lang)
        first = rule.of_row(one.sample)
        texts = rule.texts(first, langs).items()
        for lang, refusal in {lang: words for (lang, _), words in texts if isinstance(words, Refusal)}.items():
            place = lang, first.template.name
            why.setdefault(place, refusal)
            rows[place] += one.rows
            instead.setdefault(place, Counter())[_named(first, rule.carried(one.sample, langs))] += one.rows
    refused = [
        RefusedTemplate(*at, found.reason, found.value, found.text, rows[at], dict(sorted(instead[at].items())))
        for at, found in sorted(why.items())
    ]
    accepted = sum(isinstance(words, Words) for words in rule.judged.values())
    return TemplateCount(len(rule.judged), accepted, refused)


def refused_facts(count: TemplateCount | None) -> dict[str, Any]:
    """What the manifest says of refused templates; nothing where none was."""
    return {"refused_templates": [asdict(refused) for refused in count.refused]} if count and count.refused else {}


def _named(drawn: Carried, carried: Carried | None) -> str:
    """What rows carry instead of a template that was refused."""
    if carried is None:
        return TEMPLATE_REFUSED
    return ENGLISH_INSTEAD if drawn.translated and not carried.translated else carried.template.name
