"""TMX 1.4b, the exchange format of translation memories: export for people's tools, and reading what comes back.

Guarantees: FLORES-200 codes survive the way out and in (as a property beside the BCP-47 tag that the format asks
for); a unit that cannot be used is counted under a reason; a file that is not TMX is refused as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from glotmill.engine import __version__
from glotmill.engine.storage.atomic_write import whole_file
from glotmill.schemas.errors import InputError, RowError
from glotmill.schemas.keys import nfc
from glotmill.schemas.languages import registry

FLORES_PROPERTY = "x-flores-200"
ORIGIN_PROPERTY = "x-glotmill-origin"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_REGION = re.compile("[a-z]{2}|[0-9]{3}")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Pair:
    """One translation as TMX holds it.

    Attributes:
        source_lang: FLORES-200 code.
        target_lang: FLORES-200 code.
        source: The request.
        target: Its translation.
        origin: ``machine`` or ``human``.
        by: Who changed it last, where the file says so.
    """

    source_lang: str
    target_lang: str
    source: str
    target: str
    origin: str = "machine"
    by: str | None = None


def write_tmx(path: Path, pairs: Iterable[Pair]) -> tuple[int, int]:
    """Write pairs as a TMX file, a unit each.

    Returns:
        (units written, pairs left out because they hold characters that XML cannot)
    """
    written = left_out = 0
    with whole_file(path) as aside, aside.open("w", encoding="utf-8") as file:
        xml = XMLGenerator(file, "utf-8", short_empty_elements=True)
        xml.startDocument()
        _open(xml, "tmx", version="1.4")
        header = {"creationtool": "glotmill", "creationtoolversion": __version__, "segtype": "sentence"}
        header |= {"o-tmf": "glotmill", "adminlang": "en", "srclang": "*all*", "datatype": "plaintext"}
        _open(xml, "header", **header)
        xml.endElement("header")
        _open(xml, "body")
        for pair in pairs:
            if _NOT_XML.search(pair.source) or _NOT_XML.search(pair.target):
                left_out += 1
                continue
            file.write("\n")
            _write_unit(xml, pair)
            written += 1
        xml.endElement("body")
        xml.endElement("tmx")
        xml.endDocument()
    return written, left_out


def _write_unit(xml: XMLGenerator, pair: Pair) -> None:
    _open(xml, "tu", srclang=registry()[pair.source_lang].bcp47)
    _write_text(xml, "prop", pair.origin, type=ORIGIN_PROPERTY)
    for lang, text in ((pair.source_lang, pair.source), (pair.target_lang, pair.target)):
        _open(xml, "tuv", **{"xml:lang": registry()[lang].bcp47})
        _write_text(xml, "prop", lang, type=FLORES_PROPERTY)
        _write_text(xml, "seg", text)
        xml.endElement("tuv")
    xml.endElement("tu")


def _open(xml: XMLGenerator, name: str, **attributes: str) -> None:
    xml.startElement(name, AttributesImpl(attributes))


def _write_text(xml: XMLGenerator, name: str, text: str, **attributes: str) -> None:
    _open(xml, name, **attributes)
    for number, part in enumerate(text.split("\r")):
        if number:
            xml.ignorableWhitespace("&#13;")  # a bare one would be read as a line feed
        xml.characters(part)
    xml.endElement(name)


def read_tmx(path: Path) -> Iterator[Pair | RowError]:
    """The units of a TMX file in order, each as a pair or as the reason why it is not usable.

    Raises:
        InputError: The file is not readable as TMX.
    """
    try:
        root: ElementTree.Element | None = None
        body: ElementTree.Element | None = None
        source: str | None = None
        # The parser resolves no external entity, and Expat stops entities that grow without bound.
        for event, element in ElementTree.iterparse(path, events=("start", "end")):
            root = element if root is None else root
            if root.tag != "tmx":
                msg = f"{path}: expected a TMX file, found <{root.tag}>"
                raise InputError(msg)
            if event == "start" and element.tag == "body":
                body = element
            if event == "end" and element.tag == "header":
                source = element.get("srclang")
            if event == "end" and element.tag == "tu":
                yield _unit(element, source)
                if body is not None:
                    body.clear()  # what was read is not kept
        if body is None:
            msg = f"{path}: expected a TMX file with a <body>, found none"
            raise InputError(msg)
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # the last two: an encoding that is none
        msg = f"{path}: not readable as TMX: {error}"
        raise InputError(msg) from None
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror or error}"
        raise InputError(msg) from None


def _unit(unit: ElementTree.Element, default: str | None) -> Pair | RowError:
    variants = unit.findall("tuv")
    if len(variants) != 2:
        return RowError("not_two_variants", f"{len(variants)} variants")
    try:
        read = [_variant(variant) for variant in variants]
    except RowError as error:
        return error
    # The source comes first, unless unit or file names its language and only the second variant has it.
    named = _code((unit.get("srclang") or default or "").casefold())
    if named is not None and read[0][0] != named == read[1][0]:
        read.reverse()
    (source_lang, source), (target_lang, target) = read
    if source_lang == target_lang:
        return RowError("one_language", source_lang)
    by = variants[1].get("changeid") or unit.get("changeid") or variants[1].get("creationid") or unit.get("creationid")
    return Pair(source_lang, target_lang, source, target, by=by)


def _tagged(variant: ElementTree.Element) -> str:
    return (variant.get(_LANG) or variant.get("lang") or "").casefold()


def _variant(variant: ElementTree.Element) -> tuple[str, str]:
    """(FLORES-200 code, text) of one side of a unit."""
    code = next((p.text for p in variant.findall("prop") if p.get("type") == FLORES_PROPERTY), None)
    if code not in registry():
        code = _code(_tagged(variant))
    segment = variant.find("seg")
    if code is None:
        raise RowError("unknown_language", _tagged(variant))
    if segment is not None and len(segment):
        raise RowError("inline_markup", f"<{segment[0].tag}> in a segment")
    if segment is None or not (segment.text or "").strip():
        raise RowError("empty_text", code)
    return code, nfc(segment.text or "")


def _code(tag: str) -> str | None:
    """The FLORES-200 code of a BCP-47 tag; a region in it says nothing here, a script does."""
    bare, _, rest = tag.partition("-")
    return _codes().get(tag) or (_codes().get(bare) if not rest or _REGION.fullmatch(rest) else None)


@cache
def _codes() -> dict[str, str]:
    """FLORES-200 codes by BCP-47 tag; a tag without its script only where it means one of them."""
    tags = {entry.bcp47.casefold(): entry.code for entry in registry().values()}
    bare: dict[str, list[str]] = {}
    for tag, code in tags.items():
        bare.setdefault(tag.partition("-")[0], []).append(code)
    return {**{tag: codes[0] for tag, codes in bare.items() if len(codes) == 1}, **tags}
