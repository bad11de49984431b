"""What the benchmarks of output vocabularies measure with."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np
import polars as pl

from benchmarks.random_nllb import LENGTH, QUICK, make
from benchmarks.vocabulary_auto import changes
from benchmarks.vocabulary_coverage import coverage, of_language
from benchmarks.vocabulary_curve import SHARES, lists
from glotmill.engine.translators import Request, load_translator, resolve_translator
from glotmill.engine.translators.nllb import NllbTranslate
from glotmill.engine.translators.shared.output_vocabulary import OutputVocabulary
from glotmill.engine.translators.shared.retry import translate_with_retry
from glotmill.engine.translators.shared.token_use import TokenUse
from tests.conftest import ROOT


def test_a_random_model_has_the_shape_that_was_asked_for_and_its_translations_are_whole(tmp_path):
    folder = make(tmp_path / "model", QUICK)
    assert len(json.loads((folder / "shared_vocabulary.json").read_text())) == QUICK.tokens
    before = (folder / "model.bin").stat().st_mtime_ns
    assert make(folder, QUICK) == folder
    assert (folder / "model.bin").stat().st_mtime_ns == before
    section = NllbTranslate(
        engine="nllb", model=str(folder), device="cpu", beam_size=1, retry=None, max_decoding_tokens=2 * LENGTH
    )
    texts = ["A dog runs.", "Two men sit at a table.", "A red bus is near the water.", "What colour is the cat?"]
    batch = [Request("eng_Latn", "deu_Latn", text) for text in texts]
    made = [
        outcome.translation for outcome in translate_with_retry(load_translator(resolve_translator(section)), batch)
    ]
    assert [(one.failure, one.target_tokens) for one in made] == [(None, LENGTH)] * len(texts)
    assert len({one.text for one in made}) > 1


def test_the_script_for_a_gpu_runs_on_a_cpu_with_nothing_installed_but_numpy_and_ctranslate2(tmp_path):
    script = ROOT / "tests/gpu/output_vocabulary.py"
    alone = (
        "import runpy, sys\n"
        "class No:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name.partition('.')[0] in ('glotmill', 'polars', 'pyarrow', 'pydantic'):\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, No())\n"
        f"sys.argv = [{str(script)!r}, '--out', {str(tmp_path)!r}, '--device', 'cpu', '--quick']\n"
        f"runpy.run_path({str(script)!r}, run_name='__main__')\n"
    )
    subprocess.run([sys.executable, "-c", alone], check=True, cwd=tmp_path, capture_output=True)
    found = json.loads((tmp_path / "output_vocabulary.json").read_text())
    assert {row["output_tokens"] for row in found["rows"]} == {8192, 4096, 2048, 1024}
    assert {row["what"] for row in found["rows"]} == {"translate", "score"}


def test_coverage_counts_tokens_and_whole_sentences():
    kept = OutputVocabulary.of(np.arange(16, dtype=np.uint32), 64)
    assert coverage(kept, [[1, 2, 3], [4, 40], [5]]) == (5 / 6, 2 / 3)


def test_the_estimate_is_the_share_of_what_was_seen_once_and_the_truth_that_of_what_was_not_seen():
    tokens = ["<s>", *(f"▁{letter * 2}" for letter in "abcdefghijklmnopqrstuvwxyz"), *(f"▁x{n}" for n in range(37))]
    numbers = {token[1:]: number for number, token in enumerate(tokens)}

    def encode(lines):
        return [[numbers[word] for word in line.split()] for line in lines]

    found = of_language(tokens, encode, "deu_Latn", ["aa aa bb"], ["aa cc", "bb"])
    assert math.isclose(found["text"]["estimated"], 1 / 3)
    assert math.isclose(found["text"]["unseen"], 1 / 3)
    assert found["script"] == {"kept": 1.0, "tokens": 1.0, "sentences": 1.0}


def test_a_curve_has_lists_of_the_same_lengths_made_in_both_ways():
    best, other, likely = (np.array(tokens, np.int32) for tokens in ([4_000, 4_001], [4_002], [4_003]))
    use = TokenUse(best, other, likely, np.array([0.5], np.float32))
    made = dict(lists("deu_Latn", [use], ["Ein Hund rennt."]))
    assert [name for name in made if name.startswith("expected")] == [f"expected {share:.3f}" for share in SHARES]
    assert all(made[f"expected {share:.3f}"].tokens == made[f"first {share:.3f}"].tokens for share in SHARES)
    assert all(made["expected 0.375"].has(token) for token in (4_000, 4_001, 4_002, 4_003))
    assert not made["first 0.375"].has(4_003)
    assert made["all"].tokens == made["all"].size


def test_changes_are_counted_by_dataset_and_language_and_a_record_that_one_build_lacks_has_changed():
    def rows(texts):
        found = pl.DataFrame({"record_id": list(texts), "messages": list(texts.values())})
        return found.with_columns(lang=pl.lit("deu_Latn"), dataset=pl.col("record_id").str.slice(0, 4))

    full = rows({"coco1": "a", "coco2": "b", "coco3": "c", "xgqa1": "d"})
    found = changes(full, rows({"coco1": "a", "coco2": "other", "xgqa1": "d"}))
    assert {name: (one["records"], one["changed"]) for name, one in found.items()} == {
        "coco deu_Latn": (3, 0.66667),
        "xgqa deu_Latn": (1, 0.0),
    }
