#!/usr/bin/python3
"""Runs the probes, prints what this machine reorders, and keeps the results for the report.

    stress/probes/table.py [--probe FILE] [--out FILE] [-- options of the probe program]

Results go as JSON lines into build/probe/results.jsonl. Exit status: the program's.

    SB       perpetual  1.05e+08 weak of 1.1e+08    0 of 1.2e+07 (forbidden)
    precondition: lost wakeup of close against block: seen: 21460 in 320000 rounds
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from reports import probed, schema  # noqa: E402  (found from the tree's root)


def run(command):
    """The program's documents as they come, and at last its exit status."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                          text=True) as ran:
        found = [schema.parse(line) for line in ran.stdout]
    return found, ran.returncode


def keep(path, found):
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    with fresh.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(d) + "\n" for d in found)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)


def cell(document):
    if document is None:
        return ""
    if document["verdict"] == "SKIPPED":
        return document["reason"]
    text = f'{document["weak"]:.3g} of {document["rounds"]:.3g}'
    if document["weak"]:
        text += f', {document["weak_per_s"]:.2g}/s'
    if document["expected"] is False:
        return text + " MODEL VIOLATION"
    return text if document["allowed"] else text + " (forbidden)"


def lines(found):
    seen = probed.table(found)
    for one in seen["transfers"]:
        yield (f'transfer {one["placement"]:8} ' + (f'{one["ns"]:.0f} ns' if "ns" in one
                                                    else f'skipped: {one["reason"]}'))
    yield f'{"":19}' + "".join(f"{order:34}" for order in seen["orders"])
    for (test, form), cells in seen["rows"]:
        yield (f"{test:8} {form:9} " + "".join(f"{cell(cells.get(order)):34}"
                                               for order in seen["orders"])).rstrip()
    for bug, words in seen["bugs"]:
        yield f"precondition: {bug}: {words}"
    for one in seen["wrong"]:
        yield (f'model_violation: {one["test"]} {one["order"]} {one["form"]}: {one["states"]}'
               f'\n  replay: {one["replay"]}')


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--probe", default=ROOT / "build/native/probe", type=pathlib.Path)
    parser.add_argument("--out", default=ROOT / "build/probe/results.jsonl", type=pathlib.Path)
    parser.add_argument("options", nargs="*")
    options = parser.parse_args()
    found, code = run([options.probe, "--json", *options.options])
    if code in (0, 1, 77):
        keep(options.out, found)
        print("\n".join(lines(found)))
    return code


if __name__ == "__main__":
    sys.exit(main())
