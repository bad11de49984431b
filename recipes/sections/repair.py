"""The ``repair:`` section of a recipe: which translations are replaced, and by what."""

from __future__ import annotations

from glotmill.recipes.section import FilterValue, Section
from glotmill.recipes.sections.translate import Translate


class Repair(Section):
    """Which translations of segments are replaced by another one that passes.

    Attributes:
        until: The rules that a translation must pass, as under ``filter``: parameters and actions by scorer; only the
            scorers that are named count. None takes the recipe's scorers that judge a segment by itself, with their
            default thresholds.
        engine: Another engine, or other settings of the same, for what none of the kept translations repairs.
    """

    until: dict[str, dict[str, FilterValue]] | None = None
    engine: Translate | None = None
