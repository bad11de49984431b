"""How much of real text lists of output tokens cover, and how good Good and Turing's estimate of the rest is.

    python -m benchmarks.vocabulary_coverage --data FOLDER --json

For each set and language of `benchmarks.human_text`, a list of the language's script and one of a text's tokens, made
from the fit half (Multi30k: from its 29,000 training captions) and checked on the test half. The embedded model's
vocabulary, in its own languages, and one of SentencePiece that is trained here on all these texts. Medians over the
languages of a set; ``by_language`` has them all.

For the embedded model there is the list of ``vocabulary: auto`` too, of half of the vocabulary, made from its own
searches of up to 4,000 sources of the fit half: what it covers of people's test texts, and, as ``own``, of the model's
own translations of the test half's sources; for these the estimate stands beside the truth. No other vocabulary has a
model here, so nothing else is translated.
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
from benchmarks.vocabulary_curve import uses
from glotmill.engine.embedded import MODEL_DIR
from glotmill.engine.translation.vocabulary_phase import SAMPLE
from glotmill.engine.translators import resolve_translator
from glotmill.engine.translators.nllb import NllbTranslate, NllbTranslator
from glotmill.engine.translators.shared.output_vocabulary import OutputVocabulary, of_script, of_text
from glotmill.engine.translators.shared.token_tally import TokenTally
from glotmill.engine.translators.shared.vocabulary_lists import model_tokens
from glotmill.schemas.languages import registry

PIECES, QUICK_PIECES = 32_000, 4_000
TRAINING = {"deu_Latn": "de", "fra_Latn": "fr", "ces_Latn": "cs"}  # of Multi30k
FIGURES = ("kept", "tokens", "sentences", "own_tokens", "own_sentences", "unseen", "estimated")
KINDS = ("script", "text", "auto")
AUTO = 1 / 2  # of the vocabulary
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


def of_searches(
    engine: NllbTranslator, lang: str, part: pl.DataFrame, check: list[list[int]], sample: int
) -> dict[str, float]:
    """What the list of a model's searches of so many texts covers."""
    tokens = model_tokens(MODEL_DIR).tokens
    tally = TokenTally(tokens, lang)
    fit, test = (part.filter(half=half)["source"].unique().sort().to_list() for half in ("fit", "test"))
    searches = uses(engine, lang, fit[:sample])
    tally.add(searches)
    kept = tally.of_size(int(AUTO * len(tokens)))
    own = [use.best.tolist() for use in uses(engine, lang, [text for text in test if text not in set(fit)][:sample])]
    seen = {number for use in searches for number in use.best.tolist()}
    of_tokens, of_sentences = coverage(kept, check)
    own_tokens, own_sentences = coverage(kept, own)
    return {
        "kept": kept.tokens / kept.size, "tokens": of_tokens, "sentences": of_sentences,
        "own_tokens": own_tokens, "own_sentences": own_sentences,
        "unseen": sum(number not in seen for line in own for number in line) / max(1, sum(map(len, own))),
        "estimated": tally.unseen_mass,
    }  # fmt: skip


def of_sets(
    rows: pl.DataFrame,
    data: Path,
    tokens: list[str],
    encode: Encode,
    langs: Iterable[str],
    engine: NllbTranslator | None = None,
    sample: int = SAMPLE,
) -> Result:
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
            by_list = of_language(tokens, encode, str(lang), text, check)
            if engine is not None:
                by_list["auto"] = of_searches(engine, str(lang), part, encode(check), sample)
            found.setdefault(str(name), {})[str(lang)] = by_list
    return {name: {"median": _medians(list(by.values())), "by_language": by} for name, by in found.items()}


def _medians(found: list[dict[str, Any]]) -> Result:
    """The median of each figure of each list, and of the ratio of estimated to true unseen mass."""
    medians: Result = {"languages": len(found)}
    for kind in KINDS:
        for figure in FIGURES:
            values = [one[kind][figure] for one in found if figure in one.get(kind, {})]
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
    engine = NllbTranslator(resolve_translator(NllbTranslate(engine="nllb", model="embedded", device="cpu")))
    tokens, encode = trained(rows["target"], QUICK_PIECES if options.quick else PIECES)
    return {
        "embedded": of_sets(
            rows, options.data, embedded.tokens, embedded.encoder(), ours, engine, 16 if options.quick else SAMPLE
        ),
        "sentencepiece": {"tokens": len(tokens), **of_sets(rows, options.data, tokens, encode, registry())},
    }


def main() -> None:
    """Read the command line, measure, save and print."""
    carry_out("vocabulary_coverage", measure, parser(__doc__).parse_args())


if __name__ == "__main__":
    main()
