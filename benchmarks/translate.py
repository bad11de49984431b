"""Translation speed, beside what users would otherwise run: the same model, sentences and cores, way by way.

    python -m benchmarks.translate --data FOLDER --json

5,000 COCO captions into German, and 2,912 xGQA questions into German, French and Czech, by themselves and as records
(each question and its answer), greedy, with the embedded model's weights as float32 for all ways (int8, Glotmill's
default on a CPU, besides). Every way runs in a process of its own and is timed from
texts to texts, without loading and a warm-up; the way of each row is described in `benchmarks.ways` and
`benchmarks.peer_ways`. datatrove's InferenceRunner is not among them: it talks to servers of decoder-only models
(vLLM, SGLang), which serve no encoder-decoder model such as this one.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sacrebleu
import sentencepiece

from benchmarks import peers
from benchmarks.bare import Decoding
from benchmarks.results import Result, agreement, carry_out, median, output_digest, parser
from benchmarks.texts import coco_captions, multi30k, xgqa_questions, xgqa_records
from benchmarks.ways import Job, Set
from glotmill.engine.workers.ray_worker import KEEP_MEMORY

# In this order: a way and its peer run close together in time.
PEERS = ("mblip", "sorted_256", "sorted_32", "easynmt")
FLOOR = "bare_2x1_int8_distinct"
OURS = ("glotmill_ray", "bare_2x1", "bare_1x2", "glotmill_inline", "glotmill_ray_int8", "bare_2x1_int8", FLOOR)
WAYS = ("mblip", *OURS, "sorted_256", "easynmt")
BARE = ("bare_2x1", "bare_1x2")
# The ways of the bars run once more after all others, each pair the other way round: a machine's speed changes within
# minutes, and whoever ran second before runs first now.
AGAIN = ("mblip", "bare_2x1", "glotmill_ray", FLOOR, "glotmill_ray_int8")
ROUNDS = dict.fromkeys(("glotmill_ray", "bare_2x1", "glotmill_ray_int8", FLOOR), 2)
ELSEWHERE = {"sorted_256": 0, "easynmt": 0}  # records are compared with mBLIP's way and the bare loop alone
# mBLIP's scripts translate records of several fields field by field: what that makes of its time is measured, too.
BY_FIELD = dict.fromkeys((way for way in WAYS if way != "mblip"), 0)
QUESTION_TARGETS = ["deu_Latn", "fra_Latn", "ces_Latn"]
DEFAULT = "glotmill_ray_int8"  # the precision that builds take on a CPU where a recipe names none
TIMES = ("seconds", "cpu_seconds", "stage_seconds")
STAGE = "stage_sentences_per_second"
REFERENCE = "bare_2x1"  # outputs are compared with its


def tokens_of(model: Path, texts: list[str]) -> int:
    """Source tokens as every way encodes them: pieces, language and end."""
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(model / "sentencepiece.bpe.model"))
    return sum(len(encoded) + 2 for encoded in pieces.encode(texts))


def job_of(data: Path, model: Path, quick: bool) -> Job:
    """The comparison's job."""
    captions = coco_captions(data, 40 if quick else 5000)
    records = xgqa_records(data, 24 if quick else 2912)
    return Job(
        model=str(model / "ctranslate2"),
        checkpoint=str(model / "hf"),
        decoding=Decoding(),
        warm=multi30k(data, "en", 16 if quick else 64),
        sets={
            "captions": Set(captions, ["deu_Latn"], ROUNDS),
            "questions": Set(xgqa_questions(data, 24 if quick else 2912), QUESTION_TARGETS, ROUNDS),
            "records": Set(records, QUESTION_TARGETS, {**ROUNDS, **ELSEWHERE}),
            "records_by_field": Set([*records[::2], *records[1::2]], QUESTION_TARGETS, BY_FIELD),
            "flickr": Set(multi30k(data, "en", 32 if quick else 1000), ["deu_Latn"]),
        },
    )


def merged(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """One way's out files as one: all seconds, the last one's texts."""
    last = runs[-1]
    sets = {
        name: {
            **found,
            **{key: [value for run in runs for value in run["sets"][name][key]] for key in TIMES if key in found},
        }
        for name, found in last["sets"].items()
    }
    return {**last, "sets": sets, "peak_mib": max(run["peak_mib"] for run in runs)}


def row(
    found: dict[str, Any], job: Job, tokens: dict[str, int], reference: dict[str, Any], german: list[str]
) -> Result:
    """What one way's out file says, without the texts."""
    sets: dict[str, Any] = {}
    for name, wanted in job.sets.items():
        if name not in found["sets"]:
            continue
        done = found["sets"][name]
        seconds = median(done["seconds"])
        asked = len(wanted.texts) * len(wanted.targets)
        sets[name] = {
            "seconds": [round(value, 3) for value in done["seconds"]],
            "asked": asked,
            "sent": done["sent"],
            "sentences_per_second": round(asked / seconds, 1),
            "source_tokens_per_second": round(tokens[name] * len(wanted.targets) / seconds, 1),
            **_of_the_stage(done, asked),
            "output_digest": output_digest(done["outputs"]),
        }
        if name in reference["sets"]:
            same = agreement(done["outputs"], reference["sets"][name]["outputs"])
            sets[name]["same_as_reference"] = round(same, 4)
    made = found["sets"]["flickr"]["outputs"]["deu_Latn"]
    return {
        "load_seconds": round(found["load_seconds"], 2),
        "peak_mib": found["peak_mib"],
        "bleu": round(sacrebleu.corpus_bleu(made, [german]).score, 2),
        "chrf": round(sacrebleu.corpus_chrf(made, [german]).score, 2),
        **sets,
    }


def _of_the_stage(done: dict[str, Any], asked: int) -> Result:
    """The translate stage by itself, where a way is one."""
    if "stage_seconds" not in done:
        return {}
    return {
        "stage_seconds": [round(value, 3) for value in done["stage_seconds"]],
        STAGE: round(asked / median(done["stage_seconds"]), 1),
    }


def ratios(rows: dict[str, Result]) -> Result:
    """Of Glotmill's float32 rows to mBLIP's way and to the bare loop's faster arrangement, by set.

    ``ratio_to_bare`` is of the translate stage; ``…_to_texts`` includes the cuts and putting texts together again.
    """

    def rate(way: str, name: str, of: str = "sentences_per_second") -> float:
        return float(rows[way][name][of])

    found: Result = {}
    for name in ("captions", "questions", "records"):
        best = max(BARE, key=lambda way: rate(way, name))
        found[name] = {
            "best_bare": best,
            "ratio_to_mblip": round(rate("glotmill_ray", name) / rate("mblip", name), 2),
            "default_ratio_to_mblip": round(rate(DEFAULT, name) / rate("mblip", name), 2),
            "ratio_to_bare": round(rate("glotmill_ray", name, STAGE) / rate(best, name, STAGE), 3),
            "ratio_to_bare_texts_to_texts": round(rate("glotmill_ray", name) / rate(best, name), 3),
            "inline_ratio_to_mblip": round(rate("glotmill_inline", name) / rate("mblip", name), 2),
            "inline_ratio_to_bare": round(rate("glotmill_inline", name) / rate(best, name), 3),
        }
    found["ratio_to_mblip"] = found["captions"]["ratio_to_mblip"]
    found["ratio_to_bare"] = found["captions"]["ratio_to_bare"]
    found["ratio_to_bare_texts_to_texts"] = found["captions"]["ratio_to_bare_texts_to_texts"]
    found["records_ratio_to_mblip"] = found["records"]["default_ratio_to_mblip"]
    found["records_floor_ratio_to_mblip"] = round(rate(FLOOR, "records") / rate("mblip", "records"), 2)
    by_field = rate("mblip", "records_by_field")
    found["records_by_field"] = {
        "ratio_to_mblip": round(rate(DEFAULT, "records") / by_field, 2),
        "floor_ratio_to_mblip": round(rate(FLOOR, "records") / by_field, 2),
    }
    found["bleu_minus_mblip"] = round(
        min(rows[way]["bleu"] for way in ("glotmill_ray", DEFAULT)) - rows["mblip"]["bleu"], 2
    )
    return found


def measure(options: argparse.Namespace) -> Result:
    """All ways, one after the other."""
    model = peers.models(options.scratch, "embedded")
    job = job_of(options.data, model, options.quick)
    tokens = {name: tokens_of(model / "ctranslate2", wanted.texts) for name, wanted in job.sets.items()}
    german = multi30k(options.data, "de", len(job.sets["flickr"].texts))
    with TemporaryDirectory() as folder:
        file = Path(folder) / "job.json"
        job.write(file)
        runs: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
        for way in (*WAYS, *AGAIN):
            keep = KEEP_MEMORY if way == FLOOR else {}
            runs[way].append(peers.in_a_process(way, file, options.scratch, peer=way in PEERS, environment=keep))
    raw = {way: merged(found) for way, found in runs.items()}
    rows = {way: row(found, job, tokens, raw[REFERENCE], german) for way, found in raw.items()}
    return {
        "settings": {"beam_size": 1, "max_tokens": job.decoding.max_tokens, "cores": job.cores, "model": "embedded",
                     "precision": "float32; int8_float32 where a row says int8", "rounds": ROUNDS, "again": AGAIN},
        "source_tokens": tokens,
        "rows": rows,
        **ratios(rows),
        "not_run": {"datatrove": "InferenceRunner talks to servers of decoder-only models; none serves this model"},
        "versions": {f"peer_{name}": number for name, number in peers.versions(options.scratch).items()},
    }  # fmt: skip


if __name__ == "__main__":
    carry_out("translate", measure, parser(__doc__).parse_args())
