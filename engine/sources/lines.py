"""One English caption a line, as in Multi30k, with the images' names in a file beside it.

Guarantees: a row's id is its line's number, so every line counts and a blank one is a rejected row; files of unequal
length are refused, since then no line can be trusted to belong to its image.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Literal

from glotmill.engine.sources.contract import Reader, SourceMember, where_of
from glotmill.engine.sources.shared.media import refuse_media_file
from glotmill.engine.sources.shared.message_turns import caption_turns
from glotmill.engine.sources.shared.text_files import decoded, lines
from glotmill.engine.sources.shared.typed_values import reference, text
from glotmill.recipes.section import RecipePath
from glotmill.recipes.sections.images import Images
from glotmill.recipes.sections.sources import FileSource
from glotmill.schemas.errors import InputError, RowError
from glotmill.schemas.sample import Sample


class LinesSource(FileSource):
    """One English caption a line, as in Multi30k; the line's number is the row's id.

    Attributes:
        image_list: The images' names, line by line; None reads captions without image.
    """

    format: Literal["lines"]
    image_list: RecipePath | None = None

    def files(self) -> dict[str, Path]:
        """The text, and the list of images where given."""
        return {"path": self.path, **({"image_list": self.image_list} if self.image_list else {})}


Line = tuple[int, bytes, bytes | None]


class LinesReader:
    """Reads samples from a text file and its list of images.

    Args:
        path: Path of the captions.
        image_list: Path of the images' names.
        where: Key and path of the captions, and of the list, for errors.
        images: Where images lie.
    """

    def __init__(self, path: Path, image_list: Path | None, where: tuple[str, str], images: Images) -> None:
        self._path = path
        self._list = image_list
        self._where = where
        self._images = images
        if image_list is not None:
            captions, names = (sum(1 for _ in lines(p, w)) for p, w in ((path, where[0]), (image_list, where[1])))
            if captions != names:
                msg = f"{where[1]}: {names} lines, but {captions} captions in {path.name}; expected a name for each"
                raise InputError(msg)

    def rows(self) -> Iterator[tuple[str, Line | RowError]]:
        """(``line N``, (N, caption, image)) of every line."""
        names = repeat((0, None)) if self._list is None else lines(self._list, self._where[1])
        for (number, line), (_, name) in zip(lines(self._path, self._where[0]), names, strict=False):
            if isinstance(line, RowError):
                yield f"line {number}", line
            elif isinstance(name, RowError):
                yield f"line {number}", name
            else:
                yield f"line {number}", (number, line, name)

    def sample(self, raw: Line) -> Sample:
        """The sample of one line."""
        number, line, name = raw
        caption = text({"caption": decoded(line)}, "caption").strip()
        if name is None:
            return Sample(str(number), "caption", caption_turns(caption, images=0))
        file = text({"image": decoded(name)}, "image").strip()
        refuse_media_file(file)
        uri = self._images.uri(file)
        return Sample(str(number), "caption", caption_turns(caption), (reference(uri),))


def _reader(name: str, source: LinesSource) -> Reader:
    where = where_of(name, source), where_of(name, source, "image_list")
    return LinesReader(source.path, source.image_list, where, source.images)


MEMBER = SourceMember(
    LinesSource, _reader, row=("one caption a line, images in a list beside it (Multi30k)", "the line's number")
)
