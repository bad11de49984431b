"""Licenses: what a dataset may claim, and which classes a recipe lets in.

Guarantees: a dataset never claims a looser license than its sources and models together; a license that is not in
the table belongs to the class ``other`` and is never taken for a permissive one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from glotmill.recipes.model import LicenseClass
from glotmill.schemas.errors import InputError

# Licenses that ask for no more than credit: beside a stricter one they add nothing to its terms.
PERMISSIVE = frozenset(
    {
        "apache-2.0", "bsd", "bsd-2-clause", "bsd-3-clause", "cc", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0",
        "cc0-1.0", "cdla-permissive-1.0", "cdla-permissive-2.0", "isc", "mit", "ms-pl", "odc-by", "pddl", "unlicense",
        "wtfpl", "zlib",
    }
)  # fmt: skip
# What else a license asks: nc = no commercial use, sa = the same license for what is made of it, nd = no adaptations.
TERMS: dict[str, frozenset[str]] = {
    **{f"cc-by-sa-{version}": frozenset({"sa"}) for version in ("2.0", "2.5", "3.0", "4.0")},
    **{f"cc-by-nc-{version}": frozenset({"nc"}) for version in ("2.0", "2.5", "3.0", "4.0")},
    **{f"cc-by-nc-sa-{version}": frozenset({"nc", "sa"}) for version in ("2.0", "2.5", "3.0", "4.0")},
    **{f"cc-by-nd-{version}": frozenset({"nd"}) for version in ("2.0", "2.5", "3.0", "4.0")},
    **{f"cc-by-nc-nd-{version}": frozenset({"nc", "nd"}) for version in ("2.0", "2.5", "3.0", "4.0")},
    "cdla-sharing-1.0": frozenset({"sa"}),
    "gfdl": frozenset({"sa"}),
    "odbl": frozenset({"sa"}),
}
CLASS_OF_TERM: dict[str, LicenseClass] = {"nc": "non_commercial", "sa": "share_alike", "nd": "no_derivatives"}
OTHER = "other"
# Ids that the Hub knows and that the tables above do not hold; any other name goes into `license_name`.
HUB_OTHERS = frozenset(
    {"afl-3.0", "agpl-3.0", "artistic-2.0", "bigscience-openrail-m", "bsl-1.0", "c-uda", "creativeml-openrail-m",
     "ecl-2.0", "epl-1.0", "epl-2.0", "eupl-1.1", "eupl-1.2", "gemma", "gpl", "gpl-2.0", "gpl-3.0", "lgpl", "lgpl-2.1",
     "lgpl-3.0", "llama2", "llama3", "llama3.1", "llama3.2", "llama3.3", "mpl-2.0", "openrail", "openrail++", "osl-3.0",
     "unknown"}
)  # fmt: skip


def classes(license_id: str) -> frozenset[LicenseClass]:
    """The classes of a license: of one that is for non-commercial use and for sharing alike, both."""
    if license_id in PERMISSIVE:
        return frozenset({"permissive"})
    return frozenset(CLASS_OF_TERM[term] for term in TERMS.get(license_id, ())) or frozenset({"other"})


def dataset_license(licenses: Iterable[str]) -> str:
    """The license a dataset may claim, or ``other`` where none of its parts' licenses covers the rest.

    A license covers those that ask for nothing beyond it; one that asks to share alike is covered by itself only.
    """
    distinct = sorted(set(licenses))
    strict = [name for name in distinct if name not in PERMISSIVE]
    if not strict:
        return distinct[0] if len(distinct) == 1 else OTHER
    covering = [name for name in strict if all(_covers(name, part) for part in strict)]
    return covering[0] if len(covering) == 1 else OTHER


def _covers(name: str, part: str) -> bool:
    if name == part:
        return True
    theirs = TERMS.get(part)
    return theirs is not None and "sa" not in theirs and theirs <= TERMS.get(name, frozenset())


def on_the_hub(license_id: str) -> bool:
    """Whether the Hub's cards know the id."""
    return license_id in PERMISSIVE or license_id in TERMS or license_id in HUB_OTHERS or license_id == OTHER


def check_licenses(parts: Iterable[tuple[str, str]], allowed: Sequence[LicenseClass] | None) -> None:
    """Refuse sources and models whose license is of a class that the recipe does not let in.

    Args:
        parts: (what it is, its license).
        allowed: The classes let in; None lets all in.

    Raises:
        InputError: Naming the first part that is refused.
    """
    if allowed is None:
        return
    for name, license_id in parts:
        refused = sorted(classes(license_id) - set(allowed))
        if refused:
            msg = (
                f"allow_licenses: {name} is under {license_id} ({', '.join(refused)}), and the recipe allows "
                f"{', '.join(allowed) or 'no class'}; leave it out, or add the class"
            )
            raise InputError(msg)
