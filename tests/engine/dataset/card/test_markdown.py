"""What strangers say stands on the card as text."""

from __future__ import annotations

import pytest

from glotmill.engine.dataset.card.markdown import code, plain


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("COCO captions, 2014 (val)", "COCO captions, 2014 (val)"),
        ("cc-by-4.0, coco_captions, a & b", "cc-by-4.0, coco_captions, a & b"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("&lt;b&gt; &#60;", "&amp;lt;b&amp;gt; &amp;#60;"),
        ("[here](javascript:x) ![](http://x)", r"\[here\](javascript:x) !\[\](http://x)"),
        ("a | b", r"a \| b"),
        ("*b* _i_ `c` ~~d~~ $e$ \\", r"\*b\* \_i\_ \`c\` \~\~d\~\~ \$e\$ \\"),
        ("one\n---\n# two\r\n\r\n- three", "one --- # two - three"),
        ("---", r"\---"),
        ("# head", r"\# head"),
        ("> quote", "&gt; quote"),
        ("1. item", r"1\. item"),
        ("a\u202eb\x1bc", "a&lt;U+202E&gt;b&lt;U+001B&gt;c"),
    ],
)
def test_a_text_is_one_line_of_itself(text: str, escaped: str):
    assert plain(text) == escaped


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("nllb@sha256:0f", "`nllb@sha256:0f`"),
        ("a`b", "`` a`b ``"),
        ("``` <b>", "```` ``` <b> ````"),
        ("a|b\nc", r"`a\|b c`"),
        ("", ""),
    ],
)
def test_code_ends_where_it_ends(text: str, escaped: str):
    assert code(text) == escaped
