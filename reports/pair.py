"""Two runs compared, lane by lane: rates with what nights vary, and what else changed."""
from typing import Dict, List, NamedTuple, Optional

import numpy as np

from reports import canaries, compare, provenance, summary, words
from reports.folder import Run

LANE = ("target", "case", "variant", "lane", "placement")


class Pair(NamedTuple):
    """One lane of both runs: rate of b over a, and whether it stands out among all."""
    name: str
    row_a: dict
    row_b: dict
    ratio: compare.Ratio
    variation: float
    red: bool


class Compared(NamedTuple):
    """Two runs: `worse` verdicts, silent canaries, lanes that are in one only, and rates."""
    pairs: List[Pair]
    canaries: List[str]
    worse: List[str]
    missing: List[str]
    changed: List[str]

    @property
    def red(self) -> bool:
        """True when somebody should look."""
        return bool(self.canaries or self.worse or self.missing
                    or any(pair.red for pair in self.pairs))


def lanes(run: Run, verdicts: dict) -> Dict[tuple, dict]:
    """Summary rows of a run by lane."""
    rows = summary.of_run(run, verdicts)["rows"]
    return {tuple(row[name] for name in LANE): row for row in rows}


def name_of(key: tuple) -> str:
    """target/case variant lane placement."""
    return f"{key[0]}/{key[1]} {' '.join(key[2:])}"


def compared(run_a: Run, run_b: Run, rows_a: Dict[tuple, dict], rows_b: Dict[tuple, dict],
             variations: Optional[Dict[tuple, float]] = None) -> Compared:
    """Compare two runs.

    rows_a, rows_b: from lanes(); variations: between nights, by lane, where a history tells
    (compare.ASSUMED elsewhere).
    """
    both = [key for key in rows_b if key in rows_a]
    pairs = []
    for key in both:
        a, b = rows_a[key]["counted"], rows_b[key]["counted"]
        if a["seconds"] > 0 and b["seconds"] > 0:
            variation = (variations or {}).get(key, compare.ASSUMED)
            ratio = compare.rate_ratio((a["hits"], a["seconds"]), (b["hits"], b["seconds"]),
                                       variation)
            pairs.append(Pair(name_of(key), rows_a[key], rows_b[key], ratio, variation, False))
    out = compare.discoveries(np.array([p.ratio.p for p in pairs]), compare.LIST_Q)
    pairs = [p._replace(red=bool(red)) for p, red in zip(pairs, out)]
    return Compared(
        pairs, [f'{name_of(key)}: {row["verdict"]}' for key, row in rows_b.items()
                if row["canary"] and row["verdict"] not in canaries.NOT_SILENT],
        [f'{name_of(key)}: {rows_a[key]["verdict"]} became {rows_b[key]["verdict"]}'
         for key in both if rows_a[key]["expected"] and not rows_b[key]["expected"]],
        [f"{name_of(key)}: only in the first run: missing exposure"
         for key in rows_a if key not in rows_b],
        provenance.differences(run_a.header["provenance"], run_b.header["provenance"]))


def lines(found: Compared) -> List[str]:
    """One line per regression, what else changed, and the verdict."""
    text = [f"✘ canary silent: {line}" for line in found.canaries]
    text += [f"✘ {line}" for line in found.worse + found.missing]
    for pair in found.pairs:
        if pair.red:
            text.append(
                f"✘ {pair.name}: hits a second {'fell' if pair.ratio.value < 1 else 'rose'} to "
                f"{words.number(pair.ratio.value)} times [{words.number(pair.ratio.low)}, "
                f"{words.number(pair.ratio.high)}], p {words.chance(pair.ratio.p)} with "
                f"{100 * pair.variation:.0f} % between nights; replay: {pair.row_b['replay']}")
    text += [f"○ changed too: {line}" for line in found.changed]
    if not found.changed:
        text.append("○ nothing else changed that is known")
    word = "EVERYTHING RED: a canary is silent" if found.canaries else (
        "DIFFERENT" if found.red else "ALIKE")
    return text + [f"{word}: {sum(p.red for p in found.pairs)} of {len(found.pairs)} rates, "
                   f"{len(found.worse)} verdicts, {len(found.missing)} lanes missing"]
