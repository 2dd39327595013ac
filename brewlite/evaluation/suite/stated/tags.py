"""Topics for tags that the table does not name: in English, by the tag's own words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from brewlite.evaluation.suite.stated.attribute import Attribute, Words
from brewlite.evaluation.suite.stated.topics import TOPICS
from brewlite.records import Item

FEWEST = 6
"""Posts that a tag must have to be asked for."""
COMMON_WORD = 0.15
"""A word that stands in more than this share of the posts without the tag says nothing about the topic."""
_NO_TOPIC = re.compile(
    r"activities|age|ai-basics|ai-community|ai-design|algorithm|applications|around-the-world|"
    r"australian-citizens|cities|classification|communication|comparison|concepts|countries|definitions|"
    r"destinations|detecting-patterns|discussion|distribution|eu-citizens|events|exchange|extreme-tourism|"
    r"factoids|gas|gear|general|geography|getting-started|group-travel|guides|hardware-evaluation|head|"
    r"heuristics|history|human-inspired|human-like|identification|identify-this|implementation|"
    r"international-travel|itineraries|learning-algorithms|local|locate-this|long-term|mail|models|neat|"
    r"off-road|one-way|online-resources|other|overland|paperwork|performance|planning|power|"
    r"preparation-for-drinking|problem-solving|production|real-time|recommendation|recommendations|"
    r"reference-request|regulations|rental|research|resources|routes|science|search|seasonal|short-notice|"
    r"sleeping|social|soft-question|software-evaluation|special-needs|specialty-beers|statistics|strong-ai|"
    r"structured-data|style|terminology|theorics|tips-and-tricks|training|transit|transportation|uk-citizens|"
    r"unassisted-learning|untagged|us-citizens|vantage-points|varieties|where-on-earth|work|world-knowledge"
)
"""Tags that say what sort of question it is, or what nobody would ask for by that name."""


def tagged(items: Sequence[Item]) -> list[Attribute]:
    """Topics for the tags that the table does not cover, in English, by the tag's own words.

    Words of a tag that stand in many posts without it are no sign of its topic; a tag of nothing else is passed over.
    """
    held = Counter(tag for item in items for tag in _tags(item))
    covered = [attribute.has for attribute in TOPICS]
    blobs = [f"{item.title} {item.text}".casefold() for item in items]
    written = _spellings(items)
    found = []
    for tag, count in sorted(held.items()):
        if count < FEWEST or _NO_TOPIC.fullmatch(tag) or not re.fullmatch(r"[a-z][a-z-]{3,}", tag):
            continue
        if any(pattern.search(tag) for pattern in covered):
            continue
        stems = [_stem(word) for word in tag.split("-") if len(word) > 3]
        telling = [stem for stem in stems if _share(stem, tag, items, blobs) <= COMMON_WORD]
        if telling:
            words: dict[str, Words] = {"en": " ".join(written.get(word, word) for word in tag.split("-"))}
            found.append(
                Attribute(key=tag.replace("-", " "), role="topic", field="tags", held=f"^{re.escape(tag)}$",
                          mention="|".join(telling), words=words, known=True)
            )  # fmt: skip
    return found


def _tags(item: Item) -> list[str]:
    tags = item.fields.get("tags")
    return tags if isinstance(tags, list) else []


def _spellings(items: Sequence[Item]) -> dict[str, str]:
    """How the site writes each word inside a sentence, most of the time: names with a capital, ``AI`` in two."""
    inside = re.compile(r"(?<=[a-z,] )\w+")
    counts = Counter(word for item in items for word in inside.findall(f"{item.title} {item.text}"))
    usual: dict[str, str] = {}
    for word, _ in reversed(counts.most_common()):
        usual[word.casefold()] = word
    return {word: seen for word, seen in usual.items() if seen.isupper() or seen.istitle()}


def _stem(word: str) -> str:
    """The start that a word shares with its other forms."""
    return re.escape(re.sub(r"(?:ies|es|s|ing|ion|y|e)$", "", word) if len(word) > 4 else word)


def _share(stem: str, tag: str, items: Sequence[Item], blobs: Sequence[str]) -> float:
    """Share of the posts without ``tag`` whose text holds ``stem``."""
    others = [stem in blob for item, blob in zip(items, blobs, strict=True) if tag not in _tags(item)]
    return sum(others) / max(len(others), 1)
