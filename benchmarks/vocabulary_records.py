"""Questions with their answers against mBLIP's way, with all output tokens and with the lists that ship.

    python -m benchmarks.vocabulary_records --data FOLDER --json

xGQA's questions and answers into German, French and Czech, greedy, by the embedded model; each way is a process of its
own (`benchmarks.ways`, `benchmarks.peer_ways`), and the ways take turns, ``--rounds`` times. Ratios are of medians, by
time and by the CPU seconds of all processes; of Glotmill's ways from texts to texts. Multi30k's test_2016_flickr says
what the lists cost: BLEU, chrF, and the share of translations that stay the same.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sacrebleu

from benchmarks import peers
from benchmarks.bare import Decoding
from benchmarks.results import Result, agreement, carry_out, median, parser
from benchmarks.texts import multi30k, xgqa_records
from benchmarks.translate import DEFAULT, FLOOR, PEERS, merged
from benchmarks.ways import Job, Set
from glotmill.engine.workers.ray_worker import KEEP_MEMORY

LISTS = "glotmill_ray_int8_lists"
WAYS = ("mblip", DEFAULT, LISTS, FLOOR)
TARGETS = {"deu_Latn": "de", "fra_Latn": "fr", "ces_Latn": "cs"}
BAR = 12
ONCE = {"mblip": 0, FLOOR: 0}


def job_of(options: argparse.Namespace, model: Path) -> Job:
    """The comparison's job."""
    records = xgqa_records(options.data, 24 if options.quick else options.records)
    captions = multi30k(options.data, "en", 32 if options.quick else 1000)
    return Job(
        model=str(model / "ctranslate2"),
        checkpoint=str(model / "hf"),
        decoding=Decoding(),
        warm=captions[:16],
        sets={"records": Set(records, list(TARGETS)), "flickr": Set(captions, list(TARGETS), ONCE)},
    )


def quality(outputs: dict[str, list[str]], data: Path) -> Result:
    """BLEU and chrF by language."""
    found: Result = {}
    for lang, short in TARGETS.items():
        right = [multi30k(data, short, len(outputs[lang]))]
        found[lang] = {"bleu": round(sacrebleu.corpus_bleu(outputs[lang], right).score, 2),
                       "chrf": round(sacrebleu.corpus_chrf(outputs[lang], right).score, 2)}  # fmt: skip
    return found


def compared(found: dict[str, dict[str, Any]]) -> Result:
    """Each way's ratio to mBLIP's, and how much of the translations the lists leave as they are."""
    records = {way: one["sets"]["records"] for way, one in found.items()}
    ratios: Result = {}
    for of in ("seconds", "cpu_seconds"):
        first = median(records["mblip"][of])
        ratios[f"{of}_ratio_to_mblip"] = {way: round(first / median(one[of]), 2) for way, one in records.items()}
    same = {
        name: {
            lang: round(agreement({lang: texts}, {lang: found[DEFAULT]["sets"][name]["outputs"][lang]}), 4)
            for lang, texts in found[LISTS]["sets"][name]["outputs"].items()
        }
        for name in ("records", "flickr")
    }
    best = max(ratios["seconds_ratio_to_mblip"][way] for way in (DEFAULT, LISTS))
    return {**ratios, "same_with_lists": same, "bar": BAR, "of_the_bar": round(best / BAR, 3)}


def measure(options: argparse.Namespace) -> Result:
    """All ways in turn."""
    model = peers.models(options.scratch, "embedded")
    job = job_of(options, model)
    runs: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    with TemporaryDirectory() as folder:
        file = Path(folder) / "job.json"
        job.write(file)
        for _ in range(options.rounds):
            for way in WAYS:
                keep = KEEP_MEMORY if way == FLOOR else {}
                done = peers.in_a_process(way, file, options.scratch, peer=way in PEERS, environment=keep)
                print(f"{way}: {done['sets']['records']['seconds']} s", file=sys.stderr, flush=True)
                runs[way].append(done)
    found = {way: merged(done) for way, done in runs.items()}
    rows = {
        way: {of: [round(value, 2) for value in one["sets"]["records"][of]] for of in ("seconds", "cpu_seconds")}
        | {"sent": one["sets"]["records"]["sent"], "peak_mib": one["peak_mib"]}
        for way, one in found.items()
    }
    return {
        "settings": {"records": len(job.sets["records"].texts) // 2, "languages": list(TARGETS), "cores": job.cores,
                     "rounds": options.rounds, "beam_size": 1},
        "rows": rows,
        **compared(found),
        "quality": {way: quality(found[way]["sets"]["flickr"]["outputs"], options.data) for way in (DEFAULT, LISTS)},
        "versions": {f"peer_{name}": number for name, number in peers.versions(options.scratch).items()},
    }  # fmt: skip


def main() -> None:
    """Read the command line, measure, save and print."""
    options = parser(__doc__)
    options.add_argument("--records", type=int, default=2912)
    options.add_argument("--rounds", type=int, default=2)
    carry_out("vocabulary_records", measure, options.parse_args())


if __name__ == "__main__":
    main()
