"""What the files of a dataset's manifest must hold, whoever wrote them: the root file, and one a language.

A manifest of an older schema may lack what came later; what a later version adds may stand beside.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from glotmill.engine.storage.checked import Count, Counts, FileModel, Lang, Name, Number, Sha256
from glotmill.filters.rules import Action
from glotmill.schemas.task import Task

MOST_BINS = 1000
Bins = Annotated[list[Count], Field(min_length=1, max_length=MOST_BINS)]


class Fingerprints(FileModel):
    """What decided a shard's content, by stage."""

    ingest: str
    translate: str
    score: str
    verdict: str
    pack: str


class ConfigFacts(FileModel):
    """A language: its own file, and its rows."""

    manifest: Name
    sha256: Sha256
    rows: Count
    kept: Count


class ImageFile(FileModel):
    """A file of the config ``images``."""

    path: Name
    sha256: Sha256
    size: Count
    rows: Count


class LockFacts(FileModel):
    """The recipe's lock."""

    sha256: Sha256


class FilterFacts(FileModel):
    """What decided verdicts (`glotmill.filters.policy.Policy.fingerprint`)."""

    parameters: dict[str, Number]
    actions: dict[str, Action]
    rules: dict[str, str]
    calibration: str | None
    stated: list[str]
    fit: str | None = None

    @model_validator(mode="after")
    def _rules_have_actions(self) -> Self:
        lacking = [code for code in self.rules if not code.startswith("user.") or code not in self.actions]
        if lacking:
            msg = f"the rule {lacking[0]} has no action"
            raise ValueError(msg)
        return self


class ScoreFacts(FileModel):
    """The spread of a score column (`glotmill.engine.dataset.statistics`)."""

    n: Count
    null: Count
    min: Number | None = None
    median: Number | None = None
    max: Number | None = None
    bins: Bins | None = None


class SourceFacts(FileModel):
    """An English source, and its balance."""

    name: Name
    dataset: Name
    config: str
    split: str
    revision: str | None
    license: str
    image_license: str | None = None
    files: dict[str, dict[str, str]]
    images: dict[str, Any] = Field({})
    read: Count
    samples: Count
    rejected: Count


class AgainstFacts(FileModel):
    """An evaluation set that the sources were cleaned against."""

    name: Name
    files: dict[str, dict[str, str]]


class VocabularyFacts(FileModel):
    """The output tokens of an engine for a language, where they are not all of the model's."""

    tokens: Count
    of: Count
    digest: str
    changed_at_most: Number | None = None  # the bound of the share of translations that the list changed in a check


class TranslatorFacts(FileModel):
    """An engine."""

    model: str
    license: str
    checksums: dict[str, str] = Field({})
    vocabularies: dict[Lang, VocabularyFacts] = Field({})


class DictionaryFacts(FileModel):
    """A language's dictionary of answers (`glotmill.engine.text.dictionary.Judgement`)."""

    entries: Count
    other_language: bool
    apart: list[dict[str, Any]]


class RefusedTemplateFacts(FileModel):
    """A template that no row carries (`glotmill.engine.translation.template_count.RefusedTemplate`)."""

    lang: Lang
    template: str
    reason: str
    value: Number | None
    text: str | None
    rows: Count
    instead: Counts


class Facts(FileModel):
    """The root file."""

    manifest_version: int
    schema_version: int
    engine_version: str
    name: Name
    languages: list[Lang]
    configs: dict[Lang, ConfigFacts]
    images: list[ImageFile]
    recipe: LockFacts
    filter: FilterFacts
    scores: dict[str, ScoreFacts]
    tasks: list[Task]
    sources: list[SourceFacts]
    against: list[AgainstFacts]
    translators: dict[str, TranslatorFacts]
    scorers: dict[str, dict[str, Any]]
    skip_rejected: bool
    writer: dict[str, Any]
    code_versions: dict[str, Any]
    files: dict[str, Sha256] = Field({})  # since schema 2
    dictionaries: dict[Lang, DictionaryFacts] = Field({})
    refused_templates: list[RefusedTemplateFacts] = Field([])
    score_labels: dict[Name, dict[Lang, Counts]] = Field({})  # judged turns by label's column, language and label


class GroupEntry(FileModel):
    """The counts of one source and task (`glotmill.engine.dataset.row_counts.GroupCount`)."""

    model_config = ConfigDict(extra="forbid")

    source: str
    task: str
    rows: Count
    kept: Count
    dropped: Counts
    failed: Counts


class ShardEntry(FileModel):
    """A shard (`glotmill.engine.dataset.shards.Shard`)."""

    model_config = ConfigDict(extra="forbid")

    path: Name
    sha256: Sha256
    size: Count
    rows: Count
    kept: Count
    dropped: Counts
    failed: Counts
    warned: Counts
    answers: Counts
    row_groups: list[Count]
    first_id: str
    ids_sha256: Sha256
    score_stats: dict[str, dict[str, Number | None]]
    fingerprints: Fingerprints
    groups: list[GroupEntry] | None = None
    models: Counts | None = None
    label_counts: dict[Name, Counts] | None = None

    @model_validator(mode="after")
    def _row_groups_hold_the_rows(self) -> Self:
        if sum(self.row_groups) != self.rows:
            msg = f"row groups of {sum(self.row_groups):,} rows in all, but {self.rows:,} rows"
            raise ValueError(msg)
        return self


class LanguageFile(FileModel):
    """The file of one language."""

    splits: dict[Literal["train", "validation", "test"], list[ShardEntry]]
