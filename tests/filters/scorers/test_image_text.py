from __future__ import annotations

import pyarrow as pa

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.scorers.image_text import ImageTextScorer


class Blind:
    """Likes English, and cannot open one image."""

    def fingerprint(self) -> dict[str, str]:
        return {"name": "blind"}

    def similarity(self, images: list[str], texts: list[str], langs: list[str]) -> list[float | None]:
        return [None if image == "lost.jpg" else 1.0 if lang == "eng_Latn" else 0.25
                for image, lang in zip(images, langs, strict=True)]  # fmt: skip


def test_similarity_and_what_was_lost_of_it():
    rows = [{"image": image, "source": "dog", "source_lang": "eng_Latn", "target": "Hund", "lang": "deu_Latn"}
            for image in ("a.jpg", "lost.jpg", None)]  # fmt: skip
    columns = ImageTextScorer(Blind()).score(pa.Table.from_pylist(rows, schema=PAIR_SCHEMA))
    assert columns["similarity"].to_pylist() == [0.25, None, None]
    assert columns["drop"].to_pylist() == [0.75, None, None]
