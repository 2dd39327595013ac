"""A ranker that can be taught: packed slates in, log-odds with gradients out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from brewlite.ranker.attention import NAME
from brewlite.ranker.tokenizer import PlainTokenizer
from brewlite.records import RankingPrompt
from brewlite.training.attention import packed
from brewlite.training.layers import Layers


class Student:
    """A decoder in training.

    Args:
        model: a causal language model of transformers, on the CPU, whose layers only mix tokens by attention.
        tokenizer: the model's.
    """

    def __init__(self, model: Any, tokenizer: PlainTokenizer) -> None:
        model.set_attn_implementation(NAME)
        self.model = model
        self.decoder: nn.Module = model.get_decoder()
        self.tokenizer = tokenizer
        self._layers = Layers.of(self.decoder)
        head = model.get_output_embeddings().weight
        yes, no = tokenizer.word_id(" yes"), tokenizer.word_id(" no")
        self._direction = (head[yes].float() - head[no].float()).detach()
        """(W,) what a hidden state is projected on: logit(" yes") - logit(" no")."""

    def log_odds(self, prompts: Sequence[RankingPrompt]) -> list[Tensor]:
        """One (C,) float32 for each prompt, with gradients; all in one pass."""
        lead = self.tokenizer.lead
        prefixes = [lead + prompt.prefix for prompt in prompts]
        plan = packed([len(ids) for ids in prefixes], [[len(ids) for ids in p.candidates] for p in prompts])
        tokens = [
            id_
            for prefix, prompt in zip(prefixes, prompts, strict=True)
            for ids in (prefix, *prompt.candidates)
            for id_ in ids
        ]
        positions = torch.cat([slate.positions() for slate in plan.slates])
        last = torch.cat([slate.last() for slate in plan.slates])
        ids = torch.tensor([tokens])
        if self._layers is not None and torch.is_grad_enabled() and self._layers.fit(plan):
            hidden = self._layers.read(ids, positions, plan, last)
        else:  # also where nothing is learned: what listens to the modules must hear
            hidden = self.decoder(
                input_ids=ids, position_ids=positions[None], use_cache=False, shared_prefix=plan
            ).last_hidden_state[0, last]
        odds = hidden.float() @ self._direction
        return list(torch.split(odds, [len(slate.lengths) for slate in plan.slates]))
