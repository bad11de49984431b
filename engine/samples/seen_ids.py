"""Which ids were seen before, exactly, at 16 bytes an id; what does not fit a few MiB lies on disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

DIGEST_BYTES = 16
IN_MEMORY = 1_000_000  # ids of a run that is not on disk
AT_A_TIME = 250_000  # ids of each run that are merged

Ids = npt.NDArray[np.bytes_]


class SeenIds:
    """A set of ids that end in 32 hex digits, such as `glotmill.schemas.keys.source_id` makes.

    Ids are kept as sorted runs, each at least twice as long as the next: adding merges short runs, asking is a binary
    search in each. Long runs are mapped files, whose pages the system may drop and read again.

    Args:
        folder: Where long runs are written; whoever made it removes it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs: list[Ids] = []
        self._written = 0

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

    def _add(self, run: Ids) -> None:
        if not len(run):
            return
        self._runs.append(run)
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            self._runs.append(self._merged(self._runs.pop(), self._runs.pop()))

    def _merged(self, one: Ids, other: Ids) -> Ids:
        if len(one) + len(other) <= IN_MEMORY:
            return _sorted(one, other)
        self._written += 1
        path = self._folder / f"{self._written:08}"
        with path.open("wb") as file:
            for part in _merge(one, other, AT_A_TIME):
                file.write(part.tobytes())
        for run in (one, other):
            if isinstance(run, np.memmap):
                Path(str(run.filename)).unlink()
        return np.memmap(path, dtype=one.dtype, mode="r")


def _sorted(one: Ids, other: Ids) -> Ids:
    both = np.concatenate([one, other])
    both.sort(kind="stable")  # it finds the two runs sorted
    return both


def _merge(one: Ids, other: Ids, most: int) -> Iterator[Ids]:
    """Two sorted runs as one, in parts of at most twice so many ids."""
    while len(one) and len(other):
        end = min(one[:most][-1], other[:most][-1])
        mine, others = np.searchsorted(one[:most], end, side="right"), np.searchsorted(other[:most], end, side="right")
        yield _sorted(one[:mine], other[:others])
        one, other = one[mine:], other[others:]
    for rest in (one, other):
        for start in range(0, len(rest), most):
            yield np.asarray(rest[start : start + most])
