"""The command that makes the output vocabularies of `engine/embedded/vocabularies/`, and checks them.

    python -m glotmill.engine.embedded.training.vocabularies --multi30k MULTI30K_FOLDER --xgqa XGQA_FOLDER \
        --captions captions_val2017.json --scratch FOLDER

A list has the tokens of the model's own greedy translations of Multi30k's training captions, every other caption of
COCO 2017 val, and the questions and answers of xGQA's train_48; English's those of the English texts themselves and of
translations back. It is written by `glotmill vocabulary`. Then other texts (the other captions, Multi30k's
test_2016_flickr, xGQA's dev) are translated with all tokens and with the list, greedily and with four beams:
``checked.json`` has the share that differs and its bound, as a build decides by it. Translations are saved in the
scratch folder as they come, so that a run that was interrupted goes on.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from glotmill.engine.commands.make_vocabularies import make_vocabularies
from glotmill.engine.embedded import VOCABULARIES
from glotmill.engine.translation.vocabulary_phase import CONFIDENCE, upper_bound
from glotmill.engine.translators import Request, TranslatorSpec, load_translator, resolve_translator
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.translators.shared.output_vocabulary import OutputVocabulary
from glotmill.engine.translators.shared.retry import translate_with_retry
from glotmill.engine.translators.shared.vocabulary_lists import model_digest, model_tokens, read_list
from glotmill.engine.workers.units import plan_units
from glotmill.schemas.languages import ENGLISH

LANGS = ("deu_Latn", "fra_Latn", "ces_Latn")
BEAMS = (1, 4)  # greedy, and what recipes have where they say nothing
CHUNK = 500  # texts that are saved together
SEED = 24


class Texts:
    """The English texts: those for the lists, and those for the check.

    Args:
        options: The command line.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        rows = json.loads(options.captions.read_text(encoding="utf-8"))["annotations"]
        captions = list(dict.fromkeys(row["caption"].strip() for row in rows))
        made = [*captions[::2], *_lines(options.multi30k, "train"), *_questions(options.xgqa, "train_48")]
        check = [*captions[1::2], *_lines(options.multi30k, "test_2016_flickr"), *_questions(options.xgqa, "dev")]
        known = set(made)
        self.made = _mixed(made)[: options.limit]
        self.check = _mixed(text for text in check if text not in known)[: options.check]


def _mixed(texts: Iterable[str]) -> list[str]:
    """Different texts in a seeded order."""
    different = list(dict.fromkeys(texts))
    random.Random(SEED).shuffle(different)
    return different


def _lines(folder: Path, split: str) -> list[str]:
    return gzip.decompress((folder / f"{split}.en.gz").read_bytes()).decode().splitlines()


def _questions(folder: Path, split: str) -> list[str]:
    content = json.loads((folder / "en" / f"{split}.json").read_text(encoding="utf-8"))
    return [text for item in content.values() for text in (item["question"], item["answer"])]


class Saved:
    """Translations, saved in a folder as they come.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def translated(self, name: str, spec: TranslatorSpec, source: str, target: str, texts: list[str]) -> list[str]:
        """The translations of some texts, empty where one failed.

        Args:
            name: Of the file; the same name must mean the same texts and engine.
            spec: The engine.
            source: Language of the texts.
            target: Language to translate into.
            texts: The texts.
        """
        path = self._folder / f"{name}.jsonl"
        done = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
        engine = load_translator(spec) if len(done) * CHUNK < len(texts) else None
        for start in range(len(done) * CHUNK, len(texts), CHUNK):
            done.append(_translated(engine, spec, source, target, texts[start : start + CHUNK]))
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(done[-1], ensure_ascii=False) + "\n")
        return [text for chunk in done for text in chunk][: len(texts)]


def _translated(engine: Any, spec: TranslatorSpec, source: str, target: str, texts: list[str]) -> list[str]:
    rows = pl.DataFrame({"key": [f"{n:09}" for n in range(len(texts))], "text": texts})
    planned = plan_units(rows, batch_tokens=spec.section.batch_tokens, unit_tokens=1 << 20)
    made = [""] * len(texts)
    for _, batch in planned.group_by("batch", maintain_order=True):
        outcomes = translate_with_retry(engine, [Request(source, target, text) for text in batch["text"]])
        for key, outcome in zip(batch["key"], outcomes, strict=True):
            made[int(key)] = outcome.translation.text or ""
    return made


def engine_of(beam: int) -> TranslatorSpec:
    """The shipped model as a recipe has it that says nothing but its beams."""
    return resolve_translator(NllbTranslate(engine="nllb", model="embedded", beam_size=beam, device="cpu"))


def into(lang: str, texts: Texts, saved: Saved, out: Path, scratch: Path) -> dict[str, Any]:
    """Make and check the list of a language that English is translated into."""
    lines = saved.translated(f"{lang}.made", engine_of(1), ENGLISH, lang, texts.made)
    kept = written(lang, lines, out, scratch)
    found = {}
    for beam in BEAMS:
        spec = engine_of(beam)
        whole = saved.translated(f"{lang}.check.{beam}", spec, ENGLISH, lang, texts.check)
        cut = replace(spec, vocabularies={lang: kept})
        found[str(beam)] = figures(
            whole, saved.translated(f"{lang}.{kept.digest[:8]}.{beam}", cut, ENGLISH, lang, texts.check)
        )
    return found


def back(texts: Texts, saved: Saved, out: Path, scratch: Path) -> dict[str, Any]:
    """Make and check English's list, for the way back of every third translation."""
    lines = list(texts.made)
    for lang in LANGS:
        there = saved.translated(f"{lang}.made", engine_of(1), ENGLISH, lang, texts.made)[:: len(LANGS)]
        lines += saved.translated(f"{lang}.made.back", engine_of(1), lang, ENGLISH, [text for text in there if text])
    kept = written(ENGLISH, lines, out, scratch)
    found = {}
    for beam in BEAMS:
        spec, whole, cut = engine_of(beam), list[str](), list[str]()
        for lang in LANGS:
            there = saved.translated(f"{lang}.check.1", engine_of(1), ENGLISH, lang, texts.check)[:: len(LANGS)]
            asked = [text for text in there if text]
            whole += saved.translated(f"{lang}.back.{beam}", spec, lang, ENGLISH, asked)
            listed = replace(spec, vocabularies={ENGLISH: kept})
            cut += saved.translated(f"{lang}.back.{kept.digest[:8]}.{beam}", listed, lang, ENGLISH, asked)
        found[str(beam)] = figures(whole, cut)
    return found


def written(lang: str, lines: Iterable[str], out: Path, scratch: Path) -> OutputVocabulary:
    """A list of the tokens of a text, as `glotmill vocabulary` writes it."""
    text, path = scratch / f"{lang}.txt", out / f"{lang}.tokens"
    text.write_text("\n".join(line for line in lines if line), encoding="utf-8")
    out.mkdir(parents=True, exist_ok=True)
    make_vocabularies("embedded", [lang], path, text)
    folder = engine_of(1).folder
    assert folder is not None
    return read_list(model_tokens(folder), lang, path)


def figures(whole: list[str], cut: list[str]) -> dict[str, float]:
    """How many of some translations differ, as the memory keeps it of a list that a build has decided."""
    changed = sum(one != other for one, other in zip(whole, cut, strict=True))
    bound = upper_bound(changed, len(whole), CONFIDENCE)
    return {"changed": round(changed / len(whole), 6), "changed_at_most": round(bound, 6), "checked": len(whole)}


def main() -> None:
    """Make the lists, check them, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--multi30k", type=Path, required=True)
    parser.add_argument("--xgqa", type=Path, required=True)
    parser.add_argument("--captions", type=Path, required=True, help="COCO's captions_val2017.json")
    parser.add_argument("--scratch", type=Path, required=True, help="keeps the translations")
    parser.add_argument("--out", type=Path, default=VOCABULARIES)
    parser.add_argument("--limit", type=int, help="texts that a list is made from [all]")
    parser.add_argument("--check", type=int, help="texts that a list is checked with [all]")
    options = parser.parse_args()
    texts, saved = Texts(options), Saved(options.scratch)
    spec = engine_of(1)
    found: dict[str, Any] = {
        "model": model_digest(spec),
        "compute_type": spec.placement.compute_type,
        "by_language_and_beams": {},
    }
    for lang in LANGS:
        found["by_language_and_beams"][lang] = into(lang, texts, saved, options.out, options.scratch)
        print(lang, found["by_language_and_beams"][lang], flush=True)
    found["by_language_and_beams"][ENGLISH] = back(texts, saved, options.out, options.scratch)
    (options.out / "checked.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
