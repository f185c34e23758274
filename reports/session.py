"""One run of the matrix: its folder, its records as they come, and what is made of them."""
import json
import shlex
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import List, Optional

from reports import grade, html, judge, junit, provenance, summary
from reports.folder import Run, RunFolder, load, write_atomic
from reports.matrix import OVERTIME, Budget, Doubt, Item, Runner
from reports.progress import State
from reports.storm import Programs
from reports.subject import Subject


def now() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Session:
    """A run in progress."""

    def __init__(self, out: Path, programs: Programs, lists: List[dict], plan: List[Item],
                 seed: int, seconds: float, whole: bool, more: Optional[dict] = None):
        """Create the run's folder and write what is known before the run.

        out: folder; programs, lists: as Programs found them; plan: items that will run;
        seed: of the run; seconds: budget; whole: no selection of variants was made;
        more: options to keep in run.json.
        Raises folder.BadFolder.
        """
        self.plan, self.progress = plan, State(seconds, len(plan))
        self.budget = Budget(seconds, plan, seed, programs.slow)
        self.longest_overtime_s = OVERTIME * seconds
        facts = self._facts(programs)
        texts = {"dirty.diff": facts.pop("diff"), "topology.xml": facts.pop("topology")}
        planned = list({json.dumps(p): p for item in plan for p in item.planned()}.values())
        self.folder = RunFolder(out, {
            "id": f'{now().replace(":", "")}-{seed:x}', "started": now(),
            "lane": programs.lane, "seed": seed, "command": shlex.join(_command()),
            "options": {"seconds": seconds, "whole": whole, **(more or {})}, "planned": planned,
            "provenance": facts})
        for name, text in texts.items():
            if text:
                self.folder.keep_text(name, text)
        for document in lists:
            self._append(document)
        self.runner = Runner(programs, lists, seed, self._keep)

    @staticmethod
    def _facts(programs: Programs) -> dict:
        found = programs.found()
        program = programs.path(*found[0]) if found else ""
        build = programs.cwd / programs.build / programs.lane
        return provenance.before(programs.cwd, programs.cwd / program, build)

    def _append(self, document: dict) -> None:
        text = document.pop("stderr_text", "")
        if document["kind"] == "slice" and document["state"] != "ok" and text:
            names = [document[k] for k in ("target", "case", "variant", "slice")]
            document["stderr"] = self.folder.keep_text(
                "stderr/" + "-".join(map(str, names)).replace("/", "_") + ".txt", text)
        self.folder.append(document)

    def _keep(self, record: dict) -> None:
        self._append(record)
        if record["result"]:
            hits = record["result"]["hits"]
            self.progress.hits += sum(hits.values())
            self.progress.detail = f'{record["variant"]}: {judge.describe(hits) or "no hit"}'

    def run(self, item: Item) -> List[dict]:
        """Run one item; returns its verdict rows (see reports.grade).

        What is in doubt has none yet: overtime() gives them.
        """
        if item.name in self.budget.left_out:
            self.progress.done += 1
            return self._noted(self._rows(item, self.runner.leave_out(item)))
        self.progress.doing, self.progress.detail = item.name, ""
        control, others = self.runner.run(item, self.budget.share(item))
        self.progress.done += 1
        subjects = ([control] if control else []) + others
        in_doubt = [one.item.name for one in self.runner.in_doubt()]
        self.progress.in_doubt = len(in_doubt)
        if item.name in in_doubt:
            return []
        return self._noted(self._rows(item, subjects))

    def _noted(self, rows: List[dict]) -> List[dict]:
        self.progress.note(rows)
        return rows

    @staticmethod
    def _rows(item: Item, subjects: List[Subject]) -> List[dict]:
        slices = [s for subject in subjects for s in subject.slices]
        lists = [subject.listed for subject in subjects]
        return grade.grade(lists, slices, item.planned())["rows"]

    def overtime(self, longest_s: Optional[float] = None) -> List[dict]:
        """Let what is in doubt go on; returns the verdict rows.

        First for what is left of the planned time, by need; then for a while longer (longest_s,
        left out: OVERTIME of the planned time), which is noted in run.json: options.overtime.
        """
        doubtful = self.runner.in_doubt()
        self.runner.by_need(self.budget.end, self._begin("by need"))
        start = time.monotonic()
        longest_s = self.longest_overtime_s if longest_s is None else longest_s
        begin = self._begin(f"overtime of {longest_s:.0f} s at most")
        races = self.runner.overtime(longest_s, begin)
        if races:
            before = self.folder.header["options"].get("overtime", {"seconds": 0.0, "races": []})
            names = dict.fromkeys([*before["races"], *(one.item.name for one in races)])
            self.folder.header["options"]["overtime"] = {
                "seconds": round(before["seconds"] + time.monotonic() - start, 2),
                "races": list(names),
                "still_in_doubt": [one.item.name for one in self.runner.in_doubt()]}
        return self._noted([row for one in doubtful
                            for row in self._rows(one.item, one.subjects())])

    def _begin(self, why: str):
        def begin(one: Doubt) -> None:
            self.progress.doing, self.progress.detail = f"{one.item.name} {why}", ""
            self.progress.in_doubt = len(self.runner.in_doubt())
        return begin

    def finish(self, interrupted: bool) -> dict:
        """End the run, grade and render it. Returns the verdicts (see reports.grade)."""
        cut = interrupted or self.progress.done < len(self.plan)
        self.folder.finish("interrupted" if cut else "complete", now(), provenance.after())
        return render(load(self.folder.path))


def _command() -> List[str]:
    return [sys.executable, "-m", "pytest", *sys.argv[1:]]


def graded(run: Run) -> dict:
    """Verdicts of a loaded run: grade.grade on what the folder holds."""
    options = run.header.get("options", {})
    whole = options.get("whole", True) and "shard" not in options
    return grade.grade(run.lists, run.slices, run.header["planned"], run.complete, whole)


def render(run: Run) -> dict:
    """Write all that is rendered into the folder (see reports.folder); returns the verdicts."""
    verdicts = graded(run)
    write_atomic(run.path / "verdicts.json", json.dumps(verdicts, indent=1) + "\n")
    small = summary.of_run(run, verdicts)
    write_atomic(run.path / summary.NAME, json.dumps(small, separators=(",", ":")) + "\n")
    write_atomic(run.path / "junit.xml", junit.text(run, verdicts))
    write_atomic(run.path / "index.html", html.text(run, verdicts))
    return verdicts
