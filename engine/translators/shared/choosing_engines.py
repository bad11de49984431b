"""Engines that choose among several translations, as they are without that, and once their fit is made."""

from __future__ import annotations

from dataclasses import replace

from glotmill.engine.translators.contract import TranslatorSpec
from glotmill.engine.translators.shared.choose import choice_identity
from glotmill.filters.quality_fit import QualityFit
from glotmill.recipes.sections.translate import NBestTranslate
from glotmill.schemas.errors import InputError


def undecided(spec: TranslatorSpec) -> bool:
    """Whether an engine chooses by a fit that its build has still to make."""
    return spec.choice is not None and spec.choice.undecided


def decided(spec: TranslatorSpec, fit: QualityFit) -> TranslatorSpec:
    """The engine with the fit that its build made; any other engine as it is."""
    if spec.choice is None or not spec.choice.own:
        return spec
    choice = replace(spec.choice, fit=fit)
    return replace(spec, choice=choice, identity={**spec.identity, **choice_identity(choice)})


def without_choice(spec: TranslatorSpec) -> TranslatorSpec:
    """The engine as it gives one translation of a text: the one that its search ranks first."""
    if spec.choice is None or not isinstance(spec.section, NBestTranslate):
        return spec
    section = spec.section.model_copy(update={"hypotheses": 1, "choose": "score", "quality_fit": None})
    identity = {key: value for key, value in spec.identity.items() if key not in choice_identity(spec.choice)}
    return replace(spec, choice=None, section=section, identity=identity)


def check_decided(spec: TranslatorSpec) -> None:
    """Refuse to translate by an engine that cannot choose yet.

    Raises:
        InputError: Its fit is not made.
    """
    if undecided(spec):
        msg = (
            "translate.quality_fit: build: only a build makes the fit; run glotmill build, or name the "
            "dataset/choice.json of a finished one"
        )
        raise InputError(msg)
