"""A build of which any process is killed at any moment ends in the bytes of an undisturbed one.

The short version; ``make soak`` runs the long one (`tests.faults.soak`).
"""

from __future__ import annotations

import random

import pytest

from tests.faults.trials import DRIVER_EVENTS, RAY_EVENTS, Fault, Trials

SEGMENTS = 400
SHOWN_HERE = {("embedded", "raylet"), ("embedded", "batch"), ("windows", "actor"), ("windows", "commit")}  # soak: all
ENGINES = ["windows", *(pytest.param(name, marks=pytest.mark.long) for name in ("embedded", "fake"))]


@pytest.fixture(scope="module", params=ENGINES)
def trials(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trials:
    return Trials(tmp_path_factory.mktemp("trials"), request.param, SEGMENTS)


@pytest.mark.parametrize("event", DRIVER_EVENTS)
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
def test_the_driver_killed_without_ray(trials: Trials, event: str, seed: int):
    outcome = trials.run(seed, trials.fault(random.Random(seed), event, 0))
    assert outcome.happened
    assert outcome.runs == 2
    assert outcome.same


@pytest.mark.timeout(600)
@pytest.mark.parametrize("event", RAY_EVENTS)
def test_one_process_of_a_build_on_ray_killed(trials: Trials, event: str):
    if (trials.engine, event) not in SHOWN_HERE:
        pytest.skip("takes long: make soak shows it")
    outcome = trials.run(3, trials.fault(random.Random(3), event, 2))
    assert outcome.happened
    assert outcome.same
    # An actor's death costs no run, the driver's one; Ray's node takes both its actors with it.
    assert outcome.runs == (1 if event in ("batch", "actor") else 2)


def test_a_build_is_resumed_and_not_begun_again(trials: Trials):
    outcome = trials.run(4, Fault("commit", trials.counts["commit"] // 2, 0))
    asked = trials.summary["segments"]["unique"] + trials.summary["back_translation"]["unique"]
    assert 0 < outcome.translated < asked
