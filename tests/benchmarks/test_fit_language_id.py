from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.fit_language_id import CENSORED, CERTAIN, LENGTHS, Leads, fitted, tail

SHORT = next(length for length in LENGTHS if length.column == "min_short_margin")
SEGMENT = next(length for length in LENGTHS if length.column == "min_segment_mass")
KNOWN = np.linspace(-2, 8, 40)  # leads of a language that the model knows


def weak(*lowest: float) -> Leads:
    """Leads of a language of whose texts the model takes a quarter for something else."""
    return np.array([*lowest, *np.linspace(-7, -4, 10 - len(lowest)), *np.linspace(-3, 5, 30)])


def short(leads: dict[str, Leads]) -> dict[str, float]:
    return fitted(leads, SHORT, {code: len(values) for code, values in leads.items()})


def test_a_lead_of_no_probability_says_only_that_it_is_low():
    leads = np.array([-11.4, -11.4, -8.0, *np.zeros(27)])
    quantile = float(np.quantile(leads, 0.1))
    distances = 2 * (quantile - CENSORED) + (quantile + 8)
    assert tail(leads, SHORT)[1] == pytest.approx(distances)  # one of the three is known
    assert tail(leads, SEGMENT)[1] == pytest.approx(((quantile + 11.4) * 2 + quantile + 8) / 3)


def test_languages_that_the_model_is_weak_on_are_drawn_towards_one_another():
    known = dict.fromkeys(["deu_Latn", "fra_Latn", "ita_Latn", "spa_Latn"], KNOWN)
    three = {"kmr_Latn": weak(), "cym_Latn": weak(-11.4, -11), "swh_Latn": weak(-11.2, -11.1)}
    alone, together = short(known | {"kmr_Latn": three["kmr_Latn"]}), short(known | three)
    assert together["kmr_Latn"] < alone["kmr_Latn"]
    assert together["deu_Latn"] > alone["deu_Latn"] - 0.1


def test_no_text_is_kept_that_is_certainly_another_language():
    found = short({code: weak(-11.5, -11.4, -11.3) for code in ("kmr_Latn", "cym_Latn", "swh_Latn")})
    assert min(found.values()) == pytest.approx(CERTAIN)
    assert math.log(1e-5 / 0.99) < CERTAIN
