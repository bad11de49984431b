from benchmarks.nllb600_shape import ratios as shape_ratios
from benchmarks.translate import merged, ratios


def row(captions, questions, bleu=20.0):
    return {
        "captions": {"sentences_per_second": captions},
        "questions": {"sentences_per_second": questions},
        "records": {"sentences_per_second": 2 * questions},
        "bleu": bleu,
    }


def test_ratios_are_to_mblip_and_to_the_faster_bare_loop_of_each_set():
    found = ratios({"mblip": row(100, 300), "glotmill_ray": row(900, 4200, 20.5), "glotmill_inline": row(500, 3000),
                    "glotmill_ray_int8": row(950, 4500, 20.4), "bare_2x1_int8_distinct": row(950, 6000),
                    "bare_2x1": row(1000, 2000), "bare_1x2": row(800, 2100)})  # fmt: skip
    assert (found["ratio_to_mblip"], found["ratio_to_bare"], found["records_ratio_to_mblip"]) == (9.0, 0.9, 15.0)
    assert found["questions"]["best_bare"] == "bare_1x2"
    assert found["records_floor_ratio_to_mblip"] == 20.0
    assert found["bleu_minus_mblip"] == 0.4


def test_a_way_that_ran_twice_counts_with_the_times_of_both():
    runs = [{"peak_mib": 9, "sets": {"captions": {"seconds": [1.0], "outputs": 1}}},
            {"peak_mib": 5, "sets": {"captions": {"seconds": [3.0, 2.0], "outputs": 2}}}]  # fmt: skip
    found = merged(runs)
    assert found == {"peak_mib": 9, "sets": {"captions": {"seconds": [1.0, 3.0, 2.0], "outputs": 2}}}


def test_ratios_of_a_shape_leave_out_what_was_not_run():
    rate = {"sentences_per_second": 2.0}
    found = shape_ratios({"glotmill_ray": rate, "bare_2x1": {"sentences_per_second": 2.5}})
    assert found["ratio_to_bare"] == 0.8
    assert found["ratio_to_mblip"] is None
    assert "int8" not in found
