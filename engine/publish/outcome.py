"""What a publication, or a return to an older version, did."""

from __future__ import annotations

from dataclasses import dataclass, field

from glotmill.engine.publish.transfer_plan import PublishPlan
from glotmill.engine.text.notebook import NotebookResult, View


@dataclass(frozen=True, slots=True)
class PublishOutcome(NotebookResult):
    """The end of a command that changes a target.

    Attributes:
        target: Where.
        plan: What it changed, or would have.
        committed: Whether the target changed.
        revision: The commit or version that holds the dataset; None after a dry run of a first publication.
        pull: The pull request that was opened.
        tag: The tag that names it.
        attempts: How often it was planned.
        resumed: Shards that an earlier, killed run had sent.
        dry_run: Whether it was only planned.
        unfinished: Files at the top of a folder that did not say the version that it held; a run that is no dry run
            has written them.
    """

    target: str
    plan: PublishPlan
    committed: bool
    revision: str | None
    pull: str | None = None
    tag: str | None = None
    attempts: int = 1
    resumed: int = 0
    dry_run: bool = False
    unfinished: list[str] = field(default_factory=list)

    def notebook_view(self) -> View:
        """The outcome for people."""
        return "Publication", [(), *((line,) for line in self.lines())]

    def lines(self) -> list[str]:
        """The outcome for people."""
        top = f"{' and '.join(self.unfinished)} at {self.target}"
        if self.committed:
            state = f"published: {self.target} at {self.revision}"
        elif not self.plan.empty:
            state = "dry run: nothing was sent"
        elif self.unfinished:
            state = f"{'dry run: would finish' if self.dry_run else 'finished'}: {top}, for version {self.revision}"
        else:
            state = f"nothing to do: {self.target} holds this dataset"
        found = [self.plan.line(), state]
        if self.pull:
            found.append(f"pull request: {self.pull}")
        if self.tag:
            found.append(f"tag: {self.tag}")
        if self.resumed:
            found.append(f"{self.resumed:,} shards had been sent by a run that did not end")
        return found
