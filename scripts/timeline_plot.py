"""Draw `omop.finding_timeline`, exported as CSV, as an SVG: the sizes of each lesion over time.

    python scripts/timeline_plot.py timeline.csv plot.svg [LESION_KEY=label ...]

Only rows with a number are drawn; they must be of one feature and one unit, here millimetres.
"""

from __future__ import annotations

import csv
import datetime as dt
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 50, 170, 20, 40
COLOURS = ("#1f6f8b", "#c8553d", "#5b8c5a", "#7d5ba6")
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}"'
    ' font-family="sans-serif" font-size="12">'
)
LINE = '<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="#d0d0d0"/>'
TEXT = '<text x="{:.0f}" y="{:.0f}" text-anchor="{}" fill="{}">{}</text>'


def draw(rows: Iterable[Mapping[str, str]], labels: Mapping[str, str]) -> str:
    """Return the SVG of the rows of a timeline."""
    lesions: dict[str, list[tuple[dt.date, float]]] = defaultdict(list)
    for row in rows:
        if row["value_as_number"]:
            day = dt.date.fromisoformat(row["exam_date"])
            lesions[row["lesion_key"]].append((day, float(row["value_as_number"])))
    points = [point for lesion in lesions.values() for point in lesion]
    if not points:
        raise SystemExit("The timeline has no numbers to draw.")
    days = sorted({day for day, _ in points})
    first, span = days[0], max((days[-1] - days[0]).days, 1)
    top = max(value for _, value in points) * 1.15 or 1

    def x(day: dt.date) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (day - first).days / span

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top

    parts = [
        SVG.format(WIDTH, HEIGHT),
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for value in (0, top / 1.15 / 2, top / 1.15):
        parts.append(LINE.format(LEFT, f"{y(value):.0f}", WIDTH - RIGHT, f"{y(value):.0f}"))
        parts.append(TEXT.format(LEFT - 8, y(value) + 4, "end", "#555", f"{value:g} mm"))
    for day in days:
        parts.append(TEXT.format(x(day), HEIGHT - BOTTOM + 20, "middle", "#555", day))
    for number, (key, lesion) in enumerate(sorted(lesions.items())):
        colour = COLOURS[number % len(COLOURS)]
        lesion.sort()
        path = " ".join(f"{x(day):.0f},{y(value):.0f}" for day, value in lesion)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for day, value in lesion:
            place = f'cx="{x(day):.0f}" cy="{y(value):.0f}"'
            parts.append(f'<circle {place} r="4" fill="{colour}"/>')
            # Out of the way of the other lines: the first lesion above its own, the others below.
            below = 20 if number else -10
            parts.append(TEXT.format(x(day), y(value) + below, "middle", colour, f"{value:g}"))
        label = escape(labels.get(key, key))
        parts.append(
            TEXT.format(WIDTH - RIGHT + 16, TOP + 20 + 20 * number, "start", colour, label)
        )
    return "\n".join([*parts, "</svg>", ""])


def main(timeline: str, plot: str, *labels: str) -> None:
    """Read the CSV and write the SVG."""
    with Path(timeline).open(encoding="utf-8", newline="") as lines:
        drawn = draw(csv.DictReader(lines), dict(label.split("=", 1) for label in labels))
    Path(plot).write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
