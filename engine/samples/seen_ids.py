"""Which ids were seen before, exactly, at 16 bytes an id."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

DIGEST_BYTES = 16


class SeenIds:
    """A set of ids that end in 32 hex digits, such as `glotmill.schemas.keys.source_id` makes.

    Ids are kept as sorted runs, each at least twice as long as the next: adding merges short runs, asking is a binary
    search in each. Ten million ids take 160 MB, and twice that while the two longest runs merge.
    """

    def __init__(self) -> None:
        self._runs: list[npt.NDArray[np.bytes_]] = []

    def first_time(self, ids: Sequence[str]) -> list[bool]:
        """For each id whether this is the first time it is seen, here or in an earlier call; remembers them all."""
        if not ids:
            return []
        digests = bytes.fromhex("".join([identity[-2 * DIGEST_BYTES :] for identity in ids]))
        # numpy drops trailing NULs when it shows such a value, but compares all 16 bytes of it.
        different, first = np.unique(np.frombuffer(digests, dtype=f"S{DIGEST_BYTES}"), return_index=True)
        new = np.ones(len(different), dtype=bool)
        for run in self._runs:
            places = np.minimum(np.searchsorted(run, different), len(run) - 1)
            new &= run[places] != different
        answer = np.zeros(len(ids), dtype=bool)
        answer[first[new]] = True
        self._add(different[new])
        return [bool(value) for value in answer]

    def _add(self, run: npt.NDArray[np.bytes_]) -> None:
        if not len(run):
            return
        self._runs.append(run)
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            merged = np.concatenate([self._runs.pop(), self._runs.pop()])
            merged.sort(kind="stable")  # it finds the two runs sorted
            self._runs.append(merged)
