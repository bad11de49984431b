"""What the number rules cost on people's translations, and what they catch of changed numbers, by language.

    pip install num2words
    python -m benchmarks.numbers --data FOLDER --json

Three sets of figures, each by language:

- ``people``: translations by people, all good. Shares of rows with an extra figure (rejected), a changed number
  (rejected) and a missing one (warned of), over all rows and over those with a number. Tatoeba's even lines and
  Multi30k's val were looked at when words were written by hand; odd lines and the test sets were not.
- ``swapped``: the same rows with a number; another number is put into the source in its place, a figure for a figure
  and a word for a word. Shares that are rejected, and rejected or warned of. Where people gave no number, the swap
  cannot be seen, so only rows whose number the translation states count.
- ``generated``: numbers spelt by num2words, which the tables do not come from: what is lost of right ones, and what is
  caught where the translation spells another number or has it as a figure.
"""

from __future__ import annotations

import argparse
import gzip
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import regex

from benchmarks.corpora import corpora
from benchmarks.results import Result, carry_out, parser
from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.features.number_reader import reader
from glotmill.filters.features.number_words import lexicon
from glotmill.filters.scorers.numbers import NumbersScorer
from glotmill.filters.scorers.script import PROPERTY
from glotmill.schemas.languages import ENGLISH, registry

Pairs = list[tuple[str, str]]
SEED = 22
COUNTS = ("rows", "numbered")  # all others are shares of the rows
FILES = {"sqi": "als", "ara": "arb", "aze": "azj", "kur": "kmr", "mon": "khk", "uzb": "uzn", "yid": "ydd", "cmn": "zho"}
MLQE = {"de": "deu_Latn", "cs": "ces_Latn", "ja": "jpn_Jpan", "zh": "zho_Hans"}
WORDS = "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty".split()  # noqa: SIM905
A_NUMBER = regex.compile(rf"(?i)\b(?:\p{{Nd}}+|{'|'.join(WORDS)})\b")
SPELT = {
    "ar": "arb_Arab", "az": "azj_Latn", "be": "bel_Cyrl", "bn": "ben_Beng", "ca": "cat_Latn", "cs": "ces_Latn",
    "cy": "cym_Latn", "da": "dan_Latn", "de": "deu_Latn", "eo": "epo_Latn", "es": "spa_Latn", "fa": "pes_Arab",
    "fi": "fin_Latn", "fr": "fra_Latn", "he": "heb_Hebr", "hu": "hun_Latn", "id": "ind_Latn", "is": "isl_Latn",
    "it": "ita_Latn", "ja": "jpn_Jpan", "kn": "kan_Knda", "ko": "kor_Hang", "kz": "kaz_Cyrl", "lt": "lit_Latn",
    "lv": "lvs_Latn", "nl": "nld_Latn", "no": "nob_Latn", "pl": "pol_Latn", "pt": "por_Latn", "ro": "ron_Latn",
    "ru": "rus_Cyrl", "sk": "slk_Latn", "sl": "slv_Latn", "sv": "swe_Latn", "te": "tel_Telu", "tg": "tgk_Cyrl",
    "th": "tha_Thai", "tr": "tur_Latn", "uk": "ukr_Cyrl", "vi": "vie_Latn",
}  # fmt: skip
COUNTED = {"ko": "명"}  # Sino-Korean numbers stand before a counter


def tatoeba(folder: Path, even: bool) -> Iterator[tuple[str, Pairs]]:
    """(language, pairs) of the even or the odd lines, the first being line 1, where most letters are of its script."""
    for path in sorted(folder.glob("*.tsv.gz")):
        short = path.name[:3]
        lang = next((code for code in registry() if code[:3] == FILES.get(short, short)), None)
        if lang:
            lines = gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()[1 if even else 0 :: 2]
            yield lang, [(source, target) for source, _, target in (line.partition("\t") for line in lines)
                         if _in_script(target, lang[-4:])]  # fmt: skip


def _in_script(text: str, script: str) -> bool:
    """Whether half of a text's letters and more are of a script."""
    inside = "".join(rf"\p{{{name}}}" for name in PROPERTY[script].split())
    return 2 * len(regex.findall(f"[{inside}]", text)) >= len(regex.findall(r"\p{L}", text))


def mlqe(folder: Path) -> Iterator[tuple[str, Pairs]]:
    """(language, pairs) of machine translations that three people found without a catastrophic error."""
    for short, lang in MLQE.items():
        text = gzip.decompress((folder / f"en{short}.dev.tsv.gz").read_bytes()).decode("utf-8")
        rows = [line.split("\t") for line in text.splitlines()]
        yield lang, [(row[1], row[2]) for row in rows if row[-1] == "NOT"]


def sets(data: Path) -> Iterator[tuple[str, str, Pairs]]:
    """(set, language, pairs)."""
    for name, even in (("tatoeba_even", True), ("tatoeba_odd", False)):
        yield from ((name, lang, pairs) for lang, pairs in tatoeba(data / "tatoeba", even))
    for corpus in (*corpora(data, "fit"), *corpora(data, "test")):
        yield corpus.name, corpus.lang, list(zip(corpus.sources, corpus.targets, strict=True))
    yield from (("mlqe_dev", lang, pairs) for lang, pairs in mlqe(data / "mlqe"))


def judged(lang: str, pairs: Pairs, source_lang: str = ENGLISH) -> pl.DataFrame:
    """The scores of some pairs."""
    rows = [{"source_lang": source_lang, "lang": lang, "source": s, "target": t} for s, t in pairs]
    found = NumbersScorer().score(pa.Table.from_pylist(rows, schema=PAIR_SCHEMA))
    return pl.DataFrame(found)


def people(data: Path, limit: int | None) -> tuple[Result, Result]:
    """(what is marked of good rows, what is caught of swapped ones), by set and language, pooled under ``all``."""
    kept: dict[str, dict[str, Counter[str]]] = defaultdict(dict)
    caught: dict[str, dict[str, Counter[str]]] = defaultdict(dict)
    for name, lang, pairs in sets(data):
        chosen = pairs[:limit]
        scores = judged(lang, chosen)
        numbered = sum(bool(A_NUMBER.search(source) or A_NUMBER.search(target)) for source, target in chosen)
        counts = {column: int((scores[column] > 0).sum()) for column in scores.columns}
        kept[name][lang] = Counter(rows=len(chosen), numbered=numbered, **counts)
        if lexicon(lang):
            swaps = list(swapped(lang, chosen))
            wrong = judged(lang, swaps)
            rejected = (wrong["extra"].fill_null(0) > 0) | (wrong["changed"] > 0)
            caught[name][lang] = Counter(rows=len(swaps), rejected=int(rejected.sum()),
                                         marked=int((rejected | (wrong["missing"] > 0)).sum()))  # fmt: skip
    return _shares(kept), _shares(caught)


def swapped(lang: str, pairs: Pairs) -> Iterator[tuple[str, str]]:
    """Pairs whose translation states the source's number, with another number in the source."""
    rng = random.Random(SEED)
    for source, target in pairs:
        match = A_NUMBER.search(source)
        there = reader(ENGLISH).read(match.group()).stated if match else ()
        if (
            match
            and there
            and there[0].within(frozenset(v for n in reader(lang).read(target).stated for v in n.values))
        ):
            old = match.group().lower()
            new = str(int(old) + rng.randint(1, 9)) if old.isdecimal() else rng.choice([w for w in WORDS if w != old])
            yield source[: match.start()] + new + source[match.end() :], target


def _shares(counts: dict[str, dict[str, Counter[str]]]) -> Result:
    """Counts as shares of the rows, by set and language; ``all`` is the sum."""
    found: Result = {}
    for name, by_lang in counts.items():
        keys = list(next(iter(by_lang.values())))
        pooled = {key: sum(counter[key] for counter in by_lang.values()) for key in keys}
        found[name] = {
            lang: {key: counter[key] if key in COUNTS else round(counter[key] / max(1, counter["rows"]), 5)
                   for key in keys}
            for lang, counter in (("all", pooled), *sorted(by_lang.items()))
        }  # fmt: skip
    return found


def generated(numbers: list[int]) -> Result:
    """What happens to numbers that num2words spells, by language."""
    from num2words import num2words

    found: dict[str, Counter[str]] = {}
    for short, lang in SPELT.items():
        rng = random.Random(SEED)
        spelt = {number: num2words(number, lang=short) + COUNTED.get(short, "") for number in numbers}
        others = {number: rng.choice([other for other in spelt if other != number]) for number in spelt}
        right = judged(lang, [(num2words(n), word) for n, word in spelt.items()])
        back = judged(ENGLISH, [(word, str(n)) for n, word in spelt.items()], lang)
        words = judged(lang, [(num2words(n), spelt[others[n]]) for n in spelt])
        figures = judged(lang, [(num2words(n), str(others[n])) for n in spelt])
        found[lang] = Counter(
            rows=len(spelt), lost=int((right["missing"] > 0).sum()), false_extra=int((back["extra"] > 0).sum()),
            word_rejected=int((words["changed"] > 0).sum()), word_marked=int((words["missing"] > 0).sum()),
            figure_rejected=int((figures["extra"] > 0).sum()),
        )  # fmt: skip
    shares: Result = _shares({"generated": found})["generated"]
    return shares


def measure(options: argparse.Namespace) -> Result:
    """All three."""
    rng = random.Random(SEED)
    numbers = [*range(2, 201), *rng.sample(range(201, 1000), 100), *rng.sample(range(1000, 10_000), 60)]
    kept, caught = people(options.data, 60 if options.quick else None)
    return {"people": kept, "swapped": caught, "generated": generated(numbers[:20] if options.quick else numbers)}


if __name__ == "__main__":
    carry_out("numbers", measure, parser(__doc__).parse_args())
