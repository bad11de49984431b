"""The rules: each a reason code, parameters, and one Polars expression over stored scores.

Guarantees: a rule loads no model and reads no text; a null score never rejects; the order of this table is that of
cost, so of several failing rules the first is the one that counts. `RULES` is the one registry from which recipes
are checked and docs are made; `glotmill.filters.policy` puts a recipe's thresholds into it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

import polars as pl

from glotmill.filters.scorers.language_id import has_labels, thresholds
from glotmill.schemas.languages import registry

Action = Literal["reject", "warn", "off"]
ACTIONS: tuple[Action, ...] = ("reject", "warn", "off")
_LIKE_ENGLISH = {"tpi_Latn"}  # Tok Pisin is English to the model
Thresholds = Mapping[str, float | pl.Expr]  # an expression where a calibration has one for each language


@dataclass(frozen=True, slots=True)
class Parameter:
    """A threshold of a rule: ``filter.<scorer>.<name>`` in a recipe."""

    name: str
    default: float
    low: float
    high: float
    description: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason to reject a row.

    Attributes:
        scorer: The scorer whose columns it reads.
        name: Unique within the scorer; ``filter.<scorer>.<name>.action`` switches the rule.
        description: What it rejects.
        parameters: Its thresholds.
        fails: From the parameters' values to an expression that is true for a row to reject.
        action: What the rule does unless a recipe says otherwise.
        graded: The metric and the parameter that a calibration fits, where the score has no natural threshold.
        own: The parameter that bounds what is asked of each language, and what its own threshold is, by language.
    """

    scorer: str
    name: str
    description: str
    parameters: tuple[Parameter, ...]
    fails: Callable[[Thresholds], pl.Expr]
    action: Action = "reject"
    graded: tuple[str, str] | None = None
    own: tuple[str, Callable[[], Mapping[str, float]]] | None = None

    @property
    def code(self) -> str:
        """The reason code."""
        return f"{self.scorer}.{self.name}"

    @property
    def columns(self) -> frozenset[str]:
        """The score columns that the rule reads."""
        return frozenset(self.fails({p.name: p.default for p in self.parameters}).meta.root_names()) - {"lang"}

    def threshold(self, name: str, value: float) -> float | pl.Expr:
        """What a parameter of this value asks of each row: no language is asked for more than its good text has."""
        if self.own is None or self.own[0] != name:
            return value
        own = self.own[1]()
        return pl.col("lang").replace_strict(
            {code: min(least, value) for code, least in own.items()}, default=value, return_dtype=pl.Float64
        )


def _english_fails(p: Thresholds) -> pl.Expr:
    # Where the model has no labels for a language, English is what it can still tell.
    told = sorted(_unlabelled() - _LIKE_ENGLISH)
    return pl.col("lang").is_in(told) & (pl.col("score_language_id_english") >= p["max_english"])


def _segment_english_fails(p: Thresholds) -> pl.Expr:
    # Where the model has no labels for a language, the lead is all that it takes for English.
    unlabelled = pl.col("lang").is_in(sorted(_unlabelled()))
    most = pl.when(unlabelled).then(p["max_segment_english_unknown"]).otherwise(p["max_segment_english"])
    return ~pl.col("lang").is_in(sorted(_LIKE_ENGLISH)) & (pl.col("score_language_id_segment_english") > most)


def _unlabelled() -> set[str]:
    return {code for code, entry in registry().items() if not has_labels(entry)}


def _latin() -> pl.Expr:
    return pl.col("lang").str.ends_with("_Latn")


def _above(scorer: str, metric: str, name: str, default: float, high: float, text: str) -> tuple[
    tuple[Parameter, ...], Callable[[Thresholds], pl.Expr]]:  # fmt: skip
    """Parameters and expression of a rule that rejects above a threshold."""
    column = pl.col(f"score_{scorer}_{metric}")
    return (Parameter(name, default, 0, high, text),), lambda p: column > p[name]


def _below(scorer: str, metric: str, name: str, default: float, bounds: tuple[float, float], text: str) -> tuple[
    tuple[Parameter, ...], Callable[[Thresholds], pl.Expr]]:  # fmt: skip
    """Parameters and expression of a rule that rejects below a threshold."""
    column = pl.col(f"score_{scorer}_{metric}")
    return (Parameter(name, default, *bounds, text),), lambda p: column < p[name]


# In order of cost. Thresholds: language_id from the calibration named in filters/scorers/language_id.py; all others set
# on the splits to fit on of benchmarks/filters.py, so that each costs 0.2 % of good text or less; results in
# docs/filters.md.
RULES: tuple[Rule, ...] = (
    Rule("integrity", "empty", "the translation of some text is empty", (),
         lambda _: pl.col("score_integrity_empty") > 0),
    Rule("integrity", "hit_limit", "the translation was cut off at the length limit", (),
         lambda _: pl.col("score_integrity_hit_limit") > 0),
    Rule("integrity", "broken_chars", "replacement, unknown-piece or control characters",
         *_above("integrity", "broken_chars", "max_broken_chars", 0, 1e6, "such characters allowed in a turn")),
    Rule("structure", "verbatim", "an address, tag, box, placeholder or code span was lost or invented",
         *_above("structure", "verbatim", "max_verbatim", 0, 1e6, "such differences allowed in a turn")),
    Rule("structure", "lines", "lines were lost or invented",
         *_above("structure", "lines", "max_lines", 0, 1e6, "such differences allowed in a turn")),
    Rule("structure", "items", "list items or headings were lost or invented",
         *_above("structure", "items", "max_items", 0, 1e6, "such differences allowed in a turn"), action="warn"),
    Rule("structure", "encoding", "HTML entities or misread bytes",
         *_above("structure", "encoding", "max_encoding", 0, 1e6, "such places allowed in a turn")),
    Rule("numbers", "extra", "figures that the source has not",
         *_above("numbers", "extra", "max_extra", 0, 1e6, "such figures allowed in a turn")),
    Rule("numbers", "missing", "numbers were lost",
         *_above("numbers", "missing", "max_missing", 0, 1e6, "such numbers allowed in a turn"), action="warn"),
    Rule("numbers", "changed", "numbers were lost while others were gained",
         *_above("numbers", "changed", "max_changed", 0, 1e6, "such numbers allowed in a turn")),
    Rule("lexical", "copy_frac", "words of the source were left as they are",
         (Parameter("max_copy_frac", 0.5, 0, 1, "share of the words, in Latin script"),
          Parameter("max_copy_frac_other", 0.25, 0, 1, "share of the words, in other scripts")),
         lambda p: pl.col("score_lexical_copy_frac")
         > pl.when(_latin()).then(p["max_copy_frac"]).otherwise(p["max_copy_frac_other"])),
    Rule("lexical", "copy_lcs", "a run of the source was left as it is",
         *_above("lexical", "copy_lcs", "max_copy_lcs", 0.45, 1, "words of the run over those of the shorter text")),
    Rule("lexical", "segment_copy", "a run of a segment of 40 letters and more was left as it is",
         *_above("lexical", "segment_copy", "max_segment_copy", 0.6, 1, "words of the run over those of the shorter")),
    Rule("lexical", "tng4", "a run of four words is repeated",
         *_above("lexical", "tng4", "max_tng4", 1, 1e6, "repeats beyond the source's")),
    Rule("lexical", "dup2", "pairs of words are repeated",
         *_above("lexical", "dup2", "max_dup2", 0.39, 1, "share of the pairs of words")),
    Rule("lexical", "zlib_ratio", "long text that repeats itself",
         *_below("lexical", "zlib_ratio", "min_zlib_ratio", 0.3, (0, 10), "compressed over plain bytes")),
    Rule("lexical", "len_z", "far shorter or longer than usual",
         *_above("lexical", "len_z", "max_len_z", 4.0, 100, "standard deviations")),
    Rule("punctuation", "surplus", "another sentence, and more text than usual",
         *_above("punctuation", "surplus", "max_surplus", 0.35, 100, "ln of the length over the usual one")),
    Rule("punctuation", "question_lost", "a question no longer asks",
         (), lambda _: pl.col("score_punctuation_question_lost") > 0, action="warn"),
    Rule("punctuation", "final_changed", "the final mark is of another kind",
         (), lambda _: pl.col("score_punctuation_final_changed") > 0, action="off"),
    Rule("script", "frac", "letters of another script",
         (Parameter("min_frac", 0.5, 0, 1, "share of the letters in the language's script"),
          Parameter("min_frac_latin", 0.9, 0, 1, "the same for Latin script, which no name is written out of")),
         lambda p: pl.col("score_script_frac")
         < pl.when(_latin()).then(p["min_frac_latin"]).otherwise(p["min_frac"])),
    Rule("script", "latin_frac", "many letters are Latin in a language of another script",
         *_above("script", "latin_frac", "max_latin_frac", 0.3, 1, "share of the letters"), action="warn"),
    Rule("script", "han_variant", "simplified characters for traditional ones, or the reverse",
         *_below("script", "han_variant", "min_han_variant", 0.5, (0, 1), "share of the telling characters")),
    Rule("language_id", "mass", "another language, 20 letters and more",
         *_below("language_id", "mass", "min_mass", 1.0, (0, 1), "least share of the language's probability in its "
                 "own and its strongest rival's; no language is asked for more than its own, fitted to lid.176"),
         own=("min_mass", partial(thresholds, "min_mass"))),
    Rule("language_id", "short_margin", "another language, 10 to 19 letters",
         *_below("language_id", "short_margin", "min_short_margin", 0.0, (-20, 20), "least ln of the one probability "
                 "over the other; no language is asked for more than its own, fitted to lid.176"),
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
         *_below("language_id", "segment_mass", "min_segment_mass", 0.001, (0, 1), "least share of a segment, as for "
                 "`min_mass`"),
         own=("min_segment_mass", partial(thresholds, "min_segment_mass"))),
    Rule("language_id", "second_margin", "another language to a second identifier, where the first is in doubt",
         *_below("language_id", "second_margin", "min_second_margin", 0.0, (-20, 20), "least ln of the one probability "
                 "over the other; no language is asked for more than its own, fitted to py3langid"),
         own=("min_second_margin", partial(thresholds, "min_second_margin"))),
    Rule("fan_in", "sources", "many different sources were translated alike",
         *_above("fan_in", "sources", "max_sources", 5, 1e9, "different sources in a shard")),
    Rule("negation", "lost", "the source denies, the translation does not", (),
         lambda _: pl.col("score_negation_lost") > 0, action="warn"),
    Rule("negation", "gained", "the translation denies, the source does not", (),
         lambda _: pl.col("score_negation_gained") > 0, action="warn"),
    Rule("nmt", "logprob", "the translator was unsure",
         *_below("nmt", "logprob", "min_logprob", -1e3, (-1e3, 0), "least mean log-probability of a token"),
         graded=("logprob", "min_logprob")),
    Rule("round_trip", "chrf", "the back-translation is too far from the source",
         *_below("round_trip", "chrf", "min_chrf", 10.0, (0, 100), "least chrF against the source"),
         graded=("chrf", "min_chrf")),
    Rule("cross_entropy", "dual", "source and translation do not follow from one another",
         *_below("cross_entropy", "dual", "min_dual", 0.0, (0, 1), "least dual adequacy"),
         graded=("dual", "min_dual")),
    Rule("adequacy", "score", "the translation does not say what the source says",
         *_below("adequacy", "score", "min_score", -1e3, (-1e3, 1e3), "least soft minimum of the five checks"),
         graded=("score", "min_score")),
    Rule("adequacy", "meaning", "another meaning",
         *_below("adequacy", "meaning", "min_meaning", -0.2, (-1e3, 1e3), "least value of the check")),
    Rule("adequacy", "omission", "something was left out",
         *_below("adequacy", "omission", "min_omission", 0.0, (-1e3, 1e3), "least value of the check")),
    Rule("adequacy", "addition", "something was added",
         *_below("adequacy", "addition", "min_addition", -0.3, (-1e3, 1e3), "least value of the check")),
    Rule("adequacy", "numbers", "another number",
         *_below("adequacy", "numbers", "min_numbers", 0.0, (-1e3, 1e3), "least value of the check"), action="warn"),
    Rule("adequacy", "negation", "another polarity",
         *_below("adequacy", "negation", "min_negation", 0.5, (-1e3, 1e3), "least value of the check"), action="warn"),
    Rule("embedding", "cosine", "source and translation are far apart to the sentence encoder",
         *_below("embedding", "cosine", "min_cosine", -1.0, (-1, 1), "least cosine"),
         graded=("cosine", "min_cosine")),
    Rule("image_text", "similarity", "the translation does not suit the image",
         *_below("image_text", "similarity", "min_similarity", -1e3, (-1e3, 1e3), "least similarity"),
         graded=("similarity", "min_similarity")),
    Rule("llm_judge", "adequacy", "the language model misses too much of the meaning",
         *_below("llm_judge", "adequacy", "min_adequacy", 3, (1, 5), "least adequacy")),
    Rule("llm_judge", "fluency", "the language model finds it unreadable",
         *_below("llm_judge", "fluency", "min_fluency", 2, (1, 5), "least fluency")),
)  # fmt: skip
