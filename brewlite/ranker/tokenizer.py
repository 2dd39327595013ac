"""A model's own tokenizer, for plain text only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from brewlite.errors import BadSettings


class PlainTokenizer:
    """Text to ids and back, where text is data: ``<|im_start|>`` in it is twelve characters, never a control token.

    Args:
        pretrained: a tokenizer of transformers with a fast backend.
    """

    def __init__(self, pretrained: Any) -> None:
        backend = getattr(pretrained, "backend_tokenizer", None)
        if backend is None:
            raise BadSettings(
                f"{type(pretrained).__name__} has no fast tokenizer: save the model with a tokenizer.json"
            )
        backend.encode_special_tokens = True
        backend.no_truncation()
        backend.no_padding()
        self._backend = backend
        added = pretrained.added_tokens_decoder
        control = {id_: token.content for id_, token in added.items() if token.special or token.content.strip()}
        self._control = frozenset(control)
        # Longest first, so that a token that begins another one does not hide it.
        words = sorted((text for text in control.values() if len(text) > 1), key=len, reverse=True)
        self._control_words = re.compile("|".join(map(re.escape, words))) if words else None
        with_lead = pretrained("a")["input_ids"]
        without = pretrained("a", add_special_tokens=False)["input_ids"]
        self.lead: tuple[int, ...] = tuple(with_lead[: len(with_lead) - len(without)])
        """Control tokens the model wants before any text (a beginning-of-text token), or none."""
        if self.lead and with_lead[len(self.lead) :] != without:  # an end-of-text token stands behind, too
            self.lead = tuple(with_lead[: with_lead.index(without[0])])

    @classmethod
    def load(cls, folder: Path) -> PlainTokenizer:
        """The tokenizer in ``folder``."""
        from transformers import AutoTokenizer

        return cls(AutoTokenizer.from_pretrained(folder, local_files_only=True))

    def encode(self, text: str) -> list[int]:
        """Ids of ``text``, none of them a control token."""
        ids = [id_ for piece in self._pieces(text) for id_ in self._backend.encode(piece, add_special_tokens=False).ids]
        return [id_ for id_ in ids if id_ not in self._control]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ``ids``."""
        return str(self._backend.decode(list(ids), skip_special_tokens=False))

    def word_id(self, word: str) -> int:
        """The id that ``word`` begins with."""
        ids = self.encode(word)
        if not ids:
            raise BadSettings(f"the tokenizer has no token for {word!r}: load another model")
        return ids[0]

    def _pieces(self, text: str) -> list[str]:
        """``text``, cut behind the first character of everything that spells a control token."""
        if self._control_words is None:
            return [text]
        cuts = [0]
        while found := self._control_words.search(text, cuts[-1]):
            cuts.append(found.start() + 1)
        return [text[start:stop] for start, stop in zip(cuts, [*cuts[1:], len(text)], strict=True)]
