"""What is known of files that this process added to a store, so that look-ups open few of them.

To open a file takes as long as to read a thousand rows, and each window of a build looks for its keys in all files.
"""

from __future__ import annotations

from threading import Lock

import numpy as np
import polars as pl

MOST_NOTED = 2_000_000  # keys, of 8 bytes each; of the files that were added last


class NotedKeys:
    """A hash of each key of the files that were added last.

    Guarantees: a file is said to lack keys only if it has none of them. One that is not noted may have any.
    """

    def __init__(self) -> None:
        self._hashes: dict[str, pl.Series] = {}
        self._count = 0
        self._changing = Lock()  # windows look keys up and add files from threads of their own

    def __reduce__(self) -> tuple[type[NotedKeys], tuple[()]]:
        """What another process gets: one that has noted nothing, so it opens the files."""
        return NotedKeys, ()

    def note(self, name: str, keys: pl.Series) -> None:
        """Note the keys of a file that was added."""
        with self._changing:
            self._hashes[name] = keys.hash()
            self._count += len(keys)
            while self._count > MOST_NOTED:
                oldest = next(iter(self._hashes))
                self._count -= len(self._hashes.pop(oldest))

    def having(self, keys: pl.Series) -> dict[str, bool]:
        """Whether each noted file has any of some keys, by its name."""
        with self._changing:
            noted = dict(self._hashes)
        if not noted:
            return {}
        files = np.repeat(np.arange(len(noted), dtype=np.uint32), [len(hashes) for hashes in noted.values()])
        rows = pl.DataFrame({"hash": pl.concat(noted.values()), "file": files})
        found = rows.join(pl.DataFrame({"hash": keys.hash()}), on="hash", how="semi")["file"].unique()
        have = set(found)
        return {name: number in have for number, name in enumerate(noted)}
