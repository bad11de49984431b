"""Good translations to measure filters with, and what an engine says of any pair of texts.

Captions are Multi30k's (task 1: val to fit on, test_2016_flickr to test), questions xGQA's (train_48 to fit on, dev to
test); both are translations by people. Neither is part of this repository.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import polars as pl
import pyarrow as pa

from benchmarks.corruptions import Corpus
from glotmill.engine.translation.forced_scores import NOTHING
from glotmill.engine.translators import Request, Translator, load_translator, resolve_translator
from glotmill.engine.translators.contract import ForcedPair, ForcedScore
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.schemas.languages import ENGLISH

Split = Literal["fit", "test"]
CAPTIONS = {"de": "deu_Latn", "fr": "fra_Latn", "cs": "ces_Latn"}
QUESTIONS = {"de": "deu_Latn", "pt": "por_Latn", "ru": "rus_Cyrl", "id": "ind_Latn", "bn": "ben_Beng",
             "ko": "kor_Hang", "zh": "zho_Hans"}  # fmt: skip
FILES = {"fit": ("val", "train_48"), "test": ("test_2016_flickr", "dev")}
BATCH = 64


def corpora(data: Path, split: Split) -> list[Corpus]:
    """The ten language pairs of a split: three of captions, seven of questions."""
    return [*captions(data / "multi30k", FILES[split][0]), *_questions(data / "xgqa", FILES[split][1])]


def captions(folder: Path, name: str, limit: int | None = None) -> list[Corpus]:
    """Multi30k's captions of one split, the first ones or all."""

    def read(lang: str) -> list[str]:
        return gzip.decompress((folder / f"{name}.{lang}.gz").read_bytes()).decode().splitlines()[:limit]

    shorts = list(CAPTIONS)
    return [Corpus(name, CAPTIONS[short], "caption", read("en"), read(short), read(other))
            for short, other in zip(shorts, shorts[1:] + shorts[:1], strict=True)]  # fmt: skip


def _questions(folder: Path, name: str) -> list[Corpus]:
    def read(lang: str) -> dict[str, str]:
        content = json.loads((folder / lang / f"{name}.json").read_text(encoding="utf-8"))
        return {key: item["question"] for key, item in content.items()}

    english, shorts = read("en"), list(QUESTIONS)
    found = []
    for short, other in zip(shorts, shorts[1:] + shorts[:1], strict=True):
        here, elsewhere = read(short), read(other)
        keys = [key for key in english if key in here and key in elsewhere]
        texts = ([side[key] for key in keys] for side in (english, here, elsewhere))
        found.append(Corpus(name, QUESTIONS[short], "question", *texts))
    return found


def pairs_of(corpus: Corpus, sources: list[str], targets: list[str]) -> pa.Table:
    """A table of pairs without anything an engine would say of them."""
    frame = pl.DataFrame({"source": sources, "target": targets}).with_columns(
        source_lang=pl.lit(ENGLISH), lang=pl.lit(corpus.lang), field_type=pl.lit(corpus.field_type)
    )
    table = frame.to_arrow()
    columns = [table[f.name].cast(f.type) if f.name in table.column_names else pa.nulls(table.num_rows, f.type)
               for f in PAIR_SCHEMA]  # fmt: skip
    return pa.table(columns, schema=PAIR_SCHEMA)


@dataclass
class Machine:
    """An engine, asked for translations and for the probability of given ones.

    Attributes:
        model: Its public name.
        languages: What it translates.
        translator: The loaded engine, greedy.
        searching: The same with a beam of 4, as builds have it.
    """

    model: str
    languages: frozenset[str]
    translator: Translator
    searching: Translator
    _alone: dict[str, list[float]] = field(default_factory=dict)

    @classmethod
    def load(cls, model: str = "embedded") -> Machine:
        """Load a model as one worker of a build would."""
        section = NllbTranslate(engine="nllb", model=model, beam_size=1)
        spec = resolve_translator(section)
        beam = resolve_translator(section.model_copy(update={"beam_size": 4}))
        return cls(spec.model, spec.languages, load_translator(spec), load_translator(beam))

    def translated(self, corpus: Corpus) -> Corpus:
        """The corpus as the engine translates it; what it cannot translate keeps the human translation."""
        made = self._translate(self.searching, corpus.sources, ENGLISH, corpus.lang)
        targets = [text if text is not None else good for text, good in zip(made, corpus.targets, strict=True)]
        return replace(corpus, name=f"{corpus.name}_machine", targets=targets)

    def judged(self, pairs: pa.Table) -> pa.Table:
        """The pairs with back-translation and forced scores, where the engine knows the language."""
        langs = pairs["lang"].unique().to_pylist()
        if not langs or langs[0] not in self.languages:
            return pairs
        (lang,) = langs
        sources, targets = pairs["source"].to_pylist(), pairs["target"].to_pylist()
        back = self.back(targets, lang)
        forward = self.translator.score(
            [ForcedPair(ENGLISH, lang, s, t) for s, t in zip(sources, targets, strict=True)]
        )
        reverse = self.reverse(sources, targets, lang)
        self.alone(sources)
        columns = {
            "back": back,
            "back_failed": [text is None for text in back],
            "logprob": [None if score is None else score.logprob for score in forward],
            "reverse_words": [None if score is None else score.words for score in reverse],
            "reverse_end": [None if score is None else score.end for score in reverse],
            "source_tokens": [None if score is None else score.tokens for score in reverse],
            "alone_words": [self._alone.get(source) for source in sources],
        }
        for name, values in columns.items():
            place = PAIR_SCHEMA.get_field_index(name)
            pairs = pairs.set_column(place, PAIR_SCHEMA.field(name), pa.array(values, PAIR_SCHEMA.field(name).type))
        return pairs

    def there(self, sources: list[str], lang: str) -> list[str | None]:
        """Greedy translations."""
        return self._translate(self.translator, sources, ENGLISH, lang)

    def back(self, targets: list[str], lang: str) -> list[str | None]:
        """Greedy back-translations."""
        return self._translate(self.translator, targets, lang, ENGLISH)

    def reverse(self, sources: list[str], targets: list[str], lang: str) -> list[ForcedScore | None]:
        """Forced scores of the sources given the targets."""
        asked = [ForcedPair(lang, ENGLISH, target, source) for source, target in zip(sources, targets, strict=True)]
        return list(self.translator.score(asked))

    def alone(self, sources: list[str]) -> None:
        """Learn the sources' own probabilities, once each whatever the language."""
        new = list(dict.fromkeys(source for source in sources if source not in self._alone))
        scores = self.translator.score([ForcedPair(ENGLISH, ENGLISH, NOTHING, source) for source in new])
        self._alone |= {text: list(score.words) for text, score in zip(new, scores, strict=True) if score is not None}

    def words_alone(self, source: str) -> list[float] | None:
        """A source's own probability, word by word, where it was learnt and has one."""
        return self._alone.get(source)

    def forget(self) -> None:
        """Forget what was learnt of sources, to time it again."""
        self._alone.clear()

    @staticmethod
    def _translate(translator: Translator, texts: list[str], source: str, target: str) -> list[str | None]:
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        made: list[str | None] = [None] * len(texts)
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            results = translator.translate([Request(source, target, texts[row]) for row in rows])
            for row, result in zip(rows, results, strict=True):
                made[row] = result.text
        return made
