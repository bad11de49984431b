"""The same table for a model of NLLB-600M's real shapes: where the time goes at real scale.

    python -m benchmarks.nllb600_shape --data FOLDER --json

The weights are random (`benchmarks.peer_models`), so nothing is said of quality; every translation has the same length
(the end token has next to no weight). Such a model repeats one token, which Glotmill refuses as a loop, so outputs are
not compared here but in `benchmarks.translate`. Needs 12 GB of memory and 5 GB of scratch space. ``--sentences`` and
``--tokens`` set how much is done, ``--ways`` by which ways, ``--rounds`` how often each of them runs, one after the
other: the median of a way's rounds counts. CPU seconds are those of all processes of a way, and are what says something
on a machine that others use; ``…_32768`` is a way with so many output tokens (``translate.vocabulary``).

    python -m benchmarks.nllb600_shape --data FOLDER --ways mblip glotmill_ray_int8 glotmill_ray_int8_32768 --rounds 2
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import peers
from benchmarks.bare import Decoding
from benchmarks.results import Result, carry_out, median, output_digest, parser
from benchmarks.texts import coco_captions
from benchmarks.translate import PEERS, merged, tokens_of
from benchmarks.ways import COUNTS, Job, Set

WAYS = (
    "mblip",
    "glotmill_ray",
    "glotmill_ray_1x2",
    "bare_2x1",
    "bare_1x2",
    "sorted_32",
    "glotmill_ray_int8",
    "bare_2x1_int8",
)
CUT = {str(count): f"glotmill_ray_int8_{count}" for count in COUNTS}  # by output tokens
# Both have the choice between two models of one thread and one of two; the better arrangement of each counts.
PAIRS = {
    "float32": (("glotmill_ray", "glotmill_ray_1x2"), ("bare_2x1", "bare_1x2")),
    "int8": (("glotmill_ray_int8",), ("bare_2x1_int8",)),
}


def row(found: dict[str, Any], sentences: int, source_tokens: int, tokens: int) -> Result:
    """What one way's out file says."""
    done = found["sets"]["captions"]
    seconds = median(done["seconds"])
    return {
        "load_seconds": round(found["load_seconds"], 1),
        "peak_mib": found["peak_mib"],
        "seconds": [round(value, 2) for value in done["seconds"]],
        "cpu_seconds": [round(value, 2) for value in done["cpu_seconds"]],
        "sent": done["sent"],
        "sentences_per_second": round(sentences / seconds, 3),
        "source_tokens_per_second": round(source_tokens / seconds, 2),
        "target_tokens_per_second": round(sentences * tokens / seconds, 2),
        "output_digest": output_digest(done["outputs"]),
    }


def cut_ratios(rows: dict[str, Result]) -> Result:
    """Of Glotmill with fewer output tokens to mBLIP's way and to Glotmill with all of them, by time and by CPU time."""
    found: Result = {}
    for count, way in CUT.items():
        for name, other in (("mblip", "mblip"), ("full", "glotmill_ray_int8")):
            if way in rows and other in rows:
                for of in ("seconds", "cpu_seconds"):
                    ratio = median(rows[other][of]) / median(rows[way][of])
                    found.setdefault(count, {})[f"{of}_ratio_to_{name}"] = round(ratio, 2)
    return found


def ratios(rows: dict[str, Result]) -> Result:
    """Of Glotmill to mBLIP's way and to the bare loop, for each precision that was run."""
    found: Result = {}
    for precision, (ours, loops) in PAIRS.items():
        rates = {way: rows[way]["sentences_per_second"] for way in ours if way in rows}
        if not rates:
            continue
        best = max(rates, key=lambda way: rates[way])
        rate = rates[best]
        bare = max((rows[loop]["sentences_per_second"] for loop in loops if loop in rows), default=None)
        found[precision] = {
            "arrangement": best,
            "ratio_to_mblip": round(rate / rows["mblip"]["sentences_per_second"], 2) if "mblip" in rows else None,
            "ratio_to_bare": round(rate / bare, 3) if bare else None,
        }
    return {**found, **found.get("float32", {})}


def measure(options: argparse.Namespace) -> Result:
    """All ways, one after the other."""
    name = "quick" if options.quick else "nllb600"
    sentences = 12 if options.quick else options.sentences
    model = peers.models(options.scratch, name)
    captions = coco_captions(options.data, sentences)
    job = Job(
        model=str(model / "ctranslate2"),
        checkpoint=str(model / "hf"),
        decoding=Decoding(max_tokens=options.tokens, min_tokens=options.tokens),
        warm=captions[:2],
        sets={"captions": Set(captions, ["deu_Latn"])},
    )
    source_tokens = tokens_of(model / "ctranslate2", captions)
    runs: dict[str, list[dict[str, Any]]] = {way: [] for way in options.ways}
    with TemporaryDirectory() as folder:
        file = Path(folder) / "job.json"
        job.write(file)
        for _ in range(options.rounds):
            for way in options.ways:
                runs[way].append(peers.in_a_process(way, file, options.scratch, peer=way in PEERS))
                print(f"{way}: {runs[way][-1]['sets']['captions']['seconds']} s", file=sys.stderr, flush=True)
    rows = {way: row(merged(found), sentences, source_tokens, options.tokens) for way, found in runs.items()}
    return {
        "settings": {"model": name, "sentences": sentences, "target_tokens": options.tokens, "beam_size": 1,
                     "cores": job.cores, "rounds": options.rounds},
        "source_tokens": source_tokens,
        "rows": rows,
        "output_tokens": cut_ratios(rows),
        **ratios(rows),
        "versions": {f"peer_{name}": number for name, number in peers.versions(options.scratch).items()},
    }  # fmt: skip


def main() -> None:
    """Read the command line, measure, save and print."""
    options = parser(__doc__)
    options.add_argument("--sentences", type=int, default=200)
    options.add_argument("--tokens", type=int, default=12, help="of every translation, end token included [12]")
    options.add_argument("--ways", nargs="+", choices=(*WAYS, *CUT.values()), default=list(WAYS))
    options.add_argument("--rounds", type=int, default=1)
    carry_out("nllb600_shape", measure, options.parse_args())


if __name__ == "__main__":
    main()
