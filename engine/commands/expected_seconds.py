"""How long calls to the engine will take, by the runs of the same folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from glotmill.engine.runs.finished_runs import run_summary


def expected_seconds(folder: Path, calls: int, forced: int) -> float | None:
    """Time for calls and forced pairs by the speed of the last runs that sent as much as one of their kind.

    Args:
        folder: The build's folder.
        calls: Segments to translate, there and back.
        forced: Pairs to score.

    Returns:
        Seconds; None where nothing is sent, or no run has sent such.
    """
    if not calls + forced:
        return None
    each: dict[str, float] = {}
    for path in sorted((folder / "runs").glob("*/finished.json"), reverse=True):
        for kind, speed in _each(run_summary(path.parent)).items():
            each.setdefault(kind, speed)
    kinds = {"translated": calls, "scored": forced}
    if any(count and kind not in each for kind, count in kinds.items()):
        return None
    return round(sum(count * each.get(kind, 0.0) for kind, count in kinds.items()), 3)


def _each(summary: dict[str, Any]) -> dict[str, float]:
    """Seconds that a translation, and a forced pair, took in a run that sent any."""
    spent, back, forced = summary["seconds"], summary["back_translation"] or {}, summary["forced"] or {}
    took = {
        "translated": (summary["segments"].get("translated", 0) + back.get("translated", 0),
                       sum(spent.get(name, 0) for name in ("translate", "back", "templates", "templates_back"))),
        "scored": (forced.get("scored", 0), spent.get("force", 0)),
    }  # fmt: skip
    return {kind: seconds / count for kind, (count, seconds) in took.items() if count}
