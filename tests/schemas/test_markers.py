from __future__ import annotations

import pytest

from glotmill.schemas.markers import foreign_marker


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<video>\nWhat happens?", "video_not_supported"),
        ("<|video_pad|> What happens?", "video_not_supported"),
        ("<vila/video>", "video_not_supported"),
        ("<video_1> and <video_2>", "video_not_supported"),
        ("<audio>What is said?", "audio_not_supported"),
        ("<speech>\nAnswer it.", "audio_not_supported"),
        ("<|audio_bos|><|AUDIO|><|audio_eos|>", "audio_not_supported"),
        ("<|audio_1|> Transcribe it.", "audio_not_supported"),
        ("<image 1> What is it?", "unknown_image_marker"),
        ("<image_00>", "unknown_image_marker"),
        ("image 0 is <image0>", "unknown_image_marker"),
        ("<|image|>What is it?", "unknown_image_marker"),
        ("<|image_1|>\nWhat is it?", "unknown_image_marker"),
        ("<|vision_start|><|image_pad|><|vision_end|>", "unknown_image_marker"),
        ("Picture 1: <img>a/b.jpg</img>", "unknown_image_marker"),
        ("<image_placeholder>What?", "unknown_image_marker"),
        ("<start_of_image> What?", "unknown_image_marker"),
        ("<Img><ImageHere></Img>", "unknown_image_marker"),
        ("[IMG][IMG_BREAK][IMG][IMG_END]What?", "unknown_image_marker"),
        ("<IMAGE> What?", "unknown_image_marker"),
    ],
)
def test_a_marker_that_is_not_ours_is_known(text: str, reason: str):
    found = foreign_marker(text)
    assert found is not None
    assert found[0] == reason
    assert found[1] in text


@pytest.mark.parametrize(
    "text",
    [
        "", "a < b", "<image>\nWhat is it?", "Use <video controls> or <video src='a.mp4'></video>.", "<img>",
        "<|im_start|>user", "<box>(1,2)</box>", "[IMG] https://a.b/c.jpg [/IMG]", "[IMAGE]", "<images>", "<p>",
        "<image />", "<videos>",
    ],
)  # fmt: skip
def test_what_only_looks_like_one_is_text(text: str):
    assert foreign_marker(text) is None


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "text", ["<img>" * 40_000, "<img>" + "x" * 200_000, "[IMG]" + " " * 100_000, "<image" * 50_000]
)
def test_no_text_takes_long(text: str):
    foreign_marker(text)
