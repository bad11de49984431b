"""Make the output vocabularies of `engine/embedded/vocabularies/`, and check them.

    python -m benchmarks.fit_vocabularies --data FOLDER --scratch FOLDER

A list has the tokens of the model's own greedy translations of Multi30k's training captions, every other caption of
COCO 2017 val, and the questions and answers of xGQA's train_48, and those of Multi30k's training captions in the
language; it is a file as `glotmill vocabulary` writes it. Other texts (the other captions, Multi30k's test_2016_flickr,
xGQA's dev) are then translated greedily with all tokens and with the list: ``checked.json`` has the share that differs
and its bound, by which a build decides. Translations are saved in the scratch folder as they come, so that a run that
was interrupted goes on.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.texts import coco_captions
from glotmill.engine.embedded import MODEL_DIR, VOCABULARIES
from glotmill.engine.embedded.training.evaluate import Translator
from glotmill.engine.storage.atomic_write import write_bytes
from glotmill.engine.translation.vocabulary_phase import CONFIDENCE, upper_bound
from glotmill.engine.translators import Request, TranslatorSpec, load_translator, resolve_translator
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.translators.shared.output_vocabulary import OutputVocabulary, of_ranked
from glotmill.engine.translators.shared.retry import translate_with_retry
from glotmill.engine.translators.shared.vocabulary_lists import list_lines, model_digest, model_tokens
from glotmill.engine.workers.unit_plan import plan_units
from glotmill.schemas.languages import ENGLISH

LANGS = {"deu_Latn": "de", "fra_Latn": "fr", "ces_Latn": "cs"}
CHUNK = 500  # texts that are saved together
SEED = 24
Do = Callable[[list[str]], Any]


class Texts:
    """The English texts: those for the lists, and those for the check.

    Args:
        options: The command line.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        captions = list(dict.fromkeys(coco_captions(options.data, None)))
        made = [*captions[::2], *_lines(options.data, "train.en"), *_questions(options.data, "train_48")]
        check = [*captions[1::2], *_lines(options.data, "test_2016_flickr.en"), *_questions(options.data, "dev")]
        known = set(made)
        self.made = _mixed(made)[: options.limit]
        self.check = _mixed(text for text in check if text not in known)[: options.check]


def _mixed(texts: Iterable[str]) -> list[str]:
    """Different texts in a seeded order."""
    different = list(dict.fromkeys(texts))
    random.Random(SEED).shuffle(different)
    return different


def _lines(data: Path, name: str) -> list[str]:
    return gzip.decompress((data / f"multi30k/{name}.gz").read_bytes()).decode().splitlines()


def _questions(data: Path, split: str) -> list[str]:
    content = json.loads((data / f"xgqa/en/{split}.json").read_text(encoding="utf-8"))
    return [text for item in content.values() for text in (item["question"], item["answer"])]


class Saved:
    """What was made of texts, saved in a folder as it comes.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def done(self, name: str, texts: list[str], do: Do) -> list[Any]:
        """What was made of each chunk of some texts.

        Args:
            name: Of the file; the same name must mean the same texts and work.
            texts: The texts.
            do: Makes a chunk of them into something that JSON holds.
        """
        path = self._folder / f"{name}.jsonl"
        done = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
        for start in range(len(done) * CHUNK, len(texts), CHUNK):
            done.append(do(texts[start : start + CHUNK]))
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(done[-1], ensure_ascii=False) + "\n")
        return done[: -(-len(texts) // CHUNK)]


def engine() -> TranslatorSpec:
    """The shipped model, greedy."""
    return resolve_translator(NllbTranslate(engine="nllb", model="embedded", beam_size=1, device="cpu"))


def tokens_used(model: Translator, source: str, target: str) -> Do:
    """Translates a chunk: its texts, and the tokens that they were made of, which a text alone does not say."""

    def do(texts: list[str]) -> dict[str, list[str]]:
        made = [tokens[1:] for tokens in model.hypotheses(model.encode(texts, source), target, 1)]
        return {"texts": [model.decode(tokens) for tokens in made], "tokens": sorted(set().union(*made))}

    return do


def translated(spec: TranslatorSpec, source: str, target: str) -> Do:
    """Translates a chunk as builds do; what fails is empty."""
    loaded = load_translator(spec)

    def do(texts: list[str]) -> list[str]:
        rows = pl.DataFrame({"key": [f"{n:09}" for n in range(len(texts))], "text": texts})
        planned = plan_units(rows, batch_tokens=spec.section.batch_tokens, unit_tokens=1 << 20)
        made = [""] * len(texts)
        for _, batch in planned.group_by("batch", maintain_order=True):
            outcomes = translate_with_retry(loaded, [Request(source, target, text) for text in batch["text"]])
            for key, outcome in zip(batch["key"], outcomes, strict=True):
                made[int(key)] = outcome.translation.text or ""
        return made

    return do


def written(lang: str, used: Iterable[str], lines: list[str], out: Path) -> OutputVocabulary:
    """The list of a language, written: some tokens, those of a text, and what spells everything else."""
    tokens = model_tokens(MODEL_DIR)
    seen = {tokens.numbers[token] for token in used if token in tokens.numbers}
    seen.update(number for line in tokens.encoder()(lines) for number in line)
    kept = of_ranked(tokens.tokens, lang, sorted(seen))
    out.mkdir(parents=True, exist_ok=True)
    write_bytes(out / f"{lang}.tokens", ("\n".join(list_lines(tokens, lang, kept)) + "\n").encode())
    return kept


def figures(whole: list[str], cut: list[str]) -> dict[str, float]:
    """How many of some translations differ, as the memory keeps it of a list that a build has decided."""
    changed = sum(one != other for one, other in zip(whole, cut, strict=True))
    bound = upper_bound(changed, len(whole), CONFIDENCE)
    return {"changed": round(changed / len(whole), 6), "changed_at_most": round(bound, 6), "checked": len(whole)}


def checked(name: str, lang: str, kept: OutputVocabulary, texts: dict[str, list[str]], saved: Saved) -> Any:
    """What a list changes of the translations of some texts, by source language."""
    spec, both = engine(), {"whole": list[str](), "cut": list[str]()}
    for source, asked in texts.items():
        listed = replace(spec, vocabularies={lang: kept})
        for way, one, label in (("whole", spec, "all"), ("cut", listed, kept.digest[:8])):
            chunks = saved.done(f"{name}.{source}.{lang}.{label}", asked, translated(one, source, lang))
            both[way] += [text for chunk in chunks for text in chunk]
    return figures(**both)


def main() -> None:
    """Make the lists, check them, and write what was found."""
    options = _options()
    texts, saved, model = Texts(options), Saved(options.scratch), Translator(MODEL_DIR, workers=1)
    found: dict[str, Any] = {}
    back_tokens, back_check = set[str](), dict[str, list[str]]()
    for lang, short in LANGS.items():
        there = saved.done(f"made.{lang}", texts.made, tokens_used(model, ENGLISH, lang))
        used = {token for chunk in there for token in chunk["tokens"]}
        kept = written(lang, used, _lines(options.data, f"train.{short}"), options.out)
        found[lang] = {"1": checked("check", lang, kept, {ENGLISH: texts.check}, saved)}
        print(lang, kept.tokens, found[lang], flush=True)
        # The way back: English of every third translation, for the list and for the check.
        some = [text for chunk in there for text in chunk["texts"] if text][:: len(LANGS)]
        back = saved.done(f"made.back.{lang}", some, tokens_used(model, lang, ENGLISH))
        back_tokens |= {token for chunk in back for token in chunk["tokens"]}
        whole = saved.done(f"check.{ENGLISH}.{lang}.all", texts.check, lambda _: [])
        back_check[lang] = [text for chunk in whole for text in chunk if text][:: len(LANGS)]
    english = written(ENGLISH, back_tokens, texts.made, options.out)
    found[ENGLISH] = {"1": checked("back", ENGLISH, english, back_check, saved)}
    print(ENGLISH, english.tokens, found[ENGLISH], flush=True)
    spec = engine()
    facts = {"model": model_digest(spec), "compute_type": spec.placement.compute_type, "by_language_and_beams": found}
    (options.out / "checked.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with coco/, xgqa/ and multi30k/")
    parser.add_argument("--scratch", type=Path, required=True, help="keeps the translations")
    parser.add_argument("--out", type=Path, default=VOCABULARIES)
    parser.add_argument("--limit", type=int, help="texts that a list is made from [all]")
    parser.add_argument("--check", type=int, help="texts that a list is checked with [all]")
    return parser.parse_args()


if __name__ == "__main__":
    main()
