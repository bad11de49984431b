"""Near-duplicates among captions: how many are found, and how many different captions are taken for one.

    python -m benchmarks.near_duplicates --captions captions_val2017.json --json

Found: captions with one word inserted, removed or replaced (by a word of another caption), beside their originals.
Mistaken: captions that people wrote, five a picture, which the step takes out; they count as different where more than
three words have to change. Both with the defaults of the step, and with those of before there was `similarity`.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Levenshtein

from glotmill.engine.samples.dedup import near_duplicates, simplified
from glotmill.recipes.sections.clean import NearDuplicates

SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "before": {"ngrams": 3, "buckets": 14, "hashes": 8, "similarity": 0},
    "default without similarity": {"similarity": 0},
}
CHANGED = 2000  # captions that are changed
SAME = 3  # words that may differ between two captions that say nearly the same
Words = list[str]
Change = Callable[[Words, int, str], Words]
CHANGES: dict[str, Change] = {
    "inserted": lambda words, place, word: [*words[:place], word, *words[place:]],
    "removed": lambda words, place, _: [*words[:place], *words[place + 1 :]],
    "replaced": lambda words, place, word: [*words[:place], word, *words[place + 1 :]],
}


def found(captions: list[str], step: NearDuplicates, rng: random.Random) -> dict[str, Any]:
    """Share of changed captions that are found, by change: of all, and of those of 13 to 15 words."""
    chosen = [simplified(caption).split() for caption in rng.sample(captions, CHANGED)]
    vocabulary = [word for words in chosen for word in words]
    shares = {}
    for name, change in CHANGES.items():
        texts, pictures = [], []
        for number, words in enumerate(chosen):
            other = change(words, rng.randrange(len(words)), rng.choice(vocabulary))
            texts += [" ".join(words), " ".join(other)]
            pictures += [[str(number)]] * 2
        places = near_duplicates(texts, step, pictures)
        hits = [2 * number + 1 in places for number in range(CHANGED)]
        longer = [hit for hit, words in zip(hits, chosen, strict=True) if 13 <= len(words) <= 15]
        shares[name] = {"all": round(sum(hits) / len(hits), 4), "of 14": round(sum(longer) / len(longer), 4)}
    return shares


def mistaken(captions: list[str], pictures: list[list[str]] | None, step: NearDuplicates) -> dict[str, int]:
    """Captions that people wrote and the step takes out, and those of them that are different."""
    places = near_duplicates(captions, step, pictures)
    words = {place: simplified(captions[place]).split() for pair in places.items() for place in pair}
    far = sum(Levenshtein.distance(words[one], words[other]) > SAME for one, other in places.items())
    return {"captions": len(captions), "taken_out": len(places), "different": far}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captions", type=Path, required=True, help="captions_val2017.json of COCO")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    asked = parser.parse_args()
    annotations = json.loads(asked.captions.read_bytes())["annotations"]
    captions = [row["caption"] for row in annotations]
    pictures = [[str(row["image_id"])] for row in annotations]
    result = {}
    for name, keys in SETTINGS.items():
        step = NearDuplicates(step="near_duplicates", sources=("captions",), **keys)
        result[name] = {
            "found": found(captions, step, random.Random(7)),
            "text_and_images": mistaken(captions, pictures, step),
            "text": mistaken(captions, None, step),
        }
        print(name, json.dumps(result[name]), flush=True)
    if asked.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
