from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glotmill.engine.memory.tmx import Pair, read_tmx, write_tmx
from glotmill.schemas.errors import InputError, RowError
from glotmill.schemas.keys import nfc

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(nfc).filter(str.strip)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=8), st.sampled_from(["deu_Latn", "zho_Hans", "arb_Arab", "ace_Arab"]))
def test_what_is_written_is_what_is_read(tmp_path_factory: pytest.TempPathFactory, texts, lang: str):
    path = tmp_path_factory.mktemp("tmx") / "x.tmx"
    pairs = [Pair("eng_Latn", lang, source, target) for source, target in texts]
    written, left_out = write_tmx(path, pairs)
    assert written + left_out == len(pairs)
    read = list(read_tmx(path))
    if not left_out:
        assert [(p.source_lang, p.target_lang, p.source, p.target) for p in read] == [
            ("eng_Latn", lang, source, target) for source, target in texts
        ]


def test_what_xml_cannot_hold_is_left_out_and_counted(tmp_path: Path):
    pairs = [Pair("eng_Latn", "deu_Latn", "a\x0bb", "x"), Pair("eng_Latn", "deu_Latn", 'a <b> & "c"', "x")]
    assert write_tmx(tmp_path / "x.tmx", pairs) == (1, 1)
    (pair,) = read_tmx(tmp_path / "x.tmx")
    assert pair.source == 'a <b> & "c"'


def unit(source: str, target: str, attributes: str = "", tags: tuple[str, str] = ("en", "de")) -> str:
    variants = "".join(f'<tuv xml:lang="{tag}">{text}</tuv>' for tag, text in zip(tags, (source, target), strict=True))
    return f"<tu {attributes}>{variants}</tu>"


def tmx(path: Path, *units: str) -> Path:
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE tmx SYSTEM "tmx14.dtd"><tmx version="1.4"><header/><body>'
        f"{''.join(units)}</body></tmx>",
        encoding="utf-8",
    )
    return path


def seg(text: str) -> str:
    return f"<seg>{text}</seg>"


def test_files_of_other_tools_are_understood_by_their_language_tags(tmp_path: Path):
    path = tmx(
        tmp_path / "x.tmx",
        unit(seg("a dog"), seg("ein Hund"), 'changeid="Anna"', ("en-US", "de-AT")),
        unit(seg("ein Hund"), seg("a dog"), 'srclang="en"', ("de", "en")),
        unit(seg("a dog"), seg("狗"), "", ("EN", "zh-Hant")),
    )
    pairs = list(read_tmx(path))
    assert [(p.source_lang, p.target_lang, p.target, p.by) for p in pairs] == [
        ("eng_Latn", "deu_Latn", "ein Hund", "Anna"),
        ("eng_Latn", "deu_Latn", "ein Hund", None),
        ("eng_Latn", "zho_Hant", "狗", None),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (unit(seg("a"), seg("b"), "", ("en", "tlh")), "unknown_language"),
        (unit(seg("a"), seg("b"), "", ("en", "zh")), "unknown_language"),  # which script?
        (unit(seg("a"), seg("  ")), "empty_text"),
        (unit(seg("a"), ""), "empty_text"),
        (unit(seg("a"), seg("b <ph/> c")), "inline_markup"),
        (unit(seg("a"), seg("<ph/>b")), "inline_markup"),
        (unit(seg("a"), seg("b"), "", ("en", "sr-Latn")), "unknown_language"),  # another script than the one we know
        (unit(seg("a"), seg("b"), "", ("en", "uz-Cyrl-UZ")), "unknown_language"),
        (unit(seg("a"), seg("b"), "", ("en", "en")), "one_language"),
        ('<tu><tuv xml:lang="en"><seg>a</seg></tuv></tu>', "not_two_variants"),
    ],
)
def test_a_unit_that_cannot_be_used_has_a_reason_and_the_next_one_is_read(tmp_path: Path, text: str, reason: str):
    bad, good = read_tmx(tmx(tmp_path / "x.tmx", text, unit(seg("a"), seg("b"))))
    assert isinstance(bad, RowError)
    assert bad.reason == reason
    assert isinstance(good, Pair)


BOMB = "".join(f'<!ENTITY e{i + 1} "{f"&e{i};" * 10}">' for i in range(9))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not xml",
        "<tmx><body><tu></body></tmx>",
        "<html><body/></html>",
        "<tmx/>",
        '<?xml version="1.0" encoding="foo"?><tmx><body/></tmx>',
        f'<!DOCTYPE tmx [<!ENTITY e0 "lollollol">{BOMB}]><tmx><body><tu>&e9;</tu></body></tmx>',
        '<!DOCTYPE tmx [<!ENTITY x SYSTEM "file:///etc/hostname">]><tmx><body><tu>&x;</tu></body></tmx>',
    ],
)
def test_a_file_that_is_not_tmx_is_refused_as_a_whole(tmp_path: Path, text: str):
    path = tmp_path / "x.tmx"
    path.write_text(text)
    with pytest.raises(InputError, match="TMX"):
        list(read_tmx(path))


def test_a_missing_file_is_one_line(tmp_path: Path):
    with pytest.raises(InputError, match="No such file"):
        list(read_tmx(tmp_path / "none.tmx"))


def test_the_source_is_the_language_that_the_unit_or_the_file_names(tmp_path: Path):
    path = tmx(tmp_path / "x.tmx", unit(seg("ein Hund"), seg("a dog"), "", ("de", "en-US")))
    path.write_text(path.read_text().replace("<header/>", '<header srclang="en"/>'))
    (pair,) = read_tmx(path)
    assert (pair.source_lang, pair.target_lang, pair.target) == ("eng_Latn", "deu_Latn", "ein Hund")


def test_line_ends_survive(tmp_path: Path):
    write_tmx(tmp_path / "x.tmx", [Pair("eng_Latn", "deu_Latn", "a\r\nb\rc\nd", "x")])
    (pair,) = read_tmx(tmp_path / "x.tmx")
    assert pair.source == "a\r\nb\rc\nd"
