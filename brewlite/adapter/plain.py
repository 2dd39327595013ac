"""Texts of rows and items made plain: one line, no markup, no control characters.

Items' text is data. It may be shown, embedded and read by a model; it never carries structure of its own.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

# Only names HTML knows: "a < b", "vector<int>" and "<your name>" are words of a post, not markup.
_TAG_NAMES = (
    "a|abbr|address|article|aside|b|big|blockquote|body|br|button|caption|center|cite|code|col|dd|del|details|div|dl|dt|"
    "em|embed|figcaption|figure|font|footer|form|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|kbd|label|li|link|"
    "main|mark|meta|nav|object|ol|p|picture|pre|q|s|samp|script|section|small|source|span|strike|strong|style|sub|"
    "summary|sup|svg|table|tbody|td|tfoot|th|thead|title|tr|tt|u|ul|var|video|wbr"
)
_TAG = re.compile(rf"</?(?:{_TAG_NAMES})(?:[\s/][^<>]*)?>", re.IGNORECASE)
_UNSEEN = (("<script", "</script>"), ("<style", "</style>"), ("<!--", "-->"))
_INLINE = re.compile(
    r"</?(?:a|abbr|b|big|code|em|font|i|mark|s|small|span|strong|sub|sup|u)(?:\s[^<>]*)?>", re.IGNORECASE
)
_NOTHING = re.compile("[\u00ad\u200b\u2060\ufeff]")
"""Where a word may be broken, or may not be: no part of it, and no space."""
_ODD = re.compile("[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2061-\u2069\ufff9-\ufffb\ud800-\udfff]")
_SPACES = re.compile(r"\s+")


def plain(text: str) -> str:
    """``text`` on one line, without HTML, control and invisible characters, in composed Unicode (NFC)."""
    if "<" in text:
        for opening, closing in _UNSEEN:
            text = _without(text, opening, closing)
        text = _TAG.sub(" ", _INLINE.sub("", text))
    if "&" in text:
        text = html.unescape(text)
    return unicodedata.normalize("NFC", _SPACES.sub(" ", _ODD.sub(" ", _NOTHING.sub("", text))).strip())


def _without(text: str, opening: str, closing: str) -> str:
    """``text`` without its parts from ``opening`` to ``closing``, in time linear in its length."""
    folded, kept, start = text.lower(), [], 0
    # Lower-casing changes the length of a few letters; then positions would not match.
    while len(folded) == len(text) and (begin := folded.find(opening, start)) >= 0:
        end = folded.find(closing, begin)
        if end < 0:
            break
        kept.append(text[start:begin])
        start = end + len(closing)
    return " ".join([*kept, text[start:]])


def cut(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` characters; a longer one ends at a word's end with ``…``."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    space = head.rfind(" ")
    return (head[:space] if space > limit // 2 else head).rstrip(" ,;:.-–(") + "…"


@lru_cache(maxsize=20_000)  # the same few hundred names are compared for every item
def words_of(text: str) -> str:
    """``text`` for comparing names: lower case, every run of other signs than letters and digits one space."""
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))
