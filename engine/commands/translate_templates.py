"""A recipe's templates in its languages: translated by its engine, written down for people to review."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from glotmill.engine.commands.job import Job
from glotmill.engine.commands.job_checks import make_template_judge
from glotmill.engine.memory.translations import Memory
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.runs.run import Run
from glotmill.engine.storage.atomic_write import write_bytes
from glotmill.engine.text.template_wording import Carried, InstructionRule, Judged, TextKey
from glotmill.engine.translation.requests import RequestSource
from glotmill.engine.translation.routed_stage import RoutedStage
from glotmill.engine.translation.stage import TO_DO
from glotmill.engine.translation.template_phase import TemplatePhase
from glotmill.engine.workers.pool import make_pool
from glotmill.engine.workers.shared_pools import Pools
from glotmill.recipes.sections.templates import REFUSED, TRANSLATION_COLUMNS
from glotmill.schemas.languages import ENGLISH

HEAD = (
    "# Templates in other languages, for templates.translations of a recipe; a line break in a text is written \\n.\n"
    "# A build passes over rows of origin refused: correct their texts and set their origin to reviewed.\n"
)


@dataclass(frozen=True, slots=True)
class BankCount:
    """What was written: texts and languages in all, reviewed, accepted and refused ones, and those left out."""

    written: int
    languages: int
    reviewed: int
    machine: int
    refused: int
    left_out: list[str]


def translate_bank(job: Job, rule: InstructionRule, path: Path, progress: ProgressReport) -> BankCount:
    """Translate what is not known yet, through the translation memory, judge it as a build does, and write all of it.

    Args:
        job: What to translate with, and into which languages.
        rule: The templates.
        path: The file to write.
        progress: Shows the work.
    """
    langs = [lang for lang in job.recipe.languages if lang != ENGLISH]
    wanted = [Carried(template, translated=True) for template in rule.to_judge()]
    texts = {text for lang in langs for each in wanted for text in rule.to_translate(each, (lang, lang))}
    rule = replace(rule, judged=_judged(job, texts, progress))
    lines, left_out = [], []
    origins: Counter[str] = Counter()
    for lang in langs:
        for each in wanted:
            name, found = each.template.name, list(rule.texts(each, (lang, lang)).values())
            translated = [words.text for words in found if words is not None and words.text is not None]
            if len(translated) < len(found):
                left_out.append(f"{name} ({lang})")
                continue
            origin = _origin(rule, each, lang)
            origins[origin] += 1
            cells = [text.replace("\n", "\\n") for text in translated]
            lines.append("\t".join([name, lang, *cells, *[""] * (2 - len(cells)), origin]))
    write_bytes(path, (HEAD + "\t".join(TRANSLATION_COLUMNS) + "\n" + "\n".join(lines) + "\n").encode())
    return BankCount(len(lines), len(langs), origins["reviewed"], origins["machine"], origins[REFUSED], left_out)


def _origin(rule: InstructionRule, each: Carried, lang: str) -> str:
    langs = (lang, lang)
    if rule.is_reviewed(each.template.name, "user", lang) and not rule.to_translate(each, langs):
        return "reviewed"
    return REFUSED if rule.is_refused(each, langs) else "machine"


def _judged(job: Job, texts: set[TextKey], progress: ProgressReport) -> Judged:
    """The verdicts on templates' texts, translated by the recipe's engines."""
    judge = job.template_judge or make_template_judge(job.recipe, job.answers, job.routes)
    with TemporaryDirectory() as folder, Pools(lambda spec: make_pool(spec, job.recipe.workers)) as pools:
        work = RoutedStage(job.routes, Memory(job.memory), Run(Path(folder)), pools)

        def ask(phase: str, requested: RequestSource) -> pl.DataFrame:
            with progress.stage(phase, "segments") as stage:
                work.translate(phase, requested, retry_failed=job.retry_failed, advance=stage.advance)
            return pl.DataFrame(schema=TO_DO)

        return TemplatePhase((), work, judge, returned=False).verdicts(texts, ask)
