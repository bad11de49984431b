"""A checked job: everything a build needs, found sound before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine import __version__
from engine.stages.ingest import OpenSource, open_sources
from engine.text.answers import AnswerRule, load_answers
from engine.text.spans import SPLITTER_VERSION
from engine.translators import TranslatorSpec, resolve_translator
from filters.calibration import read_calibration
from filters.policy import Policy, make_policy
from filters.registry import Models, make_scorers
from filters.scorer import Scorer
from recipes.model import Recipe
from schemas.errors import InputError
from schemas.keys import digest
from schemas.languages import ENGLISH


@dataclass(frozen=True, slots=True)
class Job:
    """What a build is about to do.

    Attributes:
        recipe: The recipe.
        folder: The build's folder.
        memory: Folder of the translation memory.
        sources: Opened sources.
        translator: The engine, described.
        answers: How answers are treated.
        scorers: What measures.
        policy: What decides.
        retry_failed: Ask remembered failures again.
    """

    recipe: Recipe
    folder: Path
    memory: Path
    sources: list[OpenSource]
    translator: TranslatorSpec
    answers: AnswerRule
    scorers: list[Scorer]
    policy: Policy
    retry_failed: bool

    def facts(self) -> dict[str, Any]:
        """What the dataset is made from, for its manifest; no path, time or host in it."""
        spec = self.translator
        return {
            "name": self.recipe.name,
            "sources": [
                {
                    "name": source.name,
                    "dataset": source.origin.dataset,
                    "config": source.origin.config,
                    "split": source.origin.split,
                    "revision": source.origin.revision,
                    "license": source.origin.license,
                    "file": source.file,
                    "sha256": source.sha256,
                }
                for source in self.sources
            ],
            "translators": {spec.fingerprint: {"model": spec.model, "license": spec.license, **spec.identity}},
            "text": {
                "splitter": SPLITTER_VERSION,
                "answers": self.recipe.lock()["answers"],
                "answer_table": digest(self.answers.table),
            },
            "scorers": {scorer.name: scorer.fingerprint() for scorer in self.scorers},
            "filter": self.policy.fingerprint(),
        }

    def digest(self) -> str:
        """Identifies what the job does: an interrupted run of the same digest is finished, not started anew."""
        return digest([__version__, self.recipe.lock(), self.facts(), self.retry_failed])[:8]


def prepare(recipe: Recipe, *, out: Path | None = None, memory: Path | None = None, retry_failed: bool = False) -> Job:
    """Check everything that can be checked before work starts; write nothing.

    Args:
        recipe: The recipe.
        out: The build's folder; None is ``outputs/<name>`` in the working directory.
        memory: Folder of the memory; None takes the recipe's, else ``outputs/.memory``.
        retry_failed: Ask remembered failures again.

    Raises:
        InputError: Something the recipe names is missing or not possible.
    """
    scorers = make_scorers(
        recipe.score.scorers,
        Models(recipe.score.language_id.model, recipe.score.embedding, recipe.score.image_text),
    )
    policy = resolve_policy(recipe, scorers)
    answers = AnswerRule(recipe.answers, load_answers(recipe.answers.table))
    translator = resolve_translator(recipe.translate)
    _check_languages(recipe, translator)
    folder = (out or Path("outputs") / recipe.name).absolute()
    if folder.exists() and not folder.is_dir():
        msg = f"--out {folder}: expected a folder, found a file"
        raise InputError(msg)
    ours = (folder / "runs").exists() or (folder / "dataset" / "manifest.json").exists()
    if not ours and any((folder / name).exists() for name in ("dataset", "samples")):
        msg = f"--out {folder}: it holds a dataset/ or samples/ that Glotmill did not make; name another folder"
        raise InputError(msg)
    memory = (memory or recipe.memory or Path("outputs") / ".memory").absolute()
    if memory.exists() and not memory.is_dir():
        msg = f"--memory {memory}: expected a folder, found a file"
        raise InputError(msg)
    try:
        sources = open_sources(recipe)
    except OSError as error:
        msg = f"sources: cannot be read: {error}"
        raise InputError(msg) from None
    return Job(
        recipe=recipe,
        folder=folder,
        memory=memory,
        sources=sources,
        translator=translator,
        answers=answers,
        scorers=scorers,
        policy=policy,
        retry_failed=retry_failed,
    )


def resolve_policy(recipe: Recipe, scorers: list[Scorer]) -> Policy:
    """The policy of a recipe for these scorers.

    Raises:
        InputError: Its filter section or its calibration is not usable; a scorer needs what no build has.
    """
    names = [scorer.name for scorer in scorers]
    forced = [scorer.name for scorer in scorers if scorer.needs_forced_scores]
    if forced:
        msg = f"score.scorers: {', '.join(forced)} needs forced scores, which builds do not make yet"
        raise InputError(msg)
    metrics = [metric for scorer in scorers for metric in scorer.metrics]
    policy = make_policy(recipe.filter, names, metrics=metrics)
    if recipe.calibration is None:
        return policy
    if "lexical" not in names:
        msg = "calibration: its thresholds go by the source's letters: add lexical to score.scorers"
        raise InputError(msg)
    return policy.calibrated(read_calibration(recipe.calibration, policy.parameters))


def _check_languages(recipe: Recipe, translator: TranslatorSpec) -> None:
    lacking = [code for code in (ENGLISH, *recipe.languages) if code not in translator.languages]
    if lacking:
        known = sorted(translator.languages)
        listed = ", ".join(known) if len(known) <= 12 else f"{len(known)} others"
        msg = f"languages: the model {translator.model.partition('@')[0]} lacks {', '.join(lacking)}; it has {listed}"
        raise InputError(msg)
