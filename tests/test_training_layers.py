"""A layer as one step of autograd: the values and gradients of transformers' layers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from brewlite.ranker.structure import Structure, cut
from brewlite.records import RankingPrompt
from brewlite.training import products
from brewlite.training.attention import packed
from brewlite.training.gradients import gradients
from brewlite.training.joint import Joined, Joint
from brewlite.training.layers import Layers
from brewlite.training.lora import LoraConfig, add_lora
from brewlite.training.model import Student

WORDS = 60


class Tokens:
    """The little that a student wants of a tokenizer."""

    lead: tuple[int, ...] = (0,)

    def word_id(self, word: str) -> int:
        return 1 if word == " yes" else 2


def config(**other: object) -> LlamaConfig:
    sizes = {"hidden_size": 48, "intermediate_size": 48, "num_attention_heads": 6, "num_key_value_heads": 2}
    return LlamaConfig(
        vocab_size=WORDS, num_hidden_layers=3, head_dim=8, tie_word_embeddings=True, initializer_range=0.15,
        **{**sizes, **other},
    )  # fmt: skip


def student(how: LoraConfig | None, dtype: torch.dtype = torch.float32, structure: Structure | None = None) -> Student:
    """Learned through as a whole where ``how`` is None."""
    torch.manual_seed(0)
    model = LlamaForCausalLM(config()).to(dtype)
    if structure is not None:
        cut(model, structure)
    made = Student(model, Tokens())
    if how is None:
        return made
    with torch.no_grad():
        for matrix in add_lora(made.decoder, how):
            matrix.copy_(0.1 * torch.randn_like(matrix))
    return made


def prompts(lists: Sequence[tuple[int, Sequence[int]]], seed: int = 1) -> list[RankingPrompt]:
    """Of so many tokens: the prefix, and each candidate."""
    rng = torch.Generator().manual_seed(seed)

    def drawn(count: int) -> tuple[int, ...]:
        return tuple(torch.randint(3, WORDS, (count,), generator=rng).tolist())

    return [RankingPrompt(prefix=drawn(prefix), candidates=tuple(map(drawn, own))) for prefix, own in lists]


def asked(of: Student, shown: Sequence[RankingPrompt], by_layers: bool) -> tuple[Tensor, list[Tensor | None]]:
    """The log-odds, and the gradients of the sum of their squares by all that learns."""
    learned = [parameter for parameter in of.decoder.parameters() if parameter.requires_grad]
    whole = of._layers
    if not by_layers:
        of._layers = None
    try:
        odds = torch.cat(of.log_odds(shown))
    finally:
        of._layers = whole
    return odds.detach(), list(torch.autograd.grad(odds.square().sum(), learned, allow_unused=True))


@pytest.fixture
def _in_any_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers also in float32, where nothing is rounded."""
    monkeypatch.setattr(products, "fits", lambda *_: True)


def same(mine: list[Tensor | None], theirs: list[Tensor | None]) -> None:
    assert any(one is not None for one in theirs)
    for one, other in zip(mine, theirs, strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            torch.testing.assert_close(one, other, atol=1e-4 * float(other.abs().max()) + 1e-7, rtol=1e-3)


@pytest.mark.usefixtures("_in_any_type")
@pytest.mark.parametrize(
    "how",
    [None, LoraConfig(rank=3), LoraConfig(rank=3, first_layer=1), LoraConfig(rank=2, leave_out=("up_proj", "k_proj"))],
    ids=["whole", "lora", "upper layers", "some parts"],
)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lists=st.lists(
        st.tuples(st.integers(0, 9), st.lists(st.integers(1, 6), min_size=1, max_size=4)), min_size=1, max_size=3
    )
)
def test_values_and_gradients_are_those_of_the_modules(how, lists):
    of, shown = student(how), prompts(lists)
    mine, theirs = asked(of, shown, by_layers=True), asked(of, shown, by_layers=False)
    torch.testing.assert_close(mine[0], theirs[0], atol=2e-5, rtol=1e-4)
    same(mine[1], theirs[1])


@pytest.mark.usefixtures("_in_any_type")
def test_layers_that_were_cut_to_different_sizes():
    structure = Structure(layers=(0, 2), heads=((1,), ()), neurons=((), tuple(range(0, 48, 3))))
    of, shown = student(LoraConfig(rank=3), structure=structure), prompts([(5, (3, 2))])
    mine, theirs = asked(of, shown, by_layers=True), asked(of, shown, by_layers=False)
    torch.testing.assert_close(mine[0], theirs[0], atol=2e-5, rtol=1e-4)
    same(mine[1], theirs[1])


@pytest.mark.usefixtures("_in_any_type")
def test_what_was_learned_since_is_taken_up():
    of, shown = student(LoraConfig(rank=3)), prompts([(5, (3, 2, 4))])
    before, _ = asked(of, shown, by_layers=True)
    with torch.no_grad():
        next(p for n, p in of.decoder.named_parameters() if n.endswith("down_proj.lora_up")).add_(0.3)
    after, _ = asked(of, shown, by_layers=True)
    assert not torch.allclose(before, after, atol=1e-3)
    torch.testing.assert_close(after, asked(of, shown, by_layers=False)[0], atol=2e-5, rtol=1e-4)


def test_in_16_bits_they_round_about_as_much_as_the_modules():
    how, shown = LoraConfig(rank=3), prompts([(40, (7, 5, 6, 7)), (25, (8, 3))])
    exact = asked(student(how), shown, by_layers=False)
    of = student(how, torch.bfloat16)
    assert of._layers is not None

    def far(found: tuple[Tensor, list[Tensor | None]]) -> Tensor:
        pairs = zip([found[0], *found[1]], [exact[0], *exact[1]], strict=True)
        return torch.stack([(one - wanted).norm() / wanted.norm() for one, wanted in pairs])

    mine, theirs = far(asked(of, shown, by_layers=True)), far(asked(of, shown, by_layers=False))
    assert not torch.equal(mine, theirs), "they are two ways"
    assert mine.max() < 0.15
    assert mine.median() < 1.5 * theirs.median()


def test_two_threads_join_once_and_find_the_same():
    of, shown = student(LoraConfig(rank=3), torch.bfloat16), prompts([(9, (4, 4, 2))] * 8)
    learned = [parameter for parameter in of.decoder.parameters() if parameter.requires_grad]
    made: list[int] = []
    join = Joint._join

    def counted(self: Joint) -> Joined:
        made.append(1)
        return join(self)

    def found() -> list[Tensor | None]:
        return gradients(
            shown, lambda _: 600, lambda part: torch.cat(of.log_odds(part)).square().sum(), learned
        )[1]  # fmt: skip

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Joint, "_join", counted)
            mine = found()
    finally:
        torch.set_num_threads(before)
    torch.set_num_threads(1)
    try:
        alone = found()
    finally:
        torch.set_num_threads(before)
    assert len(made) == 3 * 4
    for one, other in zip(mine, alone, strict=True):
        assert one is not None
        assert other is not None
        torch.testing.assert_close(one, other, atol=0.02 * float(other.abs().max()), rtol=0.05)


@pytest.mark.parametrize("where", ["prefix", "own"])
def test_a_score_far_above_those_looked_at_first(where):
    """One key that is not among every fourth of the prefix, or a candidate's own, has nearly all of the weight."""
    torch.manual_seed(0)
    prefix, lengths, width = 9, (3, 2), 16
    tokens = prefix + sum(lengths)
    asked_, key, value = (torch.randn(2, n, width) for n in (tokens * 3, tokens, tokens))
    place = 5 if where == "prefix" else prefix + 1
    key[:, place] = 60 * asked_[:, (prefix + 2) * 3] / asked_[:, (prefix + 2) * 3].norm()
    side_by_side = [part.reshape(2, tokens, -1).transpose(0, 1).flatten(1) for part in (asked_, key, value)]
    turn = products.Turn(torch.ones(tokens, width), torch.zeros(tokens, width), 1.0)
    heads = products.heads_of(torch.cat(side_by_side, 1), turn, 2)
    out, _ = products.attend(heads, [products.SlateShape(0, prefix, lengths)])
    mask = torch.ones(tokens, tokens).tril().bool()
    mask[prefix + 3 :, prefix : prefix + 3] = False
    scores = (asked_ @ key.transpose(1, 2)).masked_fill(~mask.repeat_interleave(3, 0), -torch.inf)
    wanted = (scores.softmax(-1) @ value).reshape(2, tokens, -1).transpose(0, 1).flatten(1)
    torch.testing.assert_close(out, wanted)


def test_other_architectures_and_long_slates_go_through_the_modules():
    torch.manual_seed(0)
    assert Layers.of(LlamaForCausalLM(config(attention_bias=True)).get_decoder()) is None
    of = student(LoraConfig(rank=3), torch.bfloat16)
    assert of._layers is not None
    assert of._layers.fit(packed([9], [[3, 2]]))
    assert not of._layers.fit(packed([2000], [[400] * 8]))
