"""What is known of the vllm engine without vLLM; the engine itself runs in tests/vllm_cpu (`make test-vllm`)."""

from __future__ import annotations

import pytest

from glotmill.engine.translators import vllm
from glotmill.engine.translators.vllm import VllmTranslate
from glotmill.schemas.errors import InputError


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    monkeypatch.setattr(vllm, "find_spec", lambda name: name)


@pytest.fixture
def model(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    return tmp_path


def described(model, gpus=0, **changes):
    return vllm.describe(VllmTranslate(engine="vllm", **{"model": str(model), **changes}), gpus)


def test_a_worker_takes_the_gpus_that_share_the_model(model):
    place = described(model, gpus=4, tensor_parallel=2).placement
    assert (place.device, place.gpus, place.compute_type) == ("cuda", 2.0, "bfloat16")
    assert described(model).placement.device == "cpu"


def test_more_gpus_than_there_are_and_a_missing_model_are_refused(model, tmp_path):
    with pytest.raises(InputError, match="tensor_parallel: 2 GPUs are needed, there are 1"):
        described(model, gpus=1, tensor_parallel=2)
    with pytest.raises(InputError, match=r"config\.json not found"):
        described(tmp_path / "none")
    with pytest.raises(InputError, match=r"chat_template: .* does not exist"):
        described(model, chat_template=tmp_path / "none.jinja")


def test_without_vllm_the_command_that_installs_it_is_named(model, monkeypatch):
    monkeypatch.setattr(vllm, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'glotmill\[vllm\]'"):
        described(model)


@pytest.mark.parametrize(
    "changes",
    [{"dtype": "float16"}, {"max_model_len": 512}, {"thinking": False}, {"temperature": 0.5}, {"quantization": "awq"}],
    ids=str,
)
def test_what_decides_an_answer_is_in_the_fingerprint(model, changes):
    assert described(model).fingerprint != described(model, **changes).fingerprint


def test_another_file_of_the_model_is_another_fingerprint_and_its_place_is_not(model, tmp_path_factory):
    before = described(model)
    moved = tmp_path_factory.mktemp("moved")
    for path in model.iterdir():
        (moved / path.name).write_bytes(path.read_bytes())
    assert described(moved, gpu_memory=0.5).fingerprint == before.fingerprint
    (model / "model.safetensors").write_bytes(b"other")
    assert described(model).fingerprint != before.fingerprint
