"""pytest options and session of the storm matrix; plain test runs are left alone.

  /usr/bin/python3 -m pytest tests/test_matrix.py --rig-out build/report

shows how far it is, then prints the verdict table, and exits 0 (as expected),
1 (unexpected verdict), 2 (engine error), 3 (not all shown), 64 (usage) or
130 (Ctrl-C; 143 for SIGTERM).
"""
import importlib.util
import os
import re
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

EXIT_ENGINE, EXIT_USAGE = 2, 64
MATRIX, OVERTIME = "test_matrix.py", "test_overtime"
OPTIONS = (
    ("out", "build/report", "DIR", "folder of the run"),
    ("seconds", 120.0, "S", "time for the whole matrix"),
    ("time", None, "TIME", "the same with its unit: 30s, 5m, 2h"),
    ("shard", None, "K/N", "only every Nth test, from the Kth on: merge the runs of all"),
    ("lane", "native", "NAME", "lane to run"),
    ("variant", None, "NAMES", "only these variants, comma-separated"),
    ("case", None, "NAMES", "only these cases, comma-separated: CASE or TARGET/CASE"),
    ("pin", None, "LIST", "hwloc locations, e.g. core:0.pu:0,core:1.pu:0"),
    ("placement", None, "NAME", "smt, l2, l3, package, numa, none or all"),
    ("seed", None, "N", "seed of the run (default: drawn, and printed)"),
    ("build", "build", "DIR", "folder of the builds"),
    ("history", None, "FILE", "earlier nights: how long a promised bug is silent by chance"),
    ("grace", 15.0, "S", "time over its own after which a program is killed"),
)
SESSION = pytest.StashKey()


def pytest_addoption(parser):
    """Adds the --rig-* options."""
    group = parser.getgroup("stormrig", "Stormrig: the storm matrix (tests/test_matrix.py)")
    for name, default, metavar, text in OPTIONS:
        shown = "" if default is None else f" (default {default})"
        group.addoption(f"--rig-{name}", default=None, metavar=metavar, help=text + shown)
    group.addoption("--rig-simulations", default=0, type=int, metavar="N",
                    help="repeat the simulated error rates N times per point (slow)")


def rig(config, name):
    """Value of --rig-NAME, its default where it was not given."""
    default = next(d for n, d, _, _ in OPTIONS if n == name)
    value = config.getoption(f"--rig-{name}")
    if value is None:
        return default
    try:
        return float(value) if isinstance(default, float) else value
    except ValueError:
        pytest.exit(f'--rig-{name}: "{value}" is no number', EXIT_USAGE)


def seconds_wanted(config) -> float:
    """Time for the matrix, in seconds: --rig-time, else --rig-seconds."""
    text = rig(config, "time")
    if text is None:
        return rig(config, "seconds")
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if not found:
        pytest.exit(f'--rig-time: "{text}" is no time: 30s, 5m or 2h', EXIT_USAGE)
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]


def shard_wanted(config):
    """(number, of how many) of --rig-shard, from 1; None without."""
    text = rig(config, "shard")
    if text is None:
        return None
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        pytest.exit(f'--rig-shard: "{text}" is no shard: 1/4, 2/4, …', EXIT_USAGE)
    return int(found[1]), int(found[2])


def matrix_wanted(config) -> bool:
    """True when the storm matrix was asked for: its file named, an option of it, -m storm."""
    named = any(MATRIX in str(arg) for arg in config.invocation_params.args)
    asked = any(config.getoption(f"--rig-{name}") is not None for name, *_ in OPTIONS)
    return named or asked or "storm" in (config.getoption("-m") or "")


def only_matrix(config) -> bool:
    """True when the run is nothing but the matrix and no other output was asked for."""
    return (config.option.verbose <= 0 and not config.option.collectonly
            and all(MATRIX in arg for arg in config.args))


def pytest_configure(config):
    """Registers the marker; checks the options early when the matrix is wanted."""
    config.addinivalue_line("markers", "storm: the matrix of real races; run by make storm")
    if not matrix_wanted(config):
        return
    missing = [m for m in ("scipy", "jinja2", "jsonschema", "junitparser", "rich")
               if importlib.util.find_spec(m) is None]
    if missing:
        pytest.exit(f'this Python lacks {", ".join(missing)}: use the system\'s python3 '
                    "(make deps)", EXIT_USAGE)
    for name, value in (("seconds", seconds_wanted(config)), ("grace", rig(config, "grace"))):
        if not 0 < value < 1e6:
            pytest.exit(f"--rig-{name}: a time over 0 seconds, please", EXIT_USAGE)
    shard_wanted(config)
    if getattr(config.option, "numprocesses", None):
        pytest.exit("the storm matrix measures time: run it without -n", EXIT_USAGE)
    if only_matrix(config):
        config.option.verbose, config.option.tbstyle, config.option.reportchars = -2, "no", ""
        config.option.capture = "no"  # read here only by pytest's progress percentages
    config.pluginmanager.register(Storm(config), "storm")


def pytest_ignore_collect(collection_path, config):
    """Plain test runs do not see the matrix."""
    if collection_path.name == MATRIX and not matrix_wanted(config):
        return True
    return None


class Storm:
    """The matrix as a pytest plugin: registered only when it is wanted."""

    def __init__(self, config):
        self.config, self.session, self.verdicts = config, None, None
        self.lists, self.found, self.items, self.last = [], [], [], None
        self.ended_by, self.failure = signal.SIGINT, ""
        config.stash[SESSION] = self
        from reports.progress import Progress
        # Output is captured while tests run: progress needs its own.
        self.progress = Progress.of_process()
        self.elsewhere = []
        self.seed = self._seed()
        from reports.storm import Programs
        self.programs = Programs(
            Path(rig(config, "build")), rig(config, "lane"), Path(config.rootpath),
            rig(config, "pin"), rig(config, "placement"), rig(config, "grace"))

    def _seed(self) -> int:
        value = rig(self.config, "seed")
        try:
            return int(value, 0) if value else int.from_bytes(os.urandom(4), "big")
        except ValueError:
            pytest.exit(f'--rig-seed: "{value}" is no whole number', EXIT_USAGE)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self):
        """Asks the programs what they hold, before anything is collected."""
        from reports import matrix
        if not self.programs.found():
            where = self.programs.build / self.programs.lane
            pytest.exit(f"no {where}/*/*/storm: run make build LANE={self.programs.lane}",
                        EXIT_USAGE)
        self.lists = self.programs.list()
        self.found = matrix.items(self.lists, rig(self.config, "variant"),
                                  rig(self.config, "case"))
        self.found = self._with_rates(self.found)
        shard = shard_wanted(self.config)
        if shard:
            mine = self.found[shard[0] - 1::shard[1]]
            self.elsewhere = [p for i in self.found if i not in mine for p in i.planned()]
            self.found = mine
        if not self.found and not any(d["kind"] == "slice" for d in self.lists):
            pytest.exit("--rig-case and --rig-variant select nothing: see storm --list",
                        EXIT_USAGE)

    def _with_rates(self, items):
        """The items with what the nights before tell of their rates: Item.due_s."""
        if rig(self.config, "history") is None:
            return items
        from reports import canaries, provenance
        from reports.history import BadHistory, History
        try:
            there = History(rig(self.config, "history"), create=False)
        except BadHistory as error:
            pytest.exit(f"--rig-history: {error}", EXIT_USAGE)
        due = canaries.known(there, provenance.machine_class(provenance.cpu()),
                             self.programs.lane, self.programs.place,
                             sum(bool(item.promised) for item in items))
        return [replace(item, due_s=due.get((item.target, item.case, item.promised)))
                for item in items]

    def pytest_generate_tests(self, metafunc):
        """One test per item of the matrix."""
        if "storm_item" in metafunc.fixturenames:
            metafunc.parametrize("storm_item", self.found, ids=[i.name for i in self.found])

    def pytest_itemcollected(self, item):
        """Notes the test that belongs at the end, whatever -k leaves out."""
        if item.name == OVERTIME and item.get_closest_marker("storm"):
            self.last = item

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        """Notes which items will run; overtime after them all."""
        self.items = [i.callspec.params["storm_item"] for i in items
                      if i.get_closest_marker("storm") and hasattr(i, "callspec")
                      and i.callspec.params.get("storm_item")]
        items[:] = [i for i in items if i is not self.last]
        if self.items and self.last:
            items.append(self.last)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        """Opens the run's folder before the first test."""
        if session.testsfailed or session.config.option.collectonly or not self.lists:
            return
        signal.signal(signal.SIGTERM, self.terminated)
        from reports.folder import BadFolder
        from reports.session import Session
        whole = not rig(self.config, "variant") and not self.config.getoption("-k")
        try:
            self.session = Session(self.config.rootpath / rig(self.config, "out"),
                                   self.programs, self.lists, self.items, self.seed,
                                   seconds_wanted(self.config), whole, self._kept())
            self.progress.state = self.session.progress
        except BadFolder as error:
            pytest.exit(f"--rig-out: {error}", EXIT_USAGE)
        except OSError as error:
            pytest.exit(f'cannot write {rig(self.config, "out")}: {error.strerror}', EXIT_ENGINE)

    def _kept(self) -> dict:
        """What run.json keeps of the options beside time and wholeness."""
        shard = shard_wanted(self.config)
        return {"shard": shard, "elsewhere": self.elsewhere} if shard else {}

    def terminated(self, number, _frame):
        """SIGTERM ends the run as Ctrl-C does: programs killed, folder valid."""
        self.ended_by = number
        raise KeyboardInterrupt

    def run(self, item):
        """Run one item with the status line on; returns its verdict rows, [] while in doubt."""
        return self._watched(lambda: self.session.run(item))

    def overtime(self):
        """Overtime for the races in doubt, likewise; returns their verdict rows."""
        return self._watched(self.session.overtime)

    def _watched(self, work):
        self.programs.tick = self.progress.tick
        self.progress.tick()
        try:
            return work()
        except OSError as error:
            self.failure = f"cannot write {self.session.folder.path}: {error.strerror}"
            pytest.exit(self.failure, EXIT_ENGINE)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report):
        """No letter per test: the table at the end says it."""
        if self.config.option.verbose < 0:
            return report.outcome, "", ""
        return None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session, exitstatus):
        """Grade and render; the verdict is the exit code."""
        self.progress.stop()
        if self.session is None:
            return
        interrupted = exitstatus == pytest.ExitCode.INTERRUPTED
        # Who is impatient now would lose what was measured: it takes seconds.
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
        try:
            verdicts = self.session.finish(interrupted)
        except OSError as error:
            self.failure = f"cannot write {self.session.folder.path}: {error.strerror}"
        finally:
            for number, handler in zip(numbers, before):
                signal.signal(number, handler)
        if self.failure:
            session.exitstatus = EXIT_ENGINE
            return
        self.verdicts = verdicts
        session.exitstatus = 128 + self.ended_by if interrupted else verdicts["exit"]

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config):
        """The verdict table, after all that pytest says: its last line is the verdict."""
        reporter = config.pluginmanager.getplugin("terminalreporter")
        if self.failure:
            sys.stderr.write(f"stormrig: {self.failure}\n")
        if self.verdicts is None or reporter is None:
            return
        from reports import table
        from reports.folder import load
        for line in table.lines(load(self.session.folder.path), self.verdicts,
                                bool(self.progress.live), config.rootpath):
            reporter.write(line + "\n")


@pytest.fixture
def storm(request):
    """The running Storm plugin."""
    return request.config.stash[SESSION]
