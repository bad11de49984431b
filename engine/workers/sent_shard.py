"""Work on a published shard that another machine can do, which has none of the dataset's files: the shard is sent.

Guarantees: it is done to a file of the same bytes, by the same function; errors name the dataset's own file; no file is
left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, TypeVar

import pyarrow as pa

from glotmill.engine.dataset.shards import Shard
from glotmill.engine.workers.stage_tasks import Steps
from glotmill.schemas.errors import GlotmillError


class OfDataset(Protocol):
    """A frozen dataclass of what work on a dataset's shards shares."""

    @property
    def dataset(self) -> Path:
        """The dataset's folder."""


S = TypeVar("S", bound=OfDataset)
R = TypeVar("R")


def read_shard(dataset: Path, shard: Shard) -> pa.Buffer:
    """A shard's bytes, which Ray's object store takes with one copy and gives with none."""
    return pa.py_buffer((dataset / shard.path).read_bytes())


@contextmanager
def laid_out(shared: S, shard: Shard, sent: pa.Buffer) -> Iterator[S]:
    """What is shared, with a folder in the dataset's place that holds the one shard which was sent."""
    with TemporaryDirectory(prefix="glotmill-") as name:
        path = Path(name) / shard.path
        path.parent.mkdir(parents=True)
        path.write_bytes(sent)
        there: Any = replace(shared, dataset=Path(name))  # type: ignore[type-var]  # mypy asks for the class itself
        try:
            yield there
        except GlotmillError as error:  # people know nothing of that folder
            raise type(error)(str(error).replace(name, str(shared.dataset))) from None


def over_shards(do: Callable[[S, Shard], R], dataset: Path) -> Steps[S, Shard, R]:
    """Work on whole shards of which nothing but its result is kept.

    Args:
        do: The work, which another process imports by its name. What this machine alone can do is done here: a pull
            may have left the shard where it came from.
        dataset: The dataset's folder.
    """
    return Steps(
        do,
        may_leave=lambda shard: (dataset / shard.path).is_file(),
        read=lambda shared, shard: read_shard(shared.dataset, shard),
        work=partial(_elsewhere, do),
        write=lambda _shared, _shard, result: result,
    )


def _elsewhere(do: Callable[[S, Shard], R], shared: S, shard: Shard, sent: pa.Buffer) -> R:
    with laid_out(shared, shard, sent) as there:
        return do(there, shard)
