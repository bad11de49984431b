"""The ``derive:`` and ``labels:`` sections: rows of other tasks made out of the sources' rows.

What all derivations state is here. The section of a task is in its maker's module.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, SerializeAsAny

from glotmill.recipes.families import one_of
from glotmill.recipes.section import RecipePath, Section
from glotmill.recipes.sections.mix import Names


class Derivation(Section):
    """What every derived set states.

    Attributes:
        sources: The sources whose rows it is made from.
        rows: So many rows, the first by rank; None is all that can be made.
        seed: Decides the draws.
    """

    sources: Names = Field(min_length=1)
    rows: int | None = Field(None, ge=1)
    seed: int = 0

    needs_labels: ClassVar[bool] = False  # whether its rows are made from the recipe's table of labels


Derived = Annotated[SerializeAsAny[Derivation], one_of(Derivation)]


class Labels(Section):
    """A table of names of things in many languages, such as synset labels.

    Attributes:
        table: TSV file with label_id, flores_code, name, source, automatic (0 or 1); names of one label and language
            stand in order of preference.
        avoid: Sources whose names are taken only where there is no other.
        drop_automatic: Leave out machine-translated names.
        drop_english: Leave out names that are the same as an English one of the label, letter case apart.
    """

    table: RecipePath
    avoid: Names = ()
    drop_automatic: bool = True
    drop_english: bool = True
