"""Which engine does what in a build: the recipe's, those of some languages, a second one, one that translates back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from glotmill.engine.translators.contract import TranslatorSpec
from glotmill.engine.translators.registry import resolve_translator
from glotmill.engine.translators.shared.choosing_engines import decided, without_choice
from glotmill.engine.translators.shared.repair_rule import RepairRule, repair_rule
from glotmill.filters.quality_fit import QualityFit
from glotmill.recipes.model import Recipe
from glotmill.recipes.sections.translate import LlmTranslate
from glotmill.schemas.keys import digest
from glotmill.schemas.languages import ENGLISH

WAYS_BACK = frozenset({"back", "templates_back"})  # phases that translate back


@dataclass(frozen=True, slots=True)
class Routes:
    """The engines of a build.

    Attributes:
        default: The engine of ``translate``.
        languages: Engines of target languages that have one of their own.
        second: Asked for what the first engine failed on.
        back: Translates back; None takes the engine that translated there.
        single: Engines that give several translations of a text, by fingerprint, as they translate back: with one.
        until: Which translations are good enough; None repairs nothing.
        repair: Gets what the kept translations do not repair; None leaves it.
    """

    default: TranslatorSpec
    languages: Mapping[str, TranslatorSpec] = field(default_factory=dict)
    second: TranslatorSpec | None = None
    back: TranslatorSpec | None = None
    single: Mapping[str, TranslatorSpec] = field(default_factory=dict)
    until: RepairRule | None = None
    repair: TranslatorSpec | None = None

    def into(self, lang: str) -> TranslatorSpec:
        """The engine that translates into a language."""
        return self.languages.get(lang, self.default)

    def first(self, phase: str, source_lang: str, target_lang: str) -> TranslatorSpec:
        """The engine that translates first: `WAYS_BACK` go by the source, all other phases by the target."""
        if phase in WAYS_BACK:
            engine = self.into(source_lang)
            return self.back or self.single.get(engine.fingerprint, engine)
        return self.into(target_lang)

    def by_record(self, lang: str) -> bool:
        """Whether records go into a language whole."""
        section = self.into(lang).section
        return isinstance(section, LlmTranslate) and section.mode == "record"

    def targets(self, spec: TranslatorSpec, languages: Iterable[str]) -> list[str]:
        """The languages that an engine of the build translates into, but for English."""
        everywhere = spec in (self.second, self.back, self.repair)
        return [lang for lang in languages if everywhere or self.into(lang) == spec]

    def with_specs(self, change: Callable[[TranslatorSpec], TranslatorSpec]) -> Routes:
        """The same routes with changed engines."""
        changed = {name: change(spec) for name, spec in self.all.items()}
        return Routes(
            default=changed[self.default.fingerprint],
            languages={lang: changed[spec.fingerprint] for lang, spec in self.languages.items()},
            second=changed[self.second.fingerprint] if self.second else None,
            back=changed[self.back.fingerprint] if self.back else None,
            single={changed[name].fingerprint: changed[spec.fingerprint] for name, spec in self.single.items()},
            until=self.until,
            repair=changed[self.repair.fingerprint] if self.repair else None,
        )

    def chosen_by(self, fit: QualityFit) -> Routes:
        """The same routes with the fit that the build made, by which translations are chosen and repaired."""
        routes = self.with_specs(lambda spec: decided(spec, fit))
        return replace(routes, until=self.until.fitted(fit) if self.until else None)

    def plain(self) -> Routes:
        """The engines that translate there, each with one translation of a text, and none that helps them out."""
        return Routes(
            without_choice(self.default), {lang: without_choice(spec) for lang, spec in self.languages.items()}
        )

    @property
    def all(self) -> dict[str, TranslatorSpec]:
        """Every engine by its fingerprint, the default first."""
        specs = [self.default, *self.languages.values(), *self.single.values()]
        specs += filter(None, (self.second, self.back, self.repair))
        return {spec.fingerprint: spec for spec in specs}

    @property
    def fingerprint(self) -> str:
        """Identifies who translates what, and what is repaired; the engine's own where there is no more than that."""
        modes = sorted(lang for lang in (*self.languages, "") if self.by_record(lang))
        if len(self.all) == 1 and not modes and self.until is None:
            return self.default.fingerprint
        until = {"until": self.until.facts()} if self.until else {}
        repair = {"repair": self.repair.fingerprint} if self.repair else {}
        return digest({
            "default": self.default.fingerprint,
            "languages": {lang: spec.fingerprint for lang, spec in self.languages.items()},
            "second": self.second.fingerprint if self.second else None,
            "back": self.back.fingerprint if self.back else None,
            "by_record": modes,
            **until,
            **repair,
        })  # fmt: skip

    def lacking(self, languages: tuple[str, ...]) -> tuple[TranslatorSpec, list[str]] | None:
        """An engine that lacks languages it is to translate, and which; None where there is none."""
        for spec in self.all.values():
            everywhere = spec in (self.second, self.back, self.repair)
            wanted = [lang for lang in languages if everywhere or self.into(lang) == spec]
            lacks = [lang for lang in (ENGLISH, *wanted) if lang not in spec.languages]
            if lacks and (wanted or spec is self.default):
                return spec, lacks
        return None


def resolve_routes(recipe: Recipe, gpus: int | None = None) -> Routes:
    """Describe every engine that a recipe names, without loading one.

    Args:
        recipe: The recipe.
        gpus: GPUs for workers; None counts those of this machine.

    Raises:
        InputError: An engine or its model cannot be had so.
    """
    routing = recipe.routing
    made = {lang: engine for lang in recipe.languages if (engine := routing.engine_of(lang))}
    known = {id(engine): resolve_translator(engine, gpus) for engine in made.values()}
    default = resolve_translator(recipe.translate, gpus)
    languages = {lang: known[id(engine)] for lang, engine in made.items()}
    repair = resolve_translator(recipe.repair.engine, gpus) if recipe.repair and recipe.repair.engine else None
    return Routes(
        default=default,
        languages=languages,
        second=resolve_translator(routing.second, gpus) if routing.second else None,
        back=resolve_translator(routing.back, gpus) if routing.back else None,
        single={} if routing.back else _single([default, *languages.values()]),
        until=repair_rule(recipe, [default, *languages.values(), *([repair] if repair else [])]),
        repair=repair,
    )


def _single(engines: Iterable[TranslatorSpec]) -> dict[str, TranslatorSpec]:
    """Engines that choose among several translations, as they are without: a back-translation needs no choice, and one
    that was chosen to agree with its source would say less.
    """
    return {spec.fingerprint: without_choice(spec) for spec in engines if spec.choice is not None}
