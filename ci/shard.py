#!/usr/bin/python3
"""One shard of a matrix that many machines or tasks share.

    ci/shard.py --out DIR --seed S --time T [--shard K/N] [-- options of the matrix]
    ci/shard.py --plan N --out DIR --seed S --time T

What a shard runs is a function of (seed, K, N, time) and of the sources alone: every Nth race
from the Kth on, for time T, with a seed of its own. K and N come from --shard, or from the
scheduler: Slurm and AWS Batch array jobs, Kubernetes indexed jobs, GNU parallel; where only
some shards are submitted (again), STORMRIG_SHARDS says N. The run goes to DIR/shard-K-of-N;
`python3 -m reports merge -o DIR/merged DIR/shard-*` makes one run of them, in which a shard
that is not there is missing exposure. --plan prints all commands.

Exit status: the matrix's; 64 usage.
"""
import argparse
import hashlib
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Variables of the index, of the count, and the first index.
SCHEDULERS = (("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN"),
              ("JOB_COMPLETION_INDEX", "JOB_COMPLETIONS", None),
              ("AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE", None),
              ("PARALLEL_SEQ", "PARALLEL_TOTAL", "PARALLEL_FIRST"))
BASE = {"PARALLEL_FIRST": "1"}


class Usage(Exception):
    """What was asked for cannot be."""


def shard_of(text, environment):
    """(K, N), K from 1: of "K/N", else of a scheduler's variables. Raises Usage."""
    if text:
        found = re.fullmatch(r"(\d+)/(\d+)", text)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise Usage(f'--shard: "{text}" is no shard: 1/8, 2/8, …')
        return int(found[1]), int(found[2])
    for index, count, first in SCHEDULERS:
        if index in environment:
            try:
                number = int(environment[index]) - int(
                    environment.get(first, BASE.get(first, 0)) if first else 0)
                total = int(environment.get("STORMRIG_SHARDS", environment.get(count, "")))
            except ValueError:
                raise Usage(f"{index} is set, but {count} is no number") from None
            if not 0 <= number < total:
                raise Usage(f"{index}={environment[index]} is outside of {count}={total}")
            return number + 1, total
    raise Usage("no shard: give --shard K/N, or run under an array job")


def seed_of(seed, number, total):
    """A shard's own seed: the same on every machine, another for each shard."""
    text = f"{seed} {number}/{total}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "big") % 1_000_000_007


def command(seed, number, total, time, out, more=()):
    """The command line of a shard."""
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
            "tests/test_matrix.py", "--rig-shard", f"{number}/{total}", "--rig-seed",
            str(seed_of(seed, number, total)), "--rig-time", time, "--rig-out",
            str(pathlib.Path(out) / f"shard-{number}-of-{total}"), *more]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--time", required=True)
    parser.add_argument("--shard")
    parser.add_argument("--plan", type=int, metavar="N")
    parser.add_argument("options", nargs="*")
    parser.exit_on_error = False
    try:
        options = parser.parse_args()
    except SystemExit as ended:
        return 64 if ended.code else 0
    out = pathlib.Path(options.out).resolve()
    if options.plan:
        for number in range(1, options.plan + 1):
            print(" ".join(command(options.seed, number, options.plan, options.time, out,
                                   options.options)))
        return 0
    try:
        number, total = shard_of(options.shard, os.environ)
    except Usage as wrong:
        print(f"shard: {wrong}", file=sys.stderr)
        return 64
    return subprocess.run(command(options.seed, number, total, options.time, out,
                                  options.options), cwd=ROOT, stdin=subprocess.DEVNULL,
                          check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
