"""The report of a run: the same figures in JSON, on the page and in the workbook, whatever the texts hold."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import openpyxl
import pytest
from msgspec import structs
from suite_reports import HOSTILE, METHODS, made_report

from brewlite.cli.quality import _table
from brewlite.errors import BadSettings
from brewlite.evaluation.statistics import Estimate
from brewlite.evaluation.suite.judging import judge
from brewlite.evaluation.suite.pages import Written, write_report
from brewlite.evaluation.suite.pages.colours import DARK, LIGHT
from brewlite.evaluation.suite.pages.page import page
from brewlite.evaluation.suite.pages.standing import HISTORY, pools, standings, token_bins, trends
from brewlite.evaluation.suite.pages.steering import heat
from brewlite.evaluation.suite.pages.svg import _page_fonts
from brewlite.evaluation.suite.pages.tables import families, outcomes
from brewlite.evaluation.suite.pages.wording import clean, number, outcome, short, signed
from brewlite.evaluation.suite.registry import METRICS as TASK_METRICS
from brewlite.evaluation.suite.report import Bin, CaseFacts, SuiteReport, TaskResult, leading
from brewlite.evaluation.suite.words import in_words

VOID = {"meta", "input", "br", "hr", "link", "img"}


@pytest.fixture(scope="module")
def report() -> SuiteReport:
    return made_report(cases=60)


@pytest.fixture(scope="module")
def written(report: SuiteReport, tmp_path_factory: pytest.TempPathFactory) -> Written:
    return write_report(report, tmp_path_factory.mktemp("out") / "new" / "folder")


@pytest.fixture(scope="module")
def html(written: Written) -> str:
    return written.html.read_text(encoding="utf-8")


class Tree(HTMLParser):
    """Tags that are open, ids, links and texts; fails on a tag that closes another."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.attributes.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.texts.append(data)


@pytest.fixture(scope="module")
def tree(html: str) -> Tree:
    return Tree(html)


def test_the_json_reads_back_as_the_same_report(report: SuiteReport, written: Written):
    assert msgspec.json.decode(written.json.read_bytes(), type=SuiteReport) == report
    assert written.json.read_text().count("\n") > 1000, "indented"
    assert [path.name for path in written] == ["report.json", "report.html", "report.xlsx"]


def test_the_same_report_gives_the_same_bytes(report: SuiteReport, written: Written, tmp_path: Path):
    again = write_report(report, tmp_path)
    for before, after in zip(written, again, strict=True):
        assert before.read_bytes() == after.read_bytes(), after.name


def test_what_is_no_number_is_left_out(report: SuiteReport, tmp_path: Path):
    """JSON has no word for it: a figure that cannot be read back would make the whole file unreadable."""
    nan = float("nan")
    result = report.results[0]
    figures = result.figures | {"newest": Estimate(value=nan), "ease": Estimate(value=0.2, low=nan, high=0.3)}
    compared = result.compared | {"newest": structs.replace(result.compared["newest"], absolute=Estimate(value=nan))}
    values = result.values | {"als": (nan, *result.values["als"][1:])}
    curves = {"brewlite": (Bin(predicted=0.5, observed=nan, count=0), Bin(predicted=0.7, observed=0.6, count=3))}
    odd = structs.replace(result, figures=figures, compared=compared, values=values, curves=curves)
    written = write_report(structs.replace(report, results=(odd,)), tmp_path)
    (back,) = msgspec.json.decode(written.json.read_bytes(), type=SuiteReport).results
    assert "newest" not in back.figures
    assert "newest" not in back.compared
    assert back.figures["ease"] == Estimate(value=0.2)
    assert back.values["als"][0] is None
    assert back.curves == {"brewlite": (Bin(predicted=0.7, observed=0.6, count=3),)}
    assert "nan" not in written.html.read_text(encoding="utf-8").replace("nance", "")


def test_a_folder_that_cannot_be_written_is_a_mistake_in_one_line(report: SuiteReport, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSettings, match="--report") as caught:
        write_report(report, tmp_path / "file" / "out")
    assert "\n" not in str(caught.value)


def test_the_page_is_whole_and_every_id_is_its_own(tree: Tree):
    assert tree.open == []
    assert len(tree.ids) == len(set(tree.ids))
    links = {attrs["href"] for tag, attrs in tree.attributes if tag == "a" and attrs.get("href")}
    assert all(link.startswith("#") and link[1:] in tree.ids for link in links)
    for tag, attrs in tree.attributes:
        for name in ("aria-labelledby", "xlink:href"):
            for id_ in (attrs.get(name) or "").split():
                assert id_.lstrip("#") in tree.ids, f"{tag} {name}={id_}"
        for value in attrs.values():
            for id_ in re.findall(r"url\(#([^)]+)\)", value or ""):
                assert id_ in tree.ids


def test_the_page_needs_no_network(html: str, tree: Tree):
    assert not re.search(r"@import|url\((?!#)", html)
    assert not {tag for tag, _ in tree.attributes} & {"link", "img", "iframe", "object", "base", "form"}
    for tag, attrs in tree.attributes:
        assert "src" not in attrs, tag
        assert (attrs.get("href") or "#").startswith("#")
        assert not any(name.startswith("on") for name in attrs), tag
    policy = next(attrs["content"] for tag, attrs in tree.attributes if "http-equiv" in attrs)
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    named = set(re.findall(r"https?://[^\s\"'<)]+", html))
    assert named <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_hostile_texts_are_shown_and_nothing_else(html: str, tree: Tree):
    assert sum(tag == "script" for tag, _ in tree.attributes) == 1
    assert "<script>alert" not in html
    said = "".join(tree.texts)
    assert "<script>alert('x')</script> loft & <b>garden</b>" in said
    assert "{{ 7*7 }} {% raw %} ]]> --> </details></main>" in said
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", html)
    assert "שלום" in said


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_labels_everywhere(text: str, report: SuiteReport, tmp_path: Path):
    """In names of methods, tasks, families, sites, facets, units: where plots, ids and heads are made of them."""
    hostile = everywhere(report, text)
    tree = Tree(page(hostile))
    assert tree.open == []
    assert len(tree.ids) == len(set(tree.ids))
    assert sum(tag == "script" for tag, _ in tree.attributes) == 1
    written = write_report(hostile, tmp_path)
    book = openpyxl.load_workbook(written.xlsx)
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)


def everywhere(report: SuiteReport, text: str) -> SuiteReport:
    few = [r for r in report.results if r.task.name in ("listings/next", "listings/wish-place", "listings/calibration")]

    def result(each: TaskResult) -> TaskResult:
        task = structs.replace(each.task, name=each.task.name + text, about=text, family=each.task.family)
        cases = tuple(structs.replace(c, facets=c.facets | {"request": text, text: text}) for c in each.cases)
        return structs.replace(each, task=task, cases=cases, notes=(text,))

    return structs.replace(
        report,
        model=text,
        machine=text,
        suite=text,
        version=text,
        methods=tuple(structs.replace(m, label=text) for m in report.methods),
        data=tuple(structs.replace(d, label=text, kind=text, digest=text) for d in report.data),
        results=tuple(result(each) for each in few),
        verdict=(text,),
        notes=(text,),
    )


def test_every_task_stands_on_the_page_with_every_figure(report: SuiteReport, html: str, tree: Tree):
    rows = re.findall(r'<tr class="task".*?</tr>', html, flags=re.DOTALL)
    order = [row.name for family in families(report) for row in family.rows]
    results = {result.task.name: result for result in report.results}
    assert sorted(order) == sorted(results)
    for row, result in zip(rows, (results[name] for name in order), strict=True):
        assert f"<b>{result.task.name}</b>" in row
        cells = re.findall(r'<span class="v">([^<]*)</span>', row)
        assert cells == [number(result.figures[name].value) for name, *_ in METHODS if name in result.figures]
    for word in ("better", "worse", "within noise", "too few visitors"):
        assert any(word in text for text in tree.texts)
    assert [t for t in report.verdict if t in "".join(tree.texts)] == list(report.verdict)


def test_tables_and_drawings_can_be_read_aloud(tree: Tree, html: str):
    heads = [attrs for tag, attrs in tree.attributes if tag == "th"]
    assert all(attrs.get("scope") in ("col", "row", "rowgroup") for attrs in heads)
    drawn = [attrs for tag, attrs in tree.attributes if tag == "svg" and attrs.get("aria-hidden") != "true"]
    assert len(drawn) >= 2 + 3 * 3 + 3 + 1
    assert all(attrs["role"] == "img" and attrs["aria-labelledby"] for attrs in drawn)
    assert "<text" in html, "text is text"
    for drawing in re.findall(r"<svg xmlns.*?</svg>", html, flags=re.DOTALL):
        assert not re.search(r"#[0-9a-f]{6}", drawing), "colours are the page's"
        assert "font-family" not in drawing


def test_the_full_run_stays_small():
    html = page(made_report(cases=200))
    assert len(html.encode()) < 1_500_000


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_can_be_read(theme: dict[str, str]):
    for ground in ("paper", "card", "tint", "mark"):
        for ink in ("ink", "soft", "link", "better", "even", "worse"):
            assert contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground)
    for line in ("ours", "part", "alone", "rules", "together", "words", "logistic", "other"):
        assert contrast(theme[line], theme["card"]) >= 4.5, line
    for bar in ("bar-better", "bar-even", "bar-worse"):
        assert contrast(theme["on-bar"], theme[bar]) >= 4.5, bar
    for tint in ("heat-high", "heat-low"):
        assert contrast(theme["ink"], theme[tint]) >= 4.5, tint
    assert set(LIGHT) == set(DARK)


def contrast(one: str, other: str) -> float:
    """Of two colours, by the Web Content Accessibility Guidelines 2.1."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_poor_run_still_makes_a_report(report: SuiteReport, tmp_path: Path):
    """No model, no baselines, no curves, no log, one task of few cases, nothing worst."""
    result = report.results[0]
    few = structs.replace(
        result,
        n=2,
        visitors=2,
        cases=result.cases[:2],
        figures={"brewlite-no-model": Estimate(value=0.0)},
        compared={},
        values={"brewlite-no-model": (0.0, None)},
    )
    poor = structs.replace(
        report,
        model="none",
        partial=True,
        methods=tuple(m for m in report.methods if m.name == "brewlite-no-model"),
        results=(few,),
        data=report.data[2:3],
        worst=(),
        verdict=(),
        notes=(),
    )
    assert leading(poor) == "brewlite-no-model"
    written = write_report(poor, tmp_path)
    tree = Tree(written.html.read_text(encoding="utf-8"))
    assert tree.open == []
    assert any("Partial" in text for text in tree.texts)
    assert len(openpyxl.load_workbook(written.xlsx)["Tasks"]["A"]) == 2


def test_each_case_counts_once_and_each_site_the_same():
    """Three sites' worth of cases by hand: 4 of site a, 1 of b; one case is in two tasks, one was not answered."""
    base = made_report(cases=10)
    small = structs.replace(
        base,
        methods=tuple(m for m in base.methods if m.name in ("brewlite", "newest", "llm-one-at-a-time")),
        results=(
            by_hand(base.results[0], ("a/1", "a/2", "a/3"), {"brewlite": (1.0, 0.5, 0.0), "newest": (0.5, 0.5, 0.5)}),
            by_hand(base.results[0], ("a/3", "a/4", "b/1"), {"brewlite": (0.0, 0.5, 1.0), "newest": (0.5, None, 0.0)}),
            by_hand(base.results[0], ("b/2",), {"brewlite": (0.0,), "newest": (0.5,), "llm-one-at-a-time": (1.0,)}),
        ),
    )
    (pool,) = pools(small)
    assert [case.key for case in pool.cases] == ["a/1", "a/2", "a/3", "b/1", "b/2"]
    assert (pool.asked, pool.left_out) == (6, {"llm-one-at-a-time": 1})
    first, second = standings(pool, "brewlite", np.random.default_rng(0))
    assert (first.method, first.mean.value) == ("brewlite", pytest.approx((0.5 + 0.5) / 2))
    assert (second.method, second.mean.value) == ("newest", pytest.approx((0.5 + 0.25) / 2))
    assert second.ahead is not None
    assert second.ahead.value == pytest.approx(0.125)
    assert (second.wins, second.ties, second.losses) == (2, 1, 2)
    assert first.mean.low is None, "too few visitors for an interval"


def by_hand(like: TaskResult, keys: tuple[str, ...], values: dict[str, tuple[float | None, ...]]) -> TaskResult:
    cases = tuple(CaseFacts(key=key, site=key[0], visitor=key, facets={}) for key in keys)
    figures = {name: Estimate(value=0.0) for name in values}
    return structs.replace(like, n=len(keys), cases=cases, values=values, figures=figures, compared={})


def test_the_interval_of_a_mean_covers_it(report: SuiteReport):
    for pool in pools(report):
        for row in standings(pool, "brewlite", np.random.default_rng(0)):
            assert row.mean.low is not None
            assert row.mean.high is not None
            assert row.mean.low < row.mean.value < row.mean.high


def test_panels_group_cases_by_their_facets_not_by_tasks(report: SuiteReport):
    pool = pools(report)[0]
    panels = list(trends(pool, report, "history", HISTORY, np.random.default_rng(0)))
    assert [panel.kind for panel in panels] == ["listings", "posts", "jobs"]
    kinds = {facts.name: facts.kind for facts in report.data}
    for panel in panels:
        for place, (label, least, below) in enumerate(HISTORY):
            assert panel.bins[place] == label
            inside = [
                row
                for row, case in enumerate(pool.cases)
                if kinds[case.site] == panel.kind and least <= float(case.facets["history"]) < below
            ]
            point = panel.points["newest"][place]
            assert point.cases == len(inside)
            assert point.mean.value == pytest.approx(pool.values[inside, pool.methods.index("newest")].mean())
    bins = token_bins(pool)
    sizes = [sum(a <= float(case.facets["tokens"]) < b for case in pool.cases) for _, a, b in bins]
    assert sum(sizes) == len(pool.cases)
    assert max(sizes) < 1.5 * min(sizes)


def test_the_best_is_picked_in_the_sense_of_the_metric(report: SuiteReport):
    rows = {row.name: row for family in families(report) for row in family.rows}
    seconds = rows["listings/seconds"]
    assert seconds.best_is == "lower"
    assert seconds.against is not None
    assert seconds.against.outcome == "worse"
    best = [cell for cell in seconds.cells if cell and cell.best]
    figures = next(r for r in report.results if r.task.name == "listings/seconds").figures
    assert best[0].value == number(min(figure.value for figure in figures.values()))
    few = rows["jobs/month-6"].against
    assert few is not None
    assert (few.outcome, few.interval) == ("unsure", "")


def test_a_method_that_answered_few_cases_is_not_the_best():
    base = made_report(cases=10)
    result = by_hand(
        base.results[0], ("1", "2", "3"), {"newest": (0.1, 0.1, 0.1), "llm-one-at-a-time": (1.0, None, None)}
    )
    figures = {"newest": Estimate(value=0.1), "llm-one-at-a-time": Estimate(value=1.0)}
    ((family,),) = (families(structs.replace(base, results=(structs.replace(result, figures=figures),))),)
    cells = [cell for cell in family.rows[0].cells if cell]
    assert [(cell.value, cell.best, cell.cases) for cell in cells] == [("1.000", False, 1), ("0.100", True, None)]


def test_the_page_the_terminal_and_the_words_name_the_same_best_baseline():
    """Also where a baseline that answered a single case has the highest figure."""
    base = made_report(cases=10)
    values = {"brewlite": (0.5,) * 3, "newest": (0.1,) * 3, "popularity": (0.3,) * 3, "als": (1.0, None, None)}
    result = by_hand(base.results[0], ("1", "2", "3"), values)
    figures = {name: Estimate(value=row[0]) for name, row in values.items()}
    compared = {name: base.results[0].compared["newest"] for name in values if name != "brewlite"}
    task = structs.replace(result.task, name="all/matched")
    result = structs.replace(result, task=task, figures=figures, compared=compared)
    report = structs.replace(base, results=(result,))
    ((family,),) = (families(report),)
    assert family.rows[0].against.rival == "popularity"
    row = list(_table(report, [result], "family").columns[6].cells)
    assert row[0].startswith("popularity ")
    said, *_ = in_words([result], {name: name for name in values}, "brewlite")
    assert "best baseline there, popularity, 0.300" in said


def test_the_figure_nearest_zero_is_the_best_where_the_metric_says_so():
    base = made_report(cases=10)
    values = {"brewlite": (-0.4,) * 3, "newest": (0.1,) * 3, "popularity": (0.3,) * 3}
    figures = {name: Estimate(value=row[0]) for name, row in values.items()}
    result = structs.replace(
        by_hand(base.results[0], ("1", "2", "3"), values), figures=figures, higher_is_better=False, zero_is_best=True
    )
    assert result.best() == ["newest"]
    assert structs.replace(result, zero_is_best=False).best() == ["brewlite"]
    assert judge(result.task, TASK_METRICS["overstated"], [], {}, "brewlite", (0,)).zero_is_best
    assert "nearest 0 is best" in page(structs.replace(base, results=(result,)))


def test_tasks_without_a_baseline_are_not_counted_among_those_with_one():
    base = made_report(cases=10)
    alone = structs.replace(base.results[0], compared={"llm": base.results[0].compared["llm"]})
    (said,) = in_words([alone, base.results[0], alone], {}, "brewlite")
    assert said.startswith("Of 1 tasks with baselines")
    assert in_words([alone], {}, "brewlite") == ()


def test_steerability_by_what_is_asked_and_how(report: SuiteReport):
    heads, groups = heat(report)
    assert [group.title for group in groups] == ["What is asked", "How it is said", "In which language", "Where"]
    assert "als" not in [head.name for head in heads], "it was not asked"
    asked = [result for result in report.results if result.unit == "share of pairs"]
    assert not any("stays" in row.label for group in groups for row in group.rows), "there less is better"
    for group in groups:
        assert sum(row.n for row in group.rows) == sum(result.n for result in asked)
    place = next(row for row in groups[0].rows if row.label == "wish place")
    values = [v for r in asked if r.task.name.endswith("wish-place") for v in r.values["newest"]]
    cell = place.cells[[head.name for head in heads].index("newest")]
    assert cell is not None
    assert cell.value == f"{np.mean(values):.2f}"
    assert cell.above == (np.mean(values) >= 0.5)


def test_wins_and_losses_are_counted_over_tasks(report: SuiteReport):
    counted = {row.method: row for row in outcomes(report)}
    compared = [r for r in report.results if "newest" in r.compared]
    row = counted["newest"]
    assert row.better + row.even + row.worse == len(compared)
    assert row.worse >= 3, "newest is faster, three times"
    assert "brewlite" not in counted


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0.31249, "0.312"),
        (1.0, "1.000"),
        (12.34, "12.3"),
        (2410.4, "2,410"),
        (0.00042, "0.0004"),
        (0.0, "0"),
        (3.456, "3.46"),
    ],
)
def test_numbers(value: float, printed: str):
    assert number(value) == printed
    assert signed(-value) == ("0" if value == 0 else f"\u2212{printed}")


def test_outcomes():
    def told(low: float | None, high: float | None, higher: bool) -> str:
        return outcome(Estimate(value=0.1 if (low or 0) > -0.2 else -0.1, low=low, high=high), higher)

    assert told(0.01, 0.2, True) == "better"
    assert told(0.01, 0.2, False) == "worse"
    assert told(-0.3, -0.01, True) == "worse"
    assert told(-0.1, 0.2, True) == "even"
    assert told(None, None, True) == "unsure"


def test_clean_keeps_what_can_be_read():
    assert short("a\n\x00 b" + "c" * 50, 10) == "a � bcccc…"
    assert clean("a\u202eb\x00c\r\nd\te\u200b שלום") == "ab\ufffdc\nd\te שלום"


def test_fonts_of_older_and_newer_matplotlib():
    assert (
        _page_fonts("style=\"font: bold 10px 'DejaVu Sans'; fill: red\"")
        == 'style="font-weight:600;font-size:10px; fill: red"'
    )
    assert (
        _page_fonts("style=\"font-size: 9px; font-family: 'DejaVu Sans'; fill: red\"")
        == 'style="font-size: 9px; fill: red"'
    )


@pytest.fixture(scope="module")
def book(written: Written) -> openpyxl.Workbook:
    return openpyxl.load_workbook(written.xlsx)


def test_the_workbook_has_its_sheets_frozen_and_filtered(book: openpyxl.Workbook):
    assert book.sheetnames == ["Summary", "Tasks", "Cases", "Data", "Worst"]
    for name in book.sheetnames[1:]:
        assert book[name].freeze_panes == "B2"
        assert book[name].auto_filter.ref.startswith("A1:")
        assert book[name].column_dimensions["A"].width >= 20


def test_the_workbook_has_every_figure(book: openpyxl.Workbook, report: SuiteReport):
    head, *rows = book["Tasks"].iter_rows(values_only=True)
    assert len(rows) == sum(len(result.figures) for result in report.results)
    labels = {label: name for name, label, *_ in METHODS}
    results = {result.task.name: result for result in report.results}
    place = {name: head.index(name) for name in ("task", "method", "value", "cases won", "brewlite less it")}
    for row in rows:
        result, method = results[row[place["task"]]], labels[row[place["method"]]]
        assert row[place["value"]] == pytest.approx(result.figures[method].value)
        if method in result.compared:
            assert row[place["cases won"]] == result.compared[method].wins
            assert row[place["brewlite less it"]] == pytest.approx(result.compared[method].absolute.value)


def test_the_workbook_has_every_case(book: openpyxl.Workbook, report: SuiteReport):
    head, *rows = book["Cases"].iter_rows(values_only=True)
    assert len(rows) == sum(result.n for result in report.results)
    column = head.index("ALS")
    expected = [
        result.values.get("als", (None,) * result.n)[place] for result in report.results for place in range(result.n)
    ]
    assert None in expected
    for row, value in zip(rows, expected, strict=True):
        assert row[column] is None if value is None else row[column] == pytest.approx(value)


def test_texts_compute_nothing(book: openpyxl.Workbook):
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert kinds <= {"s", "n"}
    targets = [row[7].value for row in book["Worst"].iter_rows(min_row=2)]
    assert HOSTILE[1] in targets
    assert any(target.startswith("bell\ufffd") for target in targets)
    assert all(cell.hyperlink is None for sheet in book for row in sheet.iter_rows() for cell in row)


def test_the_formats_of_numbers(book: openpyxl.Workbook):
    sheet = book["Tasks"]
    heads = {cell.value: cell.column for cell in sheet[1]}
    assert sheet.cell(2, heads["value"]).number_format == "0.0000"
    assert sheet.cell(2, heads["cases"]).number_format == "#,##0"
    assert sheet.cell(3, heads["relative"]).number_format.startswith("+0.0%")
