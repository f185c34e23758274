#!/usr/bin/python3
"""What a lane's compiler made of the C11 accesses that decide whether a bug exists.

    ci/disassembly.py [--lane LANE] [--out FILE] [--tell]

reads the objects in build/LANE/TARGET/VARIANT/natural (those that are built), takes the
critical functions apart, and says of each atomic access which instructions it became. The
accesses are found by line: the preprocessor tells each one's operation and order, the
debugging information which instructions belong to it. An access that became something else
than the lane promises is told, and the exit status is 1; 2: nothing to read, or a function
is missing. --tell prints the table:

    poller/fixed poll_block targets/poller/block.c:76 cas seq_cst: ldaxr stlxr

FILE (JSON) also says of each poller variant whether the processor may lose its wakeup by
reordering; a lane whose code lacks that shape is no exposure for that bug.
"""
import argparse
import functools
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Per target: file, functions. What they inline is read with them.
CRITICAL = {"poller": {"block.c": ["poll_block", "poll_check_error", "poll_take",
                                   "poll_publish_and_take"]},
            "spanset": {"spanset.c": ["span_pop"]},
            "sched": {"status.c": ["status_set_slow", "status_copystack"]}}
WORD = re.compile(r"__(?:c11_)?atomic_(load|store|exchange|compare_exchange|fetch_add|"
                  r"thread_fence)\w*\s*\(|memory_order_(\w+)")
SHORT = {"compare_exchange": "cas", "fetch_add": "add", "thread_fence": "fence"}
INTERESTING = {
    "aarch64": re.compile(r"\t(ld(?:ax|x|a|ap)?r[bh]?|st(?:lx|x|l)?r[bh]?|cas\w*|swp\w*|ldadd\w*|"
                          r"stadd\w*|dmb\tish\w*)\t?|(__aarch64_\w+)"),
    "x86": re.compile(r"\t(lock (?:cmpxchg|xadd|or|and|add)|xchg|mfence|mov)[lqbw]?\b\s*(.*)")}


def wanted(lane, operation, order):
    """The instructions that an access must become: words, each a regular expression."""
    strong, acquires = order in ("acq_rel", "seq_cst"), order in ("acquire", "acq_rel", "seq_cst")
    releases = order in ("release", "acq_rel", "seq_cst")
    if not lane.startswith("arm64"):
        return {"load": ["mov"], "store": ["xchg" if order == "seq_cst" else "mov"],
                "exchange": ["xchg"], "cas": ["lock cmpxchg"], "add": ["lock x?add"],
                "fence": ["mfence|lock or"]}[operation]
    if operation == "load":
        if order == "acquire":
            return ["ldapr" if lane.endswith("rcpc") else "ldar"]
        return ["ldar" if order == "seq_cst" else "ldr"]
    if operation == "store":
        return ["stlr" if releases else "str"]
    if operation == "fence":
        return ["dmb ish"]
    if lane == "arm64-outline":
        name = {"exchange": "swp", "cas": "cas", "add": "ldadd"}[operation]
        return [f"__aarch64_{name}[1248]_" + ("acq_rel" if strong else "acq" if acquires else
                                              "rel" if releases else "relax")]
    suffix = ("a" if acquires else "") + ("l" if releases else "")
    if lane in ("arm64-lse", "arm64-lse-rcpc"):
        return [{"exchange": "swp", "cas": "cas", "add": "(?:ld|st)add"}[operation] + suffix]
    return [f"ld{'a' if acquires else ''}xr", f"st{'l' if releases else ''}xr"]


def is_word(word, instruction_name):
    """Whether an instruction is what a word of wanted() says, of whatever width."""
    return re.fullmatch(f"(?:{word})[bh]?", instruction_name) is not None


# --- reading ---


@functools.lru_cache(maxsize=None)
def lane_command(lane):
    """How the lane compiles, as make does."""
    told = subprocess.run(["make", "-s", "lane-command", f"LANE={lane}"], cwd=ROOT,
                          capture_output=True, text=True, check=True)
    return told.stdout.split()


def command(lane, target, variant):
    """How the lane compiles a variant of a target."""
    return [*lane_command(lane), f'-DTARGET="{target}"',
            *([f"-D{variant}"] if variant.startswith("BUG_") else [])]


def operations(compiler, path):
    """{(file, line): [(operation, order)]} of a source, after the preprocessor."""
    text = subprocess.run([*compiler, "-E", path], cwd=ROOT, capture_output=True, text=True,
                          check=True).stdout
    found, file, line, pending = {}, "", 0, None
    for row in text.splitlines():
        mark = re.match(r'# (\d+) "([^"]*)"', row)
        if mark:
            line, file = int(mark[1]), mark[2]
            continue
        for word in WORD.finditer(row):
            if word[1]:
                pending = SHORT.get(word[1], word[1]), (file, line)
            elif pending:  # a compare-and-swap's first order is that of its success
                found.setdefault(pending[1], []).append((pending[0], word[2]))
                pending = None
        line += 1
    return found


@functools.lru_cache(maxsize=None)
def disassembled(tool, path):
    """An object's text, with lines."""
    return subprocess.run([tool, "-dl", "--no-show-raw-insn", path], cwd=ROOT,
                          capture_output=True, text=True, check=True).stdout


def instructions(lane, path, function):
    """{(file, line): instructions} of a function, in order."""
    arm = lane.startswith("arm64")
    text = disassembled("aarch64-linux-gnu-objdump" if arm and not is_arm() else "objdump", path)
    body = re.search(rf"^\w+ <{function}>:\n(.*?)(?:\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    if not body:
        raise LookupError(f"{path}: no function {function}")
    found, place = {}, None
    for row in body[1].splitlines():
        mark = re.match(r"(/?[^\s:]+):(\d+)", row)
        if mark:
            # wherever it was compiled: objects are cached, and taken over
            place = (re.sub(r"^.*/(?=targets/)", "", mark[1]), int(mark[2]))
            continue
        name = instruction(row, arm)
        if name:
            found.setdefault(place, []).append(name)
    return found


def instruction(row, arm):
    """The name of an instruction that touches memory; None for others."""
    mark = INTERESTING["aarch64" if arm else "x86"].search(row)
    if not mark or "R_AARCH64" in row:
        return None
    if arm:
        return (mark[1] or mark[2]).replace("\t", " ")
    return mark[1] if mark[1] != "mov" or "(" in mark[2] else None


def is_arm():
    return subprocess.check_output(["uname", "-m"], text=True).strip() == "aarch64"


def place_in(found, place):
    """Instructions of an access: of its line, or the next two of the same statement."""
    file, line = place
    for more in range(3):
        if (file, line + more) in found:
            return found[file, line + more]
    return None


# --- judging ---


def accesses(lane, target, variant, build=ROOT / "build"):
    """Each access of the critical functions: a dict; "wrong" where it is not as promised."""
    compiler = command(lane, target, variant)
    rows = []
    for file, functions in CRITICAL[target].items():
        source = f"targets/{target}/{file}"
        path = build / lane / target / variant / "natural" / source.replace(".c", ".o")
        if path.stat().st_mtime < (ROOT / source).stat().st_mtime:
            raise LookupError(f"{path} is older than {source}: make build LANE={lane}")
        known = operations(compiler, source)
        for function in functions:
            try:
                found = instructions(lane, path, function)
            except LookupError:
                if target == "sched" and function == "status_copystack":
                    continue
                raise
            for place, made in sorted(known.items()):
                became = place_in(found, place)
                if became is None:
                    continue
                for operation, order in made:
                    want = wanted(lane, operation, order)
                    right = all(any(is_word(word, b) for b in became) for word in want) \
                        and (operation == "fence" or "dmb ish" not in became)
                    rows.append({"function": function, "at": f"{place[0]}:{place[1]}",
                                 "access": f"{operation} {order}", "became": ", ".join(became),
                                 "wrong": None if right else " and ".join(want)})
    return rows


def may_reorder(lane, rows):
    """Whether this code lets the processor lose the poller's wakeup: the store of either side
    not ordered before its load. None: decided at run time. After herd7's verdicts on
    aarch64.cat and x86tso.cat.
    """
    def became(function, at, *kinds):
        return [r["became"] for r in rows if r["function"] == function
                and r["access"].split()[0] in kinds and at in r["at"]]

    def every(pattern, texts):
        return bool(texts) and all(re.search(pattern, text) for text in texts)

    waits = became("poll_block", "block.c", "cas")
    flags = became("poll_check_error", "info.h", "load")
    publish = became("poll_publish_and_take", "info.h", "store", "cas", "exchange")
    look = became("poll_take", "block.c", "load")
    if any("__aarch64" in text for text in waits):
        return None
    full = r"\b(casal|swpal|xchg|lock)\b"
    waiter = every(full, waits) or every(r"\bldar\b", flags)
    closer = every(full, publish) or every(r"\bldar\b", look)
    return not (waiter and closer)


def summary(found):
    """For a run's provenance: {function and access: instructions} of the fixed variants, and
    which variants' code may lose a wakeup by reordering."""
    told = {}
    for name, entry in found.items():
        for row in entry["accesses"] if name.endswith("/fixed") else ():
            place = f'{row["function"]} line {row["at"].split(":")[1]}: {row["access"]}'
            told[place] = row["became"]
    may = [name.split("/")[1] for name, entry in found.items() if entry.get("may_reorder")]
    open_ = any("may_reorder" in e and e["may_reorder"] is None for e in found.values())
    told["code that may lose a wakeup by reordering"] = (
        "decided at run time" if open_ else " ".join(may) or "none")
    return told


def built(lane, build):
    for target in sorted(CRITICAL):
        for folder in sorted((build / lane / target).glob("*/natural")):
            if all((folder / "targets" / target / f.replace(".c", ".o")).exists()
                   for f in CRITICAL[target]) and "+" not in folder.parent.name:
                yield target, folder.parent.name


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lane", default="native")
    parser.add_argument("--build", default=ROOT / "build", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--tell", action="store_true")
    options = parser.parse_args()
    found, wrong = {}, 0
    for target, variant in built(options.lane, options.build):
        try:
            rows = accesses(options.lane, target, variant, options.build)
        except (LookupError, subprocess.CalledProcessError) as error:
            print(f"disassembly: {error}", file=sys.stderr)
            return 2
        entry = found[f"{target}/{variant}"] = {"accesses": rows}
        if target == "poller":
            entry["may_reorder"] = may_reorder(options.lane, rows)
        for row in rows:
            line = f'{target}/{variant} {row["function"]} {row["at"]} {row["access"]}: ' \
                   f'{row["became"]}'
            if row["wrong"]:
                wrong += 1
                print(f'{line}   WRONG for {options.lane}, wants {row["wrong"]}')
            elif options.tell:
                print(line)
    if not found:
        print(f"disassembly: nothing built in {options.build / options.lane}", file=sys.stderr)
        return 2
    if options.out:
        options.out.write_text(json.dumps(
            {"lane": options.lane, "summary": summary(found), "code": found}, indent=1) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
