"""Opening the sources of a recipe: each found sound, with where it comes from, before a row of it is read."""

from __future__ import annotations

from dataclasses import dataclass

from glotmill.engine.sources.contract import Reader
from glotmill.engine.sources.registry import located, provider_of, reader_of
from glotmill.recipes.model import Recipe
from glotmill.recipes.sections.images import Images
from glotmill.recipes.sections.sources import SourceBase
from glotmill.schemas.keys import bytes_sha256, file_sha256
from glotmill.schemas.members import Provider
from glotmill.schemas.sample import Origin


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a source: its base name and checksum."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A source that has been found sound.

    Attributes:
        name: Name in the recipe.
        reader: Reads its rows.
        origin: Provenance of its samples.
        files: Its files by the recipe's key for each; none where it comes from the Hub.
        images: What is done with its images.
        provider: The package that its format comes from; None for one of ours.
    """

    name: str
    reader: Reader
    origin: Origin
    files: dict[str, SourceFile]
    images: Images
    provider: Provider | None = None

    @property
    def file(self) -> str:
        """Base names of its files, or the dataset's name where it has none."""
        return ", ".join(file.file for file in self.files.values()) or self.origin.dataset


def open_sources(recipe: Recipe) -> list[OpenSource]:
    """Open every source of a recipe, in the recipe's order.

    Raises:
        InputError: A file is missing or of another shape than its format.
    """
    opened = []
    for name, stated in recipe.sources.items():
        source = located(name, stated)
        reader = reader_of(name, source)
        files = {key: SourceFile(path.name, file_sha256(path)) for key, path in source.files().items()}
        opened.append(OpenSource(name, reader, _origin(name, source, files), files, source.images, provider_of(source)))
    return opened


def _origin(name: str, source: SourceBase, files: dict[str, SourceFile]) -> Origin:
    revision = source.revision
    if revision is None:
        sums = [file.sha256 for file in files.values()]
        revision = f"sha256:{sums[0] if len(sums) == 1 else bytes_sha256(' '.join(sums).encode())}"
    return Origin(source.dataset or name, revision, source.config, source.split, source.license)
