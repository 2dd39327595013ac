"""A very small model with a tokenizer of its own, and a site whose visitors nearly all want the same thing.

The site is easy on purpose: a model of two layers learns it in seconds, so that there is something to lose. It has
fewer items than a case has candidates: none are left out for not being like the one that was chosen.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from brewlite.recommender import Recommender
from brewlite.records import Event, Item

START = datetime(2024, 1, 1, tzinfo=UTC)
KINDS = ("garden", "harbour", "studio", "tower")
PLACES = ("Hill", "Quay", "Mill")
LOOKS = ("old", "white", "narrow", "sunny", "quiet", "stone", "wooden", "tall", "small", "new", "round")
"""One for each four homes, so that no two read alike."""


def homes(count: int = 44) -> list[Item]:
    return [
        Item(
            id=f"h{n}",
            kind="listing",
            title=f"{KINDS[n % 4]} home in {PLACES[n % 3]}, {LOOKS[n // 4]}",
            text=f"A {LOOKS[n // 4]} {KINDS[n % 4]}.",
            place=PLACES[n % 3],
            created=START + timedelta(days=0.5 * n),
        )
        for n in range(count)
    ]


def stays(visitors: int = 110, count: int = 44) -> list[Event]:
    """Nine in ten go to a home with a garden."""
    rng = np.random.default_rng(5)
    gardens = [n for n in range(count) if n % 4 == 0]
    events = []
    for user in range(visitors):
        for day in np.sort(rng.uniform(40, 400, size=1 + int(rng.geometric(0.3)))):
            item = int(rng.choice(gardens)) if rng.random() < 0.9 else int(rng.integers(count))
            at = START + timedelta(days=float(day))
            events.append(Event(user=f"u{user}", item=f"h{item}", action="stay", at=at))
    return events


def write_site(path: Path) -> Path:
    """The site's database, without vectors."""
    with Recommender.open(path, "realestate", ranker=None, encoder=None) as recommender:
        recommender.put_items(homes())
        recommender.record(*stays())
    return path


def write_model(folder: Path, seed: int = 0, layers: int = 2) -> Path:
    """A random Llama with a byte-pair tokenizer of the site's words."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    words = [f"Listing new wanted: {item.title} {item.text} Answer: yes no" for item in homes()]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=sorted(alphabet), special_tokens=["<s>", "</s>"])
    tokenizer.train_from_iterator(words, trainer)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>").save_pretrained(folder)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=64, intermediate_size=128, num_hidden_layers=layers,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=1024, tie_word_embeddings=True,
        bos_token_id=0, eos_token_id=1, initializer_range=0.1,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder
