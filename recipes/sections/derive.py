"""The ``derive:`` and ``labels:`` sections: rows of other tasks made out of the sources' rows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from glotmill.recipes.section import RecipePath, Section
from glotmill.recipes.sections.mix import Names, as_tuple


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


class Vqg(Derivation):
    """Visual question generation: the answer of a question is given, the question is the reply."""

    kind: Literal["vqg"]


class Turns(Derivation):
    """Each question of a conversation with its reply, as a conversation of its own.

    Attributes:
        max_sentences: Longer replies are left out.
    """

    kind: Literal["turns"]
    max_sentences: int | None = Field(None, ge=1)


class Cot(Derivation):
    """Chains of thought: the reply gives the rationale of an explanation row, then the answer."""

    kind: Literal["cot"]


class Captions(Derivation):
    """One caption for each image out of its several.

    Attributes:
        pick: ``seeded`` draws one; ``longest``; ``central`` takes the one most like the others; ``join`` makes one
            text of all, a sentence each, begun with a capital and ended with a mark.
    """

    kind: Literal["captions"]
    pick: Literal["seeded", "longest", "central", "join"] = "seeded"


class Matching(Derivation):
    """Whether a caption fits an image: its own, or a hard negative, which is another image's by text similarity.

    Attributes:
        negative_share: Share of rows that show another image's caption.
        ranks: Which neighbours are taken, 1 the most similar; one is drawn for each row.
        random_share: Share of negatives that are any other image's caption.
        ceiling: Captions as similar as this (cosine of TF-IDF, 0 to 1) may well be true too, and are passed over.
        pool: Neighbours are looked for among so many captions, cut by rank.
    """

    kind: Literal["matching"]
    negative_share: float = Field(0.5, ge=0, le=1)
    ranks: Annotated[tuple[int, ...], BeforeValidator(as_tuple)] = Field((3, 10, 30, 100, 300), min_length=1)
    random_share: float = Field(1 / 6, ge=0, le=1)
    ceiling: float = Field(0.8, gt=0, le=1)
    pool: int = Field(20_000, ge=2, le=200_000)


class CrossLingual(Derivation):
    """Question in one language, reply in another.

    Attributes:
        mode: ``en2x`` asks in English; ``x2en`` replies in English; ``x2x`` asks in a language drawn from the
            recipe's others.
    """

    kind: Literal["cross_lingual"]
    mode: Literal["en2x", "x2en", "x2x"] = "x2x"


class Translation(Derivation):
    """Translation rows, without image.

    Attributes:
        direction: From English into the row's language, or the other way.
        text: Which turn's text: the first question, or the first reply.
    """

    kind: Literal["translation"]
    direction: Literal["from_english", "into_english"] = "into_english"
    text: Literal["user", "assistant"] = "user"


class Classification(Derivation):
    """The name of what an image shows, from the label table; the source's reply is a label id."""

    kind: Literal["classification"]


class Decide(Derivation):
    """Whether a named thing is in an image; the source's reply is a label id.

    Attributes:
        negative_share: Share of rows that ask for something else.
    """

    kind: Literal["decide"]
    negative_share: float = Field(0.5, ge=0, le=1)


Derived = Annotated[
    Vqg | Turns | Cot | Captions | Matching | CrossLingual | Translation | Classification | Decide,
    Field(discriminator="kind"),
]


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
