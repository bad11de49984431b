"""What every scorer keeps to, whichever it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from glotmill.filters.contract import PAIR_SCHEMA
from glotmill.filters.quality_fit import SHIPPED
from glotmill.filters.registry import SCORERS, make_scorers, rules_of
from glotmill.filters.scorers.llm_judge import Grades, JudgedPair
from glotmill.schemas.errors import InputError
from glotmill.schemas.record import record_schema

SOURCE = "A man in 12 red hats is walking along the street."
LONG = "Behind him two children are playing with a yellow ball."
FORCED = {"reverse_words": [-0.5] * 11, "reverse_end": -0.1, "source_tokens": 14, "alone_words": [-4.0] * 11}
DEFAULTS = {"source_lang": "eng_Latn", "lang": "deu_Latn", "field_type": "caption", "source": SOURCE,
            "logprob": -0.25, "hit_limit": False, "image": "a.jpg", **FORCED}  # fmt: skip
NONE = dict.fromkeys(FORCED)
PAIRS = pa.Table.from_pylist(
    [
        {**DEFAULTS, **pair}
        for pair in (
            {"target": "Ein Mann mit 12 roten Hüten geht die Straße entlang.", "back": SOURCE},
            {"target": SOURCE, "back": SOURCE, "hit_limit": True},
            {"target": "Ein Mann geht.", "back": None, "logprob": -3.5},
            {"target": "", "back": "", "lang": "swh_Latn"},
            {"target": "rot", "back": "red", "source": "red", **NONE},
            {"target": "Ein\ufffd Mann\x00 mit 13 Hüten\n läuft.", "back": "A man with 13 hats.", "lang": "als_Latn"},
            {"target": "🙂", "back": "\n", "source": "", **NONE},
            {"target": "Ein Hund.", "back": "A dog.", "source": "A \ufffd\ufffd dog.", **NONE},
            {"target": "Indoda egqoke izigqoko ezibomvu ihamba emgwaqweni.", "back": SOURCE, "lang": "zul_Latn"},
            {"target": "Ein Mann geht die Straße entlang. " * 4, "back": SOURCE},
            {"target": "一个男人戴着红帽子走。", "back": SOURCE, "lang": "zho_Hans"},
            {"target": "一个戴着红帽子的男人沿着街道走着看起来很高兴的样子。", "back": SOURCE, "lang": "tpi_Latn"},
            {
                "target": f"Ein Mann. {LONG}",
                "back": SOURCE,
                "segments": [{"source": "A man.", "target": "Ein Mann."}, {"source": LONG, "target": LONG}],
            },
        )
    ],
    schema=PAIR_SCHEMA,
)


class Letters:
    """An encoder that counts letters, an image model that likes long texts, and a judge that grades only words."""

    def fingerprint(self) -> dict[str, Any]:
        return {"name": "letters"}

    def encode(self, texts: Sequence[str], langs: Sequence[str]) -> np.ndarray:
        return np.array([[1 + text.count(letter) for letter in "aeinrst"] for text in texts], np.float32)

    def similarity(self, images: Sequence[str], texts: Sequence[str], langs: Sequence[str]) -> list[float]:
        return [float(len(text)) for text in texts]

    def grade(self, pairs: Sequence[JudgedPair]) -> list[Grades | None]:
        return [Grades(5, 4) if pair.source and pair.target else None for pair in pairs]


MODELS = {"llm_judge": Letters(), "quality": SHIPPED}


@pytest.fixture(autouse=True)
def plugins(monkeypatch: pytest.MonkeyPatch):
    for name in ("embedding", "image_text"):
        monkeypatch.setattr(f"glotmill.filters.scorers.{name}.load_plugin", lambda group, name, key: Letters())


@pytest.fixture(params=list(SCORERS))
def scorer(request: pytest.FixtureRequest):
    return make_scorers([request.param], MODELS)[0]


def test_the_scorers_and_their_columns_are_golden():
    metrics = [metric for scorer in SCORERS.values() for metric in scorer.metrics]
    golden = """
        integrity_empty< integrity_hit_limit< integrity_broken_chars<
        structure_verbatim< structure_lines< structure_items< structure_encoding<
        numbers_extra< numbers_missing< numbers_changed<
        lexical_copy_frac< lexical_copy_lcs< lexical_tng4< lexical_dup2< lexical_zlib_ratio> lexical_len_logratio>
        lexical_len_z< lexical_letters> lexical_segment_copy<
        punctuation_question_lost< punctuation_final_changed< punctuation_surplus<
        script_frac> script_latin_frac< script_han_variant>
        language_id_mass> language_id_short_margin> language_id_english<
        language_id_segment_mass> language_id_segment_english< language_id_second_margin>
        fan_in_sources< negation_lost< negation_gained< nmt_logprob> nmt_ended> round_trip_chrf> round_trip_exact>
        cross_entropy_forward< cross_entropy_reverse< cross_entropy_dual>
        adequacy_score> adequacy_meaning> adequacy_omission> adequacy_addition> adequacy_numbers> adequacy_negation>
        quality_score> quality_gain> quality_expected>
        embedding_cosine> embedding_margin> image_text_similarity> image_text_drop<
        llm_judge_adequacy> llm_judge_fluency>
    """.split()  # noqa: SIM905
    signs = {"higher": ">", "lower": "<"}
    assert [f"{m.score_column}{signs[m.direction]}" for m in metrics] == [f"score_{name}" for name in golden]
    names = record_schema(metrics).names
    assert len(set(names)) == len(names)


def test_one_float32_a_pair_for_each_metric_within_its_bounds(scorer):
    columns = scorer.score(PAIRS)
    assert set(columns) == {part.name for part in (*scorer.metrics, *scorer.labels)}
    for metric in scorer.metrics:
        values = columns[metric.name]
        assert (len(values), values.type) == (PAIRS.num_rows, pa.float32())
        known = [value for value in values.to_pylist() if value is not None]
        assert known or metric.name == "second_margin", metric.name  # without a second identifier it is null
        assert all(value == value for value in known), "NaN is no score; what cannot be judged is null"
        assert all(metric.low is None or value >= metric.low for value in known)
        assert all(metric.high is None or value <= metric.high for value in known)


def test_a_pairs_score_does_not_hang_on_its_neighbours(scorer):
    if scorer.whole_shard:
        pytest.skip("it compares rows, by design")
    together = scorer.score(PAIRS)
    alone = [scorer.score(PAIRS.slice(row, 1)) for row in range(PAIRS.num_rows)]
    for name, values in together.items():
        assert values.to_pylist() == [one[name][0].as_py() for one in alone]


def test_no_pairs_are_no_error(scorer):
    columns = scorer.score(PAIRS.slice(0, 0))
    assert {name: (len(values), values.type) for name, values in columns.items()} == {
        **{metric.name: (0, pa.float32()) for metric in scorer.metrics},
        **{label.name: (0, pa.string()) for label in scorer.labels},
    }


def test_what_scorers_need_beside_the_two_texts():
    def those(attribute: str) -> list[str]:
        return [name for name, scorer in SCORERS.items() if getattr(scorer, attribute)]

    assert those("needs_back_translation") == ["round_trip", "adequacy", "quality"]
    assert those("needs_forced_scores") == ["cross_entropy", "adequacy", "quality"]
    assert those("whole_shard") == ["fan_in", "embedding"]
    assert those("expensive") == [
        "round_trip", "cross_entropy", "adequacy", "quality", "embedding", "image_text", "llm_judge",
    ]  # fmt: skip


def test_a_fingerprint_is_plain_data_with_the_version_and_the_same_each_time(scorer):
    fingerprint = scorer.fingerprint()
    assert fingerprint["version"] == scorer.version
    assert json.loads(json.dumps(fingerprint)) == fingerprint == make_scorers([scorer.name], MODELS)[0].fingerprint()


def test_every_rule_belongs_to_a_scorer_and_has_a_code_of_its_own():
    codes = [rule.code for rule in rules_of(SCORERS)]
    assert len(set(codes)) == len(codes)
    assert {rule.scorer for rule in rules_of(SCORERS)} <= set(SCORERS)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], []),
        (["round_trip", "nmt", "integrity"], ["integrity", "nmt", "round_trip"]),
        (list(SCORERS), list(SCORERS)),
    ],
)
def test_scorers_come_in_one_order_whatever_was_asked(names: list[str], expected: list[str]):
    assert [scorer.name for scorer in make_scorers(names)] == expected


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["integrty"], "score.scorers: unknown scorer 'integrty', expected one of integrity"),
        (["qqqq"], "score.scorers: unknown scorer 'qqqq', expected one of "
                   "integrity, structure, numbers, lexical, punctuation, script, language_id, fan_in, negation, "
                   "nmt, round_trip, cross_entropy, adequacy, quality, embedding, image_text, llm_judge"),
        (["nmt", "integrity", "nmt"], "score.scorers: 'nmt' is named twice"),
    ],
)  # fmt: skip
def test_a_name_that_is_unknown_or_named_twice_is_refused(names: list[str], message: str):
    with pytest.raises(InputError) as caught:
        make_scorers(names)
    assert str(caught.value) == message
