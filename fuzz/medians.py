#!/usr/bin/python3
"""How soon a case shows each switch under each model; where it must not, that nothing is left.

    fuzz/medians.py [--target poller] [--case close_vs_block] [--seeds 20] [--jobs N]
    fuzz/medians.py --whole [--target poller] [--seeds 5]

A number is the median over the seeds of the execution at which random search first shows what
the case expects; with "!" if it is above 200. Where nothing is expected "all" says that every
execution was run (exhausted), "3x3" that every one of at most 3 preemptions and 3 stale reads
was; "!" if not even that in a minute. What is expected stands in the case, as ever.

--whole: each run of a whole runtime, and each switch it must show: the first hit of PCT under
the first model that shows it, as median and worst of the seeds; "!" if the median is above a
minute.
Exit status: 0 all as promised, 1 not, 2 the rig failed, 64 usage.

    poller/close_vs_block   sc    tso   armv8   ...
    BUG_BARE_FLAGS          all   all   17      ...
"""
import argparse
import concurrent.futures
import os
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from table import MODELS, SLACK, EngineFailure, Parser, binaries, lines_of  # noqa: E402

SOON = 200       # executions
BOUNDS = ("--preemptions", "3", "--stale", "3")
EXECUTIONS = 20000
SECONDS = 60
CELL = 16


def explored(binary, case, model, *arguments):
    """One result of the explorer."""
    command = [binary, "--case", case, "--model", model, "--json", "--no-shrink",
               "--seconds", str(SECONDS), *arguments]
    return lines_of(command, SECONDS + SLACK)[0]


def expectations(binary, case):
    """The models under which the variant must show something; None: it lacks the case."""
    for listed in lines_of([binary, "--list", "--json"], SLACK):
        if listed["case"] == case:
            return {model for e in listed["expect"] if e["variant"] == listed["variant"]
                    for model in e["models"]}
    return None


def median(binary, case, model, seeds):
    """The median first hit, as a cell."""
    first = [explored(binary, case, model, "--search", "random", "--executions", str(EXECUTIONS),
                      "--seed", str(seed))["first_hit_execution"] or EXECUTIONS
             for seed in range(seeds)]
    middle = statistics.median(first)
    return f"{middle:g}" + "!" * (middle > SOON)


def extent(binary, case, model):
    """How far the search went where it must find nothing, as a cell."""
    whole = explored(binary, case, model, "--search", "dfs")
    if whole["hits"]:
        return "HIT!"
    if whole["exhausted"]:
        return f"all {whole['seconds']:.1f}s"
    part = explored(binary, case, model, "--search", "dfs", *BOUNDS)
    return "HIT!" if part["hits"] else f"3x3 {part['seconds']:.1f}s" + "!" * (not part["ended"])


def row(binary, case, options, pool):
    """The cells of a variant, by model, as futures."""
    shows = expectations(binary, case)
    if shows is None:
        return {}
    return {model: pool.submit(median, binary, case, model, options.seeds) if model in shows
            else pool.submit(extent, binary, case, model) for model in MODELS}


def whole(options, pool):
    """(what, first hits) of every promise of a run of a whole runtime, as futures."""
    for binary in binaries(options.build, options.target, options.variant):
        for listed in lines_of([binary, "--list", "--json"], SLACK):
            for e in listed["expect"] if listed.get("whole") else ():
                if e["variant"] == listed["variant"]:
                    what = f"{binary.parent.parent.name}/{listed['case']}"
                    yield (f"{what:<28}{e['variant']:<26}{e['models'][0]:<8}",
                           [pool.submit(explored, binary, listed["case"], e["models"][0],
                                        "--search", "pct", "--seed", str(seed))
                            for seed in range(options.seeds)])


def print_whole(promises, seeds):
    """A line per promise; how many are not kept."""
    print(f"{'whole run, by PCT':<62}{'executions':>20}{'seconds':>20}")
    broken = 0
    for what, hits in promises:
        found = [hit.result() for hit in hits]
        seconds = sorted(f["first_hit_s"] or SECONDS * 2 for f in found)
        first = sorted(f["first_hit_execution"] or f["executions"] for f in found)
        late = statistics.median(seconds) > SECONDS
        broken += late
        print(f"{what}{statistics.median(first):>12g}{first[-1]:>8}"
              f"{statistics.median(seconds):>12.3f}{seconds[-1]:>8.3f}{'!' * late}")
    print(f"{broken} not within a minute" if broken else
          f"all within a minute (median and worst of {seeds} seeds)")
    return broken


def parse(arguments):
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/explore"))
    parser.add_argument("--target")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--variant")
    parser.add_argument("--case", default="close_vs_block")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args(arguments)
    options.seeds = options.seeds or (5 if options.whole else 20)
    options.target = options.target or (None if options.whole else "poller")
    return options


def main(arguments=None):
    options = parse(arguments)
    found = binaries(options.build, options.target, options.variant)
    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        try:
            promises = list(whole(options, pool)) if options.whole else []
            if promises:
                return int(print_whole(promises, options.seeds) > 0)
            rows = {b.parent.name: row(b, options.case, options, pool)
                    for b in found if not options.whole}
            cells = {name: {model: cell.result() for model, cell in cells.items()}
                     for name, cells in rows.items() if cells}
        except EngineFailure as failure:
            print(failure, file=sys.stderr)
            return 2
    if options.whole or not cells:
        print("fuzz/medians.py: no such target, variant or case, or not built (make build "
              "LANE=explore)", file=sys.stderr)
        return 64
    print("".join(f"{text:<{CELL}}" for text in (f"{options.target}/{options.case:<22}", *MODELS)))
    for name, models in cells.items():
        line = "".join(f"{models[model]:<{CELL}}" for model in MODELS)
        print(f"{name:<{len(options.target) + 23}}{line}".rstrip())
    broken = sum(cell.endswith("!") for models in cells.values() for cell in models.values())
    print(f"{broken} of {len(cells) * len(MODELS)} not as promised" if broken else
          f"all {len(cells) * len(MODELS)} as promised: shown within {SOON} executions (median of "
          f"{options.seeds} seeds), else nothing left")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
