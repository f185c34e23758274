"""What one run observed of one (target, case, variant, lane, placement): sums over its slices."""
from dataclasses import dataclass, field
from typing import Dict, List, Optional

from reports.stats import Sample, rate_lower, variation_upper

BUGGY_PREFIX = "BUG_"
# The engine's own failures: never evidence about the target.
NO_EVIDENCE = ("timeout", "engine_error")


def is_clean(variant: str) -> bool:
    """True for `fixed` and `candidate`: built without a BUG_ switch."""
    return not variant.startswith(BUGGY_PREFIX)


@dataclass
class Subject:
    """All slices of one variant on one case, and what its binary promises."""
    target: str
    case: str
    variant: str
    lane: str
    role: str = "buggy"
    listed: Optional[dict] = None             # its line of --list --json
    slices: List[dict] = field(default_factory=list)
    placement: str = "all"
    due_s: Optional[float] = None             # see reports.judge.silence

    @property
    def results(self) -> List[dict]:
        """The case documents of the slices that have one."""
        return [s["result"] for s in self.slices if s["result"]]

    @property
    def broken(self) -> List[dict]:
        """Slices whose program failed as a program."""
        return [s for s in self.slices if s["state"] not in ("ok", "skipped")]

    @property
    def skipped(self) -> List[dict]:
        """Slices that the program declined, with a reason."""
        return [s for s in self.slices if s["state"] == "skipped"]

    @property
    def expected(self) -> List[str]:
        """Failure classes that this variant must show in this lane; [] = none."""
        return list(self.listed["expected_failures"]) if self.listed else []

    @property
    def allowed(self) -> List[str]:
        """Classes that it may show beside, without having to."""
        return list(self.listed.get("allowed_failures", [])) if self.listed else []

    def hits(self) -> Dict[str, int]:
        """Hits by failure class, over everything that ran, aim included."""
        return sum_counts(r["hits"] for r in self.results)

    def outcomes(self) -> Dict[str, int]:
        """Rounds by outcome, over everything that ran."""
        return sum_counts(r["outcomes"] for r in self.results)

    def total(self, name: str) -> float:
        """Sum of a figure of the results."""
        return sum(r.get(name) or 0 for r in self.results)

    def cpu_s(self) -> float:
        """Seconds of processor time; of running, where a result does not say."""
        return sum(r.get("cpu_s", r["seconds"]) for r in self.results)

    def counted(self) -> Dict[str, float]:
        """hits, near, rounds and seconds that rates are made of.

        Of the measured exposure where there is one, else of everything that ran (a run that
        stops at its hits has no other).
        """
        sample, names = self.measured(), ("hits", "near", "rounds", "seconds")
        found = {name: sample.total(name) for name in names}
        if not found["rounds"] or (not found["hits"] and sum(self.hits().values())):
            found = {name: self.total(name) for name in names[1:]}
            found["hits"] = sum(self.hits().values())
        return found

    def first_hit_s(self) -> Optional[float]:
        """Seconds of running until the first hit, over the slices in order; None = none."""
        before = 0.0
        for result in self.results:
            if result["first_hit_s"] is not None:
                return before + result["first_hit_s"]
            before += result["seconds"]
        return None

    def measured(self, keep=lambda result: True) -> Sample:
        """Exposure per child after aim, of the results that `keep` accepts."""
        sample = Sample()
        for result in self.results:
            if result.get("measured") and keep(result):
                for child in result["measured"]["per_child"]:
                    sample.add(child)
        return sample


def home(subject: Subject) -> Optional[str]:
    """The environment that a control is compared in: where it proves most; None: no hit.

    Of the environments with measured hits, the one whose mean rate over children has the
    highest lower bound (a high rate that few children share is worth little).
    """
    samples: Dict[str, Sample] = {}
    for result in subject.results:
        if result.get("measured") and result["measured"]["hits"]:
            samples.setdefault(env_text(result), Sample())
    for place, sample in samples.items():
        vars(sample).update(vars(subject.measured(lambda r, p=place: env_text(r) == p)))

    def worth(place):
        sample = samples[place]
        hits, rounds = sample.total("hits"), sample.total("rounds")
        variation = variation_upper(sample.hits, sample.rounds)
        return rate_lower(hits, rounds, max(1, sample.children), variation), hits / rounds
    return max(samples, key=worth, default=None)


def sum_counts(dicts) -> Dict[str, int]:
    """Sum dictionaries of counts, key by key; keys with 0 stay."""
    total: Dict[str, int] = {}
    for counts in dicts:
        for key, value in counts.items():
            total[key] = total.get(key, 0) + value
    return total


def near_rate(result: dict) -> float:
    """Near misses per round of one result's measured exposure; 0.0 without any."""
    measured = result.get("measured")
    return measured["near"] / measured["rounds"] if measured and measured["rounds"] else 0.0


def env_text(result: dict) -> str:
    """The environment that a result was measured in, as --env takes it."""
    return result["env"]["text"]
