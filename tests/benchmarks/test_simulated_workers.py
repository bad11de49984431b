import pytest

from benchmarks.simulated_workers import busy_share, saturation, texts


def test_busy_is_counted_until_the_last_unit_is_given_out():
    # Two workers: one busy throughout, the other idle from 2 to 4; the last unit begins at 6.
    spans = [(0.0, 2.0), (2.0, 4.0), (4.0, 6.0), (6.0, 8.0), (0.0, 2.0), (4.0, 6.0)]
    share, window = busy_share(spans, 2)
    assert window == 6
    assert share == pytest.approx(10 / 12)


def test_saturation_is_the_highest_rate_with_busy_workers():
    runs = [{"units_per_second": 30.0, "busy": 0.99}, {"units_per_second": 60.0, "busy": 0.96},
            {"units_per_second": 80.0, "busy": 0.6}]  # fmt: skip
    found = saturation(runs)
    assert found == {"units_per_second_at_bar": 60.0, "units_per_second_at_most": 80.0, "workers_of_2_s_units_fed": 120}
    assert saturation(runs[2:])["units_per_second_at_bar"] is None


def test_texts_are_different_and_of_one_length():
    made = texts(1000)
    assert len(set(made)) == 1000
    assert len({len(text.encode()) for text in made}) == 1
