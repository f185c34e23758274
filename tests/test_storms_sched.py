"""The poller's churn on the scheduler: nothing is lost there, and what is lost is seen.

Runs end after so many operations or hits, not after a time.
"""
import json
import subprocess

import pytest

from tests import mutants
from tests.test_storms import BOUND_S, ROOT


@pytest.fixture(scope="module", autouse=True)
def program():
    """The program of the fixed scheduler."""
    made = subprocess.run(["make", "-s", "-j2", "build/native/sched/fixed/storm"], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr


def churn(*options, folder=ROOT):
    """Run the storm; returns (exit code, document)."""
    if folder != ROOT:
        subprocess.run(["make", "-s", "-j2", "build/native/sched/fixed/storm"], cwd=folder,
                       capture_output=True, text=True, check=True)
    done = subprocess.run(["build/native/sched/fixed/storm", "--storm", "churn", "--json",
                           "--seconds", "600", *options], cwd=folder, capture_output=True,
                          text=True, timeout=BOUND_S, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_nothing_is_lost_stuck_or_leaked_on_the_scheduler():
    code, document = churn("--until-ops", "300000", "--seed", "7")
    assert (code, document["verdict"], document["hits"]) == (0, "CLEAN", {})
    assert document["ops"] >= 300_000 and document["failed_opens"] == 0
    assert document["commits"] >= 20_000 and document["events"] >= 20_000
    # Suspicions arose and were put to the proof: else clean means nothing.
    assert document["graces"] > 0 and document["cleared"] > 0


@pytest.fixture(scope="module")
def tree(tmp_path_factory, program):
    """A copy of the sources, and of what is built of the fixed scheduler."""
    return mutants.copy_tree(tmp_path_factory.mktemp("mutants"), "sched")


MUTANTS = {
    "a reference is not given back": (
        "poller/fd.c", "\tpoll_set_deadline(f->pd, d, modes);\n\tdrop_reference(f);",
        "\tpoll_set_deadline(f->pd, d, modes);\n\tif (d % 64 != 1)\n\t\tdrop_reference(f);",
        "deadlock"),
    "closing is neither published nor told": (
        "poller/desc.c",
        "\tpoll_publish_and_take(pd, POLL_READ | POLL_WRITE, taken, &waiters);",
        "\ttaken[0] = taken[1] = NULL;", "lost_wakeup"),
    "readiness is dropped for writers": (
        "poller/epoll.c", "\treturn poll_ready(pd, modes, list, waiters);",
        "\treturn poll_ready(pd, modes & POLL_READ, list, waiters);", "lost_event"),
    "one whom the poller took is not readied": (
        "sched/schedule.c", "\t\tstatus_ready(list[i]);\n\t\trunq_put(",
        "\t\tif (list[i]->parks % 16 == 1)\n\t\t\tcontinue;\n"
        "\t\tstatus_ready(list[i]);\n\t\trunq_put(", "lost_wakeup"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_refuted_with_the_class_of_its_fault(tree, name):
    file, before, after, failure = MUTANTS[name]
    with mutants.changed(tree, file, before, after):
        code, document = churn("--until-ops", "60000", "--until-hits", "50", "--descriptors",
                               "1024", "--children", "1", folder=tree)
    assert (code, document["verdict"]) == (1, "REFUTED")
    assert list(document["hits"]) == [failure]
