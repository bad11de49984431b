"""The prologue: what must be known before any record is composed. Today that is the verdicts on templates.

Guarantees: texts are named by the plan, from the samples and the recipe alone; they are translated by units like any
others, so a build that is killed here goes on here; `build`, `plan` and `preview` decide with the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from glotmill.engine.commands.job import Job
from glotmill.engine.text.segments import split
from glotmill.engine.text.template_wording import TextKey
from glotmill.engine.translation.counts import SegmentCount
from glotmill.engine.translation.requests import RequestSource
from glotmill.engine.translation.routed_stage import RoutedStage
from glotmill.engine.translation.template_count import TemplateCount, count_templates
from glotmill.engine.translation.template_phase import BACK, THERE, TemplatePhase, drawn_templates
from glotmill.schemas.languages import ENGLISH

NOTHING = SegmentCount()
# From the names of a stage and a phase and what it requests to (counts, what is still missing).
Translate = Callable[[str, str, RequestSource], tuple[SegmentCount, pl.DataFrame]]


@dataclass(frozen=True, slots=True)
class Prologue:
    """What the prologue found out.

    Attributes:
        job: The job with the verdicts on its templates.
        templates: The templates' phase; None where no template's words are translated.
        there: Counts of the translations.
        back: Counts of the back-translations.
    """

    job: Job
    templates: TemplatePhase | None = None
    there: SegmentCount = NOTHING
    back: SegmentCount = NOTHING

    def check(self) -> TemplateCount | None:
        """The `count`, once it is certain that the entries are still those that were judged.

        Raises:
            ConservationError: They are not.
        """
        if self.templates is not None and self.job.instructions is not None:
            self.templates.check(self.job.instructions)
        return self.count()

    def count(self) -> TemplateCount | None:
        """What became of the templates; None where no template's words are translated."""
        if self.templates is None or self.job.instructions is None:
            return None
        return count_templates(self.job.instructions, self.templates.drawn)

    def texts(self) -> set[TextKey]:
        """The texts of templates that rows need, with or without a verdict."""
        if self.templates is None or self.job.instructions is None:
            return set()
        return self.templates.needed(self.job.instructions)

    def open_requests(self) -> dict[str, set[str]]:
        """The requests of texts without a verdict, by language."""
        found: dict[str, set[str]] = {}
        judged = self.job.instructions.judged if self.job.instructions else {}
        for lang, text in self.texts() - judged.keys():
            found.setdefault(lang, set()).update(split(text, ENGLISH).requests)
        return found


def run_prologue(job: Job, files: Sequence[Path], work: RoutedStage, translate: Translate) -> Prologue:
    """Translate what the prologue needs and judge it; of a dry run, judge what the memory has.

    Args:
        job: The job.
        files: Sample files.
        work: The translate stage.
        translate: Does a phase, or looks at it: `glotmill.engine.commands.phases.PhaseRunner.translate`.

    Returns:
        The counts of a dry run say how many texts would be sent; of what is not yet translated one each is to be sent
        back.
    """
    phase = _phase(job, files, work)
    if phase is None or job.instructions is None:
        return Prologue(job)
    counts = {THERE: NOTHING, BACK: NOTHING}
    lacking = {THERE: 0, BACK: 0}

    def ask(name: str, requested: RequestSource) -> pl.DataFrame:
        count, missing = translate(name, name, requested)
        # What is missing after a phase was only looked at; the next look counts it again.
        sent = replace(counts[name], translated=counts[name].translated - lacking[name])
        counts[name], lacking[name] = count.after(sent), missing.height
        return missing

    rule = phase.run(job.instructions, ask)
    there, back = counts[THERE], counts[BACK]
    if phase.judge.needs_back_translation:
        back = replace(back, translated=back.translated + lacking[THERE])
    return Prologue(job.with_templates(rule), phase, there, back)


def _phase(job: Job, files: Sequence[Path], work: RoutedStage) -> TemplatePhase | None:
    if job.template_judge is None:
        return None
    return TemplatePhase(drawn_templates(files), work, job.template_judge, job.needs_back_translation)
