"""The dictionary's answers in a build of several windows: translated before any record is composed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl

from glotmill.engine.commands.job import Job
from glotmill.engine.commands.phases import PhaseCounts, PhaseRunner
from glotmill.engine.memory.translations import Memory
from glotmill.engine.runs.run import Run
from glotmill.engine.samples.sample_files import sample_rows
from glotmill.engine.text.fields import answer_requests
from glotmill.engine.translation.back_translation import back_requests
from glotmill.engine.translation.language_entries import LanguageEntries
from glotmill.engine.translation.requests import Segments
from glotmill.engine.translation.routed_stage import RoutedStage
from glotmill.engine.workers.shared_pools import Pools

FOLDER = "dictionary"  # of a run: the lists of units and requests


def translate_answers(
    job: Job, files: list[Path], memory: Memory, run: Run, pools: Pools, runner: PhaseRunner
) -> tuple[Callable[[str], pl.DataFrame], PhaseCounts]:
    """Translate, there and back, what the samples need of their dictionaries.

    Returns:
        How the entries into a language are read, and what was done.

    Args:
        job: The job, with its frequent answers.
        files: Sample files.
        memory: Keeps the translations.
        run: Notes the units.
        pools: Do them.
        runner: Does a phase, or looks at it.
    """
    work = RoutedStage(job.routes, memory, run.part(FOLDER), pools)
    runner = replace(runner, work=work)
    answers = Segments()
    for row in sample_rows(files):
        for lang in row["langs"]:
            if lang != row["source_lang"]:
                answers.add(row["source_lang"], (lang,), answer_requests(row, lang, job.answers)[0])
    there, _ = runner.translate("answers", "forward", answers)
    back, _ = runner.translate("answers back", "back", back_requests(work, answers))
    entries = LanguageEntries(work, answers, returned=True, langs=job.recipe.languages)
    return entries.into, PhaseCounts(there, back)
