"""What one task asks a method, and what a method answers."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from brewlite.evaluation.log import Floats
from brewlite.evaluation.suite.site import BenchSite
from brewlite.prompt import PromptConfig
from brewlite.records import Query

Facet = float | str


class Case(Struct, frozen=True, kw_only=True):
    """One question to every method. Which fields a case has depends on its task's metric."""

    key: str
    """Stable from run to run: cases of two runs are paired by it."""
    site: str
    """Name of the data set."""
    visitor: str
    """Who is drawn in the bootstrap: cases of one visitor, or of one request, are not independent."""
    query: Query
    """``at`` is set; ``candidates`` is the list to rank, or None for everything that could be shown then."""
    good: tuple[str, ...] = ()
    """Items that should stand on top: the one chosen next, or all that fit."""
    bad: tuple[str, ...] = ()
    """Items that must not stand on top: those that break a hard limit."""
    pairs: tuple[tuple[str, str], ...] = ()
    """(the item that fits, its twin that does not)."""
    other: Query | None = None
    """The same question asked in another way: without the words, with typos, shuffled. Its answer is compared."""
    prompt: PromptConfig | None = None
    """Instead of the default, for methods that read a prompt."""
    other_prompt: PromptConfig | None = None
    """The same for ``other``."""
    facets: dict[str, Facet] = {}
    """What plots and tables group by: ``history`` (events before), ``months`` (since the cut), ``age_days`` ..."""


class Answer(Struct, frozen=True, kw_only=True, eq=False):
    """A method's scores of the candidates of one query."""

    ids: tuple[str, ...]
    """(C,) the query's candidates in its order, or all that could be shown."""
    scores: Floats
    """(C,) float64, higher is better, equal is a tie; -inf for what must not be shown."""
    log_odds: Floats | None = None
    """(C,) of the language model alone, where it was asked about all of them."""
    probability: Floats | None = None
    """(C,) the chance that the visitor chooses the item, where the method states one."""
    prefix_tokens: int = 0
    candidate_tokens: int = 0
    seconds: float = 0.0
    """Of this answer, as it was measured when it was not kept from before."""
    kept: bool = False
    """Whether the model's scores were kept from an earlier question, so that ``seconds`` says nothing."""


class SuiteMethod(Protocol):
    """Anything that ranks."""

    @property
    def name(self) -> str:
        """In tables of figures and in JSON: ``popularity-60d``."""
        ...

    @property
    def label(self) -> str:
        """As printed."""
        ...

    @property
    def reads_words(self) -> bool:
        """Whether ``query.instructions`` can change its answer."""
        ...

    def why_not(self, site: BenchSite) -> str | None:
        """Why it cannot answer on this site, or None."""
        ...

    def answer(self, query: Query, site: BenchSite, prompt: PromptConfig | None = None) -> Answer | None:
        """Scores for ``query``, which has ``at`` set; nothing that happened at or after that moment is used.

        None: this method has no answer to such a query (the model alone does not read a whole catalog).
        """
        ...
