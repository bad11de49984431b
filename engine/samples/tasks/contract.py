"""The contract of a derived task: what a recipe states of it, and how its rows are made out of a source's rows.

A member guarantees: the identity of a row depends on its parents and on the name of the derivation alone
(`glotmill.engine.samples.tasks.shared.derived_rows.derived_row` sees to it); the same rows give the same rows again, in
the same order; a row that does not fit gives none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from glotmill.engine.text.answers import LabelTable
from glotmill.recipes.sections.derive import Derivation
from glotmill.recipes.sections.templates import OwnKind

D = TypeVar("D", bound=Derivation)
SampleRow = dict[str, Any]  # a row of `glotmill.schemas.sample.SAMPLE_SCHEMA`


@dataclass(frozen=True, slots=True)
class DerivationContext(Generic[D]):
    """What a derivation is made with.

    Attributes:
        name: Its name in the recipe.
        spec: Its section.
        languages: The recipe's languages.
        labels: Names of things; empty where the section does not need them.
        prepared: What the member's ``prepare`` found; None where it has none.
    """

    name: str
    spec: D
    languages: tuple[str, ...]
    labels: LabelTable
    prepared: Any = None


Maker = Callable[[Iterable[SampleRow], DerivationContext[D]], Iterator[SampleRow]]
RowMaker = Callable[[SampleRow, DerivationContext[D]], Iterator[SampleRow]]


@dataclass(frozen=True, slots=True)
class TaskMember(Generic[D]):
    """A derived task as a member of the family: what a module of ours calls ``MEMBER``, or an entry point leads to.

    Attributes:
        section: What a recipe states, with ``kind: Literal["<name>"]``. Its ``needs_labels`` says whether the task
            needs the recipe's table of labels.
        make: The derived rows out of all rows of the sources; `each` makes one out of a maker over one row. It may be
            called twice for a build, and gives the same rows both times.
        prepare: Looks at all sample files before the first row is made; what it returns is the context's
            ``prepared``. None where nothing is to be known beforehand.
        libraries: Modules that it needs and that Glotmill does not install by itself.
        install: How to install them, as a command.
        own_kind: Slots and templates of its rows, where they are of a kind of their own, called as the member. None
            where a task's templates fit, or where `glotmill.schemas.task.KINDS` has the kind.
        row: For a member of ours its row in docs/recipes.md: the rows that it is made from, and what they become.
    """

    section: type[D]
    make: Maker[D]
    prepare: Callable[[list[Path], DerivationContext[D]], Any] | None = None
    libraries: tuple[str, ...] = ()
    install: str = ""
    own_kind: OwnKind | None = None
    row: tuple[str, ...] = ()


def each(maker: RowMaker[D]) -> Maker[D]:
    """A maker over all rows that makes those of each row by itself."""

    def make(rows: Iterable[SampleRow], context: DerivationContext[D]) -> Iterator[SampleRow]:
        return (made for row in rows for made in maker(row, context))

    return make
