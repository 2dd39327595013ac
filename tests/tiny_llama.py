"""A language model that is real in all but size: two layers, 32 wide, random, and a vocabulary of a few words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

WORDS = ("yes", "no", "Answer", ":", "quiet", "home", "river", "loud", "flat", "visitor", "wants")


def tiny_base(folder: Path, words: Iterable[str] = WORDS, layers: int = 2, seed: int = 0) -> Path:
    """Write the model into ``folder``, as a base that can be located. Words that it does not know it does not read."""
    known = ["<unk>", *dict.fromkeys([*WORDS, *words])]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(known)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(known), hidden_size=32, intermediate_size=64, num_hidden_layers=layers, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=2048, tie_word_embeddings=True, initializer_range=0.1,
    )  # fmt: skip
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>").save_pretrained(folder)
    return folder


def words_of(texts: Iterable[str]) -> list[str]:
    """Every word in ``texts``, once."""
    return list(dict.fromkeys(word for text in texts for word in re.findall(r"\w+", text)))
