"""Plans and runs the storm matrix: what the programs list, run within a budget of time.

An item is what one test runs: a race of a case (its control and its clean variants, in
turns A B A B), or one further variant of a case for a short time.
"""
import random
import time
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple, Union

from reports import judge, sanitizer, stats, weather
from reports.storm import Order, Programs, seed_of
from reports.subject import Subject, env_text, home, is_clean

# An item's share of the time, in units of budget.
WEIGHT = {"race": 6.0, "buggy": 0.5, "quiet": 0.8}
ALONE = 3.0              # of a race without a control, as storms are
# How many times its share an item may use: most caught variants stop early.
STRETCH = {"race": 1.0, "buggy": 5.0, "quiet": 1.0}
LONGEST_UNIT_S = 3.0
SHORTEST_S = 0.2
CHILDREN = 20            # processes per slice
STOP_HITS = 10           # a variant that only has to be caught stops here
AIMING, AGAIN = 0.2, 0.08  # share of a race's time for a control slice: first, later
CONTROL_PATIENCE = 0.6   # share of a race's time for a control that is not caught yet
PREFERRED_HITS = 300     # a control with fewer gets the longer slices
BY_NEED = 0.25           # share of the time that goes to who is in doubt, by what they lack
OVERTIME = 0.5           # share of the planned time that may follow it, for who is in doubt
START_S = 0.1            # a native program's start and end; a sanitized one's is slower
LEFT_OUT = "not run for want of time: other runs draw others"
UNSTEADY = 0.8           # variation between children at which a control aims once more,
JUDGED_CHILDREN = 8      # if so many tell


@dataclass(frozen=True)
class Item:
    """One test of the matrix."""
    kind: str                      # race, buggy or quiet
    target: str
    case: str
    control: Optional[str] = None  # of a race; None: no variant is due here
    variants: Tuple[str, ...] = ()  # clean ones of a race, else the one variant
    due_s: Optional[float] = None   # of the variant that must be caught: Subject.due_s

    @property
    def promised(self) -> Optional[str]:
        """The variant that must be caught, if any."""
        return self.variants[0] if self.kind == "buggy" else self.control

    @property
    def name(self) -> str:
        """Test id: poller/close_vs_block, or poller/close_vs_block-BUG_X."""
        base = f"{self.target}/{self.case}"
        return base if self.kind == "race" else f"{base}-{self.variants[0]}"

    @property
    def weight(self) -> float:
        """Its share of the time, in units of budget."""
        return ALONE if self.kind == "race" and not self.control else WEIGHT[self.kind]

    def planned(self) -> List[dict]:
        """Entries of run.json's plan."""
        roles = [(self.control, "control")] if self.control else []
        role = "clean" if self.kind == "race" else self.kind
        roles += [(variant, role) for variant in self.variants]
        due = {} if self.due_s is None else {self.promised: {"due_s": self.due_s}}
        return [{"target": self.target, "case": self.case, "variant": v, "role": r,
                 **due.get(v, {})} for v, r in roles]


def items(lists: List[dict], variant: str = None, case: str = None) -> List[Item]:
    """The matrix, from "list" documents.

    variant, case: comma-separated names to select, None for all. Variants come first and
    races last, so that time which quick catches leave over goes to the ratio bounds.
    """
    wanted_variants = set(variant.split(",")) if variant else None
    wanted_cases = set(case.split(",")) if case else None
    cases: Dict[tuple, Dict[str, dict]] = {}
    for document in lists:
        if document["kind"] == "list":
            key = (document["target"], document["case"])
            if not wanted_cases or wanted_cases & {document["case"], "/".join(key)}:
                cases.setdefault(key, {})[document["variant"]] = document
    found = []
    for key, built in sorted(cases.items()):
        chosen = {v: d for v, d in built.items() if not wanted_variants or v in wanted_variants}
        found += items_of_case(key, chosen)
    return sorted(found, key=lambda i: i.kind == "race")


def items_of_case(key: tuple, built: Dict[str, dict]) -> List[Item]:
    """Items of one case.

    key: (target, case); built: "list" document by variant. A variant that only a race
    detector can see has an item in its lane only: elsewhere its plain accesses promise
    nothing, not even silence. A sanitizer's reports come once per site and have no rate to
    compare with: its lanes have no controls. Nor have storms, which are not aimed.
    """
    any_document = next(iter(built.values()), None)
    if any_document is None:
        return []
    named = dict.fromkeys(e["variant"] for e in any_document["expect"])
    due = [v for v in named if v in built and built[v]["expected_failures"]]
    quiet = [v for v in named if v in built and v not in due
             and any(e["variant"] == v and e["failure"] != "data_race"
                     for e in any_document["expect"])]
    if weather.is_storm(any_document):
        # Too rare without aim to be promised: their rate is reported.
        quiet += [v for v in built if v not in due + quiet and "+" not in v
                  and built[v].get("allowed_failures")]
    clean = tuple(v for v in built if is_clean(v))
    timed = any_document["lane"] not in sanitizer.LANES and not weather.is_storm(any_document)
    control = choose_control(due, any_document["expect"]) if clean and timed else None
    found = [Item("buggy" if v in due else "quiet", *key, None, (v,))
             for v in due + quiet if v != control]
    if clean:
        found.append(Item("race", *key, control, clean))
    return found


def choose_control(due: List[str], expect: List[dict]) -> Optional[str]:
    """The control of a case: the due variant that fewest memory models show.

    due: variants that must be caught here; expect: the case's expectations, in whose order
    ties are decided. The hardest bug to see is the one a fix must be compared with.
    """
    def breadth(variant):
        return len({m for e in expect if e["variant"] == variant for m in e["models"]})
    return min(due, key=breadth, default=None)


@dataclass
class Race:
    """A race as far as it has come."""
    item: Item
    control: Optional[Subject]
    clean: List[Subject]
    seconds: float  # its share of the planned time, which the slices' length goes by
    turns: int = 0  # that are over
    visits: int = 0  # by need

    def lacking(self) -> Optional[float]:
        """As judge.lacking, of its neediest clean variant that more turns may help."""
        needs = [judge.lacking(subject, self.control) for subject in self.clean]
        return max((need for need in needs if need is not None), default=None)

    def need_s(self) -> float:
        """Seconds that it lacks, roughly: of its control until that has its hits, else of m.

        m is the clean exposure that the bound wants; a race has two sides to pay for.
        """
        lacking = self.lacking()
        if lacking is None:
            return 0.0
        hits = sum(self.control.hits().values())
        if hits < judge.CONTROL_HITS:
            spent = sum(result["seconds"] for result in self.control.results)
            return spent * (judge.CONTROL_HITS / max(hits, 1) - 1) or self.seconds
        spent = sum(r["seconds"] for subject in self.clean for r in subject.results)
        return min(spent * (lacking - 1), 1e6)

    def turn_first(self) -> tuple:
        """Order of races by need: controls without their hits, then the least lacking."""
        has_hits = sum(self.control.hits().values()) >= judge.CONTROL_HITS
        return (self.visits, has_hits, self.need_s())

    def subjects(self) -> List[Subject]:
        """Control and clean variants."""
        return [self.control] + self.clean


@dataclass
class Promise:
    """A variant that must be caught, as far as it has come: in doubt while it is silent."""
    item: Item
    subject: Subject
    visits: int = 0

    def lacking(self) -> Optional[float]:
        """As judge.goes_on."""
        return judge.goes_on(self.subject)

    def need_s(self) -> float:
        """Seconds until its silence counts; first as long again as it had: most need no more."""
        ran = self.subject.total("seconds")
        return max(min(ran, ran * ((self.lacking() or 1.0) - 1)), SHORTEST_S)

    def turn_first(self) -> tuple:
        """As a race whose control lacks its hits."""
        return (self.visits, False, self.need_s())

    def subjects(self) -> List[Subject]:
        """The one variant."""
        return [self.subject]


class Budget:
    """Shares the time of a run over its items, anew at each: what one saves, others get.

    What must stay quiet is left out at random where not even the shortest call of each item
    has room: variants that must be caught and clean ones are not.
    """

    def __init__(self, seconds: float, plan: List[Item], seed: int = 0, slow: float = 1.0):
        """seconds: for everything; plan: the items; seed: of the run; slow: as Programs.slow."""
        self.end = time.monotonic() + seconds
        open_ends = sum(item.kind == "buggy" or bool(item.control) for item in plan)
        self.reserve = BY_NEED * seconds if open_ends > 1 else 0.0
        quiet = [item.name for item in plan if item.kind == "quiet"]
        random.Random(seed).shuffle(quiet)
        room = int(seconds / (SHORTEST_S + START_S * slow)) - (len(plan) - len(quiet))
        self.left_out = set(quiet[max(0, room):])
        self.left = {item.name: item.weight for item in plan if item.name not in self.left_out}

    def share(self, item: Item) -> float:
        """Seconds that this item may use, as it begins."""
        remaining = max(0.0, self.end - self.reserve - time.monotonic())
        unit = min(LONGEST_UNIT_S, remaining / max(sum(self.left.values()), 1e-9))
        self.left.pop(item.name, None)
        return max(SHORTEST_S, unit * item.weight * STRETCH[item.kind])


class Runner:
    """Runs items: orders slices, and hands every record to `keep` as it comes."""

    def __init__(self, programs: Programs, lists: List[dict], seed: int, keep):
        """programs: to call; lists: their cases; seed: of the run; keep(record): a sink."""
        self.programs, self.seed, self.keep = programs, seed, keep
        self.races: Dict[str, Race] = {}
        self.promises: Dict[str, Promise] = {}
        self.listed = {(d["target"], d["case"], d["variant"]): d
                       for d in lists if d["kind"] == "list"}

    def subject(self, item: Item, variant: str, role: str) -> Subject:
        """An empty Subject of one of the item's variants."""
        listed = self.listed[item.target, item.case, variant]
        return Subject(item.target, item.case, variant, listed["lane"], role, listed,
                       due_s=item.due_s if variant == item.promised else None)

    def run(self, item: Item, seconds: float) -> Tuple[Optional[Subject], List[Subject]]:
        """Run one item for at most `seconds`. Returns (its control or None, the others)."""
        if item.kind == "race":
            control = self.subject(item, item.control, "control") if item.control else None
            clean = [self.subject(item, v, "clean") for v in item.variants]
            race = self.races[item.name] = Race(item, control, clean, seconds)
            self.turns(race, seconds)
            return control, clean
        subject = self.subject(item, item.variants[0], item.kind)
        hits = STOP_HITS if item.kind == "buggy" else None
        if item.kind == "buggy":
            self.promises[item.name] = Promise(item, subject)
        self.slice(subject, seconds, until_hits=hits)
        return None, [subject]

    def leave_out(self, item: Item) -> List[Subject]:
        """Say of an item that it is not run. Returns its subjects: SKIPPED, with the reason."""
        subject = self.subject(item, item.variants[0], item.kind)
        subject.slices.append(self.programs.declined(self.order(subject, 0.0, 0), LEFT_OUT))
        self.keep(subject.slices[0])
        return [subject]

    def in_doubt(self) -> List["Doubt"]:
        """What is INCONCLUSIVE for lack of exposure, races and silent variants, the worst last."""
        found = [*self.races.values(), *self.promises.values()]
        return sorted((one for one in found if one.lacking() is not None),
                      key=lambda one: one.lacking())

    def go_on(self, one: "Doubt", seconds: float) -> None:
        """More exposure for what is in doubt, about `seconds`."""
        if isinstance(one, Race):
            self.turns(one, seconds)
        else:
            self.slice(one.subject, seconds, until_hits=STOP_HITS)

    def overtime(self, seconds: float, begin=lambda one: None) -> List["Doubt"]:
        """More exposure for what is in doubt, `seconds` for all. Returns what was in doubt.

        Each goes on where it stopped: exposure is added, and nothing is taken back. It gets
        an equal share of what is left, so that what one saves, the worse ones after it get.
        begin(one): called before its turns.
        """
        end, races = time.monotonic() + seconds, self.in_doubt()
        for number, race in enumerate(races):
            share = (end - time.monotonic()) / (len(races) - number)
            if share >= SHORTEST_S:
                begin(race)
                self.go_on(race, share)
        return races

    def by_need(self, end: float, begin=lambda one: None) -> None:
        """More exposure for what is in doubt until `end`, planned anew after each.

        Silent variants and controls that lack their hits come first, then the races that lack
        least; nobody gets more than it lacks or than its share of what is left. begin(one): as
        in overtime().
        """
        while True:
            races = sorted(self.in_doubt(), key=lambda one: one.turn_first())
            share = (end - time.monotonic()) / max(1, len(races))
            if not races or share < SHORTEST_S:
                return
            begin(races[0])
            races[0].visits += 1
            self.go_on(races[0], min(share, max(2 * SHORTEST_S, races[0].need_s())))

    def order(self, subject: Subject, seconds: float, number: int, **settings) -> Order:
        """The order of a subject's slice; settings as in storm.Order."""
        names = (subject.target, subject.case, subject.variant)
        return Order(subject.target, subject.variant, subject.case, seconds,
                     seed_of(self.seed, *names, number), subject.role, number,
                     storm=weather.is_storm(subject.listed), **settings)

    def slice(self, subject: Subject, seconds: float, **settings) -> dict:
        """Run one slice of a subject and add it; settings as in storm.Order."""
        number = len(subject.slices)
        record = self.programs.run(self.order(subject, max(SHORTEST_S, seconds), number,
                                              **settings))
        self.keep(record)
        subject.slices.append(record)
        return record

    def turns(self, race: Race, seconds: float) -> None:
        """Control and clean variants in turns, until the ratio bounds or the time is reached.

        At least two turns, one in overtime; ends early at a hit of each clean variant. Without
        a control, or with one whose program fails or declines, each clean variant runs once.
        """
        control, clean, start = race.control, race.clean, time.monotonic()
        longest = seconds / 2  # of a slice: a share of overtime can be a small one
        of_clean = min(longest, AIMING * race.seconds) if control else seconds
        while True:
            turn = race.turns
            spent = time.monotonic() - start
            alive = control is None or self.turn_of_control(control, turn, race.seconds, longest)
            if turn == 0 or home(control) or spent > CONTROL_PATIENCE * seconds:
                for subject in clean:
                    if unproved(control, subject, turn):
                        self.slice(subject, of_clean / len(clean), children=CHILDREN,
                                   env=clean_env(control, subject) if control else None)
            race.turns += 1
            proved = not any(unproved(control, s, race.turns) for s in clean)
            spent = time.monotonic() - start
            if not alive or not control or turn >= 1 and (proved or spent >= seconds):
                break

    def turn_of_control(self, control: Subject, turn: int, seconds: float,
                        longest: float) -> bool:
        """One slice of the control: aims until it is caught in steady children, then replays.

        seconds: of the race; longest: of the slice. Returns False when its program failed
        or declined.
        """
        sample = control.measured(judge.at_home(control))
        unsteady = (turn == 1 and sample.children >= JUDGED_CHILDREN
                    and stats.variation_upper(sample.hits, sample.rounds) > UNSTEADY)
        aims = home(control) is None or unsteady
        enough = sample.total("hits") >= PREFERRED_HITS and sample.children >= CHILDREN // 2
        part = AGAIN if enough and not aims else AIMING
        self.slice(control, min(longest, part * seconds), children=CHILDREN,
                   env=None if aims else home(control))
        return not (control.broken or control.skipped)


Doubt = Union[Race, Promise]


def clean_env(control: Subject, subject: Subject) -> Optional[str]:
    """Where a clean variant goes next: None to aim for itself, else an environment.

    First it aims on near misses; an environment in the control's window is kept; otherwise
    the control's own is tried, and then it aims anew. Without near misses to go by, the
    control's own environment is the only comparable one.
    """
    theirs = home(control)
    if theirs is None:
        return None
    counts = judge.comparable(control)
    good = [r for r in subject.results if counts(r)]
    if good:
        return env_text(good[-1])
    if not control.measured(judge.at_home(control)).total("near"):
        return theirs
    return theirs if len(subject.results) % 2 else None


def unproved(control: Optional[Subject], subject: Subject, turn: int) -> bool:
    """True while a clean variant needs another slice, `turn` turns being over."""
    if any(subject.hits().values()) or subject.broken or subject.skipped:
        return False
    return turn < 2 or judge.judge_clean(subject, control, True)[0] != "FIX_CONFIRMED"
