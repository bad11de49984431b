"""The second language identifier: used only on texts that the first leaves in doubt.

``py3langid`` (BSD-3-Clause, 4.6 MB, the extra ``langid``) is a naive Bayes model over byte sequences of 139 languages,
of which lid.176 lacks some twenty; 8,000 short texts per CPU second, 74 MB. Of six identifiers that packages bring it
tells other languages apart best, and the others that come near are much slower and larger.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any, ClassVar

from glotmill.schemas.languages import Language

PACKAGE = "py3langid"
MODEL = "data/model.npz.xz"  # inside the package


@dataclass(frozen=True, slots=True)
class SecondIdentifier:
    """py3langid with the model that it ships.

    Attributes:
        labels: All its labels: ISO 639-1 codes, ISO 639-3 ones where there is none.
        handle: Its own object.
        prefix: What `ranked` puts before each label.
    """

    labels: frozenset[str]
    handle: Any
    prefix: ClassVar[str] = ""

    def ranked(self, text: str) -> list[tuple[float, str]]:
        """Probability of each label for a normalised text, most probable first."""
        return [(p, label) for label, p in self.handle.rank(text)]

    def own_labels_of(self, target: Language) -> frozenset[str]:
        """The labels of a language itself; none where the model does not know it."""
        if target.lid176_own:
            return target.lid176_own & self.labels
        if "-" in target.bcp47:  # a language in its rarer script, which the model has not seen
            return frozenset()
        return frozenset({target.bcp47, target.code.split("_")[0]}) & self.labels

    def labels_of(self, target: Language) -> frozenset[str]:
        """Its own labels and those of languages that it may be confused with."""
        return self.own_labels_of(target) | (target.lid176_labels & self.labels)

    def knows(self, target: Language) -> bool:
        """Whether the model has a label for a language."""
        return bool(self.own_labels_of(target))

    @property
    def english(self) -> frozenset[str]:
        """The labels that count as English."""
        return frozenset({"en"})


@cache
def load_second() -> SecondIdentifier:
    """Load it, which takes most of a second; once in a process."""
    from py3langid.langid import LanguageIdentifier

    handle = LanguageIdentifier.from_model_file(MODEL, norm_probs=True)
    return SecondIdentifier(frozenset(handle.labels), handle)


def fingerprint() -> dict[str, str]:
    """Identifies the identifier; its model is part of the package."""
    return {"name": PACKAGE, "version": version(PACKAGE)}
