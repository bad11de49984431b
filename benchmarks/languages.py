"""Human text in every language at hand: what the rules keep of it, and what they catch of other languages.

    python -m benchmarks.languages --data FOLDER --json [--second py3langid]

By all rules that need no engine, on the texts to test with of `benchmarks.human_text` (odd lines of Tatoeba, xGQA dev,
Multi30k test_2016_flickr). Of each language so many sentences of other languages of its script are drawn, by a fixed
seed, with their own English sources: from 20 letters on and of 10 to 19. Pairs of languages that neither identifier
separates on the texts to fit on are listed, and their average is apart. English is the source itself, left as it was.
``machine`` is what is kept of another engine's translations, by what people said of them (`benchmarks.machine_text`).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from benchmarks.human_text import human_text
from benchmarks.language_cost import cost
from benchmarks.machine_text import machine_text
from benchmarks.results import Result, carry_out, parser
from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.features.lid_model import load_lid
from glotmill.filters.features.second_identifier import load_second
from glotmill.filters.features.target_language import Target, letters_of, normalise
from glotmill.filters.policy import make_policy
from glotmill.filters.registry import make_scorers
from glotmill.filters.scorers.language_id import LanguageIdModel
from glotmill.schemas.languages import ENGLISH, language

SCORERS = ["integrity", "structure", "numbers", "lexical", "punctuation", "script", "language_id", "negation"]
LENGTHS = {"long": (20, 10_000), "short": (10, 19)}
DRAWN = 200  # texts of other languages for each language and length
SEED = 22
ENGLISH_TEXTS = 100  # sources of each language, left in English
APART = 0.5  # a pair is separated where an identifier catches so much of the other at 2 % of good text
LEAST = 10  # texts of a language that say whether a pair is separated


def measure(options: argparse.Namespace) -> Result:
    """All figures."""
    texts = human_text(options.data)
    clean = pl.Series([normalise(text) for text in texts["target"]], dtype=pl.String)
    texts = texts.with_columns(letters=letters_of(clean), clean=clean)
    if options.quick:
        texts = texts.filter(pl.int_range(pl.len()).over("unit") < 40)
    good = texts.filter(pl.col("half") == "test", pl.col("lang").is_not_null())
    judge = Judge(second=options.second is not None)
    kept = good.with_columns(failed=judge.failing(good))
    pairs = inseparable(texts.filter(pl.col("half") == "fit", pl.col("set") == "tatoeba", pl.col("lang").is_not_null()))
    return {
        "second": options.second,
        "kept": {name: summary(part) for name, part in _sets(kept)},
        "kept_by_language": by_language(kept.filter(pl.col("set") == "tatoeba")),
        "lost_by_rule": _counts(kept.filter(pl.col("set") == "tatoeba")["failed"].explode().drop_nulls()),
        "other_language": {
            name: caught(other_languages(good, *bounds), judge, pairs) for name, bounds in LENGTHS.items()
        },
        "inseparable_pairs": sorted(f"{asked} < {other}" for asked, other in pairs),
        "untranslated_english": english(good, judge),
        "machine": machine(machine_text(options.data, "dev"), judge),
        "reach_second": judge.reached(good.filter(pl.col("set") == "tatoeba")),
        "identifiers": cost(good.filter(pl.col("set") == "tatoeba", pl.col("letters") >= 10)["clean"].to_list()),
    }


class Judge:
    """The default stack without an engine.

    Args:
        second: Whether the second identifier is asked.
    """

    def __init__(self, *, second: bool) -> None:
        identifier = LanguageIdModel(second="py3langid" if second else "none")
        self._scorers = make_scorers(SCORERS, {"language_id": identifier})
        self._policy = make_policy({}, SCORERS)

    def failing(self, texts: pl.DataFrame) -> pl.Series:
        """The rules that each pair fails.

        Args:
            texts: With the columns lang, field_type, source and target.
        """
        frame = texts.select("lang", "field_type", "source", "target", source_lang=pl.lit(ENGLISH))
        table = frame.to_arrow()
        columns = [table[f.name].cast(f.type) if f.name in table.column_names else pa.nulls(table.num_rows, f.type)
                   for f in PAIR_SCHEMA]  # fmt: skip
        pairs = pa.table(columns, schema=PAIR_SCHEMA)
        scores = {
            metric.score_column: values[metric.name]
            for scorer in self._scorers
            for values in [scorer.score(pairs)]
            for metric in scorer.metrics
        }
        return self._policy.failing(pl.DataFrame(scores).with_columns(frame["lang"], task=pl.lit("caption")))

    @staticmethod
    def reached(texts: pl.DataFrame) -> float:
        """Share of texts of 10 letters and more that are put to the second identifier."""
        asked = [first_lead(code, text) < 0 for code, text, _ in _judged(texts)]
        return round(float(np.mean(asked)), 4)


def summary(kept: pl.DataFrame) -> dict[str, Any]:
    """Pooled, by language, and the worst of the one-sided 95 % upper bounds."""
    rows = by_language(kept)
    shares = [row["kept"] for row in rows.values()]
    worst = min(rows, key=lambda lang: rows[lang]["upper_95"])
    return {
        "texts": kept.height,
        "pooled": round(float((kept["failed"].list.len() == 0).mean()), 4),  # type: ignore[arg-type]
        "mean": round(float(np.mean(shares)), 4),
        "median": round(float(np.median(shares)), 4),
        "worst": {"lang": worst, **rows[worst]},
        "languages_under_0.985": sorted(lang for lang, row in rows.items() if row["upper_95"] < 0.985),
    }


def by_language(kept: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Texts, the kept share and its upper bound, and what rejected the rest, by language."""
    found = {}
    for (lang,), part in sorted(kept.group_by(["lang"]), key=lambda item: str(item[0])):
        lost = int((part["failed"].list.len() > 0).sum())
        found[str(lang)] = {
            "texts": part.height,
            "kept": round(1 - lost / part.height, 4),
            "upper_95": round(upper_bound(part.height, lost), 4),
            "lost_by": _counts(part["failed"].explode().drop_nulls()),
        }
    return found


def upper_bound(texts: int, lost: int, confidence: float = 0.95) -> float:
    """The one-sided upper bound of a kept share after Clopper and Pearson (1934), by bisection."""
    if lost == 0:
        return 1.0
    low, high = 1 - lost / texts, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(texts, lost, 1 - middle) > 1 - confidence else (low, middle)
    return (low + high) / 2


def _at_most(texts: int, lost: int, rate: float) -> float:
    """The probability of so many losses or more, where each text is lost at a rate."""
    probability, fewer = (1 - rate) ** texts, 0.0
    for number in range(lost):
        fewer += probability
        probability *= (texts - number) / (number + 1) * rate / (1 - rate)
    return 1 - fewer


def other_languages(good: pl.DataFrame, low: int, high: int) -> pl.DataFrame:
    """For each language texts of others of its script, drawn evenly over them; ``other`` names the text's own."""
    rng = np.random.default_rng(SEED)
    pool = good.filter(pl.col("set") == "tatoeba", pl.col("letters").is_between(low, high)).sort("lang", "target")
    parts = {str(lang): part for (lang,), part in pool.group_by(["lang"], maintain_order=True)}
    scripts = dict(good.filter(pl.col("set") == "tatoeba").group_by("lang").agg(pl.col("script").mode().sort().first())
                   .sort("lang").iter_rows())  # fmt: skip
    drawn = []
    for lang, script in scripts.items():
        others = [other for other in sorted(parts) if scripts[other] == script and not _same(lang, other)]
        for other in rng.choice(others, DRAWN) if others else ():
            row = parts[other][int(rng.integers(parts[other].height))]
            drawn.append(row.with_columns(other=pl.lit(str(other)), lang=pl.lit(lang)))
    return pl.concat(drawn)


def _same(lang: str, other: str) -> bool:
    """Whether two codes are of one language; the two ways of writing Chinese are the script rule's to tell."""
    return lang == other or {lang, other} == {"zho_Hans", "zho_Hant"}


def caught(drawn: pl.DataFrame, judge: Judge, pairs: Mapping[tuple[str, str], float]) -> dict[str, Any]:
    """Mean over the languages of the share of others caught; pairs that nothing separates are apart."""
    judged = drawn.with_columns(caught=judge.failing(drawn).list.len() > 0)
    apart = pl.Series(
        [(lang, other) in pairs for lang, other in judged.select("lang", "other").iter_rows()], dtype=pl.Boolean
    )
    means = {name: judged.filter(rows).group_by("lang").agg(pl.col("caught").mean(), pl.len()).sort("lang")
             for name, rows in (("separable", ~apart), ("inseparable", apart))}  # fmt: skip
    return {
        "texts": drawn.height,
        "caught": _mean(means["separable"]),
        "caught_all_pairs": _mean(judged.group_by("lang").agg(pl.col("caught").mean())),
        "caught_inseparable": _mean(means["inseparable"]),
        "by_language": {lang: round(share, 3) for lang, share, _ in means["separable"].iter_rows()},
    }


def _mean(shares: pl.DataFrame) -> float | None:
    return None if shares.is_empty() else round(float(shares["caught"].mean()), 4)  # type: ignore[arg-type]


def machine(texts: pl.DataFrame, judge: Judge) -> dict[str, Any]:
    """What is kept of another engine's translations that people found good, and of those with a grave error."""
    judged = texts.with_columns(failed=judge.failing(texts))
    return {name: by_language(judged.filter(pl.col("good") == good)) for name, good in (("good", True), ("bad", False))}


def english(good: pl.DataFrame, judge: Judge) -> dict[str, Any]:
    """Share of sources that are caught where they are left as they are, over the languages."""
    chosen = good.filter(pl.col("set") == "tatoeba").sort("lang", "source", "target")
    parts = [part.sample(min(part.height, ENGLISH_TEXTS), seed=SEED)
             for _, part in chosen.group_by(["lang"], maintain_order=True)]  # fmt: skip
    left = pl.concat(parts).with_columns(target="source")
    shares = left.with_columns(caught=judge.failing(left).list.len() > 0).group_by("lang").agg(pl.col("caught").mean())
    worst = shares.sort("caught", "lang")
    return {
        "texts": left.height,
        "caught": _mean(shares),
        "worst": {lang: round(share, 3) for lang, share in worst.head(5).iter_rows()},
    }


def inseparable(texts: pl.DataFrame) -> dict[tuple[str, str], float]:
    """(language asked for, other) of the same script that neither identifier separates, with the best share caught."""
    leads = {"first": first_lead, "second": second_lead}
    chosen = {str(lang): part for (lang,), part in texts.filter(pl.col("letters") >= 10).group_by(["lang"])}
    found: dict[tuple[str, str], float] = {}
    for lang in sorted(chosen):
        own = chosen[lang]
        others = [other for other in sorted(chosen) if chosen[other]["script"][0] == own["script"][0]]
        others = [other for other in others if not _same(lang, other) and chosen[other].height >= LEAST]
        if own.height < LEAST or not others:
            continue
        best = dict.fromkeys(others, 0.0)
        for lead in leads.values():
            values = [lead(lang, text) for text in own["clean"]]
            if None in values:
                continue
            least = float(np.quantile(np.array(values, float), 0.02))
            for other in others:
                share = float(np.mean([lead(lang, text) < least for text in chosen[other]["clean"][:100]]))  # type: ignore[operator]
                best[other] = max(best[other], share)
        found |= {(lang, other): share for other, share in best.items() if share < APART}
    return found


def first_lead(lang: str, text: str) -> float:
    """The lead of a language that lid.176 finds."""
    return Target(language(lang), load_lid()).measure(text).lead


def second_lead(lang: str, text: str) -> float | None:
    """The lead that the second identifier finds; None where it does not know the language."""
    target = Target(language(lang), load_second())
    return target.measure(text).lead if target.known else None


def _judged(texts: pl.DataFrame) -> Iterator[tuple[str, str, int]]:
    yield from texts.filter(pl.col("letters") >= 10).select("lang", "clean", "letters").iter_rows()


def _sets(kept: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    for (name,), part in sorted(kept.group_by(["set"]), key=lambda item: str(item[0])):
        yield str(name), part


def _counts(codes: pl.Series) -> dict[str, int]:
    return dict(codes.value_counts().sort("count", codes.name, descending=[True, False]).iter_rows())


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("--second", choices=["py3langid"], help="ask this identifier where lid.176 is in doubt")
    carry_out("languages", measure, options.parse_args())
