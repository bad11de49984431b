"""The recipe: everything that decides what a build makes, checked before any work starts.

A recipe is data. Each key has one meaning, one type and one default, all stated here; docs are made from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from glotmill.recipes.section import FilterValue, RecipePath, RecipeUrl, Section
from glotmill.recipes.sections.clean import CleanStep
from glotmill.recipes.sections.derive import Derived, Labels
from glotmill.recipes.sections.mix import Languages, Mix, Splits, as_tuple
from glotmill.recipes.sections.repair import Repair
from glotmill.recipes.sections.scorers import ScoreSection
from glotmill.recipes.sections.sources import Source
from glotmill.recipes.sections.templates import Templates
from glotmill.recipes.sections.translate import FOR_LOCK, Routing, Translate
from glotmill.schemas.languages import ENGLISH, nearest

MAX_NAME = 200  # characters: names become names of files, which have at most 255 bytes
SourceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*$", max_length=MAX_NAME)]
LicenseClass = Literal["permissive", "share_alike", "non_commercial", "no_derivatives", "other"]


class Dictionary(Section):
    """Frequent answers as a dictionary: each is translated once, and used where its back-translation gives it again.

    A word that is another language's is set apart, and its answer stays English (docs/text.md).

    Attributes:
        min_count: Rows of the sources that give the answer, at least.
        min_chars: Shorter answers stay English.
        digits: Whether answers with a digit are translated.
    """

    min_count: int = Field(15, ge=1)
    min_chars: int = Field(2, ge=1)
    digits: bool = False


class Answers(Section):
    """What becomes of short answers and options.

    Attributes:
        policy: ``target`` puts them into the target language; ``source`` leaves them in English; ``coin`` draws one
            of the two for each record (matching and classification apart, whose answers come from tables);
            ``keep_if_ocr`` is ``source`` for the task ocr and ``target`` else.
        seed: Decides the draws of ``coin``.
        target_share: Share of records that ``coin`` gives to the target language.
        context: Translate answers of one to three words after their question, and take them from there where
            exactly two sentences come back and the first is the question's own translation.
        context_miss: What becomes of an answer whose context did not come back as two such sentences: ``bare``
            translates it by itself, ``fail`` fails the record with ``field_count``.
        dictionary: Translate frequent answers only, and only where their back-translation gives them again; the others
            stay English. None translates all.
        table: Answers known beforehand, used under any policy: ``embedded``, or a TSV file whose header names
            FLORES-200 codes and whose first column is eng_Latn.
    """

    policy: Literal["target", "source", "coin", "keep_if_ocr"] = "target"
    seed: int = 0
    target_share: float = Field(0.5, ge=0, le=1)
    context: bool = False
    context_miss: Literal["bare", "fail"] = "bare"
    dictionary: Dictionary | None = None
    table: Literal["embedded"] | RecipePath | None = None


class Pack(Section):
    """How new shards are cut; published ones stay as they are.

    Attributes:
        shard_rows: Records of a shard.
        row_group_rows: Records of a row group, the least that a reader reads.
    """

    shard_rows: int = Field(250_000, ge=1)
    row_group_rows: int = Field(50_000, ge=1)


class Recipe(Section):
    """A whole recipe.

    Attributes:
        name: Names the build's folder; a changed recipe of the same name is an incremental build.
        description: One line for the dataset's card.
        sources: English data, by a name of your choosing.
        allow_licenses: Classes of licenses that sources, copied images and the model may be under; None allows all.
        languages: Target languages as FLORES-200 codes, or groups of them (docs/recipes.md); eng_Latn among them
            keeps English rows too.
        mix: Which sample goes into which languages.
        splits: Which rows are held out.
        clean: Steps that take rows out of the sources, in order.
        derive: Rows of other tasks, made out of the sources' rows, by a name of your choosing.
        labels: Names of things, for derived tasks that need them.
        templates: Instructions put around the rows; None leaves them as their source has them.
        translate: The engine and how it decodes.
        routing: Other engines for some languages, for what the first failed on, or for the back-translation.
        repair: Which translations are replaced by another one that passes some rules; None leaves all as they are.
        answers: What becomes of short answers and options.
        score: The scorers that run.
        filter: Parameters and actions of the rules, as ``<scorer>.<parameter>`` and ``<scorer>.<rule>.action``.
        calibration: A file that ``glotmill calibrate`` wrote: thresholds by language, where ``filter`` states none.
        pack: How shards are cut.
        limit: First rows of each source; None is all.
        memory: Folder or URL of the translation memory; None is ``outputs/.memory`` in the working directory.
        workers: Ray actors that translate; 0 works in the driver's own process; None takes what Ray reports.
        max_failed: Share of failed records up to which a build succeeds.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=MAX_NAME)
    description: str = ""
    sources: dict[SourceName, Source] = Field(min_length=1)
    allow_licenses: Annotated[tuple[LicenseClass, ...], BeforeValidator(as_tuple)] | None = None
    languages: Languages = Field(min_length=1)
    mix: Mix = Mix()
    splits: Splits = Splits()
    clean: Annotated[tuple[CleanStep, ...], BeforeValidator(as_tuple)] = ()
    derive: dict[SourceName, Derived] = Field({})
    labels: Labels | None = None
    templates: Templates | None = None
    translate: Translate
    routing: Routing = Routing()
    repair: Repair | None = None
    answers: Answers = Answers()
    score: ScoreSection = Field({}, validate_default=True)
    filter: dict[str, dict[str, FilterValue]] = Field({})
    calibration: RecipePath | None = None
    pack: Pack = Pack()
    limit: int | None = Field(None, ge=1)
    memory: RecipeUrl | None = None
    workers: int | None = Field(None, ge=0)
    max_failed: float = Field(0.01, ge=0, le=1)

    @field_validator("sources")
    @classmethod
    def _free_names(cls, value: dict[str, Source]) -> dict[str, Source]:
        # A source's name is a file's name in ``samples/``, where this one is taken.
        if "rejected" in value:
            msg = "a source cannot be called 'rejected'"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _fits(self) -> Recipe:
        for shares in (self.mix, *self.mix.by_source.values()):
            if shares.english_share is not None and ENGLISH not in self.languages:
                msg = f"mix.english_share needs {ENGLISH} among the languages"
                raise ValueError(msg)
        named = {"mix.skip": (self.mix.skip, self.sets), "mix.by_source": (self.mix.by_source, self.sets)}
        named |= {f"clean.{n}.sources": (step.sources, tuple(self.sources)) for n, step in enumerate(self.clean)}
        named |= {f"derive.{name}.sources": (spec.sources, tuple(self.sources)) for name, spec in self.derive.items()}
        for where, (names, known) in named.items():
            for name in names:
                if name not in known:
                    close = nearest(name, known)
                    hint = f"; did you mean '{close[0]}'?" if close else f"; known: {', '.join(known)}"
                    msg = f"{where}: no source is called '{name}'{hint}"
                    raise ValueError(msg)
        self._derive_fits()
        return self

    def _derive_fits(self) -> None:
        taken = {"rejected", *self.sources} & set(self.derive)
        if taken:
            msg = f"derive: the name {', '.join(sorted(taken))} is taken"
            raise ValueError(msg)
        if self.derive and self.templates is None:
            msg = "derive needs a 'templates' section, whose instructions state the task"
            raise ValueError(msg)
        labelled = [name for name, spec in self.derive.items() if spec.needs_labels]
        if labelled and self.labels is None:
            msg = f"derive.{labelled[0]}: it needs a 'labels' section, whose table has the names of things"
            raise ValueError(msg)
        if self.labels is not None and not labelled:
            msg = "labels: nothing under 'derive' uses it; add a kind that does, such as classification, or remove it"
            raise ValueError(msg)

    @property
    def sets(self) -> tuple[str, ...]:
        """Names of the sample files, in the order of all records."""
        return (*self.sources, *self.derive)

    def with_scorers(self, names: Iterable[str]) -> Recipe:
        """The recipe with these scorers, whether it named any or not."""
        return self.model_copy(update={"score": self.score.model_copy(update={"scorers": tuple(names)})})

    def lock(self) -> dict[str, Any]:
        """The resolved recipe without what must not reach a dataset: where it ran, how wide, on which paths.

        Paths are base names; the checksums of what they held are in the manifest.
        """
        resolved = self.model_dump(exclude={"memory": True, "workers": True}, context=FOR_LOCK)
        # A recipe that repairs nothing has the lock of datasets that were built before there was repair.
        return {key: _base_names(value) for key, value in resolved.items() if key != "repair" or value is not None}


def _base_names(value: Any) -> Any:
    if isinstance(value, Path):
        return value.name
    if isinstance(value, dict):
        return {key: _base_names(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_base_names(item) for item in value]
    return value
