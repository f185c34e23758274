"""The poller's churn on the scheduler: nothing is lost there, and what is lost is seen.

Runs end after so many operations or hits, not after a time.
"""
import json
import subprocess

import pytest

from tests import mutants
from tests.made import made
from tests.test_storms import BOUND_S, ROOT


@pytest.fixture(scope="module", autouse=True)
def program():
    """The program of the fixed scheduler."""
    made("build/native/sched/fixed/storm")


def churn(*options, folder=ROOT, storm="churn"):
    """Run the storm; returns (exit code, document)."""
    if folder != ROOT:
        made("build/native/sched/fixed/storm", folder=folder)
    done = subprocess.run(["build/native/sched/fixed/storm", "--storm", storm, "--json",
                           "--seconds", "600", *options], cwd=folder, capture_output=True,
                          text=True, timeout=BOUND_S, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("storm,ops", [("churn", 300_000), ("churn_oneshot", 100_000),
                                       ("churn_exact", 100_000)])
def test_nothing_is_lost_stuck_or_leaked_on_the_scheduler(storm, ops):
    code, document = churn("--until-ops", str(ops), "--seed", "7", storm=storm)
    assert (code, document["verdict"], document["hits"]) == (0, "CLEAN", {}), document["findings"]
    assert document["ops"] >= ops and document["failed_opens"] == 0
    assert document["commits"] >= ops / 15
    # A port tells only of what somebody asked for.
    assert document["events"] >= ops / (15 if storm == "churn" else 50)
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
        "sched/poll.c", "\t\tstatus_ready(list[i]);\n\t\tstruct P",
        "\t\tif (list[i]->parks % 16 == 1)\n\t\t\tcontinue;\n"
        "\t\tstatus_ready(list[i]);\n\t\tstruct P", "lost_wakeup"),
}


def test_storms_of_descriptors_run_over_epoll_and_both_ports():
    listed = subprocess.run(["build/native/sched/fixed/storm", "--list", "--json"], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout
    storms = {d["storm"] for d in map(json.loads, listed.splitlines()) if d.get("descriptors")}
    over_epoll = {name for name in storms if not name.endswith(("_oneshot", "_exact"))}
    assert storms == {name + port for name in over_epoll for port in ("", "_oneshot", "_exact")}


@pytest.mark.parametrize("storm", ["churn_oneshot", "churn_exact"])
def test_history_through_ports_is_caught_on_the_scheduler_too(tree, storm):
    """The whole of golang/go#7410, where calls take longer: else this takes minutes."""
    asking = "static void associate(struct poll_desc *pd, uint32_t events)\n{\n"
    slowly = "\tfor (int i = 0; i < 10; i++)\n\t\tworld_yield();\n"
    with mutants.changed(tree, "port/backend.c", "#ifdef BUG_7410\n", "#if 1\n"), \
            mutants.changed(tree, "port/backend.c", asking, asking + slowly):
        code, document = churn("--until-hits", "1", "--descriptors", "1024", "--children", "1",
                               folder=tree, storm=storm)
    assert (code, document["verdict"]) == (1, "REFUTED")
    assert set(document["hits"]) & {"stale_arm", "lost_event"}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_refuted_with_the_class_of_its_fault(tree, name):
    file, before, after, failure = MUTANTS[name]
    with mutants.changed(tree, file, before, after):
        code, document = churn("--until-ops", "60000", "--until-hits", "50", "--descriptors",
                               "1024", "--children", "1", folder=tree)
    assert (code, document["verdict"]) == (1, "REFUTED")
    assert [h for h in document["hits"] if h != "timeout"] == [failure]  # which is no evidence


# (storm, file, text, its replacement, the class of the state that follows)
STATES = {
    "a timer is started, and nobody is told": (
        "timers", "sched/timers.c", "\tpublish_first(h);\n\tmutex_unlock(&h->lock);\n\tif (first)",
        "\tpublish_first(h);\n\tmutex_unlock(&h->lock);\n\tif (when == 0)", "lost_wakeup"),
    "spinning is given up after the last look": (
        "timers", "sched/idle.c", "#ifdef BUG_LEAVE_UNCHECKED", "#if 1", "lost_work"),
    "nobody is woken for work": (
        "timers", "sched/park.c", "\trunq_put_next(m->p, big);\n\tidle_wake(m->s);",
        "\trunq_put_next(m->p, big);", "lost_work"),
    "a deadline passes, and its waiter is not taken": (
        "server", "poller/deadline.c", "\tpoll_publish_and_take(pd, modes, taken, &waiters);",
        "\tpoll_publish_and_take(pd, 0, taken, &waiters);", "lost_wakeup"),
}


@pytest.mark.parametrize("name", STATES)
def test_what_nobody_would_see_is_seen(tree, name):
    storm, file, before, after, failure = STATES[name]
    with mutants.changed(tree, file, before, after):
        code, document = churn("--until-hits", "1", "--children", "1", folder=tree, storm=storm)
    assert (code, document["verdict"]) == (1, "REFUTED")
    assert list(document["hits"]) == [failure]


@pytest.mark.parametrize("storm,ops", [("timers", 5_000_000), ("server", 20_000)])
def test_timers_and_servers_are_clean(storm, ops):
    code, document = churn("--until-ops", str(ops), "--children", "1", storm=storm)
    assert (code, document["verdict"], document["hits"]) == (0, "CLEAN", {})
    assert all(document["operations"][kind] > 0 for kind in document["operations"]
               if kind != "refused")
