"""Write the table of human text by language into docs/filters.md.

    python -m benchmarks.language_table FIRST.json SECOND.json

The results of `benchmarks.languages`, without and with the second identifier.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from glotmill.schemas.languages import language

PAGE = Path(__file__).parent.parent / "docs" / "filters.md"
BEGIN, END = "<!-- languages: begin -->", "<!-- languages: end -->"


def table(first: dict[str, Any], second: dict[str, Any]) -> str:
    """The two tables, in Markdown."""
    lines = ["| measure | default | with `py3langid` |", "|---|---|---|"]
    rows: list[tuple[Any, ...]] = []
    for name, title in (("tatoeba", "Tatoeba"), ("xgqa", "xGQA dev"), ("multi30k", "Multi30k test")):
        kept = [found["kept"][name] for found in (first, second)]
        rows.append((f"kept, {title}: pooled", *(row["pooled"] for row in kept)))
        rows.append((f"kept, {title}: median language", *(row["median"] for row in kept)))
    under = [found["kept"]["tatoeba"]["languages_under_0.985"] for found in (first, second)]
    rows.append(("languages whose kept share is under 0.985 (95 %)", *(", ".join(langs) or "none" for langs in under)))
    for name, title in (("long", "20 letters and more"), ("short", "10 to 19 letters")):
        found = [result["other_language"][name] for result in (first, second)]
        rows.append((f"another language caught, {title}", *(row["caught"] for row in found)))
        rows.append(
            (f"the same, of pairs that nothing separates, {title}", *(row["caught_inseparable"] for row in found))
        )
    rows.append(
        ("untranslated English caught", *(found["untranslated_english"]["caught"] for found in (first, second)))
    )
    for name, title in (("good", "good"), ("bad", "gravely wrong")):
        for lang in first["machine"][name]:
            shares = (found["machine"][name][lang]["kept"] for found in (first, second))
            rows.append((f"kept, another engine's {language(lang).name} that people found {title}", *shares))
    lines += [f"| {title} | {one} | {two} |" for title, one, two in rows]
    pairs = ", ".join(pair.replace(" < ", " for ") for pair in _turned(first["inseparable_pairs"]))
    lines += ["", f"Pairs that neither identifier separates: {pairs}.", ""]
    columns = [
        *("language", "texts", "kept", "upper 95 %", "caught, 20 letters on", "caught, 10 to 19"),
        *("with `py3langid`", "lost by"),
    ]
    lines += [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    caught = [found["other_language"][name]["by_language"] for found in (first, second) for name in ("long", "short")]
    for code, row in sorted(first["kept_by_language"].items(), key=lambda item: (item[1]["kept"], item[0])):
        long, short, longer, shorter = (share.get(code, "–") for share in caught)
        lost = ", ".join(f"`{rule}` {number}" for rule, number in row["lost_by"].items()) or "–"
        both = "–" if longer == "–" and shorter == "–" else f"{longer}, {shorter}"
        name = f"{language(code).name} `{code}`"
        lines.append(
            f"| {name} | {row['texts']} | {row['kept']} | {row['upper_95']} | {long} | {short} | {both} | {lost} |"
        )
    return "\n".join(lines)


def _turned(pairs: list[str]) -> list[str]:
    return [" < ".join(f"`{code}`" for code in reversed(pair.split(" < "))) for pair in pairs]


def main() -> None:
    """Replace what stands between the marks."""
    first, second = (json.loads(Path(path).read_text(encoding="utf-8").splitlines()[-1]) for path in sys.argv[1:3])
    page = PAGE.read_text(encoding="utf-8")
    head, rest = page.split(BEGIN)
    PAGE.write_text(f"{head}{BEGIN}\n{table(first, second)}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
