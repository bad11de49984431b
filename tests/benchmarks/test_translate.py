from benchmarks.nllb600_shape import ratios as shape_ratios
from benchmarks.translate import merged, ratios


def row(captions, questions, bleu=20.0):
    rates = {"captions": captions, "questions": questions, "records": 2 * questions, "records_by_field": 3 * questions}
    return {"bleu": bleu} | {
        name: {"sentences_per_second": rate, "stage_sentences_per_second": rate + 20} for name, rate in rates.items()
    }


def test_ratios_are_to_mblip_and_to_the_faster_bare_loop_of_each_set():
    found = ratios({"mblip": row(100, 300), "glotmill_ray": row(900, 4200, 20.5), "glotmill_inline": row(500, 3000),
                    "glotmill_ray_int8": row(950, 4500, 20.4), "bare_2x1_int8_distinct": row(950, 6000),
                    "bare_2x1": row(1000, 2000), "bare_1x2": row(800, 2100)})  # fmt: skip
    assert (found["ratio_to_mblip"], found["records_ratio_to_mblip"]) == (9.0, 15.0)
    assert found["ratio_to_bare"] == round(920 / 1020, 3)  # of the stages alone
    assert found["ratio_to_bare_texts_to_texts"] == 0.9
    assert found["questions"]["best_bare"] == "bare_1x2"
    assert found["records_floor_ratio_to_mblip"] == 20.0
    assert found["records_by_field"] == {"ratio_to_mblip": 10.0, "floor_ratio_to_mblip": round(12000 / 900, 2)}
    assert found["bleu_minus_mblip"] == 0.4


def test_a_way_that_ran_twice_counts_with_the_times_of_both():
    first = {"seconds": [1.0], "stage_seconds": [0.9], "outputs": 1}
    second = {"seconds": [3.0, 2.0], "stage_seconds": [2.8, 1.9], "outputs": 2}
    runs = [{"peak_mib": 9, "sets": {"captions": first}}, {"peak_mib": 5, "sets": {"captions": second}}]
    found = merged(runs)
    timed = {"seconds": [1.0, 3.0, 2.0], "stage_seconds": [0.9, 2.8, 1.9], "outputs": 2}
    assert found == {"peak_mib": 9, "sets": {"captions": timed}}


def test_ratios_of_a_shape_leave_out_what_was_not_run():
    rate = {"sentences_per_second": 2.0}
    found = shape_ratios({"glotmill_ray": rate, "bare_2x1": {"sentences_per_second": 2.5}})
    assert found["ratio_to_bare"] == 0.8
    assert found["ratio_to_mblip"] is None
    assert "int8" not in found
