"""``translate.vocabulary: auto`` in a build: the lists that its memory lacks, decided before anything is looked up.

Guarantees: of a build's texts no more than the samples are held.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path

import numpy as np
import polars as pl

from glotmill.engine.commands.job import Job
from glotmill.engine.memory.entries import Direction
from glotmill.engine.memory.scores import ScoreStore
from glotmill.engine.memory.translations import Memory
from glotmill.engine.memory.vocabularies import DecidedVocabulary, Vocabularies
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.runs.run import Run
from glotmill.engine.samples.sample_files import sample_tables
from glotmill.engine.text.segments import split
from glotmill.engine.translation.drawn_texts import Drawn, DrawnTexts
from glotmill.engine.translation.requests import RequestSource, TextsInto, requested_in
from glotmill.engine.translation.stage import TranslateStage
from glotmill.engine.translation.token_use_stage import TokenUseStage
from glotmill.engine.translation.vocabulary_phase import (
    LOOKS,
    MOST_TEXTS,
    SAMPLE,
    TEXTS_THAT_PAY,
    AutoVocabulary,
    full_engine,
    requests_of,
)
from glotmill.engine.translators import TranslatorSpec
from glotmill.engine.translators.shared.output_vocabulary import LINES_AT_ONCE
from glotmill.engine.translators.shared.token_use import TokenUse
from glotmill.engine.translators.shared.vocabulary_lists import model_tokens
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
    scores: ScoreStore,
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
        scores: Keeps which tokens they use.
        run: Notes what is requested and done.
        pools: Translate.
        progress: Shows the work.
        assigned: Samples by target language.
    """
    open_lists = undecided(job)
    if not open_lists:
        return job
    kept, engines = Vocabularies(job.memory), _Engines(memory, scores, run, pools, progress)
    texts = DrawnTexts(job.recipe.languages, MOST_TEXTS)
    sources = {spec.folder: _SourceTokens(spec.folder) for spec, lang in open_lists if lang == ENGLISH and spec.folder}
    for one in requested_in(sample_tables(files), job.answers):
        texts.add(one)
        for tokens in sources.values():
            tokens.add(one)
    for spec, lang in open_lists:
        section = spec.section
        assert isinstance(section, Ct2Translate)
        if lang == ENGLISH and spec.folder:
            back = _ways_back(spec, job.routes.targets(spec, job.recipe.languages), texts, engines)
            known = sources[spec.folder].seen()
            made = AutoVocabulary(spec, lang, back, section.max_changed, engines, known, least=SAMPLE + LOOKS[1])
        else:
            made = AutoVocabulary(spec, lang, texts.of(lang), section.max_changed, engines)
        keep = kept.renew if section.renews_vocabulary else kept.decide
        decided = keep(made.decide())
        progress.say(f"output vocabulary of {lang}: {decided.tokens:,} of {decided.size:,} tokens{_because(decided)}")
        run.event("vocabulary", lang=lang, tokens=decided.tokens, of=decided.size, why=decided.why, **decided.figures)
    return job.with_vocabularies(assigned, decide=True, renewed=True)


def _because(decided: DecidedVocabulary) -> str:
    return f": {decided.why}" if decided.why else f"; at most {decided.figures['changed_at_most']:.2%} of texts change"


@dataclass(frozen=True, slots=True)
class _Engines:
    """Has texts worked on, as `glotmill.engine.translation.vocabulary_phase.Engines`."""

    memory: Memory
    scores: ScoreStore
    run: Run
    pools: Pools
    progress: ProgressReport

    def translated(
        self, spec: TranslatorSpec, name: str, requested: RequestSource
    ) -> Callable[[Direction], pl.DataFrame]:
        stage = TranslateStage(spec, self.memory, self.run, self.pools.of(spec))
        with self.progress.stage("vocabulary", "segments") as shown:
            stage.translate(name, requested, retry_failed=False, advance=shown.advance)
        return partial(stage.entries, name)

    def used(self, spec: TranslatorSpec, name: str, texts: Sequence[Drawn]) -> list[TokenUse]:
        stage = TokenUseStage(spec, self.scores, self.run, self.pools.of(spec))
        with self.progress.stage("vocabulary", "segments") as shown:
            return stage.used(name, texts, shown.advance)


class _SourceTokens:
    """The tokens of a build's English texts: what a translation back into English says again."""

    def __init__(self, folder: Path) -> None:
        tokens = model_tokens(folder)
        self._encode = tokens.encoder()
        self._seen = np.zeros(len(tokens.tokens), np.bool_)
        self._waiting: set[str] = set()

    def add(self, texts: TextsInto) -> None:
        if texts.source == ENGLISH:
            self._waiting.update(texts.texts)
            if len(self._waiting) >= LINES_AT_ONCE:
                self._read()

    def seen(self) -> list[int]:
        self._read()
        found: list[int] = np.flatnonzero(self._seen).tolist()
        return found

    def _read(self) -> None:
        for line in self._encode(list(self._waiting)):
            self._seen[line] = True
        self._waiting.clear()


def _ways_back(spec: TranslatorSpec, targets: Sequence[str], texts: DrawnTexts, engines: _Engines) -> list[Drawn]:
    """Sentences of translations in a seeded order, to be translated back; the checks translate most of them anyway."""
    sentences = DrawnTexts([ENGLISH], MOST_TEXTS)
    for lang in targets:
        chosen: dict[Direction, list[str]] = {}
        for direction, text in texts.of(lang)[SAMPLE : SAMPLE + ceil(TEXTS_THAT_PAY / len(targets))]:
            chosen.setdefault(direction, []).append(text)
        if not chosen:
            continue
        read = engines.translated(full_engine(spec), f"vocabulary.{lang}.back", requests_of(chosen))
        for direction in sorted(chosen, key=lambda one: one.source_lang):
            for translation in read(direction)["translation"].drop_nulls():
                sentences.add(TextsInto(lang, (ENGLISH,), list(split(translation, lang).requests)))
    return sentences.of(ENGLISH)
