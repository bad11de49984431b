"""Image and text: how well a translation suits its image, to a multilingual model that a package offers.

The model is a plug-in (`glotmill.filters.plugins`); none ships. Values differ between models, so no rule has a default
threshold: ``glotmill calibrate`` fits one.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import pyarrow as pa

from glotmill.filters.contract import Scorer
from glotmill.filters.plugins import IMAGE_TEXT, ImageTextModel, load_plugin
from glotmill.filters.rules import Rule, below
from glotmill.recipes.families import Setting
from glotmill.schemas.record import Metric


class ImageTextScorer(Scorer):
    """Measures the similarity of image and translation, and what was lost of that with the source.

    Args:
        model: The image-text model.
    """

    name: ClassVar[str] = "image_text"
    version: ClassVar[int] = 1
    setting: ClassVar[Setting | None] = Setting(
        str | None, None, "Name of an installed image-text model, for the scorer of that name."
    )
    by_default: ClassVar[bool] = False  # it needs a model
    expensive: ClassVar[bool] = True
    inputs: ClassVar[tuple[str, ...]] = ("image", "source_lang", "source", "lang", "target")
    row: ClassVar[tuple[str, ...]] = (
        "similarity of image and translation, and what was lost of the source's",
        "a plug-in",
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("image_text", "similarity", "higher", None, None,
               "similarity of the image and the translation; high means that they suit each other"),
        Metric("image_text", "drop", "lower", None, None,
               "similarity of the image and the source, minus that of the image and the translation; high means "
               "that the translation lost what the image shows"),
    )  # fmt: skip
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("image_text", "similarity", "the translation does not suit the image",
             *below("image_text", "similarity", "min_similarity", -1e3, (-1e3, 1e3), "least similarity"),
             graded=("similarity", "min_similarity")),
    )  # fmt: skip

    def __init__(self, model: ImageTextModel) -> None:
        self._model = model

    @classmethod
    def make(cls, stated: Any, /) -> Self:
        """The scorer with the model that a recipe names."""
        return cls(load_plugin(IMAGE_TEXT, stated, "score.image_text"))

    def fingerprint(self) -> dict[str, Any]:
        """The version and the model's own fingerprint."""
        return {"version": self.version, "model": self._model.fingerprint()}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`; a pair without an image is not judged."""
        rows = pairs.select(["image", "source", "source_lang", "target", "lang"]).to_pylist()
        seen = [number for number, row in enumerate(rows) if row["image"] is not None]
        there: list[float | None] = [None] * len(rows)
        here: list[float | None] = [None] * len(rows)
        for column, text, lang in ((there, "source", "source_lang"), (here, "target", "lang")):
            found = self._model.similarity(*([rows[n][key] for n in seen] for key in ("image", text, lang)))
            for number, value in zip(seen, found, strict=True):
                column[number] = value
        drop = [None if a is None or b is None else a - b for a, b in zip(there, here, strict=True)]
        return {"similarity": pa.array(here, pa.float32()), "drop": pa.array(drop, pa.float32())}


MEMBER = ImageTextScorer
