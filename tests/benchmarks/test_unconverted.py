import numpy as np
import pytest

from benchmarks.unconverted import checkpoint, layers_of, read_variables
from glotmill.engine.embedded import MODEL_DIR


def test_the_embedded_model_has_all_its_weights_under_transformers_names():
    variables = read_variables(MODEL_DIR / "model.bin")
    state = checkpoint(variables)
    assert (layers_of(variables, "encoder"), layers_of(variables, "decoder")) == (3, 2)
    assert sum(values.size for values in state.values()) == 1_765_248
    assert state["model.decoder.layers.1.encoder_attn.v_proj.weight"].shape == (128, 128)
    assert all(values.dtype == np.float32 for values in state.values())
    assert 0.001 < np.abs(state["model.encoder.layers.0.fc1.weight"]).mean() < 1


def test_another_format_is_refused(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"\x05\0\0\0")
    with pytest.raises(ValueError, match="version 5"):
        read_variables(tmp_path / "model.bin")
