"""Teachers: rankers of any make that say what they think of a list of candidates, for a student to learn from.

A teacher may be another architecture with another tokenizer: it is given the texts of a list, and only its scores are
compared with the student's, never its tokens. Lists need no labels, so there can be as many as there is time for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from brewlite.errors import BadSettings, UnknownName
from brewlite.evaluation.suite.kept import fingerprint
from brewlite.ranker import ANSWER_CUE, Ranker, Tokenizer
from brewlite.recommender import Recommender
from brewlite.records import Query, RankingPrompt
from brewlite.training.fit import Example

Floats = NDArray[np.float64]

SPREAD = 2.5
"""Log-odds that one standard deviation of a list's scores becomes, where the teachers' own scale means nothing."""


SPOKEN = ("similarity", "interests", "wish")
"""What the sentence encoder compares a candidate with: the history, the stored interests, the words of the query."""


class Lesson(Struct, frozen=True, kw_only=True):
    """One list of candidates, as the student's tokens and as text for teachers with other tokens."""

    prompt: RankingPrompt
    """What the student reads."""
    prefix: str
    candidates: tuple[str, ...]
    """(C,) without the answer cue."""
    gains: tuple[float, ...] = ()
    """(C,) as in :class:`brewlite.training.fit.Example`; empty: nobody chose."""
    likeness: tuple[float, ...] = ()
    """(C,) what the sentence encoder said when the list was drawn; empty: nothing."""
    site: str = ""
    query: Query | None = None
    """What the list was drawn for, with its candidates in order; None where that is not known any more."""


def lesson_of(
    prompt: RankingPrompt,
    tokenizer: Tokenizer,
    gains: Sequence[float] = (),
    likeness: Sequence[float] = (),
    site: str = "",
    query: Query | None = None,
) -> Lesson:
    """``prompt`` with its texts, decoded by the ``tokenizer`` that made it."""
    return Lesson(
        prompt=prompt,
        prefix=tokenizer.decode(prompt.prefix),
        candidates=tuple(tokenizer.decode(ids).removesuffix(ANSWER_CUE) for ids in prompt.candidates),
        gains=tuple(gains),
        likeness=tuple(likeness),
        site=site,
        query=query,
    )


def lessons_of(examples: Sequence[Example], tokenizer: Tokenizer) -> list[Lesson]:
    """Lessons from examples; the scores that stand in them, unless they are log-odds, are the sentence encoder's."""
    return [
        lesson_of(example.prompt, tokenizer, example.gains, () if example.chances else example.teacher)
        for example in examples
    ]


class Teacher(Protocol):
    """Anything with an opinion on lists."""

    @property
    def name(self) -> str:
        """Tells it from every other teacher: under it, its scores are kept."""
        ...

    @property
    def chances(self) -> bool:
        """Whether its scores are log-odds, so that they also say how likely each candidate is."""
        ...

    def scores(self, lesson: Lesson) -> Floats:
        """(C,) higher is better; (0,) where it has nothing to say of this list."""
        ...


class RankerTeacher:
    """A ranker: any model, checkpoint or tokenizer.

    Args:
        ranker: reads the lesson's texts.
    """

    chances = True

    def __init__(self, ranker: Ranker) -> None:
        self._ranker = ranker
        self.name = f"{ranker.name}-{fingerprint(ranker)}"

    def scores(self, lesson: Lesson) -> Floats:
        """Log-odds. Raises BadRecord for a list that is longer than the model reads."""
        return self._ranker.score_texts(lesson.prefix, lesson.candidates).astype(np.float64)


class SimilarityTeacher:
    """The sentence encoder: how like a candidate is to the visitor's history, and to what they say they want.

    Where a lesson does not say what it was drawn for, it stands by what it said then.

    Args:
        sites: name -> a recommender with the site's vectors, for lessons that name their site and query.
    """

    chances = False

    def __init__(self, sites: Mapping[str, Recommender] | None = None) -> None:
        self._sites = sites or {}
        self.name = "-".join(["similarity", *sorted({_encoder(site) for site in self._sites.values()})])

    def scores(self, lesson: Lesson) -> Floats:
        """Cosines, -3 to 3: to the history, the stored interests and the wish, summed.

        Raises:
            UnknownName: the lesson is from a site that this teacher was not given.
        """
        if lesson.query is None:
            return np.array(lesson.likeness, dtype=np.float64)
        if lesson.site not in self._sites:
            raise UnknownName("site of a lesson", lesson.site, list(self._sites))
        signals = self._sites[lesson.site].weigh(lesson.query, use_model=False).signals
        summed = sum((signals[name].astype(np.float64) for name in SPOKEN), start=np.zeros(len(lesson.candidates)))
        return summed if summed.std() > 1e-6 else np.zeros(0)


class AverageTeacher:
    """Several teachers, each standardised over the list, so that none is loud because its numbers are large.

    Where one of them speaks in log-odds, the average is put on that one's level and spread: the list keeps a
    calibrated scale, the others change its order. Who has nothing to say of a list is left out of it.

    Args:
        teachers: at least one.
        weights: one a teacher, above 0.

    Raises:
        BadSettings: no teachers, or weights that do not fit them.
    """

    def __init__(self, teachers: Sequence[Teacher], weights: Sequence[float]) -> None:
        if not teachers or len(weights) != len(teachers) or not min(weights) > 0:
            raise BadSettings(f"{len(teachers)} teachers with weights {list(weights)}: give each one a weight above 0")
        self._teachers, self._weights = list(teachers), list(weights)
        pairs = zip(self._teachers, self._weights, strict=True)
        self.name = "+".join(f"{weight:g}*{teacher.name}" for teacher, weight in pairs)
        self.chances = any(teacher.chances for teacher in teachers)

    def scores(self, lesson: Lesson) -> Floats:
        """(C,), on the scale of the first teacher that speaks in log-odds; else SPREAD a standard deviation."""
        total = np.zeros(len(lesson.candidates))
        heard, level, spread = 0.0, 0.0, 0.0 if self.chances else SPREAD
        for teacher, weight in zip(self._teachers, self._weights, strict=True):
            said = teacher.scores(lesson)
            if not len(said):
                continue
            if teacher.chances and not spread:
                level, spread = float(said.mean()), float(said.std())
            total += weight * _standard(said)
            heard += weight
        return level + spread * _standard(total) if heard else np.zeros(0)


def teach(
    lessons: Sequence[Lesson], teacher: Teacher | None, tell: Callable[[int, int], None] | None = None
) -> list[Example]:
    """Examples with the teacher's scores beside the labels; lists that have neither are left out.

    Without a teacher only the labels speak.
    """
    made = []
    for done, lesson in enumerate(lessons, start=1):
        scores = teacher.scores(lesson) if teacher is not None else np.zeros(0)
        if len(scores) or lesson.gains:
            made.append(
                Example(
                    prompt=lesson.prompt,
                    gains=lesson.gains,
                    teacher=tuple(scores.tolist()),
                    chances=teacher is not None and teacher.chances,
                )
            )
        if tell is not None:
            tell(done, len(lessons))
    return made


def unlabelled(lessons: Sequence[Lesson]) -> list[Lesson]:
    """The same lists without what anybody chose."""
    return [structs.replace(lesson, gains=()) for lesson in lessons]


def _standard(scores: Floats) -> Floats:
    """Mean 0 and standard deviation 1; zeros where all are equal."""
    spread = float(scores.std())
    return (scores - scores.mean()) / spread if spread > 1e-9 else np.zeros(len(scores))


def _encoder(recommender: Recommender) -> str:
    return recommender.encoder.name if recommender.encoder is not None else "none"
