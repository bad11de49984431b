"""What `benchmarks/filters.py` measured, and the figures that the project is held to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from statistics import mean
from typing import Any

from benchmarks.corruptions import CORRUPTIONS

STRUCTURAL = ("untranslated", "wrong_language", "wrong_script", "phrase_loop", "whole_repetition")
HALF = "half_copied"


@dataclass(frozen=True, slots=True)
class Cell:
    """One corruption in one language, on one kind of translations.

    Attributes:
        made_by: ``people`` or ``machine``.
        rows: Rows that could be corrupted.
        caught: Share that the default stack rejects.
        by: The rule that caught most.
        score: The score that the following are of.
        auroc: Chance that a good row scores better than a corrupted one.
        auprc_1: Area under precision and recall where 1 % of rows are corrupted, likewise ``auprc_5``.
        recall_1: Share caught at the threshold that rejects 1 % of good rows to fit on, likewise ``recall_5``.
        false_1: Share of good rows really rejected there, likewise ``false_5``.
    """

    corpus: str
    lang: str
    field_type: str
    made_by: str
    corruption: str
    rows: int
    caught: float
    by: str
    score: str
    auroc: float
    auprc_1: float
    auprc_5: float
    recall_1: float
    false_1: float
    recall_5: float
    false_5: float


@dataclass(frozen=True, slots=True)
class Results:
    """All that was measured but speed."""

    cells: list[Cell]
    kept: dict[str, float]
    negation: dict[str, float]
    own: dict[str, dict[str, float]]
    losses: dict[str, dict[str, int]]
    half: dict[str, dict[str, float]]


def figures(results: Results, names: Collection[str], *, with_engine: bool) -> dict[str, Any]:
    """The figures that the project is held to, of those for which all was measured.

    Args:
        results: What was measured.
        names: The corruptions that were made.
        with_engine: Whether an engine's scores were among those measured.
    """
    found = structural(results) if {*STRUCTURAL, HALF} <= {*names} else {}
    return found | (meaning(results) if {*CORRUPTIONS} <= {*names} and with_engine else {})


def _cells(results: Results, name: str, made_by: str = "people", field_type: str | None = None) -> list[Cell]:
    return [c for c in results.cells if c.corruption == name and c.made_by == made_by
            and field_type in (None, c.field_type)]  # fmt: skip


def _caught(results: Results, name: str, field_type: str | None = None) -> float:
    return mean(c.caught for c in _cells(results, name, field_type=field_type))


def structural(results: Results) -> dict[str, Any]:
    """Good text kept, and structural corruptions caught."""
    people = {key: share for key, share in results.kept.items() if key.endswith("people")}
    return {
        "clean_kept_mean": mean(people.values()),
        "clean_kept_worst": min(people.values()),
        "structural_caught_worst": min(_caught(results, name) for name in STRUCTURAL),
        "structural_caught_worst_cell": min(c.caught for name in STRUCTURAL for c in _cells(results, name)),
        "half_copied_caught": _caught(results, HALF),
        "half_copied_caught_from_4_words": mean(half["caught"] for half in results.half.values()),
        "half_copied_under_4_words": sum(half["left_out"] for half in results.half.values()),
    }


def meaning(results: Results) -> dict[str, Any]:
    """Corruptions of the meaning caught, what is kept of the engine's own translations, and its own errors."""
    found: dict[str, Any] = {
        "cut50_caught": _caught(results, "cut50_marked", "caption"),
        "concatenated_caught": _caught(results, "concatenated"),
    }
    for made_by, suffix in (("people", ""), ("machine", "_machine")):
        for name in ("shuffle", "near_shuffle"):
            found[f"{name}_auroc{suffix}"] = mean(c.auroc for c in _cells(results, name, made_by, "caption"))
        found[f"number_auroc{suffix}"] = mean(c.auroc for c in _cells(results, "number_changed", made_by, "caption"))
        found[f"negation_auroc{suffix}"] = mean(v for key, v in results.negation.items() if key.endswith(made_by))
        found[f"shuffle_caught_at_1pct{suffix}"] = mean(
            c.recall_1 for c in _cells(results, "shuffle", made_by, "caption")
        )
    found["machine_kept"] = {key: share for key, share in results.kept.items() if key.endswith("machine")}
    found["own_errors_auroc"] = results.own
    return found
