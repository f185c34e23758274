"""Small hand-made pictures for the report page."""
from typing import List

from markupsafe import Markup

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
