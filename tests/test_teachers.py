"""Teachers: another architecture and tokenizer teaches as well, averages are fair, and what was said is kept."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import NOW
from test_attention import CONFIGS, byte_tokenizer
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from brewlite import Query
from brewlite.errors import BadSettings, UnknownName
from brewlite.prompt import PromptBuilder
from brewlite.ranker import ANSWER_CUE
from brewlite.ranker.tokenizer import PlainTokenizer
from brewlite.ranker.torch_ranker import TorchRanker
from brewlite.records import RankingPrompt
from brewlite.testing import FakeRanker
from brewlite.training.fit import Example, FitConfig, Fitting
from brewlite.training.heard import KeptTeacher
from brewlite.training.lora import LoraConfig, add_lora
from brewlite.training.model import Student
from brewlite.training.teachers import (
    SPREAD,
    AverageTeacher,
    Lesson,
    RankerTeacher,
    SimilarityTeacher,
    lesson_of,
    lessons_of,
    teach,
    unlabelled,
)


@cache
def letter_tokenizer() -> PlainTokenizer:
    """Begins texts with a control token, knows some pairs of letters, and numbers everything the other way round."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet(), reverse=True)
    pieces = ["<pad>", "<s>", "</s>", *letters, "qu", "ie", "Ġy", "Ġn"]
    backend = Tokenizer(
        models.BPE(vocab={p: n for n, p in enumerate(pieces)}, merges=[("q", "u"), ("i", "e"), ("Ġ", "y"), ("Ġ", "n")])
    )
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken(token, special=True) for token in ("<pad>", "<s>", "</s>")])
    return PlainTokenizer(PreTrainedTokenizerFast(tokenizer_object=backend, bos_token="<s>", eos_token="</s>"))


def other_ranker(seed: int = 11) -> TorchRanker:
    """Another architecture than the student's, with other tokens."""
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(CONFIGS["gemma3"](), dtype=torch.float32)
    return TorchRanker(model, letter_tokenizer(), "other")


def student(seed: int = 3) -> Student:
    torch.manual_seed(seed)
    made = Student(AutoModelForCausalLM.from_config(CONFIGS["llama"](), dtype=torch.float32), byte_tokenizer())
    add_lora(made.decoder, LoraConfig(rank=8))
    return made


def lesson(candidates: tuple[str, ...], prefix: str = "wants: quiet, by the river", **more) -> Lesson:
    tokenizer = byte_tokenizer()
    ids = tuple(tuple(tokenizer.encode(f"\n{text}{ANSWER_CUE}")) for text in candidates)
    return lesson_of(RankingPrompt(prefix=tuple(tokenizer.encode(prefix)), candidates=ids), tokenizer, **more)


WORDS = ("quiet", "loud", "river", "bar", "garden", "hill", "flat", "queue", "pier", "studio")


def lists(count: int, seed: int) -> list[Lesson]:
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        texts = tuple(" ".join(rng.choice(WORDS, 3, replace=False)) for _ in range(5))
        made.append(lesson(texts, f"wants: {rng.choice(WORDS)}"))
    return made


def kendall(one: np.ndarray, other: np.ndarray) -> float:
    pairs = np.triu_indices(len(one), 1)
    signs = [np.sign(scores[:, None] - scores[None])[pairs] for scores in (one, other)]
    return float((signs[0] * signs[1]).mean())


class Loud:
    """Says what it was made with; counts how often it is asked."""

    def __init__(self, name: str, scores, chances: bool = False) -> None:
        self.name, self.chances, self.said, self.times = name, chances, np.array(scores, dtype=float), 0

    def scores(self, lesson: Lesson) -> np.ndarray:
        self.times += 1
        return self.said


# Lessons


def test_a_lesson_is_the_prompt_in_words():
    one = lesson(("quiet flat", "bar"))
    assert one.prefix == "wants: quiet, by the river"
    assert one.candidates == ("\nquiet flat", "\nbar")
    mine = byte_tokenizer()
    ranker = TorchRanker(student().model, mine, "mine")
    np.testing.assert_allclose(
        ranker.score_texts(one.prefix, one.candidates), ranker.score(one.prompt).log_odds, atol=1e-6
    )


def test_examples_become_lessons_and_keep_what_the_encoder_said():
    one = lesson(("quiet", "bar"))
    told = Example(prompt=one.prompt, gains=(1.0, 0.0), teacher=(2.0, -2.0))
    (back,) = lessons_of([told], byte_tokenizer())
    assert (back.candidates, back.gains, back.likeness) == (one.candidates, (1.0, 0.0), (2.0, -2.0))
    assert (
        lessons_of([Example(prompt=one.prompt, teacher=(1.0, 2.0), chances=True)], byte_tokenizer())[0].likeness == ()
    )


# A teacher of another make


def test_a_teacher_with_other_tokens_reads_the_same_words():
    teacher, one = RankerTeacher(other_ranker()), lesson(("quiet flat", "bar", "a pier"))
    ids = other_ranker().tokenizer.encode(one.candidates[0])
    assert ids != byte_tokenizer().encode(one.candidates[0]), "the tokens are others"
    direct = other_ranker().score_texts("wants: quiet, by the river", ["\nquiet flat", "\nbar", "\na pier"])
    np.testing.assert_allclose(teacher.scores(one), direct, atol=1e-6)


def test_a_student_learns_the_order_of_a_teacher_of_another_make(tmp_path: Path):
    teacher, unseen = RankerTeacher(other_ranker()), lists(30, seed=9)
    taught = student()

    def agreement() -> float:
        with torch.no_grad():
            return float(
                np.mean([kendall(taught.log_odds([one.prompt])[0].numpy(), teacher.scores(one)) for one in unseen])
            )

    before = agreement()
    config = FitConfig(steps=60, step_tokens=1500, learning_rate=1e-2, warmup=5, pointwise=1.0)
    examples = teach(lists(200, seed=1), teacher)
    Fitting(taught, examples, config, tmp_path).run()
    assert agreement() > before + 0.3
    levels = [(taught.log_odds([e.prompt])[0].detach().mean(), np.mean(e.teacher)) for e in examples[:30]]
    assert abs(float(np.mean([float(own) - said for own, said in levels]))) < 0.5, "its level is learned, too"


def test_a_teacher_with_windows_can_itself_be_taught_on_lists_that_fit_in_them():
    """Gemma sees 512 tokens back in most layers: lists that are shorter, it reads as any other model does."""
    shown = lists(2, seed=4)
    longest = max(len(one.prompt.prefix) + max(map(len, one.prompt.candidates)) for one in shown)

    def gemma(window: int) -> Student:
        torch.manual_seed(11)
        config = CONFIGS["gemma3"]()
        config.sliding_window = window
        return Student(AutoModelForCausalLM.from_config(config, dtype=torch.float32), byte_tokenizer())

    with torch.no_grad():
        learned = gemma(longest).log_odds([one.prompt for one in shown])
    ranker = TorchRanker(gemma(longest).model, byte_tokenizer(), "gemma")
    for one, log_odds in zip(shown, learned, strict=True):
        np.testing.assert_allclose(log_odds.numpy(), ranker.score(one.prompt).log_odds, atol=1e-4)
    with pytest.raises(BadSettings, match=f"{longest - 1} tokens back and a slate has {longest}"):
        gemma(longest - 1).log_odds([one.prompt for one in shown])


# The sentence encoder


def test_similarity_speaks_of_history_and_wish(site):
    prompts = PromptBuilder(FakeRanker().tokenizer, site.adapter)
    teacher = SimilarityTeacher({"town": site})
    ids = ("1", "5", "2", "6")

    def asked(**more) -> Lesson:
        query = Query(candidates=ids, at=NOW - timedelta(hours=1), **more)
        return lesson_of(site.prompt(query, prompts), prompts.tokenizer, site="town", query=query)

    scores = teacher.scores(asked(history=(("9", "save"),)))  # odd homes are quiet, the 4th of each four in Old Town
    signals = site.weigh(asked(history=(("9", "save"),)).query, use_model=False).signals
    np.testing.assert_allclose(scores, signals["similarity"], atol=1e-6)
    wish = teacher.scores(asked(instructions="a lively house"))
    assert np.ptp(wish) > 0
    assert not len(teacher.scores(asked(history=()))), "of a stranger who says nothing it knows nothing"
    with pytest.raises(UnknownName, match="elsewhere"):
        SimilarityTeacher({"elsewhere": site}).scores(asked(instructions="quiet"))


def test_similarity_stands_by_what_was_said_when_the_list_was_drawn():
    teacher = SimilarityTeacher()
    assert teacher.scores(lesson(("a", "b"), likeness=(1.5, -1.5))).tolist() == [1.5, -1.5]
    assert not len(teacher.scores(lesson(("a", "b"))))


# Several


def test_in_an_average_none_is_loud():
    quiet, loud = Loud("quiet", [3.0, 2.0, 1.0]), Loud("loud", [-1000.0, 0.0, 1000.0])
    one = lesson(("a", "b", "c"))
    np.testing.assert_allclose(AverageTeacher([quiet, loud], [1, 1]).scores(one), 0, atol=1e-9)
    heavier = AverageTeacher([quiet, loud], [3, 1])
    np.testing.assert_allclose(heavier.scores(one), SPREAD * quiet.said.std() ** -1 * (quiet.said - 2), atol=1e-9)
    assert not heavier.chances
    assert heavier.name == "3*quiet+1*loud"


def test_an_average_keeps_the_scale_of_log_odds():
    odds, other = Loud("odds", [-4.0, -3.0, -2.0], chances=True), Loud("other", [9.0, 0.0, 0.0])
    mixed = AverageTeacher([other, odds], [1, 1])
    scores = mixed.scores(lesson(("a", "b", "c")))
    assert mixed.chances
    assert scores.mean() == pytest.approx(-3)
    assert scores.std() == pytest.approx(odds.said.std())
    assert scores.argmax() != 1


def test_who_has_nothing_to_say_is_left_out():
    silent, one = Loud("silent", []), lesson(("a", "b"))
    odds = Loud("odds", [1.0, -1.0], chances=True)
    np.testing.assert_allclose(AverageTeacher([silent, odds], [5, 1]).scores(one), odds.said)
    assert not len(AverageTeacher([silent], [1]).scores(one))


@pytest.mark.parametrize(("teachers", "weights"), [([], []), ([Loud("a", [1])], [1, 2]), ([Loud("a", [1])], [0])])
def test_weights_must_fit(teachers, weights):
    with pytest.raises(BadSettings, match="weight above 0"):
        AverageTeacher(teachers, weights)


# Kept


def test_what_a_teacher_said_is_kept(tmp_path: Path):
    teacher, shown = RankerTeacher(other_ranker()), lists(6, seed=2)
    first = KeptTeacher(teacher, tmp_path)
    said = [first.scores(one) for one in shown]
    assert first.asked == 6
    again = KeptTeacher(teacher, tmp_path)
    for one, scores in zip(shown, said, strict=True):
        np.testing.assert_array_equal(again.scores(one), scores)
        np.testing.assert_allclose(scores, teacher.scores(one), atol=1e-6)
    assert again.asked == 0
    other = KeptTeacher(RankerTeacher(other_ranker(seed=12)), tmp_path)
    other.scores(shown[0])
    assert other.asked == 1, "weights of the same name that differ are another teacher"


def test_a_row_half_written_is_dropped(tmp_path: Path):
    loud, one = Loud("loud", [1.0, 2.0]), lesson(("a", "b"))
    KeptTeacher(loud, tmp_path).scores(one)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-3])
    again = KeptTeacher(loud, tmp_path)
    assert len(again) == 1
    np.testing.assert_array_equal(again.scores(one), [1.0, 2.0])
    assert loud.times == 2


def test_silence_is_not_kept(tmp_path: Path):
    silent = KeptTeacher(Loud("silent", []), tmp_path)
    assert not len(silent.scores(lesson(("a", "b"))))
    assert len(silent) == 0


# Taught


def test_lists_without_label_or_opinion_teach_nothing():
    shown = [lesson(("a", "b"), gains=(1.0, 0.0)), lesson(("a", "b"))]
    odds = Loud("odds", [1.0, -1.0], chances=True)
    told = []
    both = teach(shown, odds, lambda done, total: told.append((done, total)))
    assert [(e.gains, e.teacher, e.chances) for e in both] == [((1.0, 0.0), (1.0, -1.0), True), ((), (1.0, -1.0), True)]
    assert told == [(1, 2), (2, 2)]
    assert [e.gains for e in teach(shown, None)] == [(1.0, 0.0)]
    assert [e.gains for e in teach(unlabelled(shown), odds)] == [(), ()]
