"""Sites of atomic accesses: all found in the program, each weakened at run time."""
import json
import re
import shlex
import subprocess

import pytest

from reports import schema
from tests.explorer import ROOT, build

POLLER = "build/explore/poller/fixed/explore"
SCHED = "build/explore/sched/fixed/explore"


@pytest.fixture(scope="session", autouse=True)
def built():
    build(POLLER, SCHED)


def run(*arguments, binary=POLLER):
    return subprocess.run([binary, *arguments], cwd=ROOT, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=300, check=False)


def sites(*arguments, binary=POLLER):
    ran = run("--sites", "--json", *arguments, binary=binary)
    assert (ran.returncode, ran.stderr) == (0, "")
    return schema.parse(ran.stdout, "sites")["sites"]


def line_of(file, text):
    """The number of the only line of targets/`file` that has the text."""
    lines = (ROOT / "targets" / file).read_text(encoding="utf-8").splitlines()
    (number,) = [n for n, line in enumerate(lines, 1) if text in line]
    return f"targets/{file}:{number}"


@pytest.mark.parametrize("binary", (POLLER, SCHED))
def test_every_call_of_an_atomic_hook_is_found(binary):
    code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", binary], cwd=ROOT, text=True,
                          capture_output=True, check=True).stdout
    calls = re.findall(r"(?:call|bl)q? .*<__tsan_atomic(?:8|16|32|64|_thread)_\w+>", code)
    found = [site for site in sites(binary=binary) if site["operation"] != "enter"]
    assert len(calls) == sum(site["calls"] for site in found) > 100
    places = [(site["file"], site["line"], site["operation"]) for site in found]
    assert len(set(places)) == len(places)
    assert {"load", "store", "cas", "exchange"} <= {site["operation"] for site in found}


def test_a_case_says_which_functions_it_runs():
    entered = {s["function"]: s["accesses"] for s in sites("--case", "close_vs_block")
               if s["operation"] == "enter"}
    assert entered["poll_unblock"] >= 1000 and entered["fd_close"] == 0


def test_a_case_says_which_sites_it_reaches_and_with_which_orders():
    found = {f'{s["file"]}:{s["line"]}': s for s in sites("--case", "close_vs_block")}
    published = found[line_of("poller/info.h", "while (!cas_seq_cst(&pd->info")]
    assert (published["operation"], published["order"]) == ("cas", "seq_cst")
    assert published["accesses"] >= 1000  # one in each execution
    untouched = found[line_of("poller/fd.c", "exchange_acq_rel(&f->closer")]
    assert (untouched["accesses"], untouched["order"]) == (0, None)


@pytest.mark.parametrize("file,text,order,model", (
    ("poller/info.h", "return load_seq_cst(&pd->info)", "acquire", "c11"),
    ("poller/info.h", "while (!cas_seq_cst(&pd->info", "acq_rel", "c11"),
    ("poller/block.c", "if (sem_cas(sem, &seen, SEM_WAIT))", "acq_rel", "c11"),
    ("poller/block.c", "uintptr_t old = sem_load(sem);", "acquire", "c11")))
def test_the_store_buffering_shape_needs_its_four_accesses(file, text, order, model):
    weaken = f"{line_of(file, text)}={order}"
    ran = run("--case", "close_vs_block", "--model", model, "--weaken", weaken, "--json",
              "--executions", "3000")
    result = json.loads(ran.stdout)
    assert (ran.returncode, list(result["hits"])) == (1, ["lost_wakeup"])
    words = shlex.split(result["replay"])
    assert words[1:3] == ["--weaken", weaken]
    again = run(*words[1:])
    assert again.returncode == 1 and again.stdout.startswith("lost_wakeup"), again
    harmless = run(*words[3:])  # the same choices with the order that the code has
    assert harmless.returncode == 0 and "lost_wakeup" not in harmless.stdout


def test_a_fence_can_be_weakened():
    ran = run("--case", "submit_vs_last_spinner", "--model", "tso", "--weaken",
              line_of("sched/runq.h", "\tfence_seq_cst();") + "/fence=acq_rel", "--json",
              binary=SCHED)
    assert ran.returncode == 1 and "lost_work" in json.loads(ran.stdout)["hits"]


def test_a_lock_that_does_not_acquire_is_a_data_race():
    weaken = line_of("base/lock.h", "exchange_acquire(&m->state, MUTEX_HELD)") + "=relaxed"
    ran = run("--case", "timer_vs_extend", "--model", "sc", "--weaken", weaken, "--json")
    assert ran.returncode == 1 and "data_race" in json.loads(ran.stdout)["hits"]


@pytest.mark.parametrize("text,says", (
    ("targets/base/lock.h", "FILE:LINE"),
    ("targets/base/lock.h:28=weak", "no such order"),
    ("targets/base/lock.h:1=relaxed", "no atomic access"),
    ("targets/poller/info.h:87=release", "a load cannot release")))
def test_what_cannot_be_weakened_is_refused(text, says):
    ran = run("--case", "close_vs_block", "--weaken", text)
    assert (ran.returncode, ran.stdout) == (64, "")
    assert says in ran.stderr and ran.stderr.count("\n") == 1
