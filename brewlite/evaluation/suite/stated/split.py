"""Which attribute values and wordings are kept out of training: told by a stable hash, so both sides agree for good."""

from __future__ import annotations

import hashlib
import re

SALT = b"stated interests 692"
"""Chosen so that both halves hold something common and something rare of every kind of site. Never change it again:
what was trained on would be tested on."""
_WORD = re.compile(r"[^\W_]+|[{}]")


def held_out(value: str) -> bool:
    """Whether ``value`` (an attribute's key, a template, a limit) is for the suite only; about half of all are.

    Case, punctuation and a plural ``s`` make no difference: ``Hot tubs`` and ``hot-tub`` are on the same side.
    """
    words = (_singular(word) for word in _WORD.findall(value.casefold()))
    return hashlib.blake2b(" ".join(words).encode(), digest_size=1, key=SALT).digest()[0] % 2 == 0


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
