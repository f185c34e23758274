#!/usr/bin/python3
"""What the fuzzers' inputs reach of targets/, in lines and branches, by llvm-cov.

    fuzz/fuzzers/coverage.py [--target T] [--out FILE] [--open N]

Builds the fixed variants with clang's coverage, runs the committed inputs of every variant and
what `make fuzz` has kept (build/fuzz/corpus), and writes build/coverage/results.jsonl, which the
report page shows. Lines and branches of a fatal check are counted apart: nothing correct takes
them. A comment "unreached: REASON" explains the statement that follows it.
Exit status: 0 all is reached or explained (or --target, which does not ask), 1 more than N (0) are
not: lines, sides of branches, and reasons where everything is reached; 2 a tool failed, 64 usage.

    poller/block.c              lines  96.4 %   branches  91.7 %
    targets/                    lines  84.2 %   branches  70.9 %
"""
import argparse
import collections
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "build/coverage"
# An execution may end inside a loop: counts must not wait for its end. Nor may
# they be atomic: the explorer would take them for the target's accesses, and
# undo them after each execution. Programs of real threads need them so: counts
# that are lost make sides that were never taken look taken.
ATOMIC = "-fprofile-update=atomic"
CLANG = ("clang -fprofile-instr-generate -fcoverage-mapping -mllvm -do-counter-promotion=0"
         " -fprofile-update=single")
FATAL = "world_fatal("
NORETURN = re.compile(r"^_Noreturn void (\w+)\(", re.M)
UNREACHED = re.compile(r"/\* unreached: (.*)")


class ToolFailure(Exception):
    """A tool that this needs did not do its work."""


def run(*command, **kept):
    ran = subprocess.run([str(c) for c in command], cwd=ROOT, capture_output=True, text=True,
                         errors="replace", check=False, **kept)
    if ran.returncode != 0:
        raise ToolFailure(f"{command[0]}: status {ran.returncode}: {ran.stderr.strip()[-500:]}")
    return ran.stdout


def built(target):
    """The corpus programs of a target's fixed variant, with counters."""
    names = ["fuzz_case"] + [f"fuzz_{name}" for name, folder in (
        ("whole", "whole"), ("check", "checks")) if (ROOT / "fuzz" / folder / target).is_dir()]
    names += [p.stem for p in (ROOT / "fuzz/fuzzers" / target).glob("fuzz_*.c")]
    goals = [f"build/coverage/corpus/{target}/fixed/{n}" for n in names]
    run("make", "-s", "-j2", "-f", "fuzz/fuzzers/rules.mk", f"EXPLORE_CC={CLANG}",
        "EXPLORE_OUT=build/coverage/explore", "CORPUS_OUT=build/coverage/corpus",
        f"CORPUS_SANITIZED={ATOMIC}", "CORPUS_COUNTED=1", *goals)
    return [ROOT / g for g in goals]


def profile(program, target):
    """Runs the program over its inputs, the empty one among them; the raw profile it leaves."""
    name = program.name
    folders = [f for f in (ROOT / "fuzz/fuzzers/inputs" / target / name,
                           ROOT / "build/fuzz/corpus" / target / name) if f.is_dir()]
    raw = program.with_suffix(".profraw")
    run(program, os.devnull, *folders, env=dict(os.environ, LLVM_PROFILE_FILE=str(raw)))
    return raw


def fatal_calls():
    """What ends the program for a broken invariant: world_fatal(), and what only calls it."""
    texts = [p.read_text() for p in sorted((ROOT / "targets").glob("*/*.[ch]"))]
    named = {name for text in texts for name in NORETURN.findall(text)}
    return [FATAL] + [f"{name}(" for name in sorted(named) for text in texts
                      if re.search(rf"^void {name}\([^;]*?\)\n{{\n\tworld_fatal\(", text, re.M)]


def statement(lines, line):
    """The text from that line (1 is the first) to where a statement or block may begin or end."""
    text = ""
    for more in lines[line - 1:line + 7]:
        text += more + "\n"
        if more.rstrip().endswith((";", "{", "}")):
            break
    return text


def fatal(lines, line, calls):
    """Whether what is on that line is a fatal check, its condition or the call itself."""
    first = line
    while first > 1 and not lines[first - 2].rstrip().endswith((";", "{", "}", "*/", ":")):
        first -= 1
    return any(call in statement(lines, first) for call in calls)


def code(lines):
    """The lines, from 1, that hold more than a comment, a brace or a directive."""
    text = re.sub(r"/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), "\n".join(lines),
                  flags=re.S)
    text = re.sub(r"^[ \t]*#(?:.*\\\n)*.*", lambda found: "\n" * found[0].count("\n"), text,
                  flags=re.M)
    return {n for n, line in enumerate(text.split("\n"), 1)
            if line.strip() not in ("", "{", "}", "else", "} else {", "};")}


def reasons(lines):
    """{line: (reason, the comment's line)} of what a comment "unreached: REASON" stands before.

    It holds for the statement that follows, with its body, or for the block that it begins.
    """
    found, n = {}, 0
    while n < len(lines):
        said = UNREACHED.search(lines[n])
        n += 1
        if not said:
            continue
        text, begin = said[1], n
        while "*/" not in text:
            text += " " + lines[n].strip().lstrip("*").strip()
            n += 1
        reason = text.split("*/")[0].strip()
        depth, body = 0, False
        for at in range(n, len(lines)):
            found[at + 1] = (reason, begin)
            text = lines[at].strip()
            depth += text.count("{") - text.count("}")
            body = body or "{" in text
            if depth < 0 or depth == 0 and (text.endswith("}") or text.endswith(";")
                                            and not body):
                break
    return found


def figures(programs):
    """Per file of targets/: lines and branches, all of them and those that were reached."""
    files = collections.defaultdict(lambda: {"lines": set(), "hit": set(), "branches": {}})
    for program, raw in programs:
        merged = raw.with_suffix(".profdata")
        run("llvm-profdata", "merge", "-o", merged, raw)
        exported = json.loads(run("llvm-cov", "export", program, f"-instr-profile={merged}"))
        for entry in exported["data"][0]["files"]:
            path = pathlib.Path(os.path.normpath(ROOT / entry["filename"]))
            if not path.is_relative_to(ROOT / "targets") or "cases" in path.parts:
                continue
            mine = files[str(path.relative_to(ROOT))]
            for line, count in line_counts(entry["segments"]):
                mine["lines"].add(line)
                if count:
                    mine["hit"].add(line)
            for line, column, _, _, true, false, *_ in entry["branches"]:
                for side, count in (("true", true), ("false", false)):
                    key = (line, column, side)
                    mine["branches"][key] = mine["branches"].get(key, False) or count > 0
    return files


def line_counts(segments):
    """(line, count) of the lines that have code, from llvm-cov's segments.

    A segment holds from its place to the next one: [line, column, count, has count, is the
    beginning of a region, is a gap between two]. A line has the highest count of what it begins
    in and of what begins on it, as in llvm-cov: what goes on behind a statement is not its.
    """
    found, since, running = {}, 0, None  # running: the count that holds, None: no code
    for line, column, count, has_count, begins, gap in segments:
        if running is not None:
            for within in range(since + 1, line + (column > 1)):
                found[within] = max(found.get(within, 0), running)
        since, running = line, count if has_count and not gap else None
        if running is not None and begins:
            found[line] = max(found.get(line, 0), running)
    return found.items()


def summary(files):
    """The figures as a result, and [(path, line)] of the reasons for nothing.

    What only leads to a fatal check is left out and counted apart.
    """
    out = {"schema": 1, "kind": "coverage", "files": {}}
    needless = []
    total, calls = collections.Counter(), fatal_calls()
    for path, mine in sorted(files.items()):
        source = (ROOT / path).read_text().splitlines()
        said = reasons(source)
        lines = {n for n in mine["lines"] & code(source) if not fatal(source, n, calls)}
        branches = {k: hit for k, hit in mine["branches"].items() if not fatal(source, k[0], calls)}
        missed = sorted(lines - mine["hit"])
        sides = sorted(k for k, hit in branches.items() if not hit)
        row = {"lines": len(lines), "lines_hit": len(lines & mine["hit"]),
               "branches": len(branches), "branches_hit": sum(branches.values()),
               "fatal_branches": len(mine["branches"]) - len(branches)}
        total.update(row)
        nothing = (None, None)
        row["lines_missed"] = [{"line": n, "reason": said.get(n, nothing)[0]} for n in missed]
        row["branches_missed"] = [{"line": n, "column": column, "side": side,
                                   "reason": said.get(n, nothing)[0]} for n, column, side in sides]
        out["files"][path] = row
        needed = {said[n][1] for n in missed + [side[0] for side in sides] if n in said}
        compiled = {at for n, (_, at) in said.items() if n in mine["lines"]}
        needless += [(path, at) for at in sorted(compiled - needed)]
    out["total"] = dict(total)
    return out, needless


def percent(hit, of):
    return 100 * hit / of if of else 100.0


def text(name, row):
    return (f"{name:<36} lines {percent(row['lines_hit'], row['lines']):6.1f} %   branches "
            f"{percent(row['branches_hit'], row['branches']):6.1f} %")


class Parser(argparse.ArgumentParser):
    """argparse with this project's exit status for usage errors."""

    def error(self, message):
        self.exit(64, f"{self.prog}: {message}\n")


def main():
    parser = Parser(description="Coverage of targets/ by the fuzzers' inputs.")
    parser.add_argument("--target")
    parser.add_argument("--open", type=int, default=0, metavar="N")
    parser.add_argument("--out", type=pathlib.Path, default=OUT / "results.jsonl", metavar="FILE")
    options = parser.parse_args()
    targets = sorted(p.parent.name for p in (ROOT / "targets").glob("*/cases"))
    if options.target and options.target not in targets:
        parser.error(f"no target {options.target}: {', '.join(targets)}")
    try:
        pairs = []
        for target in targets:
            if options.target in (None, target):
                pairs += [(p, profile(p, target)) for p in built(target)]
        result, needless = summary(figures(pairs))
    except (ToolFailure, FileNotFoundError) as failure:
        print(f"coverage.py: {failure}", file=sys.stderr)
        return 2
    options.out.parent.mkdir(parents=True, exist_ok=True)
    fresh = options.out.with_name(options.out.name + ".new")
    fresh.write_text(json.dumps(result) + "\n")
    fresh.rename(options.out)
    for path, row in result["files"].items():
        print(text(path.removeprefix("targets/"), row))
    print(text("targets/", result["total"]))
    unexplained = [f"{path}:{one['line']}" + (f":{one['column']} {one['side']}" if "side" in one
                                              else "")
                   for path, row in result["files"].items()
                   for one in row["lines_missed"] + row["branches_missed"] if not one["reason"]]
    print(f"not reached and not explained: {len(unexplained)} lines and sides of branches")
    if options.target:
        return 0
    for place in unexplained:
        print(f"  {place}")
    for path, line in needless:
        print(f"{path}:{line}: all is reached that this comment explains")
    return 1 if len(unexplained) + len(needless) > options.open else 0


if __name__ == "__main__":
    sys.exit(main())
