"""Work on published shards that another machine can do, which has none of the dataset's files: the shards are sent.

Guarantees: it is done to files of the same bytes, by the same function; errors name the dataset's own files; no file is
left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
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
T = TypeVar("T")
R = TypeVar("R")
Sent = dict[str, pa.Buffer]  # files by their place in the dataset


def read_files(dataset: Path, places: Iterable[str]) -> Sent:
    """The bytes of some files, which Ray's object store takes with one copy and gives with none."""
    return {place: pa.py_buffer((dataset / place).read_bytes()) for place in places}


@contextmanager
def laid_out(shared: S, sent: Sent) -> Iterator[S]:
    """What is shared, with a folder in the dataset's place that holds the files which were sent."""
    with TemporaryDirectory(prefix="glotmill-") as name:
        for place, data in sent.items():
            path = Path(name) / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        there: Any = replace(shared, dataset=Path(name))  # type: ignore[type-var]  # mypy asks for the class itself
        try:
            yield there
        except GlotmillError as error:  # people know nothing of that folder
            raise type(error)(str(error).replace(name, str(shared.dataset))) from None


def over_files(do: Callable[[S, T], R], dataset: Path, places: Callable[[T], Sequence[str]]) -> Steps[S, T, R]:
    """Work on files of a dataset of which nothing but its result is kept.

    Args:
        do: The work, which another process imports by its name. What this machine alone can do is done here: a pull
            may have left a shard where it came from.
        dataset: The dataset's folder.
        places: Which files an item is of, by their place in the dataset.
    """
    return Steps(
        do,
        may_leave=lambda item: all((dataset / place).is_file() for place in places(item)),
        read=lambda shared, item: read_files(shared.dataset, places(item)),
        work=partial(_elsewhere, do),
        write=lambda _shared, _item, result: result,
    )


def over_shards(do: Callable[[S, Shard], R], dataset: Path) -> Steps[S, Shard, R]:
    """The same of work on one shard."""
    return over_files(do, dataset, lambda shard: [shard.path])


def _elsewhere(do: Callable[[S, T], R], shared: S, item: T, sent: Sent) -> R:
    with laid_out(shared, sent) as there:
        return do(there, item)
