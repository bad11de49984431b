from benchmarks.bare import Decoding, batches_of
from benchmarks.ways import Job, Set, run
from glotmill.engine.embedded import MODEL_DIR

TEXTS = ["A dog runs on the grass.", "Two men. They stand near a bus.", "A dog runs on the grass.", "42"]


def job():
    sets = {"some": Set(TEXTS, ["deu_Latn", "fra_Latn"], {"bare_1x2": 2})}
    return Job(str(MODEL_DIR), "", Decoding(max_tokens=40), TEXTS[:1], sets)


def test_a_job_survives_its_file(tmp_path):
    job().write(tmp_path / "job.json")
    assert Job.read(tmp_path / "job.json") == job()


def test_the_loop_and_the_stage_give_the_same_translations_and_count_what_they_send():
    loop, stage = (run(way, job())["sets"]["some"] for way in ("bare_1x2", "glotmill_inline"))
    assert len(loop["seconds"]) == 2
    assert len(stage["seconds"]) == 1
    assert 0 < stage["stage_seconds"][0] < stage["seconds"][0]
    for lang in ("deu_Latn", "fra_Latn"):
        assert stage["outputs"][lang][0] == loop["outputs"][lang][0] == stage["outputs"][lang][2]
        assert stage["outputs"][lang][3] == "42"
    assert loop["sent"] == 8
    assert stage["sent"] == 6  # three sentences in two languages: a repetition and a number are not sent


def test_the_floor_is_sent_each_different_text_once_and_answers_for_all():
    floor, loop = (run(way, job())["sets"]["some"] for way in ("bare_2x1_int8_distinct", "bare_2x1_int8"))
    assert floor["sent"] == 6
    assert [len(texts) for texts in floor["outputs"].values()] == [4, 4]
    assert floor["outputs"]["deu_Latn"][0] == floor["outputs"]["deu_Latn"][2] == loop["outputs"]["deu_Latn"][0]


def test_batches_hold_every_text_once_longest_first():
    texts = ["word " * n for n in range(1, 60)]
    batches = batches_of(texts, 256)
    assert sorted(row for batch in batches for row in batch) == list(range(59))
    assert batches[0][0] == 58
    assert len(batches) > 1
