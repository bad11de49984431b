"""Which derived tasks there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glotmill.engine.samples.tasks.contract import TaskMember
from glotmill.recipes.families import Family
from glotmill.recipes.sections.derive import Derivation
from glotmill.recipes.sections.templates import OwnKind
from glotmill.schemas.members import Members, Provider

MEMBERS: Members[TaskMember[Any]] = Members(
    "glotmill.engine.samples.tasks",
    "glotmill.tasks",
    TaskMember,
    "derived task",
    order=(
        "vqg", "turns", "cot", "captions", "matching", "cross_lingual", "translation", "classification", "decide",
    ),
)  # fmt: skip
DERIVATIONS = Family(Derivation, "kind", MEMBERS)


def task_of(spec: Derivation) -> TaskMember[Any]:
    """The member that makes the rows of a derivation."""
    return MEMBERS.get(DERIVATIONS.name_of(spec))


def provider_of(spec: Derivation) -> Provider | None:
    """The package that the task of a derivation comes from; None for one of ours."""
    return MEMBERS.provider(DERIVATIONS.name_of(spec))


def own_kinds(derived: Mapping[str, Derivation]) -> dict[str, OwnKind]:
    """The kinds of rows that the members of a recipe's derivations bring, by name."""
    found = {DERIVATIONS.name_of(spec): task_of(spec).own_kind for spec in derived.values()}
    return {name: kind for name, kind in found.items() if kind is not None}


def derived_facts(derived: Mapping[str, Derivation]) -> dict[str, Any]:
    """What a manifest says of derivations whose members are not ours: by name, the kind and the package it is from."""
    found = {
        name: {"kind": DERIVATIONS.name_of(spec), "provider": provider.identity()}
        for name, spec in derived.items()
        if (provider := provider_of(spec))
    }
    return {"derived": found} if found else {}
