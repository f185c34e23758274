"""The figures of one verdict, as a JSON object that the renderers only show."""
import json
import math
from typing import Dict, List, Optional

from reports import leaks, stats
from reports.judge import Judged, compare, starved
from reports.subject import Subject, env_text

SHOWN_FINDINGS = 5
FIRST_HITS = 40


def row(subject: Subject, control: Optional[Subject], judged: Judged, expected: bool) -> dict:
    """All that is reported of one (target, case, variant, lane).

    subject: graded; control: of a clean variant, or None; judged: from reports.grade.
    Rates are per second, near_rate per round, times in seconds; unknown figures are None.
    """
    verdict, reason, failure = judged
    sample = subject.measured()
    results, hits = subject.results, subject.hits()
    last = results[-1] if results else {}
    return {
        "target": subject.target, "case": subject.case, "variant": subject.variant,
        "lane": subject.lane, "placement": subject.placement,
        "role": subject.role, "verdict": verdict, "reason": reason,
        "failure": failure, "expected": expected, "expects": subject.expected,
        "starved": starved(subject),
        "purpose": (subject.listed or {}).get("purpose", ""),
        "actors": (subject.listed or {}).get("actors", []), "storm": storm(results),
        "model": (subject.listed or {}).get("model", ""),
        "hits": {name: n for name, n in hits.items() if n},
        "rounds": int(subject.total("rounds")), "seconds": subject.total("seconds"),
        "near": int(subject.total("near")), "spoilt": int(subject.total("spoilt")),
        "blocks": int(subject.total("blocks")), "children": int(subject.total("children")),
        "first_hit_s": subject.first_hit_s(), "first_hits": first_hits(results),
        **rates(subject),
        "outcomes": outcomes(subject), "dispersion": dispersions(sample),
        "proof": proof(subject, control), "control": control.variant if control else None,
        "environments": environments(subject), "pin": last.get("pin"),
        "profile": best_profile(results), "findings": findings(results),
        "seed": last.get("seed"), "build_id": last.get("build_id"),
        "stderr": [s["stderr"] for s in subject.slices if s.get("stderr")],
        "replay": replay(subject),
    }


def first_hits(results: List[dict]) -> List[float]:
    """Time to the first hit of each call that had one, seconds, rising, FIRST_HITS at most."""
    return sorted(r["first_hit_s"] for r in results if r["first_hit_s"])[:FIRST_HITS]


def rates(subject: Subject) -> dict:
    """Hits a second with interval, rounds a second, near misses per round, upper bound."""
    counted = subject.counted()
    seconds, rounds = counted["seconds"], counted["rounds"]
    if not rounds or not seconds:
        return {"rate_s": None, "rounds_s": None, "near_rate": None, "rate_upper": None,
                "rate_round": None, "counted": None}
    hits = min(counted["hits"], rounds)
    return {
        "rate_s": list(stats.hit_rate_interval_s(int(hits), seconds)),
        "rate_round": list(stats.rate_interval(int(hits), int(rounds))),
        "rounds_s": rounds / seconds, "near_rate": counted["near"] / rounds,
        "rate_upper": stats.zero_hit_bound(rounds) if not hits else None,
        "counted": {"hits": int(hits), "seconds": seconds, "rounds": int(rounds)},
    }


def outcomes(subject: Subject) -> List[dict]:
    """Outcome counts with grade and meaning, commonest first, unseen ones last."""
    known = {o["name"]: o for o in (subject.listed or {}).get("outcomes", [])}
    counts = {**{name: 0 for name in known}, **subject.outcomes()}
    unlisted = {  # what the engine itself tells; any other is not what the case lists
        "fatal": {"grade": "bad", "failure": "fatal", "meaning": "the target's own throw"},
        "deadlock": {"grade": "bad", "failure": "deadlock",
                     "meaning": "an actor sleeps on a futex and nobody is left to wake it"}}
    other = {"grade": "bad", "failure": "wrong_outcome", "meaning": "the case does not list it"}
    return [{"name": name, "count": n, **{k: known.get(name, unlisted.get(name, other))[k]
                                          for k in ("grade", "failure", "meaning")}}
            for name, n in sorted(counts.items(), key=lambda c: -c[1])]


def dispersions(sample: stats.Sample) -> dict:
    """Fano factor per block and per child, with the p of its dispersion test."""
    return {name: {"fano": finite(d.fano), "p": d.p, "groups": d.groups, "fails": d.fails}
            for name, d in (("block", sample.by_block()), ("child", sample.by_child()))}


def proof(subject: Subject, control: Optional[Subject]) -> Optional[dict]:
    """The ratio bounds of a clean variant against its control."""
    if control is None or any(subject.hits().values()):
        return None
    figures = compare(control, subject)
    bounds = figures.pop("bounds")
    figures.update(ratio=None, basis=None, rounds=None, blocks=None, by_children=None,
                   variation=None)
    if bounds:
        figures.update(ratio=finite(bounds.ratio), basis=bounds.basis,
                       rounds=finite(bounds.rounds), blocks=finite(bounds.blocks),
                       by_children=finite(bounds.children), variation=finite(bounds.variation))
    return figures


def environments(subject: Subject) -> List[dict]:
    """Environments that were measured, with their exposure and near-miss rate."""
    found = {}
    for result in subject.results:
        measured = result.get("measured") or {}
        entry = found.setdefault(env_text(result), {
            "text": env_text(result), "layout": result.get("layout"), "seconds": 0.0,
            "rounds": 0, "hits": 0, "near": 0})
        for name in ("seconds", "rounds", "hits", "near"):
            entry[name] += measured.get(name, 0)
    return list(found.values())


def best_profile(results: List[dict]) -> List[list]:
    """The offset profile with the most hits, then near misses, of any slice's aim."""
    profiles = [(r.get("aim") or {}).get("profile") or [] for r in results]
    return max(profiles, key=lambda p: (sum(e[2] for e in p), sum(e[3] for e in p)), default=[])


def findings(results: List[dict]) -> List[dict]:
    """The first different findings, with the rounds of each and the command that replays it."""
    found: Dict[str, dict] = {}
    for result in results:
        for finding in result.get("findings", []):
            one = {name: finding.get(name) for name in ("class", "outcome", "evidence")}
            key = json.dumps(one, sort_keys=True)
            kept = found.setdefault(key, {**one, "rounds": [], "replay": result["replay"]})
            if finding.get("round") is not None and len(kept["rounds"]) < SHOWN_FINDINGS:
                kept["rounds"].append(finding["round"])
    return list(found.values())[:SHOWN_FINDINGS]


def replay(subject: Subject) -> str:
    """Command that replays what matters: a broken slice, else one with hits, else the last."""
    if subject.broken:
        return subject.broken[0]["command"]
    hit = [s for s in subject.slices if s["result"] and any(s["result"]["hits"].values())]
    chosen = (hit or [s for s in subject.slices if s["result"]] or subject.slices)[-1:]
    if not chosen:
        return ""
    return chosen[0]["result"]["replay"] if chosen[0]["result"] else chosen[0]["command"]


STORM_FIGURES = ("operations", "ops", "commits", "aborts", "events", "descriptors",
                 "parked_most", "graces", "cleared", "rescued", "failed_opens", "in_vain")
KEPT_SAMPLES = 160


def storm(results: List[dict]) -> Optional[dict]:
    """What only a storm tells, of its longest result; None for a case."""
    storms = [r for r in results if "storm" in r]
    longest = max(storms, key=lambda r: r["seconds"], default=None)
    if longest is None:
        return None
    samples = longest["samples"]
    every = math.ceil(len(samples) / KEPT_SAMPLES) or 1
    shown = samples[::every] + (samples[-1:] if len(samples) % every != 1 % every else [])
    return {"seconds": longest["seconds"], "samples": shown,
            "growth": leaks.growth(leaks.longest_process(samples)),
            **{name: longest.get(name) for name in STORM_FIGURES}}


def finite(value: Optional[float]) -> Optional[float]:
    """None for what JSON cannot say (nan, inf)."""
    return value if value is not None and math.isfinite(value) else None
