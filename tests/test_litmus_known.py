"""Known verdicts on the models in fuzz/memory: which weak outcome each of them allows.

The rows of golang/go#45211 and of the usual shapes are what herd7 says under aarch64.cat,
x86tso.cat and rc11.cat. Instructions of AArch64 are written as the C11 access that compiles
to them in the build that the model stands for.
"""
import re
import subprocess

import pytest

from tests.models.reference.text import litmus_text
from tests.test_litmus import LITMUS, ROOT, built, results  # noqa: F401 (built is a fixture)

LOCATIONS = ("x", "y", "z", "rg", "closing", "dummy")
PATH = "known.litmus"


def states(model, threads, folder):
    """The final states as dictionaries."""
    path = folder / PATH
    path.write_text(litmus_text(threads, LOCATIONS))
    ran = subprocess.run([LITMUS, path, "--model", model], cwd=ROOT, capture_output=True,
                         text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return [{name.strip("[]"): int(value) for name, value in re.findall(r"(\S+)=(-?\d+);", line)}
            for line in results(ran.stdout)["known"][0]]


def allows(model, threads, weak, folder):
    return any(weak(state) for state in states(model, threads, folder))


# --- AArch64 by instructions ---

LOADS = {"LDR": "rlx", "LDAPR": "acq", "LDAR": "sc"}
STORES = {"STR": "rlx", "STLR": "sc"}
SUFFIXES = {"": ("rlx", "rlx"), "A": ("acq", "acq"), "L": ("rel", "rlx"), "AL": ("ar", "acq")}


def instruction(text):
    """One instruction: name, register or location, ... as the C11 access behind it."""
    name, *rest = text.split()
    if name in LOADS:
        return ("load", *rest, LOADS[name])
    if name in STORES:
        return ("store", *rest, STORES[name])
    if name in ("DMB", "DMB.LD"):
        return ("fence", "sc" if name == "DMB" else "acq")
    kind, suffix = re.fullmatch(r"(CAS|SWP|LDADD|LLSC)(A?L?)", name).groups()
    success, fail = SUFFIXES[suffix]
    if kind in ("CAS", "LLSC"):
        return ("cas", *rest, success, fail)
    return ({"SWP": "xchg", "LDADD": "add"}[kind], *rest, success)


def program(*threads):
    return [[instruction(text.strip()) for text in thread.split(";")] for thread in threads]


def lost_wakeup(state):
    """The blocker parks and saw nothing; the closer saw nobody."""
    return state["0:a"] == 1 and state["0:b"] == 0 and state["1:w"] == 0


PUBLISH = "LLSCAL p closing 0 1"
HALVES = "STR closing 1; {} dummy 1"
NETPOLL = [
    ("armv8", "LLSCAL", "LDR b", HALVES.format("STLR"), "LDAR", True),   # the 2022 bug
    ("armv8+lse", "CASAL", "LDR b", HALVES.format("STLR"), "LDAR", False),  # LSE hides it
    ("armv8+lse", "CASAL", "LDR b", HALVES.format("STLR"), "LDR", True),  # the 2021 bug
    ("armv8", "LLSCAL", "LDR b", HALVES.format("STLR"), "LDR", True),
    ("armv8+lse", "CAS", "LDR b", HALVES.format("STLR"), "LDAR", True),
    ("armv8+lse", "CASA", "LDR b", HALVES.format("STLR"), "LDAR", True),
    ("armv8+lse", "CASL", "LDR b", HALVES.format("STLR"), "LDAR", True),
    ("armv8", "LLSCAL", "DMB; LDR b", HALVES.format("STLR"), "LDAR", False),
    ("armv8", "LLSCAL", "LDAR b", HALVES.format("STLR"), "LDAR", False),
    ("armv8+rcpc", "LLSCAL", "LDAPR b", HALVES.format("STLR"), "LDAR", True),
    ("armv8", "LLSCAL", "LDR b", HALVES.format("STR"), "LDAR", True),
    ("armv8+lse", "CASAL", "LDR b", "STR closing 1; SWPAL q dummy 1", "LDR", False),
    ("armv8", "LLSCAL", "LDAR b", PUBLISH, "LDAR", False),               # the fix
    ("armv8", "LLSCAL", "LDR b", PUBLISH, "LDAR", True),
    ("tso", "LLSCAL", "LDR b", HALVES.format("STR"), "LDR", True),       # x86: MOV
    ("tso", "LLSCAL", "LDR b", HALVES.format("STLR"), "LDR", False),     # x86: XCHG
]


@pytest.mark.parametrize("model, block, check, publish, look, lost", NETPOLL)
def test_netpoll(model, block, check, publish, look, lost, tmp_path):
    threads = program(f"{block} a rg 0 2; {check} closing", f"{publish}; {look} w rg")
    assert allows(model, threads, lost_wakeup, tmp_path) == lost


def mp(state):
    return state["1:r"] == 1 and state["1:q"] == 0


def sb(state):
    return state["0:r"] == 0 and state["1:r"] == 0


def iriw(state):
    return [state[n] for n in ("2:a", "2:b", "3:a", "3:b")] == [1, 0, 1, 0]


def late_store(state):
    return state["1:r"] == 1 and state["x"] == 2


BOTH_SIDES = "{0} {2} 1; {1} r {3}"
OWN_FIRST = "{0} {1} 1; LDAPR a {1}; LDR r {2}"
READERS = ["{0} a x; {0} b y", "{0} a y; {0} b x"]


@pytest.mark.parametrize("model, threads, weak, allowed", [
    *[("armv8+rcpc+unordered", [BOTH_SIDES.format(st, ld, *xy) for xy in ("xy", "yx")], sb, want)
      for st, ld, want in (("STLR", "LDAR", False), ("STLR", "LDAPR", True), ("STR", "LDR", True),
                           ("STR", "LDAR", True))],
    *[("armv8+rcpc+unordered", [f"STR x 1; {st} y 1", f"{ld} r y; LDR q x"], mp, want)
      for st, ld, want in (("STR", "LDR", True), ("STR", "LDAR", True), ("STLR", "LDR", True),
                           ("STLR", "LDAPR", False))],
    ("armv8+unordered", ["STR x 2; STLR y 1", "LDR r y; STR x 1"], late_store, True),
    ("armv8", ["STR x 2; STLR y 1", "LDR r y; STR x 1"], late_store, False),
    ("armv8+unordered", ["STR x 2; DMB; STR y 1", "LDR r y; STLR x 1"], late_store, False),
    *[("armv8+unordered", ["STR x 1", "STR y 1", *[r.format(ld) for r in READERS]], iriw, want)
      for ld, want in (("LDR", True), ("LDAR", False))],
    ("armv8+lse+unordered", ["LDADD r x 1", "LDADD r x 1"], lambda s: s["x"] != 2, False),
    ("armv8+lse+unordered", ["LDADD r x 10", "STR x 5"],
     lambda s: s["0:r"] == 0 and s["x"] == 10, False),
    ("armv8+lse+rcpc+unordered", [OWN_FIRST.format("SWP o", *xy) for xy in ("xy", "yx")], sb,
     False),
    ("armv8+lse+rcpc+unordered", [OWN_FIRST.format("STR", *xy) for xy in ("xy", "yx")], sb, True),
])
def test_instructions(model, threads, weak, allowed, tmp_path):
    assert allows(model, program(*threads), weak, tmp_path) == allowed


# --- one C11 program in every model ---

COLUMNS = ("sc", "tso", "armv8+lse+unordered", "armv8+unordered", "armv8+rcpc+unordered", "c11")


def stores_then_looks(store, load):
    return [[("store", mine, 1, store), ("load", "r", other, load)] for mine, other in ("xy", "yx")]


def swaps_then_looks(success, fail, load):
    return [[("cas", "q", mine, 0, 1, success, fail), ("load", "r", other, load)]
            for mine, other in ("xy", "yx")]


def readers(order):
    return [[("store", "x", 1, "sc")], [("store", "y", 1, "sc")],
            [("load", "a", "x", order), ("load", "b", "y", order)],
            [("load", "a", "y", order), ("load", "b", "x", order)]]


MESSAGE = [("store", "x", 1, "rlx"), ("store", "y", 1, "rel")]
RECEIVE = [("load", "r", "y", "acq"), ("load", "q", "x", "rlx")]


@pytest.mark.parametrize("verdicts, weak, threads", [
    ("NSSSSS", sb, stores_then_looks("rlx", "rlx")),
    ("NSNNSS", sb, stores_then_looks("rel", "acq")),
    ("NNNNNN", sb, stores_then_looks("sc", "sc")),
    ("NNNNSS", sb, swaps_then_looks("ar", "acq", "acq")),
    ("NNNSSS", sb, swaps_then_looks("sc", "sc", "rlx")),
    ("NNSSSS", lambda s: s["1:r"] == 1 and s["x"] == 1,  # needs an earlier place in the order
     [[("store", "x", 1, "sc"), ("store", "y", 1, "rlx")],
      [("load", "r", "y", "rlx"), ("store", "x", 2, "sc")]]),
    ("NNNNNN", sb, [[("store", "x", 1, "rlx"), ("fence", "sc"), ("load", "r", "y", "rlx")],
                    [("store", "y", 1, "sc"), ("load", "r", "x", "sc")]]),
    ("NNNNNN", mp, [[("store", "x", 1, "rlx"), ("fence", "rel"), ("store", "y", 1, "rlx")],
                    [("load", "r", "y", "rlx"), ("fence", "acq"), ("load", "q", "x", "rlx")]]),
    ("NNNNNN", lambda s: s["1:r"] == 2 and s["1:q"] == 0,
     [MESSAGE, RECEIVE, [("add", "o", "y", 1, "rlx")]]),
    ("NNNNNS", lambda s: s["1:r"] == 2 and s["1:q"] == 0,
     [[*MESSAGE, ("store", "y", 2, "rlx")], RECEIVE]),
    ("NNNNNN", lambda s: s["x"] != 2, [[("add", "r", "x", 1, "rlx")]] * 2),
    ("NNNNNN", lambda s: s["0:r"] == 0 and s["x"] == 10,
     [[("add", "r", "x", 10, "rlx")], [("store", "x", 5, "rlx")]]),
    ("NNNNNN", lambda s: s["x"] == 1 and s["y"] == 1,
     [[("store", "x", 1, "sc"), ("store", "y", 2, "sc")],
      [("store", "y", 1, "sc"), ("store", "x", 2, "sc")]]),
    ("NNNNNS", iriw, readers("acq")),
    ("NNNNNN", iriw, readers("sc")),
])
def test_every_model(verdicts, weak, threads, tmp_path):
    found = "".join("NS"[allows(model, threads, weak, tmp_path)] for model in COLUMNS)
    assert found == verdicts
