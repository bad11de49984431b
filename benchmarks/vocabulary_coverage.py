"""How much of real text lists of output tokens cover, and how good Good and Turing's estimate of the rest is.

    python -m benchmarks.vocabulary_coverage --data FOLDER --json

For each set and language of `benchmarks.human_text`, a list of the language's script and one of a text's tokens, made
from the fit half (Multi30k: from its 29,000 training captions) and checked on the test half. The embedded model's
vocabulary, in its own languages, and one of SentencePiece that is trained here on all these texts. Nothing is
translated. Medians over the languages of a set; ``by_language`` has them all.
"""

from __future__ import annotations

import argparse
import gzip
import io
import statistics
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import polars as pl
import sentencepiece

from benchmarks.human_text import human_text
from benchmarks.results import Result, carry_out, parser
from glotmill.engine.embedded import MODEL_DIR
from glotmill.engine.translators.shared.output_vocabulary import OutputVocabulary, of_script, of_text
from glotmill.engine.translators.shared.vocabulary_lists import model_tokens
from glotmill.schemas.languages import registry

PIECES, QUICK_PIECES = 32_000, 4_000
TRAINING = {"deu_Latn": "de", "fra_Latn": "fr", "ces_Latn": "cs"}  # of Multi30k
FIGURES = ("kept", "tokens", "sentences", "unseen", "estimated")
Encode = Callable[[list[str]], list[list[int]]]


def trained(texts: Iterable[str], pieces: int) -> tuple[list[str], Encode]:
    """(tokens, encoder) of a SentencePiece model of these texts."""
    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=made, vocab_size=pieces, character_coverage=0.9999,
        model_type="bpe", hard_vocab_limit=False, num_threads=1, minloglevel=2,
    )  # fmt: skip
    model = sentencepiece.SentencePieceProcessor(model_proto=made.getvalue(), num_threads=1)
    return [model.id_to_piece(number) for number in range(model.vocab_size())], model.encode


def coverage(kept: OutputVocabulary, lines: list[list[int]]) -> tuple[float, float]:
    """Shares of tokens and of sentences that are all in a list."""
    inside = [[kept.has(number) for number in line] for line in lines]
    return sum(map(sum, inside)) / max(1, sum(map(len, inside))), sum(map(all, inside)) / len(inside)


def of_language(tokens: list[str], encode: Encode, lang: str, text: list[str], check: list[str]) -> dict[str, Any]:
    """What the lists of one language cover of a check."""
    lines, checked = encode(text), encode(check)
    seen = Counter(number for line in lines for number in line)
    found = {}
    for name, kept in (("script", of_script(tokens, lang)), ("text", of_text(tokens, lang, text, encode))):
        of_tokens, of_sentences = coverage(kept, checked)
        found[name] = {"kept": kept.tokens / kept.size, "tokens": of_tokens, "sentences": of_sentences}
    unseen = [number not in seen for line in checked for number in line]
    found["text"] |= {
        "unseen": sum(unseen) / max(1, len(unseen)),
        "estimated": sum(count == 1 for count in seen.values()) / max(1, seen.total()),
    }
    return {"text_sentences": len(text), "check_sentences": len(check), **found}


def of_sets(rows: pl.DataFrame, data: Path, tokens: list[str], encode: Encode, langs: Iterable[str]) -> Result:
    """All sets and languages, and the medians of each set."""
    found: Result = {}
    chosen = rows.filter(pl.col("lang").is_in(list(langs)))
    for (name, lang), part in chosen.group_by(["set", "lang"], maintain_order=True):
        text = part.filter(half="fit")["target"].to_list()
        if name == "multi30k":
            path = data / f"multi30k/train.{TRAINING[str(lang)]}.gz"
            text = gzip.decompress(path.read_bytes()).decode().splitlines()
        check = part.filter(half="test")["target"].to_list()
        if text and check:
            found.setdefault(str(name), {})[str(lang)] = of_language(tokens, encode, str(lang), text, check)
    return {name: {"median": _medians(list(by.values())), "by_language": by} for name, by in found.items()}


def _medians(found: list[dict[str, Any]]) -> Result:
    """The median of each figure of each list, and of the ratio of estimated to true unseen mass."""
    medians: Result = {"languages": len(found)}
    for kind in ("script", "text"):
        for figure in FIGURES:
            values = [one[kind][figure] for one in found if figure in one[kind]]
            if values:
                medians.setdefault(kind, {})[figure] = round(statistics.median(values), 5)
    return medians


def measure(options: argparse.Namespace) -> Result:
    """Both vocabularies."""
    rows = human_text(options.data)
    if options.quick:
        rows = rows.filter(pl.col("lang").is_in(["deu_Latn", "rus_Cyrl", "kor_Hang"]))
    embedded = model_tokens(MODEL_DIR)
    ours = [code for code in registry() if code in embedded.numbers]
    tokens, encode = trained(rows["target"], QUICK_PIECES if options.quick else PIECES)
    return {
        "embedded": of_sets(rows, options.data, embedded.tokens, embedded.encoder(), ours),
        "sentencepiece": {"tokens": len(tokens), **of_sets(rows, options.data, tokens, encode, registry())},
    }


def main() -> None:
    """Read the command line, measure, save and print."""
    carry_out("vocabulary_coverage", measure, parser(__doc__).parse_args())


if __name__ == "__main__":
    main()
