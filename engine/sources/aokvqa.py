"""The official A-OKVQA JSON: a list of questions with choices, direct answers and rationales.

Guarantees: a row's id is its ``question_id``, with the rationale's place where each rationale is a row; the URI of
an image equals that of `coco_captions`; test questions, which have no answers, are rejected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from glotmill.engine.sources.contract import Reader, SourceMember, where_of
from glotmill.engine.sources.shared.glotmill_format import answer_given
from glotmill.engine.sources.shared.json_stream import rows_of_list
from glotmill.engine.sources.shared.message_turns import question_turns
from glotmill.engine.sources.shared.typed_values import identifier, mapping, reference, text, texts, whole
from glotmill.recipes.sections.images import CocoImages
from glotmill.recipes.sections.sources import FileSource
from glotmill.schemas.errors import RowError
from glotmill.schemas.sample import Image, Sample


class AokvqaSource(FileSource):
    """The official A-OKVQA JSON.

    Attributes:
        task: ``vqa_mc`` asks with the choices; ``vqa_open`` with the direct answers; ``explanation`` gives one row
            for each rationale.
    """

    format: Literal["aokvqa"]
    task: Literal["vqa_mc", "vqa_open", "explanation"] = "vqa_mc"
    license: str = Field("apache-2.0", min_length=1)
    images: CocoImages = CocoImages()


class AokvqaReader:
    """Reads samples from an A-OKVQA file."""

    def __init__(self, where: str, source: AokvqaSource) -> None:
        self._where = where
        self._source = source
        for _ in self._values():
            break

    def _values(self) -> Iterator[Any]:
        return rows_of_list(self._source.path, self._where, "a list of A-OKVQA questions")

    def rows(self) -> Iterator[tuple[str, tuple[Any, int | None]]]:
        """(``[N]`` or ``[N].rationales[M]``, (question, M)) in file order."""
        for number, value in enumerate(self._values()):
            rationales = value.get("rationales") if isinstance(value, dict) else None
            if self._source.task != "explanation" or not isinstance(rationales, list) or not rationales:
                yield f"[{number}]", (value, None)
                continue
            for place in range(len(rationales)):
                yield f"[{number}].rationales[{place}]", (value, place)

    def sample(self, raw: tuple[Any, int | None]) -> Sample:
        """The sample of one question, or of one of its rationales."""
        value, place = raw
        row = mapping(value)
        row_id, question = identifier(row, "question_id"), text(row, "question")
        images = (self._image(row),)
        if self._source.task == "vqa_open":
            direct = texts(row, "direct_answers")
            if not direct:
                raise RowError("missing_field.direct_answers")
            # The most frequent one, as VQAv2 has it; of several the first.
            answer = Counter(direct).most_common(1)[0][0]
            return Sample(row_id, "vqa_open", question_turns(question, answer), images, answers=direct)
        choices, index = texts(row, "choices"), whole(row, "correct_choice_idx")
        if choices is None or index is None:
            raise RowError("missing_field.choices" if choices is None else "missing_field.correct_choice_idx")
        answer = answer_given(None, choices, index)
        if self._source.task == "vqa_mc":
            return Sample(row_id, "vqa_mc", question_turns(question, answer), images, choices, index)
        rationales = texts(row, "rationales")
        if not rationales or place is None:
            raise RowError("missing_field.rationales")
        turns = question_turns(question, rationales[place])
        return Sample(f"{row_id}.{place}", "explanation", turns, images, choices, index)

    def _image(self, row: dict[str, Any]) -> Image:
        number, subset = identifier(row, "image_id"), text(row, "split")
        if not number.isdecimal():
            raise RowError("wrong_type.image_id", "expected a whole number")
        uri = self._source.images.uri(f"{subset}2017/{int(number):012d}.jpg")
        return reference(uri, mime="image/jpeg")


def _reader(name: str, source: AokvqaSource) -> Reader:
    return AokvqaReader(where_of(name, source), source)


MEMBER = SourceMember(AokvqaSource, _reader, row=("the official A-OKVQA JSON", "`question_id`"))
