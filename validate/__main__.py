"""python3 -m validate CANDIDATE: a verdict on files that take the place of those in targets/.

  CANDIDATE        a folder whose files stand where they stand under targets/, or a patch
  --since COMMIT   instead: what the tree has changed since then is the candidate
  --against BUG_X  the bug that it must not have (default: each that its cases can show);
                   "current": the code as it stands
  --time 5m        for the races with real threads
  -o DIR           for the page and JSON (default build/validate)

In order of cost: it compiles in every lane, unit tests, explorer, sanitizers, races against a
living control, the code of the ARM64 lanes, and what it costs. The first failure ends it. It
works in a scratch copy, which is removed.

Exit codes: 0 confirmed, 1 refuted, 2 the rig failed, 3 inconclusive, 64 usage.
"""
import argparse
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from fuzz.table import EngineFailure
from reports import folder, provenance, session
from validate import build, checks, clock, cost, explorer, native, page, verdict
from validate.candidate import FOLDER, BadInput, content, read
from validate.clock import Clock
from validate.explorer import Explored
from validate.step import REFUTED, Step
from validate.tree import Tree, targets

EXIT_ENGINE, EXIT_USAGE = 2, 64
UNITS = {"s": 1, "m": 60, "h": 3600}
CURRENT_S = 15.0  # to look where the current code fails


class Parser(argparse.ArgumentParser):
    """argparse with this project's exit code for usage errors."""

    def error(self, message):
        self.exit(EXIT_USAGE, f"validate: {message}; see python3 -m validate --help\n")


def duration(text: str) -> float:
    """Seconds of 30s, 5m or 2h."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if not found or not float(found[1]):
        raise argparse.ArgumentTypeError(f'"{text}" is no time: 30s, 5m or 2h')
    return float(found[1]) * UNITS[found[2]]


def arguments(words) -> argparse.Namespace:
    """Parse the command line."""
    parser = Parser(prog="python3 -m validate", description=__doc__,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("candidate", nargs="?", type=Path, metavar="CANDIDATE")
    parser.add_argument("--since", metavar="COMMIT")
    parser.add_argument("--against", metavar="BUG_X")
    parser.add_argument("--time", type=duration, default=300.0, metavar="TIME")
    parser.add_argument("--explore", type=duration, default=explorer.SECONDS, metavar="TIME",
                        help="for the explorer (default 60s)")
    parser.add_argument("--patience", type=float, default=clock.PATIENCE, metavar="N",
                        help="times its time that a step may take on a busy machine (default 4)")
    parser.add_argument("--no-cost", action="store_true", help="leave the cost out")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument("-o", "--output", type=Path, default=Path("build/validate"),
                        metavar="DIR")
    options = parser.parse_args(words)
    if (options.candidate is None) == (options.since is None):
        parser.error("name a CANDIDATE (a folder or a patch), or --since COMMIT")
    return options


def changed_since(root: Path, commit: str) -> dict:
    """What the tree's targets have changed since a commit. Raises BadInput."""
    ran = subprocess.run(["git", "diff", "--name-only", "-z", commit, "--", FOLDER], cwd=root,
                         capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise BadInput(f"--since {commit}: {ran.stderr.strip().splitlines()[0]}")
    new = subprocess.run(["git", "ls-files", "-oz", "--exclude-standard", FOLDER], cwd=root,
                         capture_output=True, text=True, check=True).stdout
    names = {n for n in (ran.stdout + new).split("\0") if n.endswith((".c", ".h", ".S"))}
    if not names:
        raise BadInput(f"--since {commit}: nothing under {FOLDER}/ has changed")
    return {name: content(root / name) for name in sorted(names)}


def check_against(root: Path, against) -> None:
    """Raise BadInput for a switch that no source has."""
    if against in (None, native.CURRENT):
        return
    known = {m for path in (root / FOLDER).rglob("*.[ch]")
             for m in re.findall(r"\bBUG_[A-Z0-9_]+(?:\+plain)?", path.read_text())}
    if against not in known:
        raise BadInput(f"AGAINST={against}: no such switch in {FOLDER}/: "
                       f"{', '.join(sorted(known))} or {native.CURRENT}")


class Validation:
    """One candidate on its way through the steps."""

    def __init__(self, root: Path, options: argparse.Namespace, change: dict):
        self.root, self.options, self.change = root, options, change
        self.steps, self.explored, self.proven, self.replay = [], Explored(), {}, None
        self.started, self.began = session.now(), time.monotonic()
        self.out = (root / options.output).resolve()

    def add(self, step: Step) -> bool:
        """Note a step; False where it ends the validation."""
        self.steps.append(step)
        print(f"validate: {step.name}: {step.state}: {step.text} ({step.seconds:.1f} s)",
              file=sys.stderr, flush=True)
        return step.state != REFUTED

    def run(self) -> None:
        """All steps, in order of cost, until one refutes."""
        options, jobs = self.options, len(os.sched_getaffinity(0))
        with Tree(self.root, self.change) as tree:
            if not self.add(build.compile_everywhere(tree)):
                return
            if not self.add(checks.unit_tests(tree)):
                return
            cases, _ = explorer.cases_of(tree)
            step, self.explored = explorer.explore(tree, cases, options.against,
                                                   options.explore, jobs, options.patience)
            if not self.add(step):
                self._keep(tree)
                return
            current = {}
            if options.against == native.CURRENT:
                self._build_current(tree)
                current = explorer.current_hits(self.root, cases, CURRENT_S, jobs)
            if not self.add(native.sanitize(tree, cases, options.seed)):
                return
            shown = verdict.shown_under(cases, options.against, current)
            racing = native.Native(tree, cases, options.against, set(shown))
            race = racing.run(self.out / "run", Clock(options.time, jobs, options.patience),
                              options.seed, command())
            if not self.add(race):
                return
            self.proven = verdict.proofs(shown, self.explored.results,
                                         getattr(race, "proofs", {}))
            self.add(checks.disassembly(tree))
            if not options.no_cost and not options.since:
                self.add(cost.cost(tree, cases))

    def _build_current(self, tree: Tree) -> None:
        programs = [f"build/explore/{target}/fixed/explore" for target in tree.touched()]
        subprocess.run(["make", "-s", f"-j{len(os.sched_getaffinity(0))}", *programs],
                       cwd=self.root, check=True, capture_output=True)

    def _keep(self, tree: Tree) -> None:
        """Keep what the replay of the counterexample needs."""
        found = self.explored.found
        native.keep_programs(tree, self.out, found["target"])
        self.replay = f'cd {os.path.relpath(self.out)} && {found["replay"]}'
        found["replay"] = self.replay

    def told(self) -> dict:
        """The document of this validation."""
        about = {"candidate": str(self.options.candidate or f"since {self.options.since}"),
                 "changed": sorted(self.change), "against": self.options.against,
                 "seed": self.options.seed, "started": self.started, "command": command(),
                 "seconds": round(time.monotonic() - self.began, 1), "replay": self.replay,
                 "machine": machine(self.root)}
        return page.document(about, verdict.decide(self.steps, self.proven), self.steps,
                             self.proven)


def fresh(out: Path) -> None:
    """Make the folder; of an earlier validation nothing stays that could be taken for this."""
    out.mkdir(parents=True, exist_ok=True)
    if (out / "validation.json").exists():
        for part in (FOLDER, "build"):
            shutil.rmtree(out / part, ignore_errors=True)
        for name in ("index.html", "validation.json"):
            (out / name).unlink(missing_ok=True)


def command() -> str:
    """The command line, to be typed again."""
    return shlex.join(["python3", "-m", "validate", *sys.argv[1:]])


def machine(root: Path) -> str:
    """What this was found on, in a few words."""
    facts = provenance.before(root, root / "none", root / "build")
    return str(facts.get("machine_class") or os.uname().machine)


def main(words) -> int:
    """Validate; returns the exit code."""
    options, root = arguments(words), Path.cwd()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        if not targets(root):
            raise BadInput("run it from the root of the tree: there is no targets/*/cases")
        check_against(root, options.against)
        change = (changed_since(root, options.since) if options.since
                  else read(options.candidate, root))
        validation = Validation(root, options, change)
        fresh(validation.out)
        validation.run()
        told = validation.told()
        page.write(validation.out, told, validation.explored.found)
    except (BadInput, folder.BadFolder) as error:
        print(f"validate: {error}", file=sys.stderr)
        return EXIT_USAGE
    except (EngineFailure, RuntimeError, OSError, subprocess.CalledProcessError) as error:
        print(f"validate: the rig failed: {error}", file=sys.stderr)
        return EXIT_ENGINE
    except KeyboardInterrupt:
        print("validate: interrupted: no verdict", file=sys.stderr)
        return 128 + signal.SIGINT
    print("\n".join(page.lines(told, validation.options.output)))
    return verdict.EXITS[told["verdict"]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
