"""The event ports: that the shim over epoll and the port in user space do the same, and why.

Random sequences of operations run over both; one that tells them apart is cut down to its
least. Each measure that the shim takes because EPOLLONESHOT is no port has a mutant without
it, which must be told apart from the port: so every difference is known, and explained there.
"""
import ctypes
import functools
import json
import pathlib
import random
import shutil
import subprocess

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from tests.made import made

ROOT = pathlib.Path(__file__).resolve().parent.parent
SLOTS, NOTES = 4, 16
CALLS = ("open", "close", "close_kept", "associate", "dissociate", "getn", "write_peer",
         "close_peer", "drain", "fill", "alert", "calm")
STEP = st.tuples(st.sampled_from(CALLS), st.integers(0, SLOTS - 1), st.integers(0, 4))
SEQUENCE = st.lists(STEP, min_size=1, max_size=40)
# Most sequences are short, and what takes two descriptors of one number is not.
LONG = st.lists(STEP, min_size=20, max_size=40)


class Step(ctypes.Structure):
    _fields_ = [("call", ctypes.c_int), ("slot", ctypes.c_int), ("x", ctypes.c_int)]


def library(folder, targets=ROOT / "targets", simulated=False):
    """Builds the driver with that folder's targets, over the kernel that runs this or over the
    explorer's; returns its run()."""
    out = folder / f"libport{simulated:d}.so"
    sources = [p for part in ("base", "poller", "port")
               for p in sorted((targets / part).glob("*.c"))]
    world = ["-I", ROOT / "stress", "stress/world.c"]
    if simulated:
        # Made for programs: it wants a case, and to know where it begins.
        world = ["-I", ROOT / "fuzz", "-DSIMULATED", "-DTARGET=\"port\"",
                 "-Wl,--defsym=__executable_start=0", targets / "port/cases/arm_vs_event.c"]
        world += [p for part in ("", "kernel", "memory", "search")
                  for p in sorted((ROOT / "fuzz" / part).glob("*.c")) if p.stem != "main"]
    subprocess.run(["gcc", "-std=gnu11", "-O1", "-g", "-shared", "-fPIC", "-o", out, "-I", targets,
                    "-I", ROOT, *world, "tests/ports/driver.c", *sources, "-lpthread"], cwd=ROOT,
                   check=True)
    return ctypes.CDLL(str(out)).run


def notes(run, exact, sequence):
    """What each step returned, over one of the ports."""
    steps = (Step * len(sequence))(*[Step(CALLS.index(c), s, x) for c, s, x in sequence])
    found = (ctypes.c_int64 * (NOTES * len(sequence)))()
    assert run(exact, steps, len(sequence), found) == 0
    return list(found)


def differ(run, sequence):
    return notes(run, 0, sequence) != notes(run, 1, sequence)


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    return functools.partial(differ, library(tmp_path_factory.mktemp("ports")))


def test_both_ports_do_the_same(ports):
    @settings(max_examples=3000, deadline=None, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck))
    @given(SEQUENCE)
    def same(sequence):
        assert not ports(sequence), sequence
    same()


def plain_sequences(count):
    """Random ones without what the explorer's kernel lacks: duplicates, and sockets that are
    not connected."""
    rnd = random.Random(7410)
    calls = [c for c in CALLS if c != "close_kept"]
    for _ in range(count):
        yield [(c, rnd.randrange(SLOTS), rnd.choice((0, 2, 3, 4) if c == "open" else range(5)))
               for c in rnd.choices(calls, k=rnd.randrange(5, 40))]


def test_ports_in_the_explorer_do_as_those_of_this_kernel(tmp_path):
    """The simulated world's event ports, both kinds."""
    here, there = library(tmp_path), library(tmp_path, simulated=True)

    def differs(sequence):
        return any(notes(there, exact, sequence) != notes(here, exact, sequence)
                   for exact in (0, 1))
    events = set()
    for sequence in plain_sequences(3000):
        assert not differs(sequence), least_of(differs, sequence)
        events.update(n & 0xffffffff for n in notes(here, 1, sequence) if n > 1 << 32)
    assert len(events) >= 4


def test_a_broken_port_in_the_explorer_is_told_apart(tmp_path):
    """By a sequence of a few steps."""
    shutil.copytree(ROOT / "targets", tmp_path / "targets")
    path = tmp_path / "targets/port/exact.c"
    text = path.read_text(encoding="utf-8")
    once = "\t\t\tdissolve(port, fd, at);\n\t\t} else"
    assert text.count(once) == 1
    path.write_text(text.replace(once, "\t\t} else"), encoding="utf-8")
    here, there = library(tmp_path), library(tmp_path, tmp_path / "targets", simulated=True)

    def differs(sequence):
        return notes(there, 1, sequence) != notes(here, 1, sequence)
    least = least_of(differs, next(filter(differs, plain_sequences(3000))))
    assert len(least) <= 6, least


def test_the_sequences_reach_events(tmp_path):
    """A comparison of ports that never say anything would prove nothing."""
    run = library(tmp_path)
    told = find(SEQUENCE, lambda s: any(n > 1 << 32 for n in notes(run, 1, s)),
                settings=settings(max_examples=5000, deadline=None, database=None))
    assert {"open", "associate", "getn"} <= {call for call, _, _ in told}


MUTANTS = {
    "an entry without events reports a hang-up": (
        " && at->events != 0;", ";"),
    "an event of an entry whose descriptor was closed": (
        "at->serial == from->data >> 32 && ", ""),
    "a fired entry counts as an association": (
        "\t\tat->associated = false;\n\t}\n\tmutex_unlock(&at->lock);\n\treturn current;",
        "\t}\n\tmutex_unlock(&at->lock);\n\treturn current;"),
    "an entry cannot be added twice": (
        "world_epoll_ctl(port->fd, WORLD_MOD, fd, events | WORLD_ONESHOT, data);",
        "-ENOENT;"),
    "an unknown entry cannot be changed": (
        "\tif (error == -ENOENT)\n", "\tif (error == 1)\n"),
    "an entry fires only once": (
        "events | WORLD_ONESHOT, data);\n\tif", "events, data);\n\tif"),
}


def least_of(found, sequence):
    """The sequence without each step that it does not take."""
    for i in reversed(range(len(sequence))):
        rest = sequence[:i] + sequence[i + 1:]
        if rest and found(rest):
            return least_of(found, rest)
    return sequence


@pytest.mark.parametrize("name", MUTANTS)
def test_each_measure_of_the_shim_is_needed(tmp_path, name):
    """Without it a sequence of a few steps tells the two apart."""
    before, after = MUTANTS[name]
    shutil.copytree(ROOT / "targets", tmp_path / "targets")
    path = tmp_path / "targets/port/oneshot.c"
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), encoding="utf-8")
    found = functools.partial(differ, library(tmp_path, tmp_path / "targets"))
    try:
        least = least_of(found, find(LONG, found, settings=settings(
            max_examples=30000, deadline=None, database=None,
            phases=[Phase.generate, Phase.shrink])))
    except NoSuchExample:
        pytest.fail("no sequence tells the mutant from the port")
    assert len(least) <= 8, least


# --- the switch that is harmless alone ---

ARMED = "BUG_OPEN_ARMED"


def program(lane, name, variant):
    """Builds a variant's program; returns its path."""
    path = f"build/{lane}/port/{variant}/{name}"
    made(path)
    return path


def result(*command):
    done = subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_descriptor_armed_at_open_is_told_of_what_nobody_asked_for():
    told = {}
    for variant in ("fixed", ARMED):
        storm = program("native", "storm", variant)
        case = result(storm, "--case", "open_vs_event", "--seconds", "0.5")
        assert case["hits"] == {}
        churn = result(storm, "--storm", "churn_oneshot", "--until-ops", "60000", "--seconds",
                       "600", "--descriptors", "256")
        operations = churn["operations"]
        told[variant] = (case["outcomes"]["unasked"],
                         churn["events"] / (operations["open"] + operations["reopen"]))
    assert told["fixed"][0] == 0 < told[ARMED][0]
    assert told[ARMED][1] > 1.3 * told["fixed"][1]


@pytest.mark.parametrize("model", ["sc", "tso"])
@pytest.mark.parametrize("variant", ["fixed", ARMED])
def test_fixed_or_armed_at_open_no_case_fails_in_any_order(variant, model):
    explore = program("explore", "explore", variant)
    cases = sorted(path.stem for path in (ROOT / "targets/port/cases").glob("*.c"))
    assert len(cases) >= 4
    for case in cases:
        found = result(explore, "--case", case, "--model", model, "--seconds", "600")
        assert found["hits"] == {} and found["exhausted"] is True, case
