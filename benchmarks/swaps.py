"""Words that `benchmarks/corruptions.py` swaps, by kind and language: a pattern and what it may become.

Written for this project, case and agreement not always kept: an error of a machine is no better.
"""

from __future__ import annotations

# Latin letter to Cyrillic, for a text in the wrong script.
CYRILLIC = dict(zip("abcdefghijklmnopqrstuvwxyz", "абцдефгхийклмнопярстувшжыз", strict=True))


def _others(words: dict[str, str]) -> dict[str, list[str]]:
    """Each pattern may become the words of all other patterns, small letters small and capitals capitals."""
    return {
        old: [new for pattern, new in words.items() if pattern != old and new[0].isupper() == word[0].isupper()]
        for old, word in words.items()
    }


NUMBER = {
    "deu_Latn": {rf"\b{word}\b": word for word in ("zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht")}
    | {r"\bZwei\b": "Zwei", r"\bDrei\b": "Drei", r"\bVier\b": "Vier", r"\bFünf\b": "Fünf"},
    "fra_Latn": {rf"\b{word}\b": word for word in ("deux", "trois", "quatre", "cinq", "six", "sept", "huit")}
    | {r"\bDeux\b": "Deux", r"\bTrois\b": "Trois", r"\bQuatre\b": "Quatre", r"\bCinq\b": "Cinq"},
    "ces_Latn": {r"\bdv(?:a|ě|ou|ěma)\b": "čtyři", r"\btř(?:i|í|em|emi)\b": "pět", r"\bčtyř(?:i|ech|em|mi)\b": "dva",
                 r"\bpět\b": "tři", r"\bDv(?:a|ě)\b": "Čtyři", r"\bTři\b": "Pět", r"\bČtyři\b": "Dva",
                 r"\bPět\b": "Tři"},
}  # fmt: skip
NEGATION_DROPPED = {
    "deu_Latn": {r"\bkein(e[mnrs]?)?\b": [r"ein\1"], r"\bnicht ": [""], r"\bohne\b": ["mit"], r"\bnie(mals)? ": [""]},
    "fra_Latn": {r"\bn(?:e |')(\w+) (?:pas|jamais|plus)\b": [r"\1"], r"\bsans\b": ["avec"], r"\baucune?\b": ["un"]},
    "ces_Latn": {r"\bbez\b": ["s"], r"\bnení\b": ["je"], r"\bnejsou\b": ["jsou"], r"\bžádn(\w+)\b": [r"nějak\1"],
                 r"\bne(m[áa]|maj[íi]|vid|nos)": [r"\1"]},
    "por_Latn": {r"\b[Nn]ão ": [""], r"\bsem\b": ["com"]},
    "rus_Cyrl": {r"\bне ": [""], r"\bбез\b": ["с"], r"\bнет\b": ["есть"]},
    "ind_Latn": {r"\b[Tt]idak ": [""], r"\bbukan ": [""], r"\btanpa\b": ["dengan"]},
    "ben_Beng": {r"\s+(?:না|নয়|নেই)(?=[\s?।])": [""]},
    "kor_Hang": {r"지 않(?:은|는)": ["은"], r"없": ["있"]},
    "zho_Hans": {r"不是": ["是"], r"没有": ["有"], r"不": [""]},
}  # fmt: skip

NEGATION_ADDED = {
    "deu_Latn": {r"\bmit\b": ["ohne"], r"(?<!^)\bein(e[mnrs]?)?\b": [r"kein\1"], r"\bist\b": ["ist nicht"],
                 r"\bsind\b": ["sind nicht"]},
    "fra_Latn": {r"\bavec\b": ["sans"], r"\best\b": ["n'est pas"], r"\bsont\b": ["ne sont pas"],
                 r"\bporte\b": ["ne porte pas"]},
    "ces_Latn": {r"\bse?\b(?= \w+[mí]\b)": ["bez"], r"\bje\b": ["není"], r"\bjsou\b": ["nejsou"],
                 r"\bmá\b": ["nemá"], r"\b(jde|stojí|sedí|hraje|drží|běží|skáče|dívá)\b": [r"ne\1"]},
}  # fmt: skip

COLOUR = {
    "deu_Latn": {rf"\b{word}(e[mnrs]?)?\b": rf"{word}\1"
                 for word in ("rot", "blau", "grün", "gelb", "schwarz", "weiß", "grau", "braun")},
    "fra_Latn": {r"\brouge(s?)\b": r"rouge\1", r"\bjaune(s?)\b": r"jaune\1", r"\bbleue?(s?)\b": r"bleu\1",
                 r"\bverte?(s?)\b": r"vert\1", r"\bnoire?(s?)\b": r"noir\1", r"\bblanc(?:he)?(s?)\b": r"blanc\1"},
    "ces_Latn": {rf"\b{word}([éýáíou]\w{{0,2}})\b": rf"{word}\1"
                 for word in ("červen", "modr", "zelen", "žlut", "čern", "bíl", "šed", "hněd")},
    "por_Latn": {r"\bvermelh[oa]s?\b": "vermelha", r"\bpret[oa]s?\b": "preta", r"\bbranc[oa]s?\b": "branca",
                 r"\bazu(?:l|is)\b": "azul", r"\bverdes?\b": "verde", r"\bamarel[oa]s?\b": "amarela"},
    "rus_Cyrl": {rf"\b{word}(\w{{2,3}})\b": rf"{word}\1" for word in ("красн", "бел", "чёрн", "черн", "зелен", "желт")},
    "ind_Latn": {rf"\b{word}\b": word for word in ("merah", "biru", "hijau", "kuning", "hitam", "putih", "cokelat")},
    "ben_Beng": {word: word for word in ("লাল", "নীল", "সবুজ", "কালো", "সাদা", "হলুদ", "বাদামী")},
    "kor_Hang": {word: word for word in ("빨간", "파란", "초록", "검은", "흰", "노란", "갈색")},
    "zho_Hans": {word: word for word in ("红色", "蓝色", "绿色", "黑色", "白色", "黄色", "棕色")},
}  # fmt: skip

SIDE = {
    "deu_Latn": {r"\blink(\w+)\b": [r"recht\1"], r"\brecht(\w+)\b": [r"link\1"]},
    "fra_Latn": {r"\bgauche\b": ["droite"], r"\bdroite\b": ["gauche"]},
    "ces_Latn": {r"\b(v?)lev(\w+)\b": [r"\1prav\2"], r"\b(v?)prav(\w+)\b": [r"\1lev\2"]},
    "por_Latn": {r"\besquerd(\w+)\b": [r"direit\1"], r"\bdireit(\w+)\b": [r"esquerd\1"]},
    "rus_Cyrl": {r"\b(с?)лев(\w+)\b": [r"\1прав\2"], r"\b(с?)прав(\w+)\b": [r"\1лев\2"]},
    "ind_Latn": {r"\bkiri\b": ["kanan"], r"\bkanan\b": ["kiri"]},
    "ben_Beng": {"বাম": ["ডান"], "ডান": ["বাম"]},
    "kor_Hang": {"왼": ["오른"], "오른": ["왼"]},
    "zho_Hans": {"左": ["右"], "右": ["左"]},
}

SWAPS: dict[str, dict[str, dict[str, list[str]]]] = {
    "number": {lang: _others(words) for lang, words in NUMBER.items()},
    "negation_dropped": NEGATION_DROPPED,
    "negation_added": NEGATION_ADDED,
    "colour": {lang: _others(words) for lang, words in COLOUR.items()},
    "side": SIDE,
}
