"""The templates' phase: before any record is composed, what must be known of templates in other languages.

The texts are named by the plan: the templates that rows drew, in the languages that they would be in, and the others of
their kind where one of them was refused. They are translated, and back, like any other text: by units that are written
down before work on them begins, into the memory, and never twice.

Guarantees: which template a row carries is a function of the memory's entries, the samples and the recipe; `plan`
decides with the same code; a build whose entries changed after they were judged is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pyarrow.parquet as pq

from glotmill.engine.text.fields import template_langs
from glotmill.engine.text.segments import split
from glotmill.engine.text.template_wording import InstructionRule, Judged, TextKey, Words
from glotmill.engine.translation.back_translation import join_back
from glotmill.engine.translation.requests import RequestSource, Segments
from glotmill.engine.translation.routed_stage import RoutedStage
from glotmill.engine.translation.template_verdict import TemplateJudge
from glotmill.recipes.sections.templates import Role
from glotmill.schemas.errors import ConservationError
from glotmill.schemas.languages import ENGLISH

ROLES: tuple[Role, ...] = get_args(Role)
THERE, BACK = "templates", "templates_back"
SAME = ("template_id", "asks", "replies")  # what decides which texts a row needs, beside its language
DRAWN = {**dict.fromkeys((*SAME, "source_lang", "source_id", "lang"), pl.String), "rows": pl.Int64}
READ = ("template_id", "turn_plan", "source_messages.list.element.role", "source_lang", "source_id", "langs")
# From a phase and what it asks to the requests that are still lacking: columns source_lang, target_lang and text.
Ask = Callable[[str, RequestSource], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Rows of one language that drew the same template, with the same plan of their turns.

    Attributes:
        sample: One of their samples, with what of it decides: template_id, source_id, source_lang, and turn_plan with
            source_messages as if it had no other turns than those that the template makes.
        lang: Their language.
        rows: How many they are.
    """

    sample: dict[str, Any]
    lang: str
    rows: int


def drawn_templates(files: Sequence[Path]) -> list[Drawn]:
    """The templates that samples drew, by language.

    Args:
        files: Sample files.
    """
    rows = pl.DataFrame(schema=DRAWN)
    for path in files:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                samples = pl.DataFrame(file.read_row_group(group, columns=list(READ)))
                rows = _counted(pl.concat([rows, _counted(_by_language(samples))]))
    rows = rows.filter(pl.col("lang") != pl.col("source_lang")).sort("lang", *SAME)
    return [_drawn(row) for row in rows.iter_rows(named=True)]


def _drawn(row: dict[str, Any]) -> Drawn:
    planned = [row["asks"], row["replies"]]
    sample = {name: row[name] for name in ("template_id", "source_id", "source_lang")}
    turns = [{"role": role} for role in ROLES]
    return Drawn(
        {**sample, "turn_plan": planned if any(planned) else None, "source_messages": turns}, row["lang"], row["rows"]
    )


def _by_language(samples: pl.DataFrame) -> pl.DataFrame:
    """A row of `DRAWN` for each sample that drew a template and each of its languages."""
    drew = samples.filter(pl.col("template_id").is_not_null()).explode("langs").drop_nulls("langs")
    roles = pl.col("source_messages").list.eval(pl.element().struct.field("role"))

    def planned(role: str) -> pl.Expr:
        place = roles.list.eval(pl.element() == role).list.arg_max()
        return pl.col("turn_plan").list.get(place, null_on_oob=True)

    return drew.select(
        "template_id", *(planned(role).alias(name) for role, name in zip(ROLES, ("asks", "replies"), strict=True)),
        "source_lang", "source_id", lang="langs", rows=pl.lit(1, pl.Int64),
    )  # fmt: skip


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    one = (pl.col(name).min() for name in ("source_lang", "source_id"))
    return rows.group_by(*SAME, "lang").agg(*one, pl.col("rows").sum()).select(DRAWN.keys())


@dataclass(frozen=True, slots=True)
class TemplatePhase:
    """The phase with its tools.

    Attributes:
        drawn: What rows drew.
        work: Reads entries.
        judge: Judges translations.
        returned: Whether records have back-translations.
    """

    drawn: Sequence[Drawn]
    work: RoutedStage
    judge: TemplateJudge
    returned: bool

    def run(self, rule: InstructionRule, ask: Ask) -> InstructionRule:
        """The rule with the verdicts that its rows need.

        Args:
            rule: The rule with nothing judged.
            ask: Has the entries of a phase made, or says what is lacking.
        """
        texts: set[TextKey] = set()
        while more := self.needed(rule) - texts:
            texts |= more
            rule = replace(rule, judged=self.verdicts(texts, ask))
        return rule

    def verdicts(self, texts: Collection[TextKey], ask: Ask) -> Judged:
        """The verdicts on texts, which are translated first."""
        return self._judged(texts, self._ask(texts, ask))

    def check(self, rule: InstructionRule) -> None:
        """Find out that the entries are still those that were judged.

        Raises:
            ConservationError: They are not.
        """
        if rule.judged and self._judged(rule.judged, frozenset()) != rule.judged:
            msg = (
                "the memory has other translations of templates than when they were judged (a correction, or another "
                "build's retry); run the same command again"
            )
            raise ConservationError(msg)

    def needed(self, rule: InstructionRule) -> set[TextKey]:
        """The texts that decide what rows carry: those drawn, and all that may stand in for one that was refused."""
        found: dict[TextKey, None] = {}
        for one in self.drawn:
            first, langs = rule.of_row(one.sample), template_langs(one.sample, one.lang)
            candidates = [first]
            if rule.is_refused(first, langs):
                candidates += rule.stand_ins(first.template, one.sample)
            for each in candidates:
                found |= dict.fromkeys(rule.to_translate(each, langs))
        return set(found)

    def _ask(self, texts: Collection[TextKey], ask: Ask) -> frozenset[TextKey]:
        """Ask for the texts there and back; the requests that are lacking, there or in their back-translation."""
        lacking = set(ask(THERE, segments_of_templates(texts)).select("target_lang", "text").iter_rows())
        if self.judge.needs_back_translation:
            requested = Segments()
            sentences: dict[TextKey, tuple[str, ...]] = {}
            translated = self.work.entries_of(THERE).filter(pl.col("translation").is_not_null())
            for lang, text, translation in translated.select("target_lang", "text", "translation").iter_rows():
                sentences[lang, text] = split(translation, lang).requests
                requested.add(lang, (ENGLISH,), list(sentences[lang, text]))
            lost = set(ask(BACK, requested).select("source_lang", "text").iter_rows())
            for (lang, text), parts in sentences.items():
                if not lost.isdisjoint((lang, sentence) for sentence in parts):
                    lacking.add((lang, text))
        return frozenset(lacking)

    def _judged(self, texts: Collection[TextKey], lacking: Collection[TextKey]) -> Judged:
        entries = {key: entry for key, entry in self._entries().items() if key not in lacking} if texts else {}
        judged = self.judge.judge(sorted(texts), entries)
        if self.returned:
            return judged
        return {key: replace(made, back=None) if isinstance(made, Words) else made for key, made in judged.items()}

    def _entries(self) -> dict[TextKey, dict[str, Any]]:
        """What the memory has of the requests, with their back-translation, by language and request."""
        there = self.work.entries_of(THERE)
        back = self.work.entries_of(BACK) if self.judge.needs_back_translation else None
        found: dict[TextKey, dict[str, Any]] = {}
        for (lang,), entries in there.group_by(["target_lang"], maintain_order=True):
            own = None if back is None else back.filter(source_lang=lang)
            rows = join_back(entries, own, str(lang))
            found |= {(str(lang), row["text"]): row for row in rows.iter_rows(named=True)}
        return found


def segments_of_templates(texts: Iterable[TextKey]) -> Segments:
    """The segments of templates' texts, each requested in its language."""
    segments = Segments()
    for lang, text in sorted(texts):
        segments.add(ENGLISH, (lang,), list(split(text, ENGLISH).requests))
    return segments
