"""Shared-prefix attention against the slow, obvious ways, for small random models of several families."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import structs
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    Gemma3TextConfig,
    Lfm2Config,
    LlamaConfig,
    PreTrainedTokenizerFast,
    Qwen3Config,
)

from brewlite.errors import BadSettings
from brewlite.ranker.attention import Rule, Sight, attend, merge
from brewlite.ranker.reference import dense_mask, one_at_a_time
from brewlite.ranker.tokenizer import PlainTokenizer
from brewlite.ranker.torch_ranker import TorchRanker
from brewlite.records import RankingPrompt

VOCABULARY = 300
SMALL = {
    "vocab_size": VOCABULARY,
    "hidden_size": 48,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 256,
    # Far from the usual 0.02: attention must be sharp and scores far apart for a difference to show.
    "initializer_range": 0.25,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
GEMMA = {"query_pre_attn_scalar": 16, "sliding_window": 13}
MIXED = ["sliding_attention", "full_attention", "sliding_attention"]
CONFIGS = {
    "llama": lambda: LlamaConfig(**SMALL),
    "qwen3": lambda: Qwen3Config(**SMALL),
    "gemma3": lambda: Gemma3TextConfig(**SMALL, **GEMMA, layer_types=MIXED),
    "gemma2": lambda: Gemma2Config(**SMALL, **GEMMA, layer_types=MIXED, attn_logit_softcapping=2.0),
}


def byte_tokenizer() -> PlainTokenizer:
    """A token a byte, and " y" and " n" of two."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {piece: number for number, piece in enumerate(["<pad>", "<s>", "</s>", *letters, "Ġy", "Ġn"])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[("Ġ", "y"), ("Ġ", "n")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in ("<pad>", "<s>", "</s>")])
    return PlainTokenizer(PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>"))


@cache
def small_ranker(family: str) -> TorchRanker:
    torch.manual_seed(7)
    model = AutoModelForCausalLM.from_config(CONFIGS[family](), dtype=torch.float32)
    return TorchRanker(model, byte_tokenizer(), family)


def with_chunks(ranker: TorchRanker, chunk_tokens: int, prefix_block: int, crew_tokens: int = 128) -> TorchRanker:
    config = structs.replace(
        ranker.config, chunk_tokens=chunk_tokens, prefix_block=prefix_block, crew_tokens=crew_tokens
    )
    return TorchRanker(ranker.model, ranker.tokenizer, ranker.name, config)


token = st.integers(3, VOCABULARY - 1)
prompts = st.builds(
    RankingPrompt,
    prefix=st.lists(token, min_size=1, max_size=70).map(tuple),
    candidates=st.lists(st.lists(token, min_size=1, max_size=22).map(tuple), min_size=1, max_size=8).map(tuple),
)
thorough = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # shrinking runs a model hundreds of times more
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.parametrize("family", CONFIGS)
@thorough
@given(prompt=prompts, chunk_tokens=st.integers(1, 80), prefix_block=st.integers(1, 40), by_crew=st.booleans())
def test_shared_prefix_equals_dense_mask_equals_one_at_a_time(family, prompt, chunk_tokens, prefix_block, by_crew):
    ranker = with_chunks(small_ranker(family), chunk_tokens, prefix_block, crew_tokens=0 if by_crew else 10**9)
    fast = ranker.score(prompt).log_odds
    np.testing.assert_allclose(fast, one_at_a_time(ranker, prompt), atol=1e-4, rtol=0)
    np.testing.assert_allclose(fast, dense_mask(ranker, prompt), atol=1e-4, rtol=0)


@pytest.mark.parametrize("family", CONFIGS)
@thorough
@given(prompt=prompts, seed=st.integers(0, 2**32 - 1), chunk_tokens=st.integers(1, 80))
def test_a_shuffle_changes_nothing(family, prompt, seed, chunk_tokens):
    ranker = with_chunks(small_ranker(family), chunk_tokens, 16)
    order = np.random.default_rng(seed).permutation(len(prompt.candidates))
    shuffled = structs.replace(prompt, candidates=tuple(prompt.candidates[place] for place in order))
    np.testing.assert_array_equal(ranker.score(shuffled).log_odds, ranker.score(prompt).log_odds[order])


@pytest.mark.parametrize("family", CONFIGS)
@thorough
@given(prompt=prompts, others=prompts, chunk_tokens=st.integers(1, 80))
def test_company_changes_no_score(family, prompt, others, chunk_tokens):
    ranker = with_chunks(small_ranker(family), chunk_tokens, 16)
    more = structs.replace(prompt, candidates=others.candidates + prompt.candidates)
    among_others = ranker.score(more).log_odds[len(others.candidates) :]
    np.testing.assert_allclose(among_others, ranker.score(prompt).log_odds, atol=1e-4, rtol=0)


@pytest.mark.parametrize("family", CONFIGS)
def test_the_prefix_and_every_token_of_a_candidate_count(family):
    ranker = small_ranker(family)
    base = RankingPrompt(prefix=tuple(range(10, 20)), candidates=((30, 31, 32),))
    reference = ranker.score(base).log_odds
    for changed in (
        structs.replace(base, prefix=(99, *base.prefix[1:])),
        structs.replace(base, candidates=((99, 31, 32),)),
        structs.replace(base, candidates=((30, 99, 32),)),
    ):
        assert abs(ranker.score(changed).log_odds - reference).max() > 1e-3


@pytest.mark.parametrize("family", ["gemma3", "gemma2"])
def test_a_token_outside_every_window_counts_for_nothing(family):
    """With windows only (13 tokens, 3 layers), the end sees 36 tokens back and no further."""
    config = CONFIGS[family]()
    config.layer_types = ["sliding_attention"] * 3
    torch.manual_seed(7)
    ranker = TorchRanker(AutoModelForCausalLM.from_config(config), byte_tokenizer(), family)
    prompt = RankingPrompt(prefix=tuple(range(10, 60)), candidates=((70, 71, 72, 73),))
    far = structs.replace(prompt, prefix=(99,) * (54 - 37) + prompt.prefix[17:])
    near = structs.replace(prompt, prefix=(*prompt.prefix[:17], 99, *prompt.prefix[18:]))
    score = ranker.score(prompt).log_odds
    np.testing.assert_allclose(ranker.score(far).log_odds, score, atol=1e-6)
    assert abs(ranker.score(near).log_odds - score) > 1e-6


def test_layers_that_mix_tokens_otherwise_are_refused():
    config = Lfm2Config(**SMALL, layer_types=["conv", "full_attention", "conv"])
    model = AutoModelForCausalLM.from_config(config)
    with pytest.raises(BadSettings, match="other means than attention"):
        TorchRanker(model, byte_tokenizer(), "lfm2")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("window", [None, 5])
def test_the_fused_kernel_equals_the_formula(dtype, window):
    torch.manual_seed(0)
    query = torch.randn(2, 6, 9, 16, dtype=dtype)
    key, value = torch.randn(2, 2, 2, 9, 16, dtype=dtype).unbind()
    rule = Rule(0.25, window)
    out, lse = attend(query, key, value, rule, Sight(0, 0, causal=True))
    scores = query.float() @ key.float().repeat_interleave(3, 1).transpose(-1, -2) * 0.25
    seen = torch.ones(9, 9).tril().bool() & (torch.ones(9, 9).triu(-4).bool() if window else True)
    scores = scores.masked_fill(~seen, -torch.inf)
    expected = scores.softmax(-1) @ value.float().repeat_interleave(3, 1)
    tolerance = 1e-5 if dtype == torch.float32 else 2e-2
    torch.testing.assert_close(out.float(), expected, atol=tolerance, rtol=tolerance)
    torch.testing.assert_close(lse, scores.logsumexp(-1), atol=tolerance, rtol=tolerance)


@given(split=st.integers(0, 12), seed=st.integers(0, 1000))
@thorough
def test_two_merged_parts_equal_the_whole(split, seed):
    generator = torch.Generator().manual_seed(seed)
    query = torch.randn(1, 4, 5, 8, generator=generator)
    key, value = torch.randn(2, 1, 2, 12, 8, generator=generator).unbind()
    rule = Rule(1.0, softcap=3.0)  # the plain formula, which also takes no keys at all
    sight = Sight(100, 0)
    whole, _ = attend(query, key, value, rule, sight)
    parts = [
        attend(query, key[:, :, part], value[:, :, part], rule, sight) for part in (slice(split), slice(split, None))
    ]
    torch.testing.assert_close(merge(parts[0], parts[1]), whole, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("causal", [True, False])
def test_the_cuda_kernel_takes_what_it_is_given(causal):
    """Shapes only, on the meta device: this test needs no GPU, and says nothing about the numbers."""
    query = torch.randn(3, 6, 7, 64, dtype=torch.bfloat16, device="meta")
    out, lse, *_ = torch.ops.aten._scaled_dot_product_flash_attention(
        query, query, query, 0.0, causal, False, scale=0.1
    )
    assert out.shape == query.shape
    assert lse.shape[:2] == (3, 6)
    assert lse.shape[2] >= 7
