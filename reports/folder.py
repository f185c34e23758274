"""A run's folder: run.json, results.jsonl, stderr of failures, and what is rendered.

  run.json       state, command, seed, plan and provenance; replaced atomically
  results.jsonl  one line per listed case and per call of a program, appended as it ends
  explore.jsonl, probe.jsonl, coverage.jsonl   what the explorer and the probes found, and the
                 fuzzers reached, in the same night, if anybody put it there (fuzz/table.py --out,
                 stress/probes/table.py --out, fuzz/fuzzers/coverage.py --out)
  stderr/        what a failing program wrote to stderr
  dirty.diff, topology.xml   provenance too large for run.json
  verdicts.json, summary.json, junit.xml, index.html   rendered from the above, at will

A run that is killed at any moment leaves a folder that loads: its state stays "running".
"""
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import List

from reports import schema

OWN_FILES = ("run.json", "results.jsonl", "explore.jsonl", "probe.jsonl", "coverage.jsonl",
             "dirty.diff", "topology.xml", "verdicts.json", "summary.json", "junit.xml",
             "index.html")


class BadFolder(Exception):
    """A folder that cannot be used; the text is one line. `usage`: wrong argument."""

    def __init__(self, text: str, usage: bool = False):
        super().__init__(text)
        self.usage = usage


def write_atomic(path: Path, text: str) -> None:
    """Write a text file so that readers see the old or the new one, never half.

    Temporary file, fsync, rename, fsync of the folder. Raises OSError.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class RunFolder:
    """A run being written."""

    def __init__(self, path: Path, header: dict):
        """Create or empty the folder and write its first run.json.

        path: new, empty, or an earlier run (whose files are removed);
        header: run.json without schema, kind, state and results.
        Raises BadFolder if the folder holds anything else or cannot be written.
        """
        self.path = Path(path)
        self.results = 0
        self.header = {"schema": schema.VERSION, "kind": "run", "state": "running",
                       "ended": None, "results": None, **header}
        schema.check(self.header, "run")
        try:
            self._prepare()
            self._save()
            self._lines = open(self.path / "results.jsonl", "wb", buffering=0)
        except OSError as error:
            raise BadFolder(f"cannot write {self.path}: {error.strerror}", usage=True) from None

    def _prepare(self) -> None:
        if self.path.exists():
            if not self.path.is_dir():
                raise BadFolder(f"{self.path} is not a folder", usage=True)
            if any(self.path.iterdir()) and not (self.path / "run.json").exists():
                raise BadFolder(f"{self.path} is neither empty nor a run: name another folder",
                                usage=True)
            for name in OWN_FILES:
                (self.path / name).unlink(missing_ok=True)
            shutil.rmtree(self.path / "stderr", ignore_errors=True)
        self.path.mkdir(parents=True, exist_ok=True)

    def _save(self) -> None:
        write_atomic(self.path / "run.json", json.dumps(self.header, indent=1) + "\n")

    def append(self, document: dict) -> None:
        """Add one line to results.jsonl, handed to the kernel at once. Raises OSError."""
        data = (json.dumps(document, separators=(",", ":")) + "\n").encode()
        while data:
            data = data[self._lines.write(data):]
        self.results += 1

    def keep_text(self, name: str, text: str) -> str:
        """Keep a text beside the results; returns its path relative to the folder."""
        path = self.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return name

    def finish(self, state: str, ended: str, provenance: dict) -> None:
        """Close the run: state "complete" or "interrupted"; provenance is merged in."""
        os.fsync(self._lines.fileno())
        self._lines.close()
        self.header["provenance"].update(provenance)
        self.header.update(state=state, ended=ended, results=self.results)
        self._save()


@dataclass
class Run:
    """A run as loaded: header (run.json), lists, slices, and warnings (one line each)."""
    path: Path
    header: dict
    lists: List[dict] = field(default_factory=list)
    slices: List[dict] = field(default_factory=list)
    warnings: List[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """True when the run ended by itself and every result of it is here."""
        return (self.header["state"] == "complete" and not self.warnings
                and self.header["results"] == len(self.lists) + len(self.slices))


def load(path) -> Run:
    """Read a run folder.

    Returns a Run; a last line cut short by a kill is dropped with a warning. Raises
    BadFolder for a missing folder (usage), foreign, broken or newer-schema content.
    """
    path = Path(path)
    if not (path / "run.json").is_file():
        what = "holds no run.json" if path.is_dir() else "does not exist"
        raise BadFolder(f"{path} {what}: name the folder of a run", usage=True)
    run = Run(path, _document(path / "run.json"))
    try:
        text = (path / "results.jsonl").read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
        run.warnings.append("results.jsonl is missing")
    except (OSError, UnicodeDecodeError) as error:
        raise BadFolder(f"{path}/results.jsonl: {error}") from None
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            document = schema.parse(line)
        except schema.BadDocument as error:
            if number == len(lines) and "not JSON" in str(error):
                run.warnings.append(f"results.jsonl line {number} is cut short: dropped")
                continue
            raise BadFolder(f"{path}/results.jsonl line {number}: {error}") from None
        {"list": run.lists, "slice": run.slices}.get(document["kind"], []).append(document)
    return run


def header(path: Path) -> dict:
    """run.json of a run folder, checked as far as a reader of many needs. Raises BadFolder."""
    if not (path / "run.json").is_file():
        return load(path).header  # says what is wrong
    try:
        document = schema.known(json.loads((path / "run.json").read_text(encoding="utf-8")), "run")
        missing = {"id", "state", "started", "lane", "provenance", "planned"} - set(document)
    except ValueError as error:
        raise BadFolder(f"{path}/run.json: not JSON: {error}") from None
    except (OSError, UnicodeDecodeError, schema.BadDocument) as error:
        raise BadFolder(f"{path}/run.json: {error}") from None
    if missing:
        raise BadFolder(f"{path}/run.json: no {', '.join(sorted(missing))}: not a run's")
    return document


def _document(path: Path) -> dict:
    try:
        return schema.parse(path.read_text(encoding="utf-8"), "run")
    except (OSError, UnicodeDecodeError, schema.BadDocument) as error:
        raise BadFolder(f"{path}: {error}") from None
