"""The performance figures of this machine, as one JSON object on stdout.

Every figure is measured here and now; ratios are of figures from the same run.
Quote them with the load beside them ("load", "steal_ticks").
"""
import glob
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

NATIVE = "build/native"
CASE = "close_vs_block"
MODELS = ("sc", "tso", "armv8", "armv8+lse", "c11")


def storm(variant, *options):
    """Run one storm; returns its JSON document."""
    command = [f"{NATIVE}/poller/{variant}/storm", "--case", CASE, "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if not done.stdout:
        sys.exit(f"bench: {' '.join(command)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def rate(document):
    """Hits per second of the exposure after aiming."""
    measured = document["measured"]
    return sum_of(document) / measured["seconds"] if measured["seconds"] else 0.0


def sum_of(document):
    return document["measured"]["hits"]


def shown_here():
    """The variants that must fail the case on this build's hardware."""
    for name in sorted(os.listdir(f"{NATIVE}/poller")):
        listed = subprocess.run([f"{NATIVE}/poller/{name}/storm", "--list", "--json"],
                                capture_output=True, text=True, check=True).stdout
        for case in map(json.loads, listed.splitlines()):
            if case.get("case") == CASE and case["expected_failures"] and "+" not in name:
                yield name


def control():
    """The one of them that is rarest without aim."""
    rates = {name: rate(storm(name, "--seconds", "0.6", "--no-aim", "--seed", "1"))
             for name in shown_here()}
    return min(rates, key=rates.get), rates


def steal_ticks():
    with open("/proc/stat", encoding="ascii") as stat:
        return int(stat.readline().split()[8])


def explorer():
    """Executions a second of the explorer, by case and model, where it is built: the bare
    five accesses, and the poller's own close against block; and how many times slower each
    model is than sc."""
    speeds = {}
    for target, case in (("shapes", "store_then_look"), ("poller", CASE)):
        binary = f"build/explore/{target}/fixed/explore"
        for model in MODELS if os.access(binary, os.X_OK) else ():
            done = subprocess.run([binary, "--bench", "--json", "--case", case, "--model", model,
                                   "--executions", "1000000"],
                                  capture_output=True, text=True, timeout=300, check=True)
            found = json.loads(done.stdout)
            speeds[f"{target}/{case} {model}"] = {
                name: found[name] for name in ("executions_per_s", "executions_per_cpu_s")}
            base = speeds[f"{target}/{case} sc"]
            speeds[f"{target}/{case} {model}"]["times_sc"] = (
                base["executions_per_cpu_s"] / found["executions_per_cpu_s"])
    return speeds or None


def whole_runs():
    """Executions a second of processor time of a whole runtime (sched/serve, sc), by search;
    20,000 are wanted."""
    binary = "build/explore/sched/fixed/explore"
    if not os.access(binary, os.X_OK):
        return None
    found = {}
    for search in ("pct", "random"):
        done = subprocess.run([binary, "--bench", "--json", "--case", "serve", "--search", search,
                               "--executions", "50000"],
                              capture_output=True, text=True, timeout=600, check=True)
        found[search] = json.loads(done.stdout)["executions_per_cpu_s"]
    return found


def whole_runs_by_all():
    """The same executions a second by the clock, of a process for each processor, with PCT."""
    binary, jobs = "build/explore/sched/fixed/explore", len(os.sched_getaffinity(0))
    if not os.access(binary, os.X_OK):
        return None
    done = subprocess.run([binary, "--json", "--case", "serve", "--search", "pct", "--executions",
                           "200000", "--seconds", "600", "--jobs", str(jobs)],
                          capture_output=True, text=True, timeout=660, check=True)
    return {"jobs": jobs, "executions_per_s": json.loads(done.stdout)["executions_per_s"]}


def bounds():
    """By target and model the case of two actors whose every execution within 3 preemptions and 3
    stale reads takes longest (the scheduler's: 2 of each), in seconds of a process for each
    processor; a minute each is wanted."""
    found = {}
    for binary in sorted(glob.glob("build/explore/*/fixed/explore")):
        target = binary.split("/")[2]
        most = "2" if target == "sched" else "3"
        listed = subprocess.run([binary, "--list", "--json"], capture_output=True, text=True,
                                check=True).stdout
        cases = [c["case"] for c in map(json.loads, listed.splitlines())
                 if len(c["actors"]) == 2 and c["file"].startswith(f"targets/{target}/cases/")]
        for model in ("armv8", "c11"):
            ran = []
            for case in cases:
                start = time.monotonic()
                done = subprocess.run(
                    [binary, "--json", "--case", case, "--model", model, "--search", "dfs",
                     "--preemptions", most, "--stale", most, "--seconds", "60", "--jobs",
                     str(len(os.sched_getaffinity(0)))],
                    capture_output=True, text=True, timeout=400, check=True)
                ran.append((round(time.monotonic() - start, 2), case,
                            json.loads(done.stdout)["ended"]))
            if ran:
                found[f"{target} {model}"] = dict(zip(("seconds", "case", "ended"), max(ran)))
    return found


def searched(binary, jobs):
    """An exhaustive search by so many processes: its result, and their processor time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([binary, "--json", "--case", "push_at_growth", "--model",
                           "armv8", "--search", "dfs", "--preemptions", "3", "--stale", "3",
                           "--jobs", str(jobs), "--seconds", "600"],
                          capture_output=True, text=True, timeout=660, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return json.loads(done.stdout), after.ru_utime + after.ru_stime - before.ru_utime - (
        before.ru_stime)


def sharing():
    """How much sooner two processes end a search of 600,000 executions than one, by the clock,
    in turn, medians: 1.7 is wanted on two free cores. What bounds it whatever else runs: the
    processor time of both by that of one, and the share of the executions of the busier one.
    None where the explorer is not built."""
    binary = "build/explore/spanset/fixed/explore"
    if not os.access(binary, os.X_OK):
        return None
    turns = [(searched(binary, 1), searched(binary, 2)) for _ in range(3)]
    one, two = turns[0][0][0], turns[0][1][0]
    if not one["ended"] or not two["ended"] or set(one["outcomes"]) != set(two["outcomes"]):
        sys.exit(f"bench: shared search: {one['outcomes']} by one process, {two['outcomes']} by "
                 "two, or no end")
    return {"executions": one["executions"] + one["pruned"],
            "seconds": statistics.median(a["seconds"] for (a, _), _ in turns),
            "seconds_by_two": statistics.median(b["seconds"] for _, (b, _) in turns),
            "times_sooner": statistics.median(a["seconds"] / b["seconds"]
                                              for (a, _), (b, _) in turns),
            "cpu_by_two": statistics.median(both / alone for (_, alone), (_, both) in turns),
            "largest_share": statistics.median(b["largest_share"] for _, (b, _) in turns)}


def fuzzers(*beginning):
    """Executions a second of processor time, by target, of the fuzzers of the fixed forms' cases,
    with coverage and counters on; medians of three runs of ten seconds. None where they are not
    built; 100,000 are wanted."""
    built = glob.glob("build/fuzz/*/fixed/fuzz_case")
    if not built:
        return None
    found = {}
    with tempfile.TemporaryDirectory() as folder:  # nothing is there that earlier runs have kept
        for program in built:
            target = os.path.dirname(os.path.dirname(program))
            os.symlink(os.path.abspath(target), os.path.join(folder, os.path.basename(target)))
        subprocess.run([sys.executable, "fuzz/fuzzers/run.py", "--build", folder, "--variant",
                        "fixed", "--fuzzer", "fuzz_case", "--time", "10", "--jobs", "1",
                        "--repeat", "3", *beginning], check=True, stdout=subprocess.DEVNULL)
        with open(f"{folder}/results.jsonl", encoding="utf-8") as lines:
            for run in map(json.loads, lines):
                found.setdefault(run["target"], []).append(run["executions"] / run["cpu_seconds"])
    return {target: statistics.median(speeds) for target, speeds in found.items()}


def probes():
    """Weak outcomes a second of store buffering, self-tuned, and the yardstick; "calm" leaves
    out what a loaded machine disturbed."""
    ran = subprocess.run([f"{NATIVE}/probe", "SB", "--order", "plain", "--json", "--tune", "3",
                          "--seconds", "2"], capture_output=True, text=True, check=False)
    found = {d["form"]: {"weak_per_s": d["weak_per_s"], "rounds_per_s": d["rounds_per_s"],
                         "calm_weak_per_s": d["calm"]["weak_per_s"]}
             for d in map(json.loads, ran.stdout.splitlines())
             if d["kind"] == "probe" and d["verdict"] != "SKIPPED"}
    ran = subprocess.run([f"{NATIVE}/probe", "--transfer", "--json"], capture_output=True,
                         text=True, check=False)
    return {"store_buffering": found,
            "transfer_ns": {d["placement"]: d["ns"]
                            for d in map(json.loads, ran.stdout.splitlines()) if "ns" in d}}


def programs():
    """What each program of stress/bench measures, by its target."""
    return {name: json.loads(subprocess.check_output([f"{NATIVE}/bench/{name}"], text=True))
            for name in sorted(os.listdir(f"{NATIVE}/bench"))}


def beside_go(ours):
    """What Go's own runtime does here and now, and our figures in its (times: Go's by ours,
    rates: ours by Go's, so that more is better); None without a Go toolchain."""
    if not shutil.which("go"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "sched_go")
        subprocess.run(["go", "build", "-o", program, "stress/bench/sched_go.go"], check=True,
                       env={**os.environ, "GOCACHE": folder, "GO111MODULE": "off"})
        figures = json.loads(subprocess.check_output([program], text=True))
    ratios = {name: figures[name] / ours[name] if name.endswith("_ns") else
              ours[name] / figures[name] for name in figures if name in ours}
    return {**figures, "ratios": ratios}


def history():
    """How fast the history of runs is: see ci/bench_history.py."""
    return json.loads(subprocess.check_output([sys.executable, "ci/bench_history.py"], text=True))


def main():
    before = steal_ticks()
    variant, rates = control()
    seconds = ("--seconds", "3", "--seed", "1")
    natural = storm(variant, *seconds, "--layout", "natural")
    spread = storm(variant, *seconds, "--layout", "spread")
    plain = storm(variant, *seconds, "--no-aim")
    first = [storm(variant, "--seconds", "2", "--until-hits", "1", "--seed", str(i))
             for i in range(1, 16)]
    fast = storm("fixed", "--seconds", "2", "--env", "pace=120")
    fixed = storm("fixed", *seconds)
    costs = programs()
    go = beside_go(costs["sched"])
    print(json.dumps({
        "schema": 1,
        "kind": "bench",
        "case": f"poller/{CASE}",
        "control": variant,
        "not_aimed_hits_per_s": rates,
        "rounds_per_s": {"paced_120ns": fast["rounds_per_s"],
                         "fixed_aimed": fixed["rounds_per_s"],
                         "control_aimed_natural": natural["rounds_per_s"],
                         "control_aimed_spread": spread["rounds_per_s"],
                         "control_not_aimed": plain["rounds_per_s"]},
        "hits_per_s": {"aimed_natural": rate(natural), "aimed_spread": rate(spread),
                       "not_aimed": rate(plain)},
        "aim_ratio": {"natural": rate(natural) / max(rate(plain), 1e-9),
                      "spread": rate(spread) / max(rate(plain), 1e-9),
                      "rounds": natural["rounds_per_s"] / plain["rounds_per_s"]},
        "first_hit_s_median": statistics.median(d["first_hit_s"] or 2.0 for d in first),
        "uncontended": costs.pop("poller"),
        "targets": costs,
        "go": go,
        "explore": explorer(),
        "explore_sharing": sharing(),
        "explore_bounds": bounds(),
        "explore_whole_per_cpu_s": whole_runs(),
        "explore_whole_by_all": whole_runs_by_all(),
        "fuzz_executions_per_cpu_s": {"from_inputs": fuzzers(), "from_nothing": fuzzers("--empty")},
        "probes": probes(),
        "history": history(),
        "load": os.getloadavg()[0],
        "steal_ticks": steal_ticks() - before,
    }, indent=1))


if __name__ == "__main__":
    main()
