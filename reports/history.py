"""The history of runs: one SQLite file, imported from run folders and rebuilt from them at will.

  machines     name and class; nights of one class are compared, the name is for people
  runs         one per run id, with its provenance; the same run twice is one
  lanes        target, case, variant, lane, placement
  results      hits and exposure of one lane in one run
  findings     hits by failure class
  figures      continuous figures: rounds_s, rss_kib_top, ...
  explored     what the explorer made of each case, variant and memory model in one run
  regressions  what was reported, and until when somebody wants to hear no more of it

A run is one transaction: killed at any moment, it is there or it is not. Writers wait for
each other. All but regressions comes from run folders.
"""
import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Dict, Iterable, List, Optional

from reports import beside, explored, folder, merge, schema, session, summary

APPLICATION = 0x53746F72  # "Stor", in the file's header
WAIT_S = 60.0             # for another writer

# One entry per version; each brings a file of the version before up to its own.
MIGRATIONS = ("""
CREATE TABLE machines (id INTEGER PRIMARY KEY, name TEXT NOT NULL, class TEXT NOT NULL,
  UNIQUE (name, class)) STRICT;
CREATE TABLE runs (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, content TEXT NOT NULL,
  started TEXT NOT NULL, state TEXT NOT NULL, complete INTEGER NOT NULL, lane TEXT NOT NULL,
  machine INTEGER NOT NULL REFERENCES machines, verdict TEXT NOT NULL, exit INTEGER NOT NULL,
  whole INTEGER NOT NULL, folder TEXT NOT NULL, provenance TEXT NOT NULL) STRICT;
CREATE INDEX runs_by_time ON runs (started, key);
CREATE TABLE lanes (id INTEGER PRIMARY KEY, target TEXT NOT NULL, case_name TEXT NOT NULL,
  variant TEXT NOT NULL, lane TEXT NOT NULL, placement TEXT NOT NULL,
  UNIQUE (target, case_name, variant, lane, placement)) STRICT;
CREATE TABLE results (run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  lane INTEGER NOT NULL REFERENCES lanes, role TEXT NOT NULL, canary INTEGER NOT NULL,
  verdict TEXT NOT NULL, expected INTEGER NOT NULL, hits INTEGER NOT NULL,
  seconds REAL NOT NULL, rounds INTEGER NOT NULL, PRIMARY KEY (lane, run)) STRICT, WITHOUT ROWID;
CREATE INDEX results_by_run ON results (run);
CREATE TABLE findings (run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  lane INTEGER NOT NULL REFERENCES lanes, class TEXT NOT NULL, hits INTEGER NOT NULL,
  replay TEXT NOT NULL, PRIMARY KEY (lane, run, class)) STRICT, WITHOUT ROWID;
CREATE INDEX findings_by_run ON findings (run);
CREATE TABLE regressions (id INTEGER PRIMARY KEY, class TEXT NOT NULL, target TEXT NOT NULL,
  case_name TEXT NOT NULL, variant TEXT NOT NULL, lane TEXT NOT NULL, placement TEXT NOT NULL,
  figure TEXT NOT NULL, found TEXT NOT NULL, since TEXT NOT NULL, text TEXT NOT NULL,
  closed TEXT, until TEXT, accepted INTEGER NOT NULL DEFAULT 0, note TEXT NOT NULL DEFAULT '',
  UNIQUE (class, target, case_name, variant, lane, placement, figure, found)) STRICT;
""", """
CREATE TABLE figures (run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  lane INTEGER NOT NULL REFERENCES lanes, name TEXT NOT NULL, value REAL NOT NULL,
  PRIMARY KEY (lane, name, run)) STRICT, WITHOUT ROWID;
CREATE INDEX figures_by_run ON figures (run);
""", """
CREATE TABLE explored (run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  target TEXT NOT NULL, case_name TEXT NOT NULL, variant TEXT NOT NULL, model TEXT NOT NULL,
  verdict TEXT NOT NULL, expected INTEGER NOT NULL, first_hit INTEGER, executions INTEGER NOT NULL,
  exhausted INTEGER NOT NULL, seconds REAL NOT NULL, replay TEXT NOT NULL,
  PRIMARY KEY (run, target, case_name, variant, model)) STRICT, WITHOUT ROWID;
""", """
ALTER TABLE results ADD COLUMN starved INTEGER NOT NULL DEFAULT 0;
""")
VERSION = len(MIGRATIONS)
LANE_KEY = ("target", "case", "variant", "lane", "placement")


class BadHistory(Exception):
    """A file that is no history of this program's; the text is one line."""


class History:
    """An open history."""

    def __init__(self, path, create: bool = True):
        """path: of the file, made if `create` and absent. Raises BadHistory, OSError."""
        self.path = Path(path)
        if not create and not self.path.is_file():
            raise BadHistory(f"{path} does not exist: python3 -m reports history import RUN…")
        try:
            self.db = sqlite3.connect(self.path, timeout=WAIT_S, isolation_level=None)
            self._open()
        except sqlite3.Error as error:
            raise BadHistory(f"{path}: {error}") from None
        self._lanes: Dict[tuple, int] = {}

    def _open(self) -> None:
        # Tables first: who makes them says at once whose they are, so that a
        # writer seen half-way is one that was not there yet.
        tables, = self.db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        application, = self.db.execute("PRAGMA application_id").fetchone()
        version, = self.db.execute("PRAGMA user_version").fetchone()
        if application != APPLICATION and tables:
            raise BadHistory(f"{self.path} is a database, but no history of this program's")
        if version > VERSION:
            raise BadHistory(f"{self.path}: history version {version} is newer than this "
                             f"program's {VERSION}: read it with a newer Stormrig")
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = NORMAL")
        self.db.execute("PRAGMA foreign_keys = ON")
        if version < VERSION:
            with self.writing():
                self._migrate()

    def _migrate(self) -> None:
        """Bring the file up to VERSION; another writer may have done so meanwhile."""
        version, = self.db.execute("PRAGMA user_version").fetchone()
        for number in range(version, VERSION):
            for statement in MIGRATIONS[number].split(";"):
                if statement.strip():
                    self.db.execute(statement)
        self.db.execute(f"PRAGMA application_id = {APPLICATION}")
        self.db.execute(f"PRAGMA user_version = {VERSION}")

    def writing(self):
        """A transaction that has the file for itself, as a context."""
        return _Writing(self.db)

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def import_run(self, path) -> str:
        """Import a run folder: returns "new", "replaced" (it has grown) or "there".

        Raises folder.BadFolder or schema.BadDocument for what is no run.
        """
        found = Imported(Path(path))
        with self.writing():
            row = self.db.execute("SELECT id, content FROM runs WHERE key = ?",
                                  (found.header["id"],)).fetchone()
            if row and row[1] == found.content:
                return "there"
            if row:
                self.db.execute("DELETE FROM runs WHERE id = ?", (row[0],))
            self._insert(found)
        return "replaced" if row else "new"

    def _insert(self, found: "Imported") -> None:
        header, small, facts = found.header, found.summary, found.header["provenance"]
        machine = (str(facts.get("machine") or "unknown"),
                   str(facts.get("machine_class") or "unknown"))
        self.db.execute("INSERT OR IGNORE INTO machines (name, class) VALUES (?, ?)", machine)
        run = self.db.execute(
            "INSERT INTO runs (key, content, started, state, complete, lane, machine, verdict, "
            "exit, whole, folder, provenance) SELECT ?, ?, ?, ?, ?, ?, id, ?, ?, ?, ?, ? "
            "FROM machines WHERE name = ? AND class = ?",
            (header["id"], found.content, header["started"], header["state"], small["complete"],
             header["lane"], small["verdict"], small["exit"],
             header.get("options", {}).get("whole", True), str(found.path.resolve()),
             json.dumps(facts), *machine)).lastrowid
        rows = {self.lane(row): row for row in small["rows"]}
        self.db.executemany(
            "INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(run, lane, row["role"], row["canary"], row["verdict"], row["expected"],
              row["counted"]["hits"], row["counted"]["seconds"], row["counted"]["rounds"],
              row.get("starved", False))
             for lane, row in rows.items()])
        self.db.executemany(
            "INSERT INTO findings VALUES (?, ?, ?, ?, ?)",
            [(run, lane, kind, n, row["replay"]) for lane, row in rows.items()
             for kind, n in row["hits"].items()])
        self.db.executemany(
            "INSERT INTO figures VALUES (?, ?, ?, ?)",
            [(run, lane, name, value) for lane, row in rows.items()
             for name, value in row["figures"].items()])
        self.db.executemany(
            "INSERT OR REPLACE INTO explored VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(run, d["target"], d["case"], d["variant"], d["model"], d["verdict"] or "",
              d.get("expected") is not False, d.get("first_hit_execution") or None,
              d["executions"], bool(d.get("exhausted")), d.get("seconds", 0.0),
              d.get("replay", "")) for d in found.explored])

    def lane(self, row: dict) -> int:
        """Id of a lane, made where it is new. Only while writing."""
        key = tuple(row[name] for name in LANE_KEY)
        if key not in self._lanes:
            self.db.execute("INSERT OR IGNORE INTO lanes (target, case_name, variant, lane, "
                            "placement) VALUES (?, ?, ?, ?, ?)", key)
            self._lanes[key], = self.db.execute(
                "SELECT id FROM lanes WHERE (target, case_name, variant, lane, placement) = "
                "(?, ?, ?, ?, ?)", key).fetchone()
        return self._lanes[key]

    def forget_runs(self) -> None:
        """Drop all that run folders can bring back; regressions stay."""
        with self.writing():
            for table in ("explored", "figures", "findings", "results", "runs", "lanes",
                          "machines"):
                self.db.execute(f"DELETE FROM {table}")
        self._lanes.clear()

    def runs(self) -> List[dict]:
        """All runs, oldest first: the columns of `runs`, and the machine's name and class."""
        return self.rows("SELECT runs.*, name, class FROM runs JOIN machines "
                         "ON machines.id = machine ORDER BY started, key")

    def rows(self, query: str, values: Iterable = ()) -> List[dict]:
        """The rows of a query as dictionaries."""
        cursor = self.db.execute(query, tuple(values))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor]


class _Writing:
    """BEGIN IMMEDIATE … COMMIT; ROLLBACK when anything is raised."""

    def __init__(self, db: sqlite3.Connection):
        self.db = db

    def __enter__(self):
        self.db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind, *_):
        self.db.execute("ROLLBACK" if kind else "COMMIT")


class Imported:
    """What is read of a run folder: header, summary, the explorer's results, and a hash."""

    def __init__(self, path: Path):
        self.path = path
        self.header = folder.header(path)
        self.summary: Optional[dict] = summary.read(path)
        if self.summary is None or self.summary["id"] != self.header["id"]:
            run = folder.load(path)
            self.summary = summary.of_run(run, session.graded(run))
        self.explored = [document for file in beside.files(path, "explore")
                         for document in explored.documents(file)]
        text = json.dumps([self.header["state"], self.summary, *self.explored], sort_keys=True)
        self.content = hashlib.sha256(text.encode()).hexdigest()


def name_of(row: dict) -> str:
    """target/case variant lane placement of a row of lanes or regressions."""
    return (f'{row["target"]}/{row["case_name"]} {row["variant"]} {row["lane"]} '
            f'{row["placement"]}')


def run_folders(paths: Iterable[Path]) -> List[Path]:
    """Run folders among paths: each itself, or those anywhere below it, oldest name first.

    Of a merged run those that it was made of: it would add their exposure once more.
    Raises folder.BadFolder for a path that neither is nor holds one.
    """
    found: List[Path] = []
    for path in map(Path, paths):
        parts = sorted(p.parent for p in (path / merge.SHARDS).glob("*/run.json"))
        below = parts or ([path] if (path / "run.json").is_file() else sorted(
            p.parent for p in path.rglob("run.json") if not (p.parent / merge.SHARDS).is_dir()))
        if not below:
            what = "holds no run" if path.is_dir() else "does not exist"
            raise folder.BadFolder(f"{path} {what}: name the folder of a run, or one of runs",
                                   usage=True)
        found += below
    return found


def rebuild(path, runs: Iterable[Path]) -> List[str]:
    """A history anew from run folders; what was reported and acknowledged stays.

    Returns a line per folder that could not be read. Raises BadHistory.
    """
    history = History(path)
    history.forget_runs()
    return import_all(history, runs)[1]


def import_all(history: History, runs: Iterable[Path]) -> tuple:
    """Import many run folders; returns ({"new": n, …}, one line per folder that failed)."""
    counts, failed = {"new": 0, "replaced": 0, "there": 0}, []
    for path in runs:
        try:
            counts[history.import_run(path)] += 1
        except (folder.BadFolder, schema.BadDocument) as error:
            failed.append(str(error))
        except (KeyError, TypeError, sqlite3.IntegrityError) as error:
            failed.append(f"{path}: its summary is not one of this program's: {error!r}")
    return counts, failed
