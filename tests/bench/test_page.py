"""The page and the plots of a measurement hold what was measured."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from bench.ai import many_streams, many_viewers, page, plot
from bench.ai.clients import Reading
from bench.ai.load import COST
from bench.ai.transports import Journey
from bench.report import Report

SVG = "{http://www.w3.org/2000/svg}"


def journey(network: str, way: str, *times: float) -> Journey:
    reading = Reading()
    reading.points = [(at, number) for number, at in enumerate(times, 1)]
    return Journey("paced provider", network, way, [reading], [0.004], [1234])


JOURNEYS = [
    journey(network, way, *times)
    for network in ("clean", "slow 3G")
    for way, times in (("SSE", (0.1, 0.2, 0.3)), ("REST <whole>", (0.3,)))
]


def test_the_table_gives_medians_a_row_a_way_and_network() -> None:
    assert "| paced provider | slow 3G | SSE | 100 | 300 | 3 | 1,234 | 4 |" in page.ways_table(JOURNEYS).splitlines()


def test_a_growing_answer_is_a_line_a_way_that_ends_where_the_answer_did() -> None:
    (name, text), *more = page.curves(JOURNEYS).items()
    assert (name, more) == ("ai-paced-answer.svg", [])
    lines = [path for path in ElementTree.fromstring(text).iter(f"{SVG}path") if "V" in path.get("d", "")]
    assert len(lines) == len(JOURNEYS)
    ends = [float(re.findall(r"V([\d.]+)", line.get("d", ""))[-1]) for line in lines]
    assert ends[0] < ends[1], "three characters stand higher than one"


def test_a_bar_is_as_long_as_its_figure_and_says_it() -> None:
    text = plot.bars("Costs", [("CPU", [("ours", 25.0), ("theirs", 100.0)])], "µs", width=400)
    root = ElementTree.fromstring(text)
    assert [float(bar.get("width", "")) for bar in root.iter(f"{SVG}rect") if bar.get("rx")] == [100, 400]
    assert {"25 µs", "100 µs"} <= {label.text for label in root.iter(f"{SVG}text")}


def test_the_page_names_every_plot_that_it_wrote_and_no_other(tmp_path: Path) -> None:
    report = Report({"cores": "2"})
    report.add(many_streams.NAME, COST, "µs", "deskbell", 80)
    report.add(many_viewers.NAME, many_viewers.COST, "µs", "deskbell", 9)
    page.write(tmp_path, report, JOURNEYS, ["a remark"], "Quick run.")
    text = (tmp_path / "ai.md").read_text()
    assert set(re.findall(r"\(([\w-]+\.svg)\)", text)) == {path.name for path in tmp_path.glob("*.svg")}
    assert "- a remark" in text
    for path in tmp_path.glob("*.svg"):
        ElementTree.parse(path)
