"""The scorers of a recipe, which each process that scores makes for itself: they hold models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glotmill.engine.translators.shared.judge_model import make_judge
from glotmill.filters.contract import Scorer
from glotmill.filters.registry import make_scorers
from glotmill.filters.scorers.quality import QualityScorer
from glotmill.recipes.sections.scorers import Score
from glotmill.schemas.errors import WorkerError
from glotmill.schemas.keys import digest

_loaded: dict[str, Sequence[Scorer]] = {}  # in a process of tasks, by what they are: one window's serve the next one


class RecipeScorers:
    """Scorers that can be sent: as the section that they are made from, and what decides their scores.

    Args:
        section: The recipe's section, with the scorers' names.
        made: The scorers of it.
    """

    def __init__(self, section: Score, made: Sequence[Scorer]) -> None:
        self._section = section
        self._made: Sequence[Scorer] | None = made
        self._fits = {scorer.name: scorer.fit for scorer in made if isinstance(scorer, QualityScorer)}
        self._identities = {scorer.name: scorer.identity() for scorer in made}
        self._key = digest([section.model_dump(mode="json"), self._identities])

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_made": None}

    def get(self) -> Sequence[Scorer]:
        """The scorers, made here if they were sent.

        Raises:
            WorkerError: One has another version or other files here than where it was sent from.
        """
        if self._made is None:
            self._made = _loaded.get(self._key) or self._load()
            _loaded[self._key] = self._made
        return self._made

    def _load(self) -> Sequence[Scorer]:
        stated = self._section.settings | {"llm_judge": make_judge(self._section)} | self._fits
        made = make_scorers(tuple(self._identities), stated)
        for scorer in made:
            here, there = scorer.identity(), self._identities[scorer.name]
            if here != there:
                msg = f"scorer {scorer.name} has another version or other files in a task than in the build: {here}"
                raise WorkerError(f"{msg}, not {there}")
        return made
