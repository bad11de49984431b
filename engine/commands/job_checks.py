"""Whether a recipe's scorers, rules and languages suit each other and its engines."""

from __future__ import annotations

from collections.abc import Sequence

from glotmill.engine.dataset.licenses import check_licenses
from glotmill.engine.samples.tasks.registry import DERIVATIONS
from glotmill.engine.sources import OpenSource
from glotmill.engine.text.answers import AnswerRule
from glotmill.engine.translation.template_verdict import TemplateJudge
from glotmill.engine.translators.shared.choosing_engines import undecided
from glotmill.engine.translators.shared.routes import Routes
from glotmill.engine.translators.shared.supported_languages import backends
from glotmill.filters.calibration import read_calibration
from glotmill.filters.contract import Scorer
from glotmill.filters.policy import Policy, make_policy
from glotmill.filters.scorers.language_id import LanguageIdScorer
from glotmill.filters.scorers.quality import fit_of
from glotmill.recipes.model import Recipe
from glotmill.schemas.errors import InputError
from glotmill.schemas.task import TASKS


def resolve_policy(recipe: Recipe, scorers: list[Scorer]) -> Policy:
    """The policy of a recipe for these scorers.

    Raises:
        InputError: Its filter section or its calibration is not usable.
    """
    names = [scorer.name for scorer in scorers]
    metrics = [metric for scorer in scorers for metric in scorer.metrics]
    policy = make_policy(recipe.filter, names, metrics=metrics)
    policy = policy.fitted(fit_of(scorers))
    if recipe.calibration is None:
        return policy
    if "lexical" not in names:
        msg = "calibration: its thresholds go by the source's letters: add lexical to score.scorers"
        raise InputError(msg)
    return policy.calibrated(read_calibration(recipe.calibration, policy.parameters))


def left_out(recipe: Recipe, scorers: list[Scorer], routes: Routes) -> dict[str, str]:
    """The scorers of the default that do not suit the engines, and why.

    Raises:
        InputError: The recipe names a scorer that the engine cannot give what it needs.
    """
    names = list(dict.fromkeys(spec.model for spec in routes.all.values()))
    engines = " with ".join(name.partition("@")[0] for name in names)
    forward = {spec.fingerprint for spec in (routes.default, *routes.languages.values(), routes.second) if spec}
    why = "several engines translate" if len(forward) > 1 else f"{engines} has no forced scores"
    scores = routes.default.scores and len(forward) == 1
    unfit = {scorer.name: why for scorer in scorers if scorer.needs_forced_scores and not scores}
    if recipe.score.scorers is None:
        others = {scorer.name: f"its constants are fitted to another engine than {engines}" for scorer in scorers
                  if scorer.engine and [scorer.engine] != names}  # fmt: skip
        return others | unfit
    for name, reason in unfit.items():
        msg = f"score.scorers: {name} cannot run: {reason}; take it out, or use an engine that has them: nllb"
        raise InputError(msg)
    return {}


def template_judge(recipe: Recipe, answers: AnswerRule, routes: Routes) -> TemplateJudge | None:
    """What judges the translations of a recipe's templates; None where no template's words can be translated."""
    if answers.instructions is None:
        return None
    kinds = {*TASKS, *(DERIVATIONS.name_of(spec) for spec in recipe.derive.values())}  # which rows there may be
    if not any(template.kind in kinds for template in answers.instructions.to_judge()):
        return None
    return make_template_judge(recipe, answers, routes)


def make_template_judge(recipe: Recipe, answers: AnswerRule, routes: Routes) -> TemplateJudge:
    """What judges the translations of a recipe's templates.

    The stand-in ``fake`` writes in no language, so for it languages are identified only where the recipe
    states it.
    """
    accept = recipe.templates.accept if recipe.templates else None
    if accept is not None and any(spec.engine == "fake" for spec in routes.all.values()):
        unfit = {"min_language", "max_english", "min_script"} - accept.model_fields_set
        accept = accept.model_copy(update=dict.fromkeys(unfit))
    language_id = LanguageIdScorer(recipe.score.settings["language_id"].model)
    return TemplateJudge(accept, language_id, lambda word, lang: (answers.yes_no(word, lang) or (word,))[0])


def check_parts(recipe: Recipe, sources: Sequence[OpenSource], routes: Routes) -> None:
    """Refuse what a dataset would be made of under licenses that the recipe does not allow.

    Raises:
        InputError: Naming the part and its license.
    """
    parts = [(f"sources.{source.name}", source.origin.license) for source in sources]
    parts += [(f"sources.{s.name}.images", str(s.images.license)) for s in sources if s.images.store]
    parts += [(f"the model {spec.model}", spec.license) for spec in routes.all.values()]
    check_licenses(parts, recipe.allow_licenses)


def check_languages(recipe: Recipe, routes: Routes) -> None:
    """Refuse languages that an engine lacks.

    Raises:
        InputError: Naming them, what the model has, and which backends have them.
    """
    found = routes.lacking(recipe.languages)
    if found is not None:
        translator, lacking = found
        known = sorted(translator.languages)
        listed = ", ".join(known) if len(known) <= 12 else f"{len(known)} others"
        others = [name for name, codes in backends().items() if codes.issuperset(lacking)]
        has = f"; these have them: {', '.join(others)}" if others else "; no backend has all of them"
        model = translator.model.partition("@")[0]
        msg = f"languages: the model {model} lacks {', '.join(lacking)}; it has {listed}{has}"
        raise InputError(msg)


def check_choice(routes: Routes) -> None:
    """Refuse a fit that the build is to make of several engines, or of one that does not translate first.

    Raises:
        InputError: There is such an engine.
    """
    others = [spec for spec in routes.all.values() if spec.fingerprint != routes.default.fingerprint]
    several = undecided(routes.default) and any(spec in others for spec in routes.languages.values())
    if several or any(undecided(spec) for spec in others):
        msg = (
            "quality_fit: build: the fit is of the one engine that translates: take routing.languages out, and name "
            "a file as quality_fit of every other engine"
        )
        raise InputError(msg)
