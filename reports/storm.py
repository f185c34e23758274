"""Calls the `storm` programs: lists what they hold, runs a slice, and says how it went."""
import hashlib
import shlex
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, List, Optional

from reports import process, sanitizer, schema, weather

LIST_BOUND_S = 30.0
EXIT_ENGINE_ERROR, EXIT_USAGE, EXIT_SKIPPED = 2, 64, 77


PATIENCE = 0.6  # of the grace: how long a child of a storm program may be silent


@dataclass(frozen=True)
class Order:
    """What one call of a storm program is to do.

    seconds: time for the whole call, aim included; children: processes to share it;
    env: environment to replay (None: aim); until_hits: stop at so many hits (None: do not).
    """
    target: str
    variant: str
    case: str
    seconds: float
    seed: int
    role: str = "buggy"
    slice: int = 0
    env: Optional[str] = None
    children: Optional[int] = None
    until_hits: Optional[int] = None
    storm: bool = False  # `case` names a storm


@dataclass
class Programs:
    """The storm programs of one lane.

    build: folder of the builds; lane: its name; cwd: where commands run and replay;
    pin, placement: handed through; grace_s: seconds over its time before a call is killed.
    """
    build: Path
    lane: str
    cwd: Path
    pin: Optional[str] = None
    placement: Optional[str] = None
    grace_s: float = 15.0
    tick: Callable[[], None] = field(default=lambda: None)

    @property
    def slow(self) -> int:
        """Times the grace of a native program."""
        return sanitizer.SLOWER if self.lane in sanitizer.LANES else 1

    @property
    def place(self) -> str:
        """Its placement, as results tell it."""
        return self.pin or self.placement or "all"

    def path(self, target: str, variant: str) -> str:
        """The program of a target's variant, as a command line names it."""
        return str(self.build / self.lane / target / variant / "storm")

    def found(self) -> List[tuple]:
        """(target, variant) of every program that is built, sorted."""
        root = self.cwd / self.build / self.lane
        return sorted((p.parent.parent.name, p.parent.name) for p in root.glob("*/*/storm"))

    def list(self) -> List[dict]:
        """Ask every program for its cases: "list" documents, and a "slice" per failure."""
        documents = []
        for target, variant in self.found():
            documents += self._list_one(target, variant)
        return documents

    def _list_one(self, target: str, variant: str) -> List[dict]:
        command = [self.path(target, variant), "--list", "--json"]
        order = Order(target, variant, "--list", 0, 0, "list")
        try:
            ended = process.run(command, LIST_BOUND_S, self.cwd)
        except OSError as error:
            ended = process.Ended(EXIT_ENGINE_ERROR, "", str(error), 0.0)
        if ended.exit != 0:
            state, reason = _failure(ended, LIST_BOUND_S) or ("garbage", "no list")
            return [self._record(order, command, ended, state, reason, None)]
        try:
            lines = [schema.parse(line, "list") for line in ended.stdout.splitlines()]
            return [weather.listed_as_case(line) for line in lines]
        except schema.BadDocument as error:
            return [self._record(order, command, ended, "garbage", f"--list: {error}", None)]

    def command(self, order: Order) -> List[str]:
        """The command line of an order."""
        words = [self.path(order.target, order.variant),
                 "--storm" if order.storm else "--case", order.case,
                 "--seconds", f"{order.seconds:.3g}", "--seed", str(order.seed)]
        # A child that stands still is told as that before this call is killed.
        patience = PATIENCE * self.grace_s * self.slow
        optional = (("--patience", f"{patience:.3g}"), ("--pin", self.pin),
                    ("--placement", self.placement), ("--env", order.env),
                    ("--children", None if order.storm else order.children),
                    ("--until-hits", order.until_hits))
        for option, value in optional:
            if value is not None:
                words += [option, str(value)]
        return words + ["--json"]

    def declined(self, order: Order, reason: str) -> dict:
        """The "slice" record of an order that is not carried out, with the reason."""
        return self._record(order, self.command(order), process.Ended(EXIT_SKIPPED, "", "", 0.0),
                            "skipped", reason, None)

    def run(self, order: Order) -> dict:
        """Carry out an order: a "slice" record; whatever goes wrong is in its state.

        The record has `stderr_text`, which the caller moves into the run folder.
        """
        command = self.command(order)
        bound = order.seconds + self.grace_s * self.slow
        try:
            ended = process.run(command, bound, self.cwd, self.tick)
        except OSError as error:
            ended = process.Ended(EXIT_ENGINE_ERROR, "", str(error), 0.0)
        failure = _failure(ended, bound)
        if failure:
            return self._record(order, command, ended, *failure, None)
        try:
            kind = "storm" if order.storm else "case"
            result = schema.parse(ended.stdout.rstrip("\n"), kind)
            result = weather.result_as_case(result) if order.storm else result
        except schema.BadDocument as error:
            return self._record(order, command, ended, "garbage", str(error), None)
        named = tuple(result[key] for key in ("target", "variant", "lane", "case"))
        if named != (order.target, order.variant, self.lane, order.case):
            reason = f"asked for {order.target}/{order.variant}/{order.case}, got {named}"
            return self._record(order, command, ended, "garbage", reason, None)
        return self._record(order, command, ended, "ok", "", result)

    def _record(self, order, command, ended, state, reason, result) -> dict:
        return {"schema": schema.VERSION, "kind": "slice", "target": order.target,
                "variant": order.variant, "lane": self.lane, "case": order.case,
                "placement": self.place,
                "role": order.role, "slice": order.slice, "seed": order.seed,
                "started": time.time(), "command": shlex.join(command), "state": state,
                "reason": reason, "exit": ended.exit, "wall_s": round(ended.wall_s, 4),
                "stderr": None, "stderr_text": ended.stderr, "result": result}


def _failure(ended: process.Ended, bound_s: float):
    """(state, reason) of a call that gave no result, None for one that should have."""
    said = process.last_line(ended.stderr)
    if ended.exit is None:
        return "timeout", f"killed after {bound_s:.0f} s: it outlived its time"
    if ended.exit in (0, 1):
        return None
    if ended.exit == EXIT_SKIPPED:
        return "skipped", said or "no reason given"
    if ended.exit == EXIT_USAGE:
        return "refused", said or "usage error without a message"
    start = sanitizer.start_error(ended.stderr)
    if start:
        return "engine_error", start
    name = process.signal_name(ended.exit)
    if name:
        return "crash", f"ended by {name}" + (f": {said}" if said else "")
    return "engine_error", said or f"exit status {ended.exit} without a message"


def seed_of(base: int, *names) -> int:
    """Seed of one slice: the run's seed and the slice's names, hashed to 63 bits."""
    digest = hashlib.sha256("\0".join([str(base), *map(str, names)]).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
