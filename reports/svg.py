"""Small hand-made pictures for the report page."""
import math
from typing import List

from markupsafe import Markup, escape

from reports import words

WIDTH, HEIGHT, EDGE = 560, 110, 18


def profile_svg(profile: List[list]) -> str:
    """Hit and near-miss rate over the start offset, as an inline SVG.

    profile: [offset_ns, rounds, hits, near] per offset tried. Hits are bars, near misses a
    line with dots; each scale is its own, its top is written beside it. "" when empty.
    """
    points = sorted((p[0], p[2] / p[1], p[3] / p[1]) for p in profile if p[1] > 0)
    if not points:
        return ""
    low, high = points[0][0], points[-1][0]
    span = (high - low) or 1
    top_hits = max(h for _, h, _ in points)
    top_near = max(n for _, _, n in points)

    def x(offset):
        return EDGE + (offset - low) / span * (WIDTH - 2 * EDGE)

    def y(value, top):
        return HEIGHT - EDGE - (value / top if top else 0) * (HEIGHT - 2 * EDGE)

    width = max(1.5, min(8.0, (WIDTH - 2 * EDGE) / len(points) * 0.7))
    parts = [f'<svg class="profile" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
             f'aria-label="hits and near misses over the start offset, {low:.0f} to '
             f'{high:.0f} ns">',
             f'<line class="axis" x1="{EDGE}" x2="{WIDTH - EDGE}" y1="{HEIGHT - EDGE}" '
             f'y2="{HEIGHT - EDGE}"/>']
    base = HEIGHT - EDGE
    bars = "".join(f"M{x(o):.1f} {base}V{y(h, top_hits):.1f}" for o, h, _ in points if h)
    line = " ".join(f"{x(o):.1f},{y(n, top_near):.1f}" for o, _, n in points)
    dots = "".join(f"M{x(o):.1f} {y(n, top_near):.1f}h0" for o, _, n in points if n)
    parts += [f'<path class="hit" stroke-width="{width:.1f}" d="{bars}"/>' if bars else "",
              f'<polyline class="near" points="{line}"/>',
              f'<path class="dot" d="{dots}"/>' if dots else ""]
    zero = f'<line class="axis" x1="{x(0):.1f}" x2="{x(0):.1f}" y1="{EDGE}" ' \
           f'y2="{HEIGHT - EDGE}" stroke-dasharray="2 3"/>' if low < 0 < high else ""
    parts += [zero, f'<text x="{EDGE}" y="{HEIGHT - 4}">{low:.0f} ns</text>',
              f'<text x="{WIDTH - EDGE}" y="{HEIGHT - 4}" text-anchor="end">{high:.0f} ns</text>',
              f'<text x="{EDGE}" y="12">▮ hits, top {100 * top_hits:.3g} % of the rounds</text>',
              f'<text x="{WIDTH - EDGE}" y="12" text-anchor="end">● near misses, top '
              f'{100 * top_near:.3g} %</text></svg>']
    return Markup("".join(parts))


ROW, LABEL, RIGHT = 20, 215, 150
CURVE_WIDTH, CURVE_HEIGHT, CURVE_POINTS = 180, 66, 48


def rates_svg(rows: List[dict]) -> Markup:
    """Hits a second of a case's variants with their 99.9 % intervals, on a common log scale.

    rows: verdict rows; without hits the upper bound is an arrow to the left. "" when no row
    has a rate.
    """
    shown = [row for row in rows if row["rate_s"] and row["rate_s"][2] > 0]
    if not shown:
        return Markup("")
    values = [v for row in shown for v in row["rate_s"] if v > 0]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high, step = max(high, low + 1), max(1, (high - low) // 6)
    bottom = ROW * len(shown) + 6
    inner = 720 - LABEL - RIGHT

    def x(value):
        return LABEL + (math.log10(value) - low) / (high - low) * inner

    parts = []
    for power in range(low, high + 1, step):
        at = x(10.0 ** power)
        parts.append(f'<path class="grid" d="M{at:.1f} 2V{bottom}"/><text class="tick" '
                     f'x="{at:.1f}" y="{bottom + 13}">{words.number(10.0 ** power)}/s</text>')
    for number, row in enumerate(shown):
        y, (value, least, most) = ROW * number + 13, row["rate_s"]
        kind = "hit" if value else "none"
        start, mark = (x(least or 10.0 ** low), f"M{x(value):.1f} {y}h0") if value else (
            LABEL, f"M{x(most):.1f} {y - 4}v8")
        parts.append(f'<text x="2" y="{y + 4}">{escape(row["variant"])}</text>'
                     f'<path class="range {kind}" d="M{start:.1f} {y}H{x(most):.1f}"/>'
                     f'<path class="mark {kind}" d="{mark}"/>'
                     f'<text x="{720 - RIGHT + 8}" y="{y + 4}">{escape(words.rate(row))}</text>')
    return Markup(f'<svg class="rates" viewBox="0 0 720 {bottom + 18}" role="img" aria-label='
                  f'"hits a second with 99.9 % intervals">{"".join(parts)}</svg>')


def top_of(key: str, variants: List[tuple]) -> float:
    """The common scale of a figure's curves. variants: [(name, samples)]."""
    return max((sample.get(key, 0) for _, samples in variants for sample in samples), default=0)


def curve_svg(title: str, samples: List[dict], key: str, top: float = 0) -> Markup:
    """One figure of a storm's samples over their time "t", from zero to `top` (0: its own)."""
    points = [(sample["t"], sample[key]) for sample in samples]
    if not points:
        return Markup("")
    every = math.ceil(len(points) / CURVE_POINTS)
    kept = list(points[::every])
    kept += [points[-1]] if kept[-1] != points[-1] else []
    end, top = max(t for t, _ in kept) or 1, top or max(v for _, v in kept) or 1
    base, room = CURVE_HEIGHT - 16, CURVE_HEIGHT - 34
    line = " ".join(f"{4 + t / end * (CURVE_WIDTH - 8):.0f},{base - v / top * room:.1f}"
                    for t, v in kept)
    dots = "".join(f"M{p.replace(',', ' ')}h0" for p in line.split()) if len(kept) < 12 else ""
    return Markup(
        f'<svg class="curve" viewBox="0 0 {CURVE_WIDTH} {CURVE_HEIGHT}" role="img" '
        f'aria-label="{escape(title)} {escape(key)} over {end:.1f} s"><path class="axis" d="M4 '
        f'{base}H{CURVE_WIDTH - 4}"/><polyline points="{line}"/><path class="dot" d="{dots}"/>'
        f'<text x="4" y="12">{escape(title.replace("BUG_", ""))}</text>'
        f'<text x="4" y="{CURVE_HEIGHT - 4}">{words.count(kept[0][1])} … '
        f'{words.count(kept[-1][1])} in {end:.3g} s</text></svg>')


def first_hits_svg(times: List[float]) -> Markup:
    """Share of calls with a hit by a time, as steps, beside the exponential of the same mean.

    times: seconds to the first hit of each call, rising. "" for fewer than three.
    """
    if len(times) < 3:
        return Markup("")
    low, high = math.log10(times[0]) - 0.3, math.log10(times[-1]) + 0.3

    def x(seconds):
        return 4 + (math.log10(seconds) - low) / (high - low) * (CURVE_WIDTH - 8)
    base, room, n = CURVE_HEIGHT - 16, CURVE_HEIGHT - 22, len(times)
    steps = "".join(f"H{x(t):.1f}V{base - room * (i + 1) / n:.1f}" for i, t in enumerate(times))
    mean = sum(times) / n
    grid = [10 ** (low + (high - low) * i / 24) for i in range(25)]
    curve = " ".join(f"{x(t):.1f},{base + room * math.expm1(-t / mean):.1f}" for t in grid)
    return Markup(
        f'<svg class="curve" viewBox="0 0 {CURVE_WIDTH} {CURVE_HEIGHT}" role="img" '
        f'aria-label="time to the first hit, {words.duration(times[0])} to '
        f'{words.duration(times[-1])}, mean {words.duration(mean)}"><path class="axis" '
        f'd="M4 {base}H{CURVE_WIDTH - 4}"/><polyline points="{curve}"/>'
        f'<path class="steps" d="M4 {base}{steps}H{CURVE_WIDTH - 4}"/>'
        f'<text x="4" y="{CURVE_HEIGHT - 4}">{words.duration(times[0])}</text>'
        f'<text x="{CURVE_WIDTH - 4}" y="{CURVE_HEIGHT - 4}" text-anchor="end">'
        f'{words.duration(times[-1])}</text></svg>')


def nights_svg(values: List[float], changes: List, points: int) -> Markup:
    """A figure over the nights as small bars from zero, with a line where its level changed.

    values: per night, oldest first; changes: with their index `at`; points: bars at most,
    each the median of its nights.
    """
    size = math.ceil(len(values) / points)
    groups = [sorted(values[i:i + size]) for i in range(0, len(values), size)]
    bars = [group[len(group) // 2] for group in groups]
    low, high = min(0, *bars), max(0, *bars)
    span = (high - low) or 1
    base = 22 + 20 * low / span
    path = "".join(f"M{3 * i + 2} {base:.0f}V{base - 20 * bar / span:.1f}"
                   for i, bar in enumerate(bars) if bar)
    marks = "".join(f"M{3 * (c.at // size) + .5} 0V24" for c in changes)
    width = 3 * len(bars) + 2
    return Markup(f'<svg class="nights" viewBox="0 0 {width} 24" width="{width}" role="img" '
                  f'aria-label="{len(values)} nights, last {words.number(bars[-1])}, top '
                  f'{words.number(high)}"><path d="{path}"/>'
                  f'{f"""<path class="step" d="{marks}"/>""" if marks else ""}</svg>')
