#!/usr/bin/python3
"""What counters of our own are worth: executions to each bug, with and without them.

    fuzz/fuzzers/feedback.py [--repeat N] [options of run.py]

Runs what run.py runs, from no inputs, where there is something to find; each with the seeds 1 to
N (9), by turns with counters (--feedback, "rhs") and with the compiler's only. Prints the medians
and which is the smaller, where that is no chance (Mann-Whitney, two-sided, 5 %); a line of JSON
per run goes to build/fuzz/feedback.jsonl.
Exit status: 0 measured, 2 a fuzzer failed, 64 usage.

    poller/BUG_ACQREL_RMW      fuzz_case        561 with       3,021 without  fewer with
"""
import concurrent.futures
import json
import math
import statistics
import sys

from scipy import stats

import run as fuzzing


def needed(results, feedback):
    """Executions to the finding, of each run; a run that found nothing needs more than any."""
    return [r["executions"] if r["found"] and r["executions"] else math.inf
            for r in results if bool(r["feedback"]) is feedback]


def fewer(results):
    """Whether the runs with counters found it in fewer executions; None: no telling."""
    found, without = needed(results, True), needed(results, False)
    if set(found) == set(without) or stats.mannwhitneyu(found, without).pvalue >= 0.05:
        return None
    return statistics.median(found) < statistics.median(without)


def line(results):
    """On all runs of one fuzzer."""
    subject = results[0]["target"] + "/" + results[0]["variant"]
    found, without = (statistics.median(needed(results, f)) for f in (True, False))
    says = {True: "  fewer with", False: "  fewer without", None: ""}[fewer(results)]
    return f"{subject:<34} {results[0]['fuzzer']:<12}{found:>10,.0f} with" \
           f"{without:>12,.0f} without{says}"


def main(arguments):
    options = fuzzing.parse(["--repeat", "9", "--empty", *arguments])
    todo = [f for f in fuzzing.fuzzers(options) if fuzzing.expected(*f[:3])]
    if not todo or not options.feedback:
        print("feedback.py: nothing to compare: build it first (make build LANE=fuzz)",
              file=sys.stderr)
        return 64
    everything, words = [], []
    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        running = [[pool.submit(fuzzing.run, f, options.seed + i, options, feedback)
                    for i in range(options.repeat) for feedback in (options.feedback, "")]
                   for f in todo]
        for runs in running:
            results = [r.result() for r in runs]
            everything += results
            words.append(fewer(results))
            print(line(results), flush=True)
    print(f"medians of {options.repeat}: fewer executions with counters for {words.count(True)} "
          f"of {len(words)}, without for {words.count(False)}")
    out = options.out or options.build / "feedback.jsonl"
    out.write_text("".join(json.dumps(r) + "\n" for r in everything))
    # A finding ends a run with libFuzzer's 77, nothing found with 0.
    return 0 if all(r["status"] in (0, 77) for r in everything) else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
