"""What Ray spills: objects that it wrote to this machine's disk because its memory for them was full.

Ray has no public call that says so while a cluster runs, so the folder is looked at. Other nodes' folders are not seen.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from glotmill.engine.workers.units import Note

EVERY_S = 30.0
FOLDERS = "ray_spilled_objects*"


class SpillWatch:
    """Notes when the bytes that are spilled have changed.

    Args:
        note: Is called with ``object_store_spilled`` and the bytes.
    """

    def __init__(self, note: Note) -> None:
        self._note = note
        self._looked = time.monotonic()
        self._last = 0

    def look(self, session: Path | None) -> None:
        """Look, but not too often.

        Args:
            session: The folder of Ray's session; None where there is none on this machine.
        """
        now = time.monotonic()
        if session is None or now - self._looked < EVERY_S:
            return
        self._looked = now
        found = spilled_bytes(session)
        if found != self._last:
            self._last = found
            self._note("object_store_spilled", bytes=found)


def spilled_bytes(session: Path) -> int:
    """Bytes of the files that a Ray session spilled."""
    total = 0
    for folder in session.glob(FOLDERS):
        for place, _, names in os.walk(folder):
            for name in names:
                try:
                    total += (Path(place) / name).stat().st_size
                except FileNotFoundError:  # it was read back meanwhile
                    continue
    return total
