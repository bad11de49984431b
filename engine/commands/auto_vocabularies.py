"""``translate.vocabulary: auto`` in a build: the lists that its memory lacks, decided before anything is looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from glotmill.engine.commands.job import Job
from glotmill.engine.memory.translations import Direction, Memory
from glotmill.engine.memory.vocabularies import DecidedVocabulary, Vocabularies
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.runs.run import Run
from glotmill.engine.samples.sample_files import sample_tables
from glotmill.engine.text.segments import split
from glotmill.engine.translation.requests import RequestSource, Segments, segments_of
from glotmill.engine.translation.stage import TranslateStage
from glotmill.engine.translation.vocabulary_phase import (
    SAMPLE,
    Ask,
    AutoVocabulary,
    Drawn,
    drawn,
    full_engine,
    requests_of,
)
from glotmill.engine.translators import TranslatorSpec
from glotmill.engine.workers.shared_pools import Pools
from glotmill.recipes.sections.translate import Ct2Translate
from glotmill.schemas.languages import ENGLISH


def undecided(job: Job) -> list[tuple[TranslatorSpec, str]]:
    """The languages of a job whose list is still to be decided, English last, with their engines."""
    found = []
    for spec in job.routes.all.values():
        section = spec.section
        if isinstance(section, Ct2Translate) and section.decides_vocabulary:
            targets = job.routes.targets(spec, job.recipe.languages)
            targets += [ENGLISH] if job.needs_back_translation or job.needs_forced_scores else []
            found += [(spec, lang) for lang in targets if lang not in spec.vocabularies]
    return found


def decide_vocabularies(
    job: Job,
    files: list[Path],
    memory: Memory,
    run: Run,
    pools: Pools,
    progress: ProgressReport,
    assigned: Mapping[str, int],
) -> Job:
    """The job with every list decided.

    Args:
        job: The job.
        files: Sample files.
        memory: Keeps the samples' translations.
        run: Notes what is requested and done.
        pools: Translate.
        progress: Shows the work.
        assigned: Samples by target language.
    """
    open_lists = undecided(job)
    if not open_lists:
        return job
    kept, requested = Vocabularies(job.memory), segments_of(sample_tables(files), job.answers)
    for spec, lang in open_lists:
        section = spec.section
        assert isinstance(section, Ct2Translate)
        ask = _Asker(memory, run, pools, progress)
        if lang == ENGLISH:
            texts = _ways_back(spec, job.routes.targets(spec, job.recipe.languages), requested, ask)
            made = AutoVocabulary(spec, lang, texts, section.max_changed, ask, _sources(requested))
        else:
            made = AutoVocabulary(spec, lang, drawn(requested, lang), section.max_changed, ask)
        keep = kept.renew if section.renews_vocabulary else kept.decide
        decided = keep(made.decide())
        progress.say(f"output vocabulary of {lang}: {decided.tokens:,} of {decided.size:,} tokens{_because(decided)}")
        run.event("vocabulary", lang=lang, tokens=decided.tokens, of=decided.size, why=decided.why, **decided.figures)
    return job.with_vocabularies(assigned, decide=True, renewed=True)


def _because(decided: DecidedVocabulary) -> str:
    return f": {decided.why}" if decided.why else f"; at most {decided.figures['changed_at_most']:.2%} of texts change"


@dataclass(frozen=True, slots=True)
class _Asker:
    """Has texts translated by an engine, as `glotmill.engine.translation.vocabulary_phase.Ask`."""

    memory: Memory
    run: Run
    pools: Pools
    progress: ProgressReport

    def __call__(
        self, spec: TranslatorSpec, name: str, requested: RequestSource
    ) -> Callable[[Direction], pl.DataFrame]:
        stage = TranslateStage(spec, self.memory, self.run, self.pools.of(spec))
        with self.progress.stage("vocabulary", "segments") as shown:
            stage.translate(name, requested, retry_failed=False, advance=shown.advance)
        return partial(stage.entries, name)


def _sources(requested: RequestSource) -> list[str]:
    """The different source texts of a build: English, as its back-translations."""
    found = {text for direction in requested.directions() for text in requested.table(direction)["text"]}
    return sorted(found)


def _ways_back(spec: TranslatorSpec, targets: Iterable[str], requested: RequestSource, ask: Ask) -> list[Drawn]:
    """Sentences of translations in a seeded order, to be translated back."""
    sentences = Segments()
    for lang in targets:
        chosen: dict[Direction, list[str]] = {}
        for direction, text in drawn(requested, lang)[:SAMPLE]:
            chosen.setdefault(direction, []).append(text)
        if not chosen:
            continue
        read = ask(full_engine(spec), f"vocabulary.{lang}.sample", requests_of(chosen))
        for direction in sorted(chosen, key=lambda one: one.source_lang):
            for translation in read(direction)["translation"].drop_nulls():
                sentences.add(lang, (ENGLISH,), list(split(translation, lang).requests))
    return drawn(sentences, ENGLISH)
