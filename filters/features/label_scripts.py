"""Which labels of a language identifier can be of a text in some script.

A text that is mostly in Chinese characters is in no language that is written in Latin letters, however sure lid.176 is
of it: it has seen too little of short texts and of foreign names in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from glotmill.schemas.languages import registry

HAN = frozenset({"Hans", "Hant", "Hani"})
# Scripts that a text in one may be in as well.
ALIKE = {"Hans": HAN, "Hant": HAN, "Jpan": HAN | {"Jpan"}}
# Labels of lid.176 for languages that FLORES-200 lacks (ISO 15924, from ISO 639-3 and the languages' Wikipedias);
# the others are written in Latin letters.
OTHERS = {
    "Arab": "lrc mzn pnb", "Beng": "bpy", "Cyrl": "av bxr ce cv krc kv lez mhr mrj myv os rue sah tyv",
    "Deva": "bh dty gom mai new sa", "Geor": "xmf", "Hans": "wuu", "Thaa": "dv",
}  # fmt: skip


@cache
def may_be(label: str, script: str) -> bool:
    """Whether a text that is mostly in a script may be in the language of a label.

    Args:
        label: A model's: an ISO 639 code, or a code like those of FLORES-200.
        script: ISO 15924 code.
    """
    return not _scripts_of(label).isdisjoint(ALIKE.get(script, {script}))


def _scripts_of(label: str) -> frozenset[str]:
    return frozenset({label.rpartition("_")[2]}) if "_" in label else _by_iso().get(label, frozenset({"Latn"}))


@cache
def _by_iso() -> Mapping[str, frozenset[str]]:
    found = {label: frozenset({script}) for script, labels in OTHERS.items() for label in labels.split()}
    for code, entry in registry().items():
        for label in {*entry.lid176_own, entry.bcp47, code.split("_")[0]}:
            found[label] = found.get(label, frozenset()) | {entry.script}
    return found
