"""What a publication noted on its way, so that the same command goes on after a crash.

Guarantees: a publication keeps its id until it is done, so its commit is recognised however often the command was
killed; the journal holds no token.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from glotmill.engine.storage.atomic_write import write_json
from glotmill.engine.storage.checked import FileModel, Sha256, parsed

JOURNAL = "publish.json"


class JournalFile(FileModel):
    """What the file of a journal must hold."""

    target: str
    manifest: Sha256
    publish_id: str
    uploaded: dict[str, Sha256]


@dataclass(slots=True)
class Journal:
    """The journal of one publication.

    Attributes:
        path: Where it is kept.
        target: Where the dataset goes.
        manifest: SHA-256 of the manifest that is published.
        publish_id: Names the publication in its commit's message.
        uploaded: SHA-256 of each shard that was sent, by path.
    """

    path: Path
    target: str
    manifest: str
    publish_id: str
    uploaded: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path, target: str, manifest: str) -> Journal:
        """Go on with an unfinished publication of the same manifest to the same place, or start one.

        Raises:
            InputError: The journal is damaged.
        """
        path = folder / JOURNAL
        if path.is_file():
            what, mend = "the note of a publication on its way", "remove it: the publication then begins again"
            said = parsed(JournalFile, path.read_bytes(), path, what, mend)
            if (said.target, said.manifest) == (target, manifest):
                return cls(path, target, manifest, said.publish_id, said.uploaded)
        return cls(path, target, manifest, secrets.token_hex(8))

    def note(self, uploaded: dict[str, str]) -> None:
        """Remember that these shards were sent."""
        self.uploaded |= uploaded
        content = {"target": self.target, "manifest": self.manifest, "publish_id": self.publish_id}
        write_json(self.path, content | {"uploaded": self.uploaded})

    def done(self) -> None:
        """Forget it: the publication is complete."""
        self.path.unlink(missing_ok=True)
