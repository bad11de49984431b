"""A checked job: everything a build needs, found sound before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from glotmill.engine import __version__
from glotmill.engine.commands.extras import check_libraries
from glotmill.engine.commands.job_checks import (
    check_choice,
    check_languages,
    check_parts,
    left_out,
    resolve_policy,
    template_judge,
)
from glotmill.engine.commands.job_sources import all_sources, evaluation_facts, source_facts
from glotmill.engine.commands.places import build_folder, open_memory
from glotmill.engine.dataset.fingerprints import CODE_VERSIONS
from glotmill.engine.memory.vocabularies import Vocabularies
from glotmill.engine.samples.language_mix import MixRule
from glotmill.engine.samples.tasks.registry import derived_facts, own_kinds
from glotmill.engine.sources import OpenSource
from glotmill.engine.storage.folder import Folder
from glotmill.engine.text.answers import AnswerRule, LabelTable, load_answers
from glotmill.engine.text.dictionary import Judgement
from glotmill.engine.text.labels import load_labels
from glotmill.engine.text.noun_phrases import find_model
from glotmill.engine.text.spans import SPLITTER_VERSION
from glotmill.engine.text.template_wording import InstructionRule
from glotmill.engine.translation.template_verdict import TemplateJudge
from glotmill.engine.translators import TranslatorSpec
from glotmill.engine.translators.shared.judge_model import make_judge
from glotmill.engine.translators.shared.routes import Routes, resolve_routes
from glotmill.engine.translators.shared.vocabulary_lists import listed_facts, with_lists
from glotmill.engine.workers.ray_session import cluster_gpus
from glotmill.filters.contract import Scorer
from glotmill.filters.policy import Policy
from glotmill.filters.quality_fit import QualityFit
from glotmill.filters.registry import DEFAULT, make_scorers
from glotmill.recipes.model import Recipe
from glotmill.recipes.sections.clean import NounPhrases
from glotmill.recipes.sections.templates import OwnKind, Templates, load_bank, load_translations
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import digest
from glotmill.schemas.languages import ENGLISH
from glotmill.schemas.record import Label


@dataclass(frozen=True, slots=True)
class Job:
    """What a build is about to do.

    Attributes:
        recipe: The recipe.
        folder: The build's folder.
        memory: Folder of the translation memory and the score store.
        sources: Opened sources.
        mix: Which sample goes into which languages.
        labels: Names of things by language and label id.
        instructions: Which templates go around the samples; None for none.
        template_judge: Judges the translations of templates; None where no template's words are translated.
        routes: The engines, described, and who does what.
        answers: How answers are treated.
        scorers: What measures.
        left_out: Scorers of the default that do not suit the engine, and why.
        policy: What decides.
        retry_failed: Send remembered failures to the engine again.
        compact: Write all shards again, without the records that were withdrawn.
        recalibrate: Fit the quality score and the choice anew, whatever fits the dataset has.
        ray_address: A running Ray cluster to work on; None starts a local Ray.
        stop_on_signal: Let units in flight end at the first Ctrl-C or SIGTERM.
    """

    recipe: Recipe
    folder: Path
    memory: Folder
    sources: list[OpenSource]
    mix: MixRule
    labels: LabelTable
    instructions: InstructionRule | None
    template_judge: TemplateJudge | None
    routes: Routes
    answers: AnswerRule
    scorers: list[Scorer]
    left_out: dict[str, str]
    policy: Policy
    retry_failed: bool
    compact: bool
    recalibrate: bool
    ray_address: str | None
    stop_on_signal: bool

    @property
    def translator(self) -> TranslatorSpec:
        """The engine of the recipe's ``translate`` section."""
        return self.routes.default

    def _text_facts(self) -> dict[str, Any]:
        facts = {
            "splitter": SPLITTER_VERSION,
            "answers": self.recipe.lock()["answers"],
            "answer_table": digest(self.answers.table),
            "labels": digest(self.labels) if self.labels else None,
            "instructions": digest(self.instructions.translations) if self.instructions else None,
        }
        if self.instructions is not None and self.template_judge is not None:
            facts["templates"] = {"fallback": list(self.instructions.section.fallback), **self.template_judge.facts()}
        return facts

    def _phrase_facts(self) -> dict[str, Any]:
        """The spaCy models that decide which captions stay; nothing where no step finds noun phrases."""
        models = sorted({step.model for step in self.recipe.clean if isinstance(step, NounPhrases)})
        return {"noun_phrases": {name: find_model(name).identity() for name in models}} if models else {}

    def facts(self) -> dict[str, Any]:
        """What the dataset is made from, for its manifest; no path, time or host in it."""
        lists = Vocabularies(self.memory)
        return {
            "name": self.recipe.name,
            "sources": [source_facts(source) for source in self.sources],
            "against": evaluation_facts(self.recipe),
            **self._phrase_facts(),
            **derived_facts(self.recipe.derive),
            "mix": self.mix.identity(),
            "labels": digest(self.labels) if self.labels else None,
            "templates": self.instructions.identity() if self.instructions else None,
            "translators": {
                name: {
                    "model": spec.model,
                    "license": spec.license,
                    **spec.identity,
                    **listed_facts(spec, lists),
                }
                for name, spec in self.routes.all.items()
            },
            "routes": self.routes.fingerprint,
            "text": self._text_facts(),
            "scorers": {scorer.name: scorer.identity() for scorer in self.scorers},
            "scorers_left_out": self.left_out,
            "skip_rejected": self.recipe.score.skip_rejected,
            "filter": self.policy.fingerprint(),
            "code_versions": CODE_VERSIONS,
        }

    @property
    def score_columns(self) -> list[str]:
        """The columns of the records' scores."""
        return [metric.score_column for scorer in self.scorers for metric in scorer.metrics]

    @property
    def labels_of_scorers(self) -> list[Label]:
        """What the scorers find in words."""
        return [label for scorer in self.scorers for label in scorer.labels]

    @property
    def needs_back_translation(self) -> bool:
        """Whether anything looks at the back-translation."""
        return self.answers.needs_back_translation or any(scorer.needs_back_translation for scorer in self.scorers)

    @property
    def needs_forced_scores(self) -> bool:
        """Whether anything looks at forced scores."""
        return any(scorer.needs_forced_scores for scorer in self.scorers)

    def with_answers(self, frequent: frozenset[str]) -> Job:
        """The job with its dictionary's answers, which are known once the samples are."""
        return replace(self, answers=replace(self.answers, frequent=frequent))

    def with_dictionaries(self, judged: Mapping[str, Judgement]) -> Job:
        """The job with what is used of each language's dictionary, which is known once its answers are translated."""
        apart = {lang: frozenset(entry.answer for entry in one.apart) for lang, one in judged.items()}
        return replace(self, answers=replace(self.answers, apart=apart))

    def with_templates(self, rule: InstructionRule) -> Job:
        """The job with the verdicts on its templates, which are known once these are translated."""
        return replace(self, instructions=rule, answers=replace(self.answers, instructions=rule))

    def with_vocabularies(self, assigned: Mapping[str, int], *, decide: bool, renewed: bool = False) -> Job:
        """The job with the output vocabularies of its engines, which are known once the samples are.

        Args:
            assigned: Samples by target language.
            decide: Whether what is decided now holds for later builds of the same memory.
            renewed: Whether those that the recipe has decided again are decided.
        """
        kept = Vocabularies(self.memory)

        def listed(spec: TranslatorSpec) -> TranslatorSpec:
            rows = {lang: assigned.get(lang, 0) for lang in self.routes.targets(spec, self.recipe.languages)}
            if self.needs_back_translation or self.needs_forced_scores:
                rows[ENGLISH] = sum(rows.values())
            return with_lists(spec, rows, kept, decide=decide, renewed=renewed)

        return replace(self, routes=self.routes.with_specs(listed))

    def with_choice(self, fit: QualityFit) -> Job:
        """The job with the fit by which its engine chooses, which is known once a sample is translated."""
        return replace(self, routes=self.routes.chosen_by(fit))

    def digest(self) -> str:
        """Identifies what the job does: an interrupted run of the same digest is finished, not started again."""
        return digest([__version__, self.recipe.lock(), self.facts(), self.retry_failed, self.compact])[:8]


def prepare(
    recipe: Recipe,
    *,
    out: str | Path | None = None,
    memory: str | Path | None = None,
    retry_failed: bool = False,
    compact: bool = False,
    recalibrate: bool = False,
    ray_address: str | None = None,
    stop_on_signal: bool = True,
) -> Job:
    """Check everything that can be checked before work starts; write nothing.

    Args:
        recipe: The recipe.
        out: The build's folder; None is ``outputs/<name>`` in the working directory.
        memory: Folder or URL of the memory; None takes the recipe's, else ``outputs/.memory``.
        retry_failed: Send remembered failures to the engine again.
        compact: Write all shards again, without the records that were withdrawn.
        recalibrate: Fit the quality score and the choice anew, whatever fits the dataset has.
        ray_address: A running Ray cluster to work on; it is joined to count its GPUs.
        stop_on_signal: Let units in flight end at the first Ctrl-C or SIGTERM; False leaves signals alone.

    Raises:
        InputError: Something the recipe names is missing or not possible.
    """
    check_libraries(recipe)
    scorers = make_scorers(
        DEFAULT if recipe.score.scorers is None else recipe.score.scorers,
        recipe.score.settings | {"llm_judge": make_judge(recipe.score)},
    )
    policy = resolve_policy(recipe, scorers)
    labels = load_labels(recipe.labels)
    instructions = _instructions(recipe.templates, own_kinds(recipe.derive))
    table = load_answers(recipe.answers.table)
    answers = AnswerRule(recipe.answers, table, labels=labels, instructions=instructions)
    routes = _routes(recipe, ray_address)
    unfit = left_out(recipe, scorers, routes)
    scorers = [scorer for scorer in scorers if scorer.name not in unfit]
    recipe = recipe.with_scorers(scorer.name for scorer in scorers)
    if unfit:
        policy = resolve_policy(recipe, scorers)
    mix = MixRule(recipe.mix, recipe.languages)
    mix.identity()  # looks the weights up
    folder = build_folder(out, recipe.name)
    store = open_memory(memory or recipe.memory)
    sources = all_sources(recipe)
    check_parts(recipe, sources, routes)
    return Job(
        recipe=recipe,
        folder=folder,
        memory=store,
        sources=sources,
        mix=mix,
        labels=labels,
        instructions=instructions,
        template_judge=template_judge(recipe, answers, routes),
        routes=routes,
        answers=answers,
        scorers=scorers,
        left_out=unfit,
        policy=policy,
        retry_failed=retry_failed,
        compact=compact,
        recalibrate=recalibrate,
        ray_address=ray_address,
        stop_on_signal=stop_on_signal,
    )


def _routes(recipe: Recipe, ray_address: str | None) -> Routes:
    """The engines of a recipe, which have all of its languages."""
    if ray_address is not None and recipe.workers == 0:
        msg = f"--ray-address {ray_address}: workers is 0, which works in this process; name workers, or leave them out"
        raise InputError(msg)
    routes = resolve_routes(recipe, None if ray_address is None else cluster_gpus(ray_address))
    check_languages(recipe, routes)
    check_choice(routes)
    return routes


def _instructions(section: Templates | None, kinds: Mapping[str, OwnKind]) -> InstructionRule | None:
    if section is None:
        return None
    bank = load_bank(section.bank, kinds)
    return InstructionRule(section, bank, load_translations(section.translations, bank))
