#!/usr/bin/python3
"""Tries every weaker memory order at every atomic access of the targets, and says what it breaks.

    fuzz/audit.py [--target T] [--site FILE[:LINE]] [--model M,M] [--executions N] [--jobs N]

The accesses are those that the explore binaries of the fixed variants say they contain. Each is
weakened at run time (explore --weaken), and the cases that reach it are explored: random search,
then every execution if these are not too many (DPOR), otherwise those of few preemptions. Cases
that showed something for an access nearby come first; checks (fuzz/checks) come where no case
shows anything. For each access:

    needed    every weaker order has a counterexample; its replay is kept
    kept      a weaker one does not, and a comment says "kept: why": beside the access, or where
              the word, or the macro that makes the access, is declared
    excess    a weaker one does not, and no comment says why it is stronger
    unreached no case or check makes the access
    relaxed   there is no weaker one

Results: a line of JSON (--out, build/audit/results.jsonl, which the next report takes in), and a
page beside it.
Exit status: 0 nothing is excess or disagrees with its comment, 1 otherwise, 2 the rig failed.
"""
import argparse
import collections
import concurrent.futures
import dataclasses
import functools
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "ci"), str(ROOT / "fuzz")]

from reports import audited, schema  # noqa: E402
from table import EngineFailure, Parser, binaries, lines_of, model_names, save  # noqa: E402
import tidy  # noqa: E402

# What is weaker, the weakest first; an order is tried once all below it are
# known to break.
WEAKER = {"load": {"seq_cst": ("relaxed", "acquire"), "acquire": ("relaxed",)},
          "store": {"seq_cst": ("relaxed", "release"), "release": ("relaxed",)},
          None: {"seq_cst": ("relaxed", "acquire", "release", "acq_rel"),
                 "acq_rel": ("relaxed", "acquire", "release"),
                 "acquire": ("relaxed",), "release": ("relaxed",)}}
RANDOM = 1500       # executions of the first look
WHOLE = 100         # of a whole runtime, each time
EXECUTIONS = 20000  # of the second
CHECKED = 4000      # of a check
BOUND = ("--preemptions", "3")
REACH = 300         # executions that say which accesses a case makes
PATIENCE = 120      # seconds before a run counts as hanging


@dataclasses.dataclass(frozen=True)
class Place:
    """Where an access can be tried: a case of a binary, under a model."""
    binary: pathlib.Path
    case: str
    model: str
    whole: bool
    check: bool = False

    def __str__(self):
        return f"{self.binary.parent.parent.name}/{self.case} {self.model}"


class Luck:
    """Where counterexamples were found so far: the places to look first."""

    def __init__(self):
        self.found = collections.Counter()
        self.lock = threading.Lock()

    def add(self, row, place):
        with self.lock:
            for near in (row["file"] + row["function"], row["file"], ""):
                self.found[near, place] += 1

    def sorted(self, row, places):
        nears = (row["file"] + row["function"], row["file"], "")
        with self.lock:
            return sorted(places, key=lambda p: (
                p.whole, [-self.found[near, p] for near in nears], str(p)))


def explored(place, weaken, *arguments):
    """One result of the explorer with that site weakened."""
    return lines_of([place.binary, "--case", place.case, "--model", place.model, "--json",
                     "--weaken", weaken, "--seconds", str(PATIENCE / 2), *arguments], PATIENCE)[0]


def second_look(place, weaken, most):
    """Every execution, or those of few preemptions if there are more than `most`."""
    if place.whole:
        return explored(place, weaken, "--executions", str(WHOLE), "--seed", "2")
    result = explored(place, weaken, "--search", "dpor", "--executions", str(most))
    if result["hits"] or result["ended"]:
        return result
    return explored(place, weaken, "--search", "dpor", "--executions", str(most), *BOUND)


def tried(row, order, places, luck, most):
    """What one order breaks: the counterexample, or where and how far none was found."""
    weaken = f'{row["file"]}:{row["line"]}/{row["operation"]}={order}'
    seen = {"order": order, "found": None, "executions": 0, "places": []}
    looks = (lambda p: explored(p, weaken, "--executions", str(WHOLE if p.whole else RANDOM)),
             lambda p: second_look(p, weaken, CHECKED if p.check else most))
    for checks, (number, look) in itertools.product((False, True), enumerate(looks)):
        for place in luck.sorted(row, [p for p in places if p.check == checks]):
            try:
                result = look(place)
            except EngineFailure as failure:
                if "status 64" in str(failure):
                    raise
                # Plain code that loops: nobody's verdict.
                result = {"executions": 0, "hits": {}, "broke": str(failure)[-200:]}
            seen["executions"] += result["executions"]
            if result["hits"]:
                finding = result["finding"]
                luck.add(row, place)
                seen.update(found=finding["class"], place=str(place), places=[],
                            meaning=finding["meaning"], machines=finding["machines"],
                            replay=result["replay"])
                return seen
            extent = ("broke" if "broke" in result else "all" if result["exhausted"] else
                      "ended" if result["ended"] else "some")
            if number == 1:
                seen["places"].append(f"{place} {extent}")
    return seen


def examined(row, luck, most):
    """The row with every weaker order tried that says something."""
    orders = WEAKER.get(row["operation"], WEAKER[None]).get(row["order"], ())
    broken = set()
    for order in orders if row["places"] else ():
        below = WEAKER.get(row["operation"], WEAKER[None]).get(order, ())
        if not broken.issuperset(below):
            continue  # what is weaker breaks nothing, so neither does this
        trial = tried(row, order, row["places"], luck, most)
        row["weaker"].append(trial)
        if trial["found"]:
            broken.add(order)
    return judged(row, orders)


def judged(row, orders):
    """The row with its status, and where its comment disagrees."""
    excess = [trial["order"] for trial in row["weaker"] if not trial["found"]]
    row["places"] = sorted({str(p).split()[0] for p in row["places"]})
    row["status"] = ("relaxed" if row["order"] == "relaxed" else
                     "kept" if (row["kept"] or row["kept_word"]) and (
                         excess or not row["places"]) else
                     "unreached" if not row["places"] else "excess" if excess else "needed")
    row["disagrees"] = (
        "the comment says that it could be weaker, but each weaker order breaks something"
        if row["kept"] and orders and not excess and row["places"] else
        f"the comment names a partner, but {excess[0]} breaks nothing"
        if row["status"] == "excess" else "")
    return row


class Comments:
    """What the sources say beside accesses, and beside the words and macros that they name."""

    NAMED = re.compile(r"(?=\b(\w+)\(\s*(?:\([^()]*\)\s*)?&?([\w.>\[\]-]+))")
    DECLARED = re.compile(r"\b(?:word32|word64|wordptr)\b([^;()]*);|#\s*define\s+(\w+)\(")

    def __init__(self):
        self.known, self.declared = {}, {}
        for path in sorted((ROOT / "targets").glob("*/*.[ch]")):
            source = self.source(str(path.relative_to(ROOT)))
            for number, line in enumerate(source.code.split("\n")):
                for match in self.DECLARED.finditer(line):
                    names = match[1] if match[2] is None else match[2]
                    for name in re.findall(r"\w+(?=\s*(?:,|\[[^]]*\]|$))", names):
                        self.declared.setdefault((path.parent.name, name), []).append(
                            (source, number))

    def source(self, path):
        if path not in self.known:
            self.known[path] = tidy.Source(ROOT, path)
        return self.known[path]

    @staticmethod
    def texts(source, number):
        """The comments on a line (from 0) and just above it, without their marks."""
        return [" ".join(re.sub(r"(?m)^\s*(?:/\*|\*)|\*/$", " ", comment).split())
                for comment in tidy.comments_near(source, number)]

    @staticmethod
    def kept(texts):
        """The reason in them why an order is kept, or ""."""
        return next((text.split("kept:", 1)[1].strip() for text in texts if "kept:" in text), "")

    def kept_where_declared(self, row):
        """The reason beside the macro or the word that an access names."""
        own = row["file"].split("/")[1]
        for macro, word in self.NAMED.findall(row["source"]):
            for name in (macro, re.split(r"->|\.", word)[-1].split("[")[0]):
                for place in self.declarations(own, name):
                    reason = self.kept(self.texts(*place))
                    if reason:
                        return reason
        return ""

    def declarations(self, own, name):
        """Where a name is declared: in its own target, in base, or in the only other one."""
        folders = [folder for folder, known in self.declared if known == name]
        for folder in (own, "base"):
            if folder in folders:
                return self.declared[folder, name]
        return self.declared[folders[0], name] if len(folders) == 1 else []

    def beside(self, row):
        """Adds an access's comment, the reason why it is kept, and its order as written."""
        texts = self.texts(self.source(row["file"]), row["line"] - 1)
        row["comment"] = " · ".join(texts)
        row["kept"] = self.kept(texts)
        row["kept_word"] = "" if row["kept"] else self.kept_where_declared(row)
        if row["order"] is None:  # made by nobody: as the source has it, where it says so
            named = tidy.ORDERED.search(row["source"])
            row["order"] = (named.group(1) if named else
                            "relaxed" if "word_init(" in row["source"] else None)


def reached(binary, case):
    """What a case of a binary reaches."""
    whole = bool(case.get("whole"))
    line = lines_of([binary, "--sites", "--json", "--model", "c11", "--case", case["case"],
                     "--executions", str(REACH // 10 if whole else REACH)], PATIENCE)[0]
    check = case.get("file", "").startswith("fuzz/checks/")
    return functools.partial(Place, binary, case["case"], whole=whole, check=check), schema.check(
        line, "sites")["sites"]


def rows_of(options, pool):
    """Every access in targets/, with the places that reach it."""
    todo = [pool.submit(reached, binary, case)
            for binary in binaries(options.build, options.target, "fixed")
            if binary.parent.parent.name in targets()
            for case in lines_of([binary, "--list", "--json"], PATIENCE)]
    rows, comments = {}, Comments()
    for place, sites in (future.result() for future in todo):
        for site in sites:
            if (site["operation"] == "enter" or "/cases/" in site["file"]
                    or not site["file"].startswith("targets/")):
                continue
            key = site["file"], site["line"], site["operation"]
            row = rows.setdefault(key, {**site, "places": [], "weaker": []})
            row["order"] = row["order"] or site["order"]
            if site["accesses"]:
                row["places"] += [place(model=model) for model in options.model]
    for row in rows.values():
        comments.beside(row)
        for key in ("calls", "accesses"):
            del row[key]
    return [rows[key] for key in sorted(rows) if options.site in (
        None, key[0], f"{key[0]}:{key[1]}")]


def targets():
    """The names of the targets that have cases."""
    return {path.parent.name for path in (ROOT / "targets").glob("*/cases")}


def narrowed(row):
    """A whole runtime is run where no case reaches; a check that is none, anywhere."""
    places = [place for place in row["places"] if not (place.whole and place.check)]
    if any(not place.whole and not place.check for place in places):
        places = [place for place in places if not place.whole]
    return {**row, "places": places}


def parse(arguments):
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/explore")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/audit/results.jsonl")
    parser.add_argument("--target")
    parser.add_argument("--site", help="FILE or FILE:LINE, as in the results")
    parser.add_argument("--model", type=model_names, default=["c11", "armv8"])
    parser.add_argument("--executions", type=int, default=EXECUTIONS, help="of a second look")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    start, luck = time.monotonic(), Luck()
    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        try:
            rows = rows_of(options, pool)
            rows = list(pool.map(lambda row: examined(narrowed(row), luck, options.executions),
                                 rows))
        except (EngineFailure, schema.BadDocument, subprocess.SubprocessError) as failure:
            print(f"fuzz/audit.py: {failure}: is all built from these sources?", file=sys.stderr)
            return 2
    if not rows:
        print("fuzz/audit.py: nothing to audit: build it first (make build LANE=explore), or no "
              "such target or site", file=sys.stderr)
        return 64
    document = {"schema": 1, "kind": "audit", "models": options.model,
                "executions": sum(t["executions"] for row in rows for t in row["weaker"]),
                "seconds": round(time.monotonic() - start, 1), "rows": rows}
    save(options.out, [schema.check(json.loads(json.dumps(document)), "audit")])
    page = options.out.with_suffix(".html")
    page.write_text(audited.page(document), encoding="utf-8")
    print(audited.text(document))
    print(f"report: {page}")
    return 1 if any(row["disagrees"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
