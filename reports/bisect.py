"""Names what made a lane regress: re-runs it with sources, compiler or both swapped.

  then      sources and compiler of the earlier run
  now       those of the later one
  sources   the later sources with the earlier compiler
  compiler  the earlier sources with the later compiler

All run here and now, in turns, so that the machine, its kernel and the night are the same for
all. Where `then` and `now` do not differ, neither sources nor compiler can be it: a kernel,
microcode or machine that changed between is named as what cannot be swapped here.
"""
import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional

from reports import compare, folder, pair, process, provenance, schema, session, weather, words

EXIT_OK, EXIT_RED, EXIT_ENGINE = 0, 1, 2
ENOUGH_P = 0.001
WITHIN = 0.15     # variation between turns that is no difference
FIXED = ("kernel", "cpu microcode", "cpu model", "machine", "machine class", "system")
BUILD_BOUND_S, GRACE_S = 1800.0, 30.0


class Setting(NamedTuple):
    """What a program is built from: a commit and a compiler's command ("" = the default)."""
    commit: str
    compiler: str

    @property
    def name(self) -> str:
        """For a folder, and for people."""
        return f'{self.commit[:12]}-{Path(self.compiler or "default").name}'


class Found(NamedTuple):
    """What a bisection comes to: the factor, or None; and the lines that say why."""
    factor: Optional[str]
    lines: List[str]


Rates = Dict[str, tuple]  # by "then", "now", "sources", "compiler": (hits, seconds)


def verdict(rates: Rates, changed: List[str]) -> Found:
    """Name the factor from the measured rates.

    rates: (hits, seconds) of each setting that could be run; "then" and "now" at least.
    changed: what else differs between the runs, from provenance.differences().
    """
    text = [f"{name}: {words.number(hits / seconds)} hits a second ({words.count(hits)} in "
            f"{words.duration(seconds)})" for name, (hits, seconds) in rates.items()]
    whole = compare.rate_ratio(rates["then"], rates["now"], WITHIN)
    text.append(f"now over then: {words.number(whole.value)} [{words.number(whole.low)}, "
                f"{words.number(whole.high)}], p {words.chance(whole.p)}")
    if whole.p > ENOUGH_P:
        outside = [line for line in changed if line.startswith(FIXED)]
        text.append("neither sources nor compiler: they make no difference here and now; " + (
            "changed too, and cannot be swapped here: " + "; ".join(outside) if outside else
            "nothing else is known to have changed"))
        return Found(None, text)
    like_now = {name for name in ("sources", "compiler") if name in rates
                and nearer(rates[name], rates["then"], rates["now"])}
    missing = [name for name in ("sources", "compiler") if name not in rates]
    if missing:
        text.append(f"{' and '.join(missing)} alone could not be swapped: the factor is not named")
        return Found(None, text)
    if len(like_now) == 1:
        factor = like_now.pop()
        text.append(f"factor: {factor}: swapped alone it makes the difference")
        return Found(factor, text)
    text.append("factor: either of sources and compiler makes the difference alone" if like_now
                else "factor: sources and compiler only together make the difference")
    return Found("both", text)


def nearer(rate: tuple, then: tuple, now: tuple) -> bool:
    """Whether a rate is nearer to that of now, on a log scale."""
    def level(one):
        return (one[0] + 0.5) / one[1]
    return level(rate) ** 2 > level(then) * level(now) if level(now) > level(then) else \
        level(rate) ** 2 < level(then) * level(now)


def settings(run_a: folder.Run, run_b: folder.Run, installed: Callable) -> Dict[str, Setting]:
    """The settings to try, by name; without those that are alike or not installed.

    installed(compiler facts): its command, "" for the default, None where it is not here.
    Raises LookupError with one line where not even `then` and `now` can be built.
    """
    commits = [run.header["provenance"].get("commit") for run in (run_a, run_b)]
    for run, commit in zip((run_a, run_b), commits):
        if not commit:
            raise LookupError(f"{run.path}: its commit is unknown: nothing can be rebuilt")
        if run.header["provenance"].get("dirty"):
            raise LookupError(f"{run.path}: its sources differed from commit {commit[:12]}: "
                              "they cannot be rebuilt")
    facts = [(run.header["provenance"].get("compiler") or {}) for run in (run_a, run_b)]
    compilers = [installed(one) for one in facts]
    if None in compilers:
        lost = facts[compilers.index(None)]
        raise LookupError(f'compiler {lost.get("compiler")} is not installed here: it cannot be '
                          "swapped, nor the earlier state be rebuilt")
    found = {"then": Setting(commits[0], compilers[0]), "now": Setting(commits[1], compilers[1]),
             "sources": Setting(commits[1], compilers[0]),
             "compiler": Setting(commits[0], compilers[1])}
    return found


def installed_compiler(facts: dict) -> Optional[str]:
    """The command of a run's compiler here; None where no command is of its version."""
    version = str(facts.get("compiler") or "")
    if not version:
        return ""
    major = version.split()[-1].split(".")[0]
    kinds = ("clang", "gcc") if "clang" in version.lower() else ("gcc", "clang")
    for kind in kinds:
        for command in (f"{kind}-{major}", kind):
            path = shutil.which(command)
            for option in ("-dumpfullversion", "-dumpversion") if path else ():
                said = subprocess.run([path, option], capture_output=True, text=True, check=False)
                if said.stdout.strip() == version.split()[-1]:
                    return command
    return None


class Builder:
    """Builds one lane's program at a setting, in a worktree of its own."""

    def __init__(self, root: Path, work: Path):
        """root: a git checkout; work: folder for worktrees, made where absent."""
        self.root, self.work = root, work.resolve()

    def program(self, setting: Setting, row: dict) -> Path:
        """The program of a row's variant at a setting. Raises RuntimeError with one line."""
        place = self.work / setting.name
        if not (place / "Makefile").exists():
            self._call(["git", "worktree", "prune"], self.root)
            self._call(["git", "worktree", "add", "--detach", str(place), setting.commit],
                       self.root)
        program = Path("build") / row["lane"] / row["target"] / row["variant"] / "storm"
        command = ["make", "-s", "--no-print-directory", str(program)]
        self._call(command + ([f"CC={setting.compiler}"] if setting.compiler else []), place)
        return place / program

    @staticmethod
    def _call(command: List[str], cwd: Path) -> None:
        ended = process.run(command, BUILD_BOUND_S, cwd)
        if ended.exit != 0:
            raise RuntimeError(f"{shlex.join(command)} in {cwd}: "
                               f"{process.last_line(ended.stderr) or ended.exit}")


def measure(programs: Dict[str, Path], row: dict, storm: bool, seconds: float, turns: int,
            seed: int) -> Rates:
    """Hits and seconds of each program, run in turns with the same seeds.

    Raises RuntimeError with one line when a program does not give a result.
    """
    total = {name: [0, 0.0] for name in programs}
    for turn in range(turns):
        for name, program in programs.items():
            command = [str(program), "--storm" if storm else "--case", row["case"], "--seconds",
                       f"{seconds:g}", "--seed", str(seed + turn), "--json"]
            ended = process.run(command, seconds + GRACE_S)
            if ended.exit not in (0, 1):
                raise RuntimeError(f"{name}: {shlex.join(command)}: "
                                   f"{process.last_line(ended.stderr) or ended.exit}")
            result = schema.parse(ended.stdout.rstrip("\n"), "storm" if storm else "case")
            measured = result.get("measured") or {}
            sure = measured.get("rounds") and not storm
            total[name][0] += measured["hits"] if sure else sum(result["hits"].values())
            total[name][1] += measured["seconds"] if sure else result["seconds"]
    return {name: (hits, max(time, 1e-9)) for name, (hits, time) in total.items()}


def chosen(found: pair.Compared, lane: Optional[str]) -> pair.Pair:
    """The lane that was named, else the one that differs most. Raises LookupError."""
    pairs = [one for one in found.pairs if lane is None or lane == "/".join(
        one.row_b[key] for key in ("target", "case", "variant"))]
    if not pairs:
        raise LookupError(f'--lane: "{lane}" is in neither or only one of the runs: '
                          "TARGET/CASE/VARIANT" if lane else "the runs have no lane in common")
    return min(pairs, key=lambda one: one.ratio.p)


def command(options) -> int:
    """`reports bisect A B`; returns the exit code: 0 named, 1 not named, 2 not run."""
    runs = [folder.load(path) for path in (options.a, options.b)]
    rows = [pair.lanes(run, session.graded(run)) for run in runs]
    one = chosen(pair.compared(*runs, *rows), options.lane)
    changed = provenance.differences(*(run.header["provenance"] for run in runs))
    print(f"{one.name}: {words.number(one.ratio.value)} times the hits a second, p "
          f"{words.chance(one.ratio.p)}; " + ("; ".join(changed) or "nothing known has changed"))
    wanted = settings(*runs, installed_compiler)
    builder = Builder(Path.cwd(), options.work)
    programs, built, why = {}, {}, []
    for name, setting in wanted.items():
        try:
            built[setting] = built.get(setting) or builder.program(setting, one.row_b)
            programs[name] = built[setting]
        except (RuntimeError, OSError) as error:
            why.append(f"{name} cannot be built: {error}")
    if "then" not in programs or "now" not in programs:
        print("\n".join(why + ["the factor cannot be named"]))
        return EXIT_ENGINE
    storm = any(weather.is_storm(d) for d in runs[1].lists if d["case"] == one.row_b["case"]
                and d["target"] == one.row_b["target"])
    try:
        rates = measure(programs, one.row_b, storm, options.seconds, options.turns,
                        int.from_bytes(os.urandom(3), "big"))
    except (RuntimeError, schema.BadDocument) as error:
        print(f"{error}\nthe factor cannot be named")
        return EXIT_ENGINE
    found = verdict(rates, changed)
    print("\n".join(why + found.lines))
    return EXIT_OK if found.factor else EXIT_RED
