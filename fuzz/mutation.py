#!/usr/bin/python3
"""The mutation score of the explorer: small faults made by rule, and which of them it finds.

    fuzz/mutation.py [--sample N] [--seed S] [--target T] [--time SECONDS] [--beside LANE,LANE]

Mutants (mutants.py) change one or two lines of a target's sources; orders are weakened without a
build (explore --weaken). Each is compiled into the explore binary of the fixed variant, by make's
own commands, and the cases that enter its function are explored within a count of executions: at
random under sc (whole runtimes under c11, where each access is watched), then every execution
under sc and c11 as far as the count goes. For each mutant:

    killed      something was found: its class, case, model, executions and seconds
    same        the compiler makes the same code of it: with hooks; or nothing was found, and it is
                the same without them, for x86-64 and for ARM64; or C11 lets every compiler make
                the same change (mutants.free_to_swap)
    equivalent  nothing was found, and equivalent_mutants.txt says why it changes nothing
    kept        a weaker order that nothing shows, and a comment says "kept: why" (as in make audit)
    unreached   no case enters the function; or nothing was found where the source says
                "unreached: why"
    survived    nothing was found
    no code     does not compile

The score is killed of killed and survived; another counts the unreached as well. What is called
equivalent, with a reason, is "equivalent" and "kept".

--beside runs other programs on each mutant, and says which of them fail: unit (tests/unit),
sanitized (the same under address and undefined-behaviour sanitizers), storm (every
case for a moment on real threads). Results: a line of JSON (--out, build/mutation/results.jsonl).
Exit status: 0 the score is as wanted (--wanted, 0.95) and no reason is stale, 1 otherwise, 2 the
rig failed.
"""
import argparse
import collections
import concurrent.futures
import functools
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "ci"), str(ROOT / "fuzz"), str(ROOT / "fuzz/fuzzers")]

from reports import schema  # noqa: E402
from audit import Comments, WEAKER, targets  # noqa: E402
import coverage as covered  # noqa: E402
from table import EngineFailure, Parser, lines_of, save  # noqa: E402
from hunt import PATIENCE, Luck, hunted  # noqa: E402
import mutants as rules  # noqa: E402
from rebuild import LANES, Commands, binary_of, build, same_code, same_product  # noqa: E402
import tidy  # noqa: E402

EQUIVALENT = ROOT / "fuzz/equivalent_mutants.txt"
WANTED = 0.95
SAMPLE = 240
EXECUTIONS = 4000  # of one case under one model, when it comes to all
STORM = 0.2        # seconds of a case on real threads
SKIPPED = 77       # exit status


def live_lines(target):
    """{file: {line: functions}} of a target's own sources, from the binary's line table.

    The functions are those that the line's code ended up in; oracles (…audit.c) are left out.
    """
    table = subprocess.run(["objdump", "--dwarf=decodedline", binary_of(target)], cwd=ROOT,
                           check=True, capture_output=True, text=True).stdout
    entries, name = [], ""
    for line in table.splitlines():
        head = re.match(r"(?:CU: )?(\S+\.[ch]):$", line)
        entry = re.match(r"\S+\.[ch]\s+(\d+)\s+(0x[0-9a-f]+)", line)
        if head:
            name = head[1].rsplit("/", 1)[-1]  # where a unit begins, all that objdump says
        elif entry:
            entries.append((name, int(entry[1]), entry[2]))
    found = {}
    for (name, line, _), (file, function) in zip(entries, places_of(target, entries)):
        if file.startswith(f"targets/{target}/") and file.endswith(f"/{name}") \
                and not re.search(r"/cases/|audit\.c$", file):
            found.setdefault(file, {}).setdefault(line, set()).add(function)
    return found


def places_of(target, entries):
    """The file whose line stands at each address, and the function, not inlined, that holds it."""
    told = subprocess.run(["addr2line", "-a", "-f", "-i", "-e", binary_of(target)], cwd=ROOT,
                          input="\n".join(entry[2] for entry in entries), check=True,
                          capture_output=True, text=True).stdout
    for (name, _, _), block in zip(entries, re.split(r"(?m)^0x[0-9a-f]+\n", told)[1:]):
        lines = block.splitlines()
        files = [re.sub(r":[\d?]+.*$", "", text).removeprefix(f"{ROOT}/").removeprefix("./")
                 for text in lines[1::2]]
        yield next((file for file in files if file.endswith("/" + name)), ""), lines[-2]


def entered(target, cases):
    """{case: the functions of a target that it enters}, and all of which that can be said.

    It is told by atomic accesses; of a function without any, nothing can be said.
    """
    found, known = {}, set()
    for case in cases:
        listed = lines_of([ROOT / binary_of(target), "--sites", "--json", "--case", case["case"],
                           "--executions", "4" if case.get("whole") else "200"], PATIENCE)[0]
        found[case["case"]] = {site["function"] for site in listed["sites"]
                               if site["accesses"] > 0}
        known |= {site["function"] for site in listed["sites"]}
    return found, known


def weakened(target):
    """Mutants of the rule "weaken": each order of an access made relaxed."""
    listed = lines_of([ROOT / binary_of(target), "--sites", "--json"], PATIENCE)[0]["sites"]
    for site in listed:
        named = tidy.ORDERED.search(site["source"])
        order = named.group(1) if named else "seq_cst" if "sem_" in site["source"] else "relaxed"
        possible = WEAKER.get(site["operation"], WEAKER[None]).get(order)
        if possible and site["file"].startswith(f"targets/{target}/") \
                and "/cases/" not in site["file"]:
            yield rules.Mutant(site["file"], site["line"], "weaken", site["source"],
                               f'/{site["operation"]}={possible[0]}',
                               frozenset([site["function"]]))


def candidates(target):
    """Every mutant of a target."""
    made = list(weakened(target))
    for file, lines in sorted(live_lines(target).items()):
        made += rules.all_mutants(tidy.Source(ROOT, file), lines)
    return made


def sampled(options):
    """(target, mutant) of as many as the sample asks for: each is as likely as any other."""
    names = [options.target] if options.target else sorted(targets())
    made = [(name, mutant) for name in names for mutant in candidates(name)
            if not options.only or options.only in mutant.key]
    chosen = sorted(made, key=lambda c: (c[0], c[1].file, c[1].line, c[1].rule, c[1].after))
    n = len(chosen) if options.sample is None else min(len(chosen), options.sample)
    return random.Random(options.seed).sample(chosen, n)


# --- running ---


def examined(target, mutant, options, shared):
    """The result of one mutant."""
    start = time.monotonic()
    row = {"target": target, "file": mutant.file, "line": mutant.line, "rule": mutant.rule,
           "key": mutant.key, "found": None}
    with tempfile.TemporaryDirectory(prefix="mutant-", dir=ROOT / "build") as folder:
        top = pathlib.Path(folder)
        row.update(fate(target, mutant, options, shared, top))
        row["beside"] = {} if row["status"] == "no code" or mutant.rule == "weaken" else {
            lane: beside(lane, target, mutant, shared, top / lane) for lane in options.beside}
    row["seconds"] = round(time.monotonic() - start, 2)
    print(f'{row["status"]:<10} {row["found"] or "":<14} {row.get("case", ""):<20} '
          f'{row["seconds"]:>6.1f} s  {mutant.file}:{mutant.line} {mutant.rule}: '
          f'{rules.squeezed(mutant.before)[:60]} -> {rules.squeezed(mutant.after)[:60]}',
          file=sys.stderr, flush=True)
    return row


def why_unreached(mutant):
    """Why the source says that nothing comes there; "" where it does not."""
    lines = (ROOT / mutant.file).read_text(encoding="utf-8").split("\n")
    return covered.reasons(lines).get(mutant.line, "")


def why_kept(mutant, comments):
    """The reason that the sources give for an order that could be weaker, or ""."""
    row = {"file": mutant.file, "line": mutant.line, "source": mutant.before, "order": ""}
    comments.beside(row)
    return row["kept"] or row["kept_word"]


def fate(target, mutant, options, shared, top):
    """Status and, if killed, by what. What is called equivalent is tried all the same."""
    commands, luck, cases, equivalent, enters = shared
    by_case, known = enters[target]
    mine = [case for case in cases[target]
            if not mutant.functions & known or mutant.functions & by_case[case["case"]]]
    if not mine:
        return {"status": "unreached", "reason": "no case enters it"}
    source = ROOT / binary_of(target)
    if mutant.rule == "weaken":
        weaken = ("--weaken", f"{mutant.file}:{mutant.line}{mutant.after}")
        found = hunted(source, mutant, options, luck, mine, source, weaken)
    else:
        built = build(commands, "explore", target, mutant, top)
        if built is None:
            return {"status": "no code"}
        if same_code(commands, target, mutant, top):
            return {"status": "same"}
        found = hunted(built[0], mutant, options, luck, mine, source)
    if found:
        return {"status": "killed", **found}
    if rules.free_to_swap(mutant) or mutant.rule != "weaken" and same_product(
            commands, target, mutant, top):
        return {"status": "same"}
    for status, reason in (
            ("equivalent", reason_for(mutant, equivalent)),
            ("kept", why_kept(mutant, Comments()) if mutant.rule == "weaken" else ""),
            ("unreached", why_unreached(mutant))):
        if reason:
            return {"status": status, "reason": reason}
    return {"status": "survived"}


# --- the others ---


def failed(program, *arguments):
    """Whether a program ends otherwise than well or by skipping, or not at all."""
    try:
        return subprocess.run([program, *arguments], cwd=ROOT, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=PATIENCE,
                              check=False).returncode not in (0, SKIPPED)
    except subprocess.TimeoutExpired:
        return True


def beside(lane, target, mutant, shared, top):
    """What of a lane fails with the mutant: a name, "" if nothing does, None: it was not built."""
    built = build(shared[0], lane, target, mutant, top)
    if built is None:
        return None
    for program in built:
        source = ROOT / program.relative_to(top)
        runs = [()] if lane != "storm" else [
            ("--case", name, "--seconds", str(STORM)) for name in raced(source)]
        for arguments in runs:
            if failed(program, *arguments) and not source_fails(source, *arguments):
                return " ".join([program.name, *arguments[1:2]])
    return ""


@functools.cache
def raced(program):
    """The cases that a storm program has: checks are the explorer's alone."""
    return [line["case"] for line in lines_of([program, "--list", "--json"], PATIENCE)
            if "case" in line]


@functools.cache
def source_fails(program, *arguments):
    """Whether the source's program fails as a mutant's did: then that says nothing."""
    return failed(program, *arguments)


# --- reasons and results ---


def reasons():
    """{key: reason} of the mutants that are called equivalent.

    Two lines each: the key (file | rule | before | after), and the reason, indented. In a key
    "..." is any text, so that one reason may serve all mutants of a kind.
    """
    found, key = {}, None
    for line in EQUIVALENT.read_text(encoding="utf-8").splitlines():
        if line.startswith("    ") and key:
            found[key] = (found[key] + " " + line.strip()).strip()
        elif line and not line.startswith("#"):
            key = line
            found[key] = ""
    return found


@functools.cache
def pattern(key):
    return re.compile(".*".join(re.escape(part) for part in key.split("...")))


def reason_for(mutant, known):
    """Why a mutant is called equivalent; "" where it is not."""
    return next((reason for key, reason in known.items()
                 if pattern(key).fullmatch(mutant.key)), "")


def stale(known):
    """The keys of reasons that no mutant of the sources has any more, or without a reason."""
    keys = [m.key for name in targets() for m in candidates(name)]
    return [key for key, reason in known.items()
            if not reason or not any(pattern(key).fullmatch(k) for k in keys)]


STATES = "killed", "survived", "unreached", "same", "equivalent", "kept", "no code"


def summary(rows):
    """The score and the counts."""
    count = collections.Counter(row["status"] for row in rows)
    reached = count["killed"] + count["survived"]
    real = len(rows) - count["no code"]
    called = count["equivalent"] + count["kept"]
    return {"mutants": real, **{name: count[name] for name in STATES},
            "called_equivalent": round(called / real, 4) if real else None,
            "score": round(count["killed"] / reached, 4) if reached else None,
            "score_with_unreached": round(count["killed"] / (reached + count["unreached"]), 4)
            if reached else None}


def text(document):
    """The survivors, a line per target and rule, and the score."""
    rows, lines = document["rows"], []
    for row in rows:
        if row["status"] in ("survived", "unreached"):
            lines.append(f'{row["status"]:<10} {row["file"]}:{row["line"]}: {row["key"]}')
    for what in ("target", "rule"):
        for name in sorted({row[what] for row in rows}):
            part = summary([row for row in rows if row[what] == name])
            lines.append(f"{what} {name:<12} " + " ".join(
                f"{part[state]:>4} {state}" for state in STATES[:-1]))
    found = collections.Counter(row["found"] for row in rows if row["found"])
    lines.append("killed by " + ", ".join(f"{n} {name}" for name, n in found.most_common()))
    for lane in dict.fromkeys(lane for row in rows for lane in row["beside"]):
        tried = [row for row in rows if row["beside"].get(lane) is not None
                 and row["status"] in ("killed", "survived", "unreached")]
        more = sum(bool(row["beside"][lane]) for row in tried if row["status"] != "killed")
        lines.append(f'{lane}: {sum(bool(row["beside"][lane]) for row in tried)} of {len(tried)} '
                     f'killed, {more} of them not by the explorer')
    total = document["summary"]
    lines.append(f'score {total["score"]:.1%} of what cases reach, '
                 f'{total["score_with_unreached"]:.1%} of all; {total["mutants"]} mutants, '
                 f'{total["same"]} the same code, {total["equivalent"] + total["kept"]} called '
                 f'equivalent ({total["called_equivalent"]:.1%}); seed {document["seed"]}'
                 if total["score"] is not None else "nothing to score")
    return "\n".join(lines)


def parse(arguments):
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/mutation/results.jsonl")
    parser.add_argument("--target")
    parser.add_argument("--only", help="mutants whose key has this text")
    parser.add_argument("--sample", type=lambda t: None if t == "all" else int(t), default=SAMPLE,
                        help="how many in all, or all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--time", type=float, default=float("inf"), help="seconds, at most")
    parser.add_argument("--executions", type=int, default=EXECUTIONS)
    parser.add_argument("--wanted", type=float, default=WANTED, help="the score, 0 .. 1")
    parser.add_argument("--beside", type=lambda t: t.split(","), default=[],
                        help="also: unit, sanitized, storm; by commas")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    start = time.monotonic()
    try:
        chosen, known = sampled(options), reasons()
        old = stale(known)
        cases = {name: lines_of([ROOT / binary_of(name), "--list", "--json"], PATIENCE)
                 for name in targets()}
        enters = {name: entered(name, cases[name]) for name in {t for t, _ in chosen}}
    except (EngineFailure, OSError, subprocess.CalledProcessError) as failure:
        print(f"fuzz/mutation.py: {failure}; make build LANE=explore comes first", file=sys.stderr)
        return 2
    if not set(options.beside) <= set(LANES):
        print(f"fuzz/mutation.py: --beside takes {', '.join(LANES)}", file=sys.stderr)
        return 64
    for key in old:
        print(f"{EQUIVALENT.relative_to(ROOT)}: no such mutant any more, or no reason: {key}",
              file=sys.stderr)
    shared = Commands(), Luck(), cases, known, enters

    def one(item):
        if time.monotonic() - start > options.time:
            return None
        return examined(*item, options, shared)

    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        rows = [row for row in pool.map(one, chosen) if row]
    document = {"schema": 1, "kind": "mutation", "seed": options.seed, "rows": rows,
                "left": len(chosen) - len(rows), "summary": summary(rows),
                "seconds": round(time.monotonic() - start, 1)}
    save(options.out, [schema.check(json.loads(json.dumps(document)), "mutation")])
    print(text(document))
    good = (document["summary"]["score"] or 0) >= options.wanted and not old
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
