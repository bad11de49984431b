"""Report: the HTML page of a finished build, written again."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glotmill.engine.dataset.commit import build_lock, recover
from glotmill.engine.publish.whole_shards import bring
from glotmill.engine.report.finished_build import open_build
from glotmill.engine.report.page import write_report
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.text.notebook import NotebookResult
from glotmill.schemas.errors import InputError


@dataclass(frozen=True, slots=True)
class ReportOutcome(NotebookResult):
    """A report that was written.

    Attributes:
        path: The HTML file.
        bytes: Its size.
    """

    path: Path
    bytes: int

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        return {"report": str(self.path), "bytes": self.bytes}


def report(folder: Path, progress: ProgressReport, ray_address: str | None = None) -> ReportOutcome:
    """Write the page of a build; shards that a pull left where they came from are fetched first.

    Args:
        folder: The build's folder.
        progress: Shows what is fetched.
        ray_address: A running Ray cluster, whose nodes count the rows; None uses threads.

    Raises:
        InputError: The folder is not a finished build's.
        PublishError: A shard cannot be fetched.
    """
    ours = (folder / "runs").is_dir()
    with build_lock(folder) if ours else nullcontext():
        recover(folder)
    bring(folder, open_build(folder, "report").all_shards(), progress)
    with build_lock(folder) if ours else nullcontext():
        path = write_report(folder, ray_address=ray_address)
    return ReportOutcome(path, path.stat().st_size)


def report_of_commit(folder: Path, verb: str, notice: str | None, ray_address: str | None = None) -> str | None:
    """Write the page of what a command has committed, while it holds the build's lock.

    What is committed stands, though a damaged shard keeps the page from being written.

    Args:
        folder: The build's folder.
        verb: The command.
        notice: What its summary tells people to know.
        ray_address: A running Ray cluster, whose nodes count the rows; None uses threads.

    Returns:
        The notice; with it why the page was not written, where it was not.
    """
    try:
        write_report(folder, verb=verb, ray_address=ray_address)
    except InputError as error:
        return "; ".join(filter(None, (notice, f"the report was not written: {error}")))
    return notice
