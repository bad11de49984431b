"""One of several translations, chosen by the way back or by the quality score, against the best of a beam of 4.

    python -m benchmarks.choose --data FOLDER --json

Multi30k's test_2016_flickr into German, French and Czech; the embedded model, one thread. BLEU and chrF are
sacreBLEU's, of a corpus. Seconds are of the CPU: of the engine's part, and of a whole build of the same captions
into the three languages with the default scorers, with ``choose: reverse`` and without.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

import sacrebleu
import yaml

from benchmarks.corpora import BATCH, CAPTIONS, captions
from benchmarks.corruptions import Corpus
from benchmarks.results import Result, carry_out, parser
from glotmill.engine.commands.build import build
from glotmill.engine.commands.job import prepare
from glotmill.engine.commands.load_recipe import load_recipe
from glotmill.engine.runs.progress import ProgressReport
from glotmill.engine.translators import Request, Translation, load_translator, resolve_translator
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.translators.shared.retry import translate_with_retry
from glotmill.schemas.languages import ENGLISH

COUNTS = (4, 8)
BUILT = 8  # hypotheses of the build
BEAM: dict[str, Any] = {"engine": "nllb", "device": "cpu", "compute_type": "int8_float32", "beam_size": 4}
BARS = {"chrf": 0.8, "bleu": 0.3}


def reverse(count: int) -> dict[str, Any]:
    """The engine that chooses among some translations by the way back."""
    return {**BEAM, "beam_size": count, "hypotheses": count, "choose": "reverse"}


def by_quality(count: int) -> dict[str, Any]:
    """The engine that chooses among some translations by the fit that comes with it."""
    return {**BEAM, "beam_size": count, "hypotheses": count, "choose": "quality"}


def translated(corpora: list[Corpus], engine: dict[str, Any]) -> tuple[list[list[Translation]], float]:
    """(the translations of each corpus, CPU seconds) as workers make them: in batches of like length."""
    translator = load_translator(resolve_translator(NllbTranslate(**engine)))
    found, began = [], time.process_time()
    for corpus in corpora:
        order = sorted(range(len(corpus.sources)), key=lambda row: len(corpus.sources[row]))
        made: dict[int, Translation] = {}
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            batch = [Request(ENGLISH, corpus.lang, corpus.sources[row]) for row in rows]
            outcomes = translate_with_retry(translator, batch)
            made |= {row: outcome.translation for row, outcome in zip(rows, outcomes, strict=True)}
        found.append([made[row] for row in range(len(order))])
    return found, time.process_time() - began


def quality(corpora: list[Corpus], made: list[list[Translation]]) -> dict[str, dict[str, float]]:
    """BLEU and chrF by language, and their means."""
    found = {}
    for corpus, translations in zip(corpora, made, strict=True):
        texts = [one.text or "" for one in translations]
        found[corpus.lang] = {
            "bleu": sacrebleu.corpus_bleu(texts, [corpus.targets]).score,
            "chrf": sacrebleu.corpus_chrf(texts, [corpus.targets]).score,
        }
    return found | {"mean": {name: mean(cell[name] for cell in found.values()) for name in BARS}}


def built(folder: Path, texts: list[str], engine: dict[str, Any], **more: Any) -> tuple[Path, float]:
    """(the dataset, CPU seconds) of a build of captions into the three languages."""
    folder.mkdir(exist_ok=True)
    rows = [{"id": str(row), "task": "caption", "image": f"{row}.jpg", "caption": text}
            for row, text in enumerate(texts)]  # fmt: skip
    (folder / "captions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    content = {
        "name": "bench", "languages": list(CAPTIONS.values()), "translate": engine, "workers": 0, "max_failed": 1,
        "sources": {"captions": {"format": "jsonl", "path": "captions.jsonl", "license": "cc0-1.0"}},
        "memory": str(folder / "memory"), **more,
    }  # fmt: skip
    (folder / "recipe.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    began = time.process_time()
    summary = build(prepare(load_recipe(str(folder / "recipe.yaml")), out=folder / "out"), ProgressReport())
    return summary.dataset, time.process_time() - began


def measure(options: argparse.Namespace) -> Result:
    """Quality and engine's seconds by hypotheses, then those of builds."""
    corpora = captions(options.data / "multi30k", "test_2016_flickr", 40 if options.quick else None)
    made, seconds = translated(corpora, BEAM)
    beam = quality(corpora, made)
    found: Result = {"captions": len(corpora[0].sources), "beam_4": beam, "beam_4_seconds": round(seconds, 1)}
    cases = {f"reverse_{count}": reverse(count) for count in COUNTS} | {f"quality_{BUILT}": by_quality(BUILT)}
    for case, engine in cases.items():
        made, seconds = translated(corpora, engine)
        chosen = quality(corpora, made)
        gain = {name: round(chosen["mean"][name] - beam["mean"][name], 2) for name in BARS}
        found |= {case: chosen, f"{case}_gain": gain, f"{case}_seconds": round(seconds, 1)}
    gain = found[f"reverse_{BUILT}_gain"]
    found |= {"bars": BARS, "within_bars": all(gain[name] >= bar for name, bar in BARS.items())}
    with TemporaryDirectory(dir=options.scratch) as name:
        for case, engine in (("beam_4", BEAM), (f"reverse_{BUILT}", reverse(BUILT))):
            found[f"build_{case}_seconds"] = round(built(Path(name) / case, corpora[0].sources, engine)[1], 1)
    return found


if __name__ == "__main__":
    carry_out("choose", measure, parser(__doc__).parse_args())
