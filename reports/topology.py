"""A machine's topology as nested boxes, with the actors where they were pinned.

What no actor sits in is folded into "… and 30 more", so that a large machine stays a small
picture.
"""
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional, Tuple
from xml.etree import ElementTree

from markupsafe import Markup, escape

SHOWN = ("Machine", "Package", "Die", "NUMANode", "L3Cache", "L2Cache", "L1Cache", "Core", "PU")
LETTER, LINE, PAD, GAP = 6.6, 16, 7, 7
UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


@dataclass
class Box:
    """One object of the machine: `names` of actors that sit in it, not in a smaller one."""
    kind: str
    label: str
    children: List["Box"] = field(default_factory=list)
    names: List[str] = field(default_factory=list)

    def of_kind(self, kind: str) -> List["Box"]:
        """Objects of a kind in or at this one, in hwloc's logical order."""
        found = [self] if self.kind == kind else []
        return found + [box for child in self.children for box in child.of_kind(kind)]

    def taken(self) -> bool:
        """True when an actor sits somewhere in it."""
        return bool(self.names) or any(child.taken() for child in self.children)


def load(path: Path) -> Optional[ElementTree.Element]:
    """The root object of an hwloc XML file; None without one or when it cannot be read."""
    try:
        return ElementTree.parse(path).getroot().find("object")
    except (OSError, ElementTree.ParseError):
        return None


def boxes(element: ElementTree.Element, counts: Dict[str, int]) -> List[Box]:
    """An XML object as boxes; kinds that are not SHOWN give way to their children.

    counts: objects of each kind so far, for their logical numbers.
    """
    kind = element.get("type", "")
    number = counts[kind] = counts.get(kind, -1) + 1
    children = [box for child in element.iterfind("object") for box in boxes(child, counts)]
    if kind not in SHOWN:
        return children
    if kind == "NUMANode":
        return []  # memory beside the processors, not around them
    names = {"Machine": "machine", "PU": f"PU {number}"}
    size = int(element.get("cache_size", 0))
    unit = next((f" {size / n:g} {name}" for n, name in UNITS if size >= n), "")
    label = names.get(kind, f'{kind.replace("Cache", "").replace("Core", "core")} {number}{unit}')
    return [Box(kind, label, children)]


def seat(root: Box, location: str) -> Optional[Box]:
    """The box of a location as hwloc writes it (core:0.pu:1): each step within the last."""
    box = root
    for step in location.lower().split("."):
        match = re.fullmatch(r"([a-z]\w*):(\d+)", step)
        kind = next((k for k in SHOWN if match and match[1] in (
            k.lower(), k.lower().replace("cache", ""))), None)
        found = box.of_kind(kind) if kind else []
        if not match or int(match[2]) >= len(found):
            return None
        box = found[int(match[2])]
    return box


def folded(box: Box) -> Box:
    """The box with runs of untaken children made one, untaken ones emptied."""
    children: List[Box] = []
    run: List[Box] = []
    for child in box.children + [None]:
        if child is not None and not child.taken():
            run.append(child)
            continue
        if len(run) > 1:
            kind = run[0].kind.replace("Cache", "")
            children.append(Box("more", f"… {len(run)} more {kind}"))
        elif run:
            children.append(Box(run[0].kind, run[0].label, folded(run[0]).children))
        run = []
        if child is not None:
            children.append(folded(child))
    return Box(box.kind, box.label, children, box.names)


def placement_svg(xml: Optional[ElementTree.Element], pins: List[Tuple[str, str]]) -> Markup:
    """The machine with its actors.

    xml: from load(); pins: (actor, location obtained). Returns "" where there is no
    topology or a location is none of its own: the text then has to do.
    """
    if xml is None or not pins:
        return Markup("")
    root = (boxes(xml, {}) or [None])[0]
    for name, location in pins:
        box = seat(root, location) if root else None
        if box is None:
            return Markup("")
        box.names.append(name)
    width, height, parts = drawn(folded(root))
    text = "; ".join(f"{name} on {location}" for name, location in pins)
    return Markup(f'<svg class="placement" viewBox="0 0 {width:.0f} {height:.0f}" '
                  f'style="max-width:{width:.0f}px" role="img" '
                  f'aria-label="{escape(text)}">{"".join(parts)}</svg>')


def drawn(box: Box) -> Tuple[float, float, List[str]]:
    """(width, height, SVG parts) of a box with its upper left corner at 0, 0."""
    width = max(len(text) for text in [box.label] + box.names) * LETTER + 2 * PAD
    top = PAD + LINE * (1 + len(box.names))
    inside, x, height = [], PAD, top
    for child in box.children:
        w, h, parts = drawn(child)
        inside.append(f'<g transform="translate({x:.0f} {top})">{"".join(parts)}</g>')
        x, height = x + w + GAP, max(height, top + h)
    width, height = max(width, x - GAP + PAD if box.children else 0), height + PAD
    kind = "taken" if box.names else "more" if box.kind == "more" else "box"
    parts = [f'<rect class="{kind}" x=".5" y=".5" width="{width - 1:.0f}" '
             f'height="{height - 1:.0f}" rx="4"/>',
             f'<text x="{PAD}" y="{PAD + 9}">{escape(box.label)}</text>']
    parts += [f'<text class="name" x="{PAD}" y="{PAD + 9 + LINE * n}">{escape(name)}</text>'
              for n, name in enumerate(box.names, 1)]
    return width, height, parts + inside
