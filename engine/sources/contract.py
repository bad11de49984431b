"""The contract of a source format: a reader of its rows, and what a recipe states.

Guarantees: every row of a source becomes one sample or one rejection with its position and reason; a source that is
unreadable as a whole is an `InputError` before anything is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from glotmill.recipes.sections.sources import SourceBase
from glotmill.schemas.sample import Sample

S = TypeVar("S", bound=SourceBase)


class Reader(Protocol):
    """Reads one source.

    Making a reader checks the source's shape as far as that is possible without reading all of it.
    """

    def rows(self) -> Iterator[tuple[str, Any]]:
        """(position, raw row) for every row of the source, in its order.

        A row that is already known to be unusable comes as its `RowError`.

        Raises:
            InputError: The source is unreadable as a whole.
        """

    def sample(self, raw: Any) -> Sample:
        """The sample that a raw row holds.

        Raises:
            RowError: The row is not usable.
        """


@runtime_checkable
class PortionedReader(Reader, Protocol):
    """A reader of a file whose portions can be read apart, by other processes of the same machine: they get a copy."""

    def portions(self) -> Sequence[Any]:
        """Where the portions lie, in the order of their rows; none where the file must be read from its beginning.

        Raises:
            InputError: The source is unreadable as a whole.
        """

    def rows_of(self, portion: Any) -> Iterator[tuple[str, Any]]:
        """The rows of a portion; those of all portions are those of `Reader.rows`.

        Raises:
            InputError: The source is unreadable as a whole.
        """


@dataclass(frozen=True, slots=True)
class SourceMember(Generic[S]):
    """A format as a member of the family: what a module of ours calls ``MEMBER``, or an entry point leads to.

    Attributes:
        section: What a recipe states, with ``format: Literal["<name>"]``.
        reader: The reader of a source, given its name in the recipe and its section, whose files are there. Raises
            `InputError` where a file is of another shape.
        located: The section with what is known only of where the data is, such as a commit; None where nothing is.
        row: For a member of ours its row in docs/sources.md: what it reads, and what a row's id is.
    """

    section: type[S]
    reader: Callable[[str, S], Reader]
    located: Callable[[str, S], S] | None = None
    row: tuple[str, ...] = ()


def where_of(name: str, source: SourceBase, key: str = "path") -> str:
    """The place of a file in a recipe, as messages name it: its key, and its path where it is given."""
    path = source.files().get(key)
    return f"sources.{name}.{key}" if path is None else f"sources.{name}.{key}: {path}"
