"""Made-up reports of the suite, as large and as awkward as real ones: nothing in them was measured."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from brewlite.evaluation.statistics import Draws
from brewlite.evaluation.suite.report import (
    Bin,
    CaseFacts,
    Compared,
    DataFacts,
    MethodFacts,
    SuiteReport,
    TaskResult,
    WorstCase,
)
from brewlite.evaluation.suite.task import SuiteTask

METHODS = (
    ("brewlite", "brewlite", "ours", 0.42),
    ("brewlite-no-model", "brewlite without the model", "part", 0.38),
    ("llm", "language model alone", "part", 0.26),
    ("llm-one-at-a-time", "LLM, one at a time", "baseline", 0.24),
    ("random", "random", "baseline", 0.05),
    ("popularity", "popularity", "baseline", 0.17),
    ("popularity-60d", "popularity, last 60 days", "baseline", 0.29),
    ("newest", "newest first", "baseline", 0.31),
    ("item-knn", "item-kNN", "baseline", 0.27),
    ("als", "ALS", "baseline", 0.22),
    ("bpr", "BPR", "baseline", 0.2),
    ("ease", "EASE", "baseline", 0.25),
    ("bm25-history", "BM25 on history", "baseline", 0.21),
    ("bm25-request", "BM25 on the request", "baseline", 0.15),
    ("minilm-mean", "MiniLM, mean of history", "baseline", 0.23),
    ("minilm-request", "MiniLM on the request", "baseline", 0.19),
    ("logistic", "logistic regression", "baseline", 0.4),
)
SITES = (
    ("airbnb_barossa", "short stays A", "listings", True, True),
    ("airbnb_singapore", "short stays B", "listings", True, True),
    ("realestate_utah", "homes for sale", "listings", False, False),
    ("stackexchange_travel", "Q&A travel", "posts", True, True),
    ("stackexchange_beer", "Q&A beer", "posts", False, True),
    ("jobs_views", "job views", "jobs", False, True),
)
HOSTILE = (
    "<script>alert('x')</script> loft & <b>garden</b>",
    '=1+1&cmd|"/c calc"!A1',
    "bell\x07 and \x00nul\x1b[31m red\x0b",
    "\u202eright to left over everything\u202c שלום עולם, مرحبا",
    "{{ 7*7 }} {% raw %} ]]> --> </details></main>",
    "+" + "a very long title that never ends " * 12,
)
REQUESTS = ("place", "price limit", "negation", "other language", "combination", "rare attribute")


def made_report(seed: int = 0, cases: int = 60, shift: float = 0.0, model: str = "qwen3-0.6b") -> SuiteReport:
    """About seventy tasks; ``shift`` is added to what brewlite is worth, on the same cases."""
    rng = np.random.default_rng(seed)
    results = tuple(_result(task, unit, rng, cases, shift) for task, unit in _tasks())
    return SuiteReport(
        suite="quick",
        version="0.1.0",
        model=model,
        seed=seed,
        started=datetime(2025, 3, 1, 9, 30, tzinfo=UTC),
        seconds=1043.0,
        machine="2 x Xeon @ 2.80GHz, 8 GB",
        partial=False,
        methods=tuple(MethodFacts(name=n, label=label, role=role) for n, label, role, _ in METHODS),
        data=tuple(_data(*site) for site in SITES),
        results=results,
        worst=tuple(_worst(number) for number in range(12)),
        verdict=(
            "Over all data sets brewlite finds 4% more than the logistic regression, the best baseline: 43 of 100 "
            "against 41 (95% sure: between 1% fewer and 9% more).",
            "On visitors with 1-5 events it finds 31% more than newest first, 95% sure it is at least 12%.",
            "On visitors with no history brewlite and popularity cannot be told apart.",
        ),
        notes=("jobs_google has no events: only tasks of stated interests use it.", HOSTILE[0]),
    )


def _tasks() -> list[tuple[SuiteTask, str]]:
    kinds = {"listings": SITES[:2], "posts": SITES[3:5], "jobs": SITES[5:]}
    made: list[tuple[SuiteTask, str]] = []

    def add(family: str, name: str, about: str, data: tuple[str, ...], unit: str = "ndcg@10", **options: str) -> None:
        task = SuiteTask(
            name=name,
            family=family,
            about=about,
            data=data,
            maker={"full catalog": "full", "zero-shot": "asked otherwise"}.get(family, "matched"),
            metric=unit,
            quick=60,
            full=300,
            options=options,
        )
        made.append((task, unit))

    for kind, sites in kinds.items():
        names = tuple(site[0] for site in sites)
        add("in-domain", f"{kind}/next", f"Which of the {kind} is chosen next, after the cut?", names)
        add("in-domain", f"{kind}/new-items", "The same, of items that came in the last 14 days.", names)
        for group in ("0", "1-5", "6-20", "21+"):
            add(
                "history length",
                f"{kind}/history-{group}",
                f"The item chosen next by visitors with {group} events before.",
                names,
                history=group,
            )
        for months in (1, 3, 6):
            about = f"The next item {months} months after the cut: does it age?"
            add("later periods", f"{kind}/month-{months}", about, names)
        add("matched candidates", f"{kind}/matched", "Among 49 items of like age and popularity.", names)
        add("full catalog", f"{kind}/full", "The whole catalog, end to end.", names)
        for action in ("comment", "favourite", "view-long"):
            add("zero-shot", f"{kind}/{action}", f"Asked another question: will they {action}?", names)
        for request in REQUESTS:
            add(
                "stated interests",
                f"{kind}/wish-{request.replace(' ', '-')}",
                f"Does what fits rise above its twin that doesn't, for a request about {request}?",
                names,
                "share of pairs",
                request=request,
            )
        add("stated interests", f"{kind}/stays-put", "How far words move what fits.", names, "share of pairs moved")
        about = "Items shown that break a limit that was said: must be 0."
        add("stated interests", f"{kind}/violations", about, names, "violations")
        add("robustness", f"{kind}/shuffled", "The same candidates in another order.", names, "rank correlation")
        add("calibration", f"{kind}/calibration", "Do probabilities mean what they say?", names, "ECE")
        add("beyond accuracy", f"{kind}/coverage", "Share of the catalog ever shown.", names, "share of catalog")
        add("cost", f"{kind}/seconds", "Wall time of one request.", names, "seconds")
        add("cost", f"{kind}/tokens", "What the model reads for one request.", names, "tokens")
    return made


def _result(task: SuiteTask, unit: str, rng: np.random.Generator, cases: int, shift: float) -> TaskResult:
    count = int(rng.integers(max(cases // 3, 4), cases + 1)) if task.name != "jobs/month-6" else 6
    facts = tuple(_case(task, number, rng) for number in range(count))
    hard = rng.normal(size=count)
    visitors = np.unique([case.visitor for case in facts], return_inverse=True)[1]
    draws = Draws(visitors, np.ones(count), rng, rounds=200)
    values: dict[str, tuple[float | None, ...]] = {}
    for name, _, _, quality in METHODS:
        worth = quality + (shift if name == "brewlite" else 0.0)
        noise = rng.normal(size=count)
        if ("request" in name and unit == "ndcg@10") or (name in ("als", "bpr", "ease") and unit == "share of pairs"):
            continue
        made = _measured(unit, name, worth, hard, noise, facts)
        keep = rng.random(count) < {"llm-one-at-a-time": 0.2, "als": 0.97}.get(name, 1.0)
        values[name] = tuple(float(v) if kept else None for v, kept in zip(made, keep, strict=True))
    pooled = unit in ("ECE", "share of catalog")
    whole = {name: np.array([np.nan if v is None else v for v in row]) for name, row in values.items()}
    filled = {
        name: np.where(np.isnan(row), np.nanmean(row) if (~np.isnan(row)).any() else 0, row)
        for name, row in whole.items()
    }
    higher = unit not in ("seconds", "tokens", "violations", "ECE", "share of pairs moved")
    return TaskResult(
        task=task,
        unit=unit,
        higher_is_better=higher,
        n=count,
        visitors=len(set(visitors)),
        figures={name: draws.estimate(row) for name, row in filled.items()},
        compared={
            name: _compared(draws, filled["brewlite"], row, higher)
            for name, row in filled.items()
            if name != "brewlite"
        },
        cases=facts,
        values={} if pooled else values,
        curves={n: _curve(bias, task.name) for n, bias in (("brewlite", 0.0), ("llm", 0.2))} if unit == "ECE" else {},
        notes=("6 cases only: read it with care.",) if count < 10 else (),
    )


def _case(task: SuiteTask, number: int, rng: np.random.Generator) -> CaseFacts:
    site = task.data[number % len(task.data)]
    history = {"0": 0, "1-5": 3, "6-20": 11, "21+": 40}.get(str(task.options.get("history")))
    facets = {
        "history": float(rng.choice([0, 2, 5, 9, 18, 30]) if history is None else history),
        "months": float(rng.uniform(0, 8)),
        "tokens": float(rng.integers(60, 900)),
    }
    request = (
        {"request": task.options["request"], "language": ("en", "de")[number % 2]} if "request" in task.options else {}
    )
    visitor = f"=v{rng.integers(0, 400)}"
    return CaseFacts(key=f"{task.name}#{number}", site=site, visitor=visitor, facets=facets | request)


def _measured(
    unit: str, name: str, worth: float, hard: np.ndarray, noise: np.ndarray, facts: tuple[CaseFacts, ...]
) -> np.ndarray:
    history = np.array([case.facets["history"] for case in facts], dtype=float)
    knows = np.log1p(history) * (0.1 if name in ("item-knn", "ease", "als", "bpr", "brewlite", "minilm-mean") else 0.0)
    z = 4 * (worth + knows - 0.35) - hard + 0.5 * noise
    if unit == "seconds":
        return np.exp(noise / 4) * (1.2 if name in ("brewlite", "llm") else 60 if "one-at" in name else 0.004)
    if unit == "tokens":
        return np.round(np.exp(noise / 5) * (2400 if name in ("brewlite", "llm") else 0))
    if unit == "share of pairs":
        return (0.6 * z + 0.9 > 0).astype(float)
    if unit in ("violations", "share of pairs moved"):
        return (z < -2).astype(float) if name != "brewlite" else np.zeros(len(hard))
    if unit in ("rank correlation", "share of catalog", "ECE"):
        return 1 / (1 + np.exp(-z))
    rank = np.maximum(1, np.round(np.exp(2.2 - z)))
    return np.where(rank <= 10, 1 / np.log2(rank + 1), 0.0)


def _compared(draws: Draws, ours: np.ndarray, theirs: np.ndarray, higher: bool) -> Compared:
    difference = (ours - theirs) * (1 if higher else -1)
    return Compared(
        absolute=draws.estimate(ours - theirs),
        relative=draws.relative(ours, theirs),
        wins=int((difference > 0).sum()),
        ties=int((difference == 0).sum()),
        losses=int((difference < 0).sum()),
    )


def _curve(bias: float, task: str) -> tuple[Bin, ...]:
    """Of posts as of lists of fifty: nearly all that is said is small."""
    small = 0.1 if task.startswith("posts") else 1.0
    return tuple(
        Bin(
            predicted=p * small**2,
            observed=small * min(1.0, max(0.0, p - bias * (p - 0.1))),
            count=int(400 * (1 - p) + 5),
        )
        for p in (0.05, 0.15, 0.25, 0.35, 0.5, 0.65, 0.8, 0.93)
    )


def _data(name: str, label: str, kind: str, trained: bool, events: bool) -> DataFacts:
    return DataFacts(
        name=name,
        label=label,
        kind=kind,
        items=1834,
        events=20_412 if events else 0,
        users=9_120 if events else 0,
        cut=datetime(2023, 9, 1, tzinfo=UTC) if events else None,
        digest=name[:8].ljust(16, "0"),
        trained=trained,
    )


def _worst(number: int) -> WorstCase:
    title = HOSTILE[number % len(HOSTILE)]
    return WorstCase(
        task=("listings/next", "posts/history-6-20", "jobs/matched")[number % 3],
        key=f"case-{number}",
        ours=0.0,
        best="popularity-60d" if number % 2 else "newest",
        best_value=1.0,
        target=title,
        picked=(HOSTILE[(number + 1) % len(HOSTILE)], "Quiet flat by the river", "Old Town studio"),
        prompt=f"Visitor's history:\n- viewed: {title}\n- viewed: Harbour loft\n\nWill they stay at this?\n" * 4,
        ours_rank=31 + number,
        best_rank=1 if number % 4 else None,
    )
