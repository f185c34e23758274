#!/usr/bin/python3
"""Makes the fuzzers' inputs from what the explorer finds, and one for each check.

    fuzz/fuzzers/seeds.py [--target T] [--seconds S]

For every variant and case, one finding under the first model that must show it, shrunk, becomes
an input named VARIANT.CASE.MODEL in fuzz/fuzzers/inputs/TARGET/fuzz_case (fuzz_whole for runs of
a whole runtime). Inputs that are there and still show what they are for stay as they are. For
every check (fuzz/checks), CHECK.MODEL in fuzz_check runs it with nothing chosen.
"""
import argparse
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INPUTS = ROOT / "fuzz/fuzzers/inputs"
MODELS = ("sc", "tso", "armv8", "armv8+lse", "armv8+rcpc", "armv8+lse+rcpc", "c11")


def place(name):
    """Where a case stands: common/executions.c, place_of()."""
    h = 2166136261
    for byte in name.encode():
        h = (h ^ byte) * 16777619 % 2 ** 32
    return (h ^ h >> 16) % 2 ** 16


def choices(text):
    """The choices of a replay string: runs as 0x12, parted by dots."""
    out = bytearray()
    for part in text.split(".") if text != "-" else []:
        value, _, times = part.partition("x")
        out += bytes([int(value)]) * int(times or 1)
    return bytes(out)


def encode(replay):
    """The input that makes the same run as a replay string."""
    _, _, case, model, _, taken, _ = replay.split("|")
    return (place(case).to_bytes(2, "little") + bytes([MODELS.index(model)])
            + choices(taken).rstrip(b"\0"))


def shows(target, variant, fuzzer, path):
    """Whether the input is a finding of that variant."""
    program = ROOT / "build/corpus" / target / variant / fuzzer
    return program.exists() and subprocess.run(
        [program, path], stdout=subprocess.DEVNULL, check=False).returncode == 1


def cases(explore):
    """What a program of the explorer holds, as --list says it."""
    listed = subprocess.run([explore, "--list", "--json"], capture_output=True, text=True,
                            check=True).stdout
    return [json.loads(line) for line in listed.splitlines()]


def run_checks(target, explore):
    """Makes the inputs that run each check; returns how many were not there."""
    made = 0
    for case in cases(explore):
        path = INPUTS / target / "fuzz_check" / f"{case['case']}.{MODELS[-1]}"
        if case["file"].startswith("fuzz/checks/") and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode(f"||{case['case']}|{MODELS[-1]}||-|"))
            made += 1
    return made


def main():
    parser = argparse.ArgumentParser(description="Make inputs from findings.")
    parser.add_argument("--target")
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    made = 0
    for explore in sorted((ROOT / "build/explore").glob("*/*/explore")):
        target, variant = explore.parts[-3:-1]
        if options.target not in (None, target) or not (ROOT / "targets" / target).is_dir():
            continue
        if variant == "fixed":
            made += run_checks(target, explore)
        for case in cases(explore):
            models = [m for e in case["expect"] if e["variant"] == variant for m in e["models"]]
            if not models:
                continue
            fuzzer = "fuzz_whole" if case["whole"] else "fuzz_case"
            path = INPUTS / target / fuzzer / f"{variant}.{case['case']}.{models[0]}"
            if path.exists() and shows(target, variant, fuzzer, path):
                continue
            ran = subprocess.run([explore, "--case", case["case"], "--model", models[0], "--json",
                                  "--seconds", str(options.seconds)], capture_output=True,
                                 text=True, check=False)
            finding = json.loads(ran.stdout)["finding"]
            if not finding:
                print(f"{target}/{variant} {case['case']} {models[0]}: nothing found")
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode(finding["replay_string"]))
            made += 1
    print(f"{made} inputs made")
    return 0


if __name__ == "__main__":
    sys.exit(main())
