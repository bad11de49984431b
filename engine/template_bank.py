"""A recipe's templates in its languages: translated by its engine, written down for people to review."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from engine.job import Job
from engine.progress import ProgressReport
from engine.stages.instruct import InstructionRule
from engine.stages.segment import Segments
from engine.stages.translate import TranslateStage
from engine.store.files import write_bytes
from engine.store.memory import Memory
from engine.store.runs import Run
from engine.text.segments import split
from engine.text.structure import mismatch
from engine.workers.pool import make_pool
from recipes.templates import TRANSLATION_COLUMNS, Template
from schemas.languages import ENGLISH

HEAD = (
    "# Templates in other languages, for templates.translations of a recipe; a line break in a text is written \\n.\n"
)


@dataclass(frozen=True, slots=True)
class BankCount:
    """What was written: texts and languages in all, reviewed ones and new ones, and those left out."""

    written: int
    languages: int
    reviewed: int
    machine: int
    left_out: list[str]


def into_target(rule: InstructionRule) -> list[Template]:
    """The templates whose words can go into the target language, in part or whole."""
    plain = rule.section.instruction != "source"
    return [
        template
        for templates in rule.bank.values()
        for template in templates
        if template.assistant is not None or (plain and not template.names_language)
    ]


def translate_bank(job: Job, rule: InstructionRule, path: Path, progress: ProgressReport) -> BankCount:
    """Translate what is not known yet, through the translation memory, and write all of it.

    Args:
        job: What to translate with, and into which languages.
        rule: The templates.
        path: The file to write.
        progress: Told of the work.
    """
    templates = into_target(rule)
    texts = list(dict.fromkeys(text for t in templates for text in (t.user, t.assistant) if text))
    langs = [lang for lang in job.recipe.languages if lang != ENGLISH]
    known = _translations(job, texts, langs, progress)
    lines, left_out = [], []
    origins: Counter[str] = Counter()
    for lang in langs:
        for template in templates:
            given = rule.translations.get(lang, {}).get(template.name)
            pair = given or (
                known.get((lang, template.user)),
                known.get((lang, template.assistant)) if template.assistant else None,
            )
            if pair[0] is None or (template.assistant and pair[1] is None):
                left_out.append(f"{template.name} ({lang})")
                continue
            origin = "reviewed" if given else "machine"
            origins[origin] += 1
            user, assistant = ((text or "").replace("\n", "\\n") for text in pair)
            lines.append("\t".join([template.name, lang, user, assistant, origin]))
    write_bytes(path, (HEAD + "\t".join(TRANSLATION_COLUMNS) + "\n" + "\n".join(lines) + "\n").encode())
    return BankCount(len(lines), len(langs), origins["reviewed"], origins["machine"], left_out)


def _translations(job: Job, texts: list[str], langs: list[str], progress: ProgressReport) -> dict[tuple[str, str], str]:
    """Each text in each language, where it came back with its slots."""
    segments = Segments()
    segments.add(ENGLISH, tuple(langs), [request for text in texts for request in split(text, ENGLISH).requests])
    known: dict[tuple[str, str], str] = {}
    with TemporaryDirectory() as folder, make_pool(job.translator, job.recipe.workers) as pool:
        work = TranslateStage(job.translator, Memory(job.memory), Run(Path(folder)), pool)
        with progress.stage("translate", "segments") as stage:
            work.translate("templates", segments, retry_failed=job.retry_failed, advance=stage.advance)
        for direction in segments.directions():
            done = work.entries("templates", direction).filter(pl.col("translation").is_not_null())
            known |= {
                (direction.target_lang, text): made for text, made in done.select("text", "translation").iter_rows()
            }
    found = {}
    for lang in langs:
        for text in texts:
            cut = split(text, ENGLISH)
            if all((lang, request) in known for request in cut.requests):
                made = cut.join(
                    lambda request, lang=lang: known[lang, request],  # type: ignore[misc]
                    lambda text, lang=lang: (job.answers.yes_no(text, lang) or (text,))[0],  # type: ignore[misc]
                )
                if mismatch(text, made, ENGLISH, lang) is None:
                    found[lang, text] = made
    return found
