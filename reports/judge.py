"""Verdict on one variant from what was observed of it: pure functions.

A buggy variant is judged by what its case promises for this hardware, a clean one by its
control: the buggy variant that ran interleaved with it, over comparable environments.
"""
from typing import Dict, Optional, Tuple

from reports import sanitizer, stats, weather
from reports.subject import NO_EVIDENCE, Subject, env_text, home, near_rate

CONTROL_HITS = 10        # hits a control needs before it proves anything
CHILDREN = 20            # child processes each side needs
RATIO_COMMON = 1e-3      # ratio bound wanted where the control makes COMMON_RATE_S
RATIO_RARE = 1e-2        # and where it makes less
COMMON_RATE_S = 100.0    # hits a second
NEAR_SHARE = 0.5         # of the control's near-miss rate, for exposure to count
STARVED = 0.5            # share of spoilt blocks that makes a result worthless
PROMISE_S = 10.0         # of processor time in which a promised failure of unknown rate shows

Judged = Tuple[str, str, Optional[str]]  # verdict, reason, failure class to report


def wanted_ratio(rate_s: float) -> float:
    """Ratio bound that a fix must reach, by the control's hits a second."""
    return RATIO_COMMON if rate_s >= COMMON_RATE_S else RATIO_RARE


def at_home(control: Subject):
    """Rule that says whether a control's result is from the environment that counts."""
    place = home(control)
    return lambda result: env_text(result) == place


def comparable(control: Subject):
    """Rule that says whether a fixed result's exposure counts against this control.

    Its near-miss rate must be at least half of that at which the control was caught;
    where the control saw no near miss, the environment must be the same.
    """
    here = at_home(control)
    sample = control.measured(here)
    near, rounds = sample.total("near"), sample.total("rounds")
    if not near:
        return here
    return lambda result: near_rate(result) >= NEAR_SHARE * near / rounds


def compare(control: Subject, fixed: Subject) -> dict:
    """The figures behind a fix's verdict.

    Returns hits, rate_s and children of the control, children that count of the fixed
    variant, `bounds` (stats.Bounds or None), the ratio `wanted` and the share of the
    fixed exposure that counts.
    """
    control_sample = control.measured(at_home(control))
    fixed_sample = fixed.measured(comparable(control))
    seconds = control_sample.total("seconds")
    rate = control_sample.total("hits") / seconds if seconds else 0.0
    everything = fixed.measured().total("rounds")
    ready = control_sample.total("hits") and fixed_sample.total("rounds")
    return {
        "hits": int(control_sample.total("hits")), "rate_s": rate,
        "control_children": control_sample.children, "children": fixed_sample.children,
        "seconds": fixed_sample.total("seconds"),
        "share": fixed_sample.total("rounds") / everything if everything else 0.0,
        "bounds": stats.ratio_bounds(control_sample, fixed_sample) if ready else None,
        "wanted": wanted_ratio(rate),
    }


def starved(subject: Subject) -> bool:
    """True when spoilt blocks outnumber the sound ones."""
    spoilt, sound = subject.total("spoilt"), subject.total("blocks")
    return spoilt > STARVED * (spoilt + sound)


def promise_s(lane: str) -> float:
    """Seconds of processor time without a hit after which a promise counts as not kept."""
    return PROMISE_S * (sanitizer.SLOWER if lane in sanitizer.LANES else 1)


def silence(subject: Subject) -> Tuple[float, float]:
    """(spent, due): seconds without a hit, and those from which on they are no chance.

    By the variant's own rate where the nights before tell it (`due_s`, of measured exposure;
    reports.compare.silence_s), else by the constant, of processor time.
    """
    if subject.due_s is None:
        return subject.cpu_s(), promise_s(subject.lane)
    return subject.counted()["seconds"], subject.due_s


def judge_broken(subject: Subject) -> Optional[Judged]:
    """ENGINE_ERROR or SKIPPED, where the program did not do its work; else None."""
    if subject.broken:
        first = subject.broken[0]
        kind = first["state"] if first["state"] in ("timeout", "crash") else "engine_error"
        return "ENGINE_ERROR", f'{first["state"]}: {first["reason"]}', kind
    if subject.hits().get("engine_error"):
        return "ENGINE_ERROR", f'{subject.hits()["engine_error"]} engine errors', "engine_error"
    if subject.skipped and not subject.results:
        return "SKIPPED", subject.skipped[0]["reason"], None
    if not subject.slices:
        return "INCONCLUSIVE", "lost shard: planned, but no result is here", None
    return None


def judge_buggy(subject: Subject, complete: bool) -> Judged:
    """Verdict on a variant with a bug; `complete` is False for a run that was cut short."""
    broken = judge_broken(subject)
    if broken:
        return broken
    hits = {name: n for name, n in subject.hits().items() if n}
    wrong = sorted(set(hits) - set(subject.expected) - set(subject.allowed))
    if not subject.expected:
        if wrong:
            return "UNEXPECTED_HIT", f"{describe(hits)} where none may show", wrong[0]
        if hits:
            return "CAUGHT", f"{describe(hits)}, which this lane may miss", None
        if not subject.total("rounds") or starved(subject):
            return "INCONCLUSIVE", "starved: too few sound blocks", None
        return "QUIET_AS_EXPECTED", "", None
    wanted = " or ".join(subject.expected)
    if wrong:
        return "WRONG_CLASS", f"{describe(hits)} where only {wanted} may show", wrong[0]
    if set(hits) & set(subject.expected):
        return "CAUGHT", describe(hits), None
    if not complete:
        return "INCONCLUSIVE", f"run cut short before {wanted} showed", None
    if starved(subject):
        return "INCONCLUSIVE", "starved: too few sound blocks", None
    spent, due = silence(subject)
    known = ("of processors" if subject.due_s is None else
             "that its rate in the nights before makes certain")
    if spent < due:
        return "INCONCLUSIVE", (f"too little time: no {wanted} in {spent:.3g} of {due:.3g} s "
                                f"{known}"), None
    if subject.due_s is None:
        return "NOT_CAUGHT", f"no {wanted} in {spent:.1f} s of processors", None
    return "NOT_CAUGHT", f"no {wanted} in {spent:.3g} s, more than the {due:.3g} s {known}", None


def judge_clean(subject: Subject, control: Optional[Subject], complete: bool) -> Judged:
    """Verdict on a fixed or candidate variant against its control (None: no control ran)."""
    hits = {name: n for name, n in subject.hits().items() if n}
    findings = sorted(set(hits) - set(NO_EVIDENCE))
    if findings:
        return "REFUTED", describe(hits), findings[0]
    broken = judge_broken(subject)
    if broken:
        return broken
    if hits:
        return "INCONCLUSIVE", f"{describe(hits)}: a time-out is never evidence", "timeout"
    if control is None and subject.lane in sanitizer.LANES:
        return "CLEAN", f'nothing reported in {subject.total("rounds"):.0f} rounds', None
    if control is None and weather.is_storm(subject.listed or {}):
        return "CLEAN", f'nothing lost in {subject.total("rounds"):.0f} operations', None
    if control is None:
        return "CLEAN", "no control in this run: claims nothing", None
    proof = compare(control, subject)
    doubts = list(doubts_of_control(control, proof)) or list(doubts_of_fix(subject, proof))
    if not complete and doubts:
        doubts.insert(0, "run cut short")
    if doubts:
        return "INCONCLUSIVE", "; ".join(doubts), None
    bounds = proof["bounds"]
    return "FIX_CONFIRMED", (f'0 hits, ratio <= {bounds.ratio:.1e} of {control.variant} '
                             f'(by {bounds.basis}, 99.9 %)'), None


def doubts_of_control(control: Subject, proof: dict):
    """Why the control proves nothing, one phrase each."""
    verdict = judge_buggy(control, True)[0]
    if verdict != "CAUGHT":
        yield f"control {control.variant} not reproduced ({verdict})"
    elif proof["hits"] < CONTROL_HITS:
        yield f'control {control.variant} has {proof["hits"]} hits of {CONTROL_HITS}'
    elif proof["control_children"] < CHILDREN:
        yield f'control ran in {proof["control_children"]} of {CHILDREN} children'


def doubts_of_fix(subject: Subject, proof: dict):
    """Why the fixed side proves too little, one phrase each."""
    bounds, wanted = proof["bounds"], proof["wanted"]
    if starved(subject):
        yield "starved: too few sound blocks"
    if bounds is None or proof["share"] == 0:
        yield "not in the control's window: near misses below half of the control's"
        return
    if proof["children"] < CHILDREN:
        yield f'ran in {proof["children"]} of {CHILDREN} children in the control\'s window'
    if bounds.ratio > wanted:
        why = "overdispersed" if bounds.ratio > 3 * bounds.rounds else "budget short"
        yield (f"{why}: ratio bound {bounds.ratio:.1e} by {bounds.basis} "
               f"({bounds.rounds:.1e} by rounds), wanted {wanted:.0e}: "
               f'{more_time(proof["seconds"], bounds.ratio / wanted)}')


def lacking(subject: Subject, control: Optional[Subject]) -> Optional[float]:
    """How many times its exposure a clean variant needs, roughly, to be more than INCONCLUSIVE.

    None where its verdict is another, or where more exposure cannot help: a time-out, a
    program that failed, a control that was not caught. inf: none of it counts yet.
    """
    if control is None or judge_clean(subject, control, True)[0] != "INCONCLUSIVE":
        return None
    if (any(subject.hits().values()) or judge_broken(subject) or judge_broken(control)
            or judge_buggy(control, True)[0] not in ("CAUGHT", "INCONCLUSIVE")):
        return None
    proof = compare(control, subject)
    reached = [proof["hits"] / CONTROL_HITS, proof["control_children"] / CHILDREN,
               proof["children"] / CHILDREN,
               proof["wanted"] / proof["bounds"].ratio if proof["bounds"] else 0.0]
    return 1 / min(reached) if min(reached) else float("inf")


def unshown(subject: Subject) -> Optional[float]:
    """As lacking(), of a variant with a bug: how many times its exposure it needs to be judged."""
    if judge_broken(subject) or judge_buggy(subject, True)[0] != "INCONCLUSIVE":
        return None
    spent, due = silence(subject)
    return max(1.0, due / spent) if spent else float("inf")


def goes_on(subject: Subject) -> Optional[float]:
    """As unshown(), but of any silent variant: none is given up before the constant's time."""
    if judge_broken(subject) or judge_buggy(subject, True)[0] != "NOT_CAUGHT":
        return unshown(subject)
    left = promise_s(subject.lane) / subject.cpu_s()
    return left if left > 1 else None


def more_time(seconds: float, factor: float) -> str:
    """How long to go on so that `seconds` of exposure become `factor` times as many."""
    more = seconds * (factor - 1)
    return f"about {more:.0f} s more" if more < 3600 else "no hope without steadier children"


def describe(hits: Dict[str, int]) -> str:
    """Hits in words: "12 lost_wakeup, 1 crash"."""
    return ", ".join(f"{n} {name}" for name, n in sorted(hits.items(), key=lambda h: -h[1]))
