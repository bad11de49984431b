"""How many translations change with the length of a list of output tokens, and with the way it is made.

    python -m benchmarks.vocabulary_curve --data FOLDER --json

The embedded model, COCO captions in a seeded order. ``expected`` are the lists of ``vocabulary: auto``: all tokens of
the hypotheses of a sample's searches, filled up by what the model expected most. ``first`` are made of the translations
cut again, and filled up with the first tokens of the vocabulary. Other captions are translated with all tokens and with
each list. ``needed`` is the share whose own best translation has a token that the list lacks; with a beam of 1 these
are the ones that change. Where more change, a search weighed its hypotheses otherwise: the probability of what was cut
goes to the tokens that are left, at some steps more than at others. Batches are the same, so a list of all tokens
changes nothing.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks.results import Result, carry_out, parser
from benchmarks.texts import coco_captions
from glotmill.engine.embedded import MODEL_DIR
from glotmill.engine.translation.vocabulary_phase import CONFIDENCE, SAMPLE, upper_bound
from glotmill.engine.translators import Request, TranslatorSpec, load_translator, resolve_translator
from glotmill.engine.translators.nllb import NllbTranslate, NllbTranslator
from glotmill.engine.translators.shared.output_vocabulary import OutputVocabulary, of_ranked
from glotmill.engine.translators.shared.token_tally import TokenTally, lacking
from glotmill.engine.translators.shared.token_use import TokenUse
from glotmill.engine.translators.shared.vocabulary_lists import model_tokens
from glotmill.schemas.languages import ENGLISH

LANGS = ("deu_Latn", "fra_Latn", "ces_Latn")
SHARES = (3 / 8, 1 / 2, 5 / 8, 3 / 4, 7 / 8)  # of the vocabulary
BATCH, SEED = 64, 24


def batches(lang: str, texts: Sequence[str]) -> Iterator[list[Request]]:
    """Requests of some texts, longest first."""
    ordered = sorted(texts, key=lambda text: (-len(text), text))
    for start in range(0, len(ordered), BATCH):
        yield [Request(ENGLISH, lang, text) for text in ordered[start : start + BATCH]]


def uses(engine: NllbTranslator, lang: str, texts: Sequence[str]) -> list[TokenUse]:
    """What the searches of some texts use."""
    return [use for batch in batches(lang, texts) for use in engine.used(batch) if use is not None]


def translated(spec: TranslatorSpec, lang: str, texts: Sequence[str]) -> tuple[list[str | None], float]:
    """(translations, CPU seconds without loading)."""
    engine = load_translator(spec)
    began = time.process_time()
    made = [one.text for batch in batches(lang, texts) for one in engine.translate(batch)]
    return made, time.process_time() - began


def lists(lang: str, sample: list[TokenUse], again: list[str]) -> Iterator[tuple[str, OutputVocabulary]]:
    """The lists of both ways, by name; of ``first`` one that is no longer than its tokens ask for is left out."""
    model = model_tokens(MODEL_DIR)
    tally = TokenTally(model.tokens, lang)
    tally.add(sample)
    seen = {number for line in model.encoder()(again) for number in line}
    size = len(model.tokens)
    for share in SHARES:
        yield f"expected {share:.3f}", tally.of_size(int(share * size))
    for share in SHARES:
        yield f"first {share:.3f}", of_ranked(model.tokens, lang, seen, range(size), int(share * size))
    yield "all", OutputVocabulary.of(tally.of_size(size).ids, size)


def of_language(options: argparse.Namespace, lang: str, beam: int) -> Result:
    """The figures of all lists of one language and beam."""
    captions = list(dict.fromkeys(coco_captions(options.data, None)))
    random.Random(SEED).shuffle(captions)
    count = 24 if options.quick else options.sample
    sample, check = captions[:count], captions[count : count + (24 if options.quick else options.check)]
    spec = resolve_translator(NllbTranslate(engine="nllb", model="embedded", beam_size=beam, device="cpu"))
    engine = NllbTranslator(spec)
    used, of_check = uses(engine, lang, sample), uses(engine, lang, check)
    again = [one.text or "" for batch in batches(lang, sample) for one in engine.translate(batch)]
    whole, full_seconds = translated(spec, lang, check)
    found: Result = {}
    for name, kept in lists(lang, used, again):
        cut, seconds = translated(replace(spec, vocabularies={lang: kept}), lang, check)
        changed = sum(one != other for one, other in zip(whole, cut, strict=True))
        found[name] = {
            "tokens": kept.tokens, "of": kept.size, "changed": round(changed / len(whole), 5),
            "changed_at_most": round(upper_bound(changed, len(whole), CONFIDENCE), 5),
            "needed": round(lacking(of_check, kept) / len(of_check), 5),
            "times_as_fast": round(full_seconds / seconds, 3),
        }  # fmt: skip
        print(lang, beam, name, found[name], file=sys.stderr, flush=True)
    return found


def measure(options: argparse.Namespace) -> Result:
    """All languages and beams."""
    settings = {"sample": options.sample, "check": options.check}
    return {"settings": settings} | {
        lang: {f"beam_{beam}": of_language(options, lang, beam) for beam in options.beams} for lang in options.langs
    }


def main() -> None:
    """Read the command line, measure, save and print."""
    options = parser(__doc__)
    options.add_argument("--sample", type=int, default=SAMPLE)
    options.add_argument("--check", type=int, default=4_000)
    options.add_argument("--langs", nargs="+", default=list(LANGS))
    options.add_argument("--beams", nargs="+", type=int, default=[1, 4])
    carry_out("vocabulary_curve", measure, options.parse_args())


if __name__ == "__main__":
    main()
