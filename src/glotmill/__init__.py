"""Glotmill: a data engine for multilingual vision-language instruction datasets.

What is named here is for programs and notebooks, and described in docs/api.md. Each name is loaded when it is first
used, so ``import glotmill`` is quick. The folders of this package are links to those at the top of the repository:
``engine`` (how a dataset is made), ``filters`` (what is good), ``recipes`` (what to build) and ``schemas`` (what the
data is).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glotmill.engine import __version__
    from glotmill.engine.api.builds import build, load_recipe, plan, preview, refilter
    from glotmill.engine.api.engines import make_vocabulary, tune
    from glotmill.engine.api.looking import calibrate, calibrate_quality, diff, explain, report, show
    from glotmill.engine.api.pairs import score
    from glotmill.engine.api.reading import Dataset, open_dataset
    from glotmill.engine.api.sharing import export, publish, pull, rollback, verify
    from glotmill.engine.commands.calibrate import CalibrationOutcome
    from glotmill.engine.commands.calibrate_quality import QualityOutcome
    from glotmill.engine.commands.diff import Difference
    from glotmill.engine.commands.explain.explain_record import Explanation
    from glotmill.engine.commands.export import ExportOutcome
    from glotmill.engine.commands.make_vocabularies import WrittenVocabulary
    from glotmill.engine.commands.plan import Plan
    from glotmill.engine.commands.preview import Preview
    from glotmill.engine.commands.refilter import RefilterSummary
    from glotmill.engine.commands.report import ReportOutcome
    from glotmill.engine.commands.score_pairs import PairScores
    from glotmill.engine.commands.show import ChosenRows
    from glotmill.engine.commands.summary import BuildSummary
    from glotmill.engine.commands.tune import Tuning
    from glotmill.engine.commands.verify.verify_dataset import Verification
    from glotmill.engine.dataset.language_counts import LanguageCount
    from glotmill.engine.publish.outcome import PublishOutcome
    from glotmill.engine.publish.pull import PullOutcome
    from glotmill.engine.runs.progress import StageProgress
    from glotmill.recipes.model import Recipe
    from glotmill.schemas.errors import (
        ConservationError,
        GlotmillError,
        InputError,
        PublishError,
        SchemaError,
        StoreError,
        TranslatorError,
        WorkerError,
    )

__all__ = [
    "BuildSummary",
    "CalibrationOutcome",
    "ChosenRows",
    "ConservationError",
    "Dataset",
    "Difference",
    "Explanation",
    "ExportOutcome",
    "GlotmillError",
    "InputError",
    "LanguageCount",
    "PairScores",
    "Plan",
    "Preview",
    "PublishError",
    "PublishOutcome",
    "PullOutcome",
    "QualityOutcome",
    "Recipe",
    "RefilterSummary",
    "ReportOutcome",
    "SchemaError",
    "StageProgress",
    "StoreError",
    "TranslatorError",
    "Tuning",
    "Verification",
    "WorkerError",
    "WrittenVocabulary",
    "__version__",
    "build",
    "calibrate",
    "calibrate_quality",
    "diff",
    "explain",
    "export",
    "load_recipe",
    "make_vocabulary",
    "open_dataset",
    "plan",
    "preview",
    "publish",
    "pull",
    "refilter",
    "report",
    "rollback",
    "score",
    "show",
    "tune",
    "verify",
]

# Where each name is defined, as the imports above say to type checkers; a test compares.
_MODULES = {
    "glotmill.engine": ("__version__",),
    "glotmill.engine.api.builds": ("build", "load_recipe", "plan", "preview", "refilter"),
    "glotmill.engine.api.engines": ("make_vocabulary", "tune"),
    "glotmill.engine.api.looking": ("calibrate", "calibrate_quality", "diff", "explain", "report", "show"),
    "glotmill.engine.api.pairs": ("score",),
    "glotmill.engine.api.reading": ("Dataset", "open_dataset"),
    "glotmill.engine.api.sharing": ("export", "publish", "pull", "rollback", "verify"),
    "glotmill.engine.commands.calibrate": ("CalibrationOutcome",),
    "glotmill.engine.commands.calibrate_quality": ("QualityOutcome",),
    "glotmill.engine.commands.diff": ("Difference",),
    "glotmill.engine.commands.explain.explain_record": ("Explanation",),
    "glotmill.engine.commands.export": ("ExportOutcome",),
    "glotmill.engine.commands.make_vocabularies": ("WrittenVocabulary",),
    "glotmill.engine.commands.plan": ("Plan",),
    "glotmill.engine.commands.preview": ("Preview",),
    "glotmill.engine.commands.refilter": ("RefilterSummary",),
    "glotmill.engine.commands.report": ("ReportOutcome",),
    "glotmill.engine.commands.score_pairs": ("PairScores",),
    "glotmill.engine.commands.show": ("ChosenRows",),
    "glotmill.engine.commands.summary": ("BuildSummary",),
    "glotmill.engine.commands.tune": ("Tuning",),
    "glotmill.engine.commands.verify.verify_dataset": ("Verification",),
    "glotmill.engine.dataset.language_counts": ("LanguageCount",),
    "glotmill.engine.publish.outcome": ("PublishOutcome",),
    "glotmill.engine.publish.pull": ("PullOutcome",),
    "glotmill.engine.runs.progress": ("StageProgress",),
    "glotmill.recipes.model": ("Recipe",),
    "glotmill.schemas.errors": (
        "ConservationError", "GlotmillError", "InputError", "PublishError", "SchemaError", "StoreError",
        "TranslatorError", "WorkerError",
    ),
}  # fmt: skip
_HOME = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        msg = f"module 'glotmill' has no attribute '{name}'"
        raise AttributeError(msg)
    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
