"""Markers of pictures, videos and sound in a text.

One marker is ours: ``<image>`` stands for a picture. Other models and files write others, for a picture that would
stand nowhere here, or for a video or sound, which a record cannot hold. Guarantees: a row with one of them is refused
with its reason, whoever reads the row; what only looks like one (``<video controls>``, ``<img src=...>``) is text.
"""

from __future__ import annotations

import re

# By the reason for which a row is refused, with who writes them.
_MARKERS = {
    "video_not_supported": (
        r"<video>"  # LLaVA-Video, Video-LLaVA, ms-swift, LLaMA-Factory
        r"|<video[ _-]?\d+>|<vila/video>"
        r"|<\|(?:video|video_\d+|video_pad|begin_of_video|end_of_video)\|>"  # mPLUG-Owl3, Qwen2-VL, GLM-4.1V
    ),
    "audio_not_supported": (
        r"<audio>|<audio[ _-]?\d+>"  # ms-swift, LLaMA-Factory
        r"|<speech>|<sound>"  # LLaMA-Omni, VILA
        r"|<\|(?:audio|audio_\d+|audio_pad|audio_bos|audio_eos|AUDIO)\|>"  # Phi-4, Qwen2-Audio, Qwen2.5-Omni
    ),
    "unknown_image_marker": (
        r"<(?:Image|IMAGE)>|<image[ _-]?\d+>"  # MMMU, MMICL, MiniCPM-V
        r"|<\|(?:image|image_\d+|image_pad|begin_of_image|end_of_image|vision_start|vision_end)\|>"  # Llama, Phi, Qwen
        r"|<img>[^<>\n]{1,8192}</img>"  # Qwen-VL, with the picture's path inside
        r"|<(?:image_placeholder|start_of_image|end_of_image|image_soft_token)>"  # DeepSeek-VL, Gemma 3
        r"|<(?:ImageHere|IMG_CONTEXT|fake_token_around_image)>"  # MiniGPT-4, InternVL, Idefics
        r"|<(?:im_patch|im_start|im_end)>"  # the first LLaVA
        r"|\[IMG_(?:BREAK|END)\]|\[IMG\](?!\s*https?:)"  # Pixtral; with an address behind it is a forum's
    ),
}
_ANY = re.compile("|".join(f"(?P<{reason}>{pattern})" for reason, pattern in _MARKERS.items()))


def foreign_marker(text: str) -> tuple[str, str] | None:
    """(reason to refuse the row, the marker) of the first marker in a text that is not ours; None where there is none.

    The reasons are ``video_not_supported``, ``audio_not_supported`` and ``unknown_image_marker``.
    """
    if "<" not in text and "[IMG" not in text:
        return None
    found = _ANY.search(text)
    return None if found is None else (str(found.lastgroup), found.group())
