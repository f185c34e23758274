"""The history: imported once, migrated, shared by writers, killed at any moment, fast."""
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from made_nights import night, row
from made_records import race, write_run
from reports import folder, history, merge, schema, session

ROOT = Path(__file__).resolve().parent.parent


def reports(*words, **more):
    """Run `python3 -m reports`."""
    return subprocess.run([sys.executable, "-m", "reports", *map(str, words)], cwd=ROOT,
                          capture_output=True, text=True, timeout=300, **more)


def contents(path):
    """All that a history holds, without the numbers that it gives by itself."""
    db = sqlite3.connect(path)
    found = {
        "runs": db.execute("SELECT key, content, started, verdict FROM runs ORDER BY key"),
        "results": db.execute(
            "SELECT runs.key, target, case_name, variant, lanes.lane, placement, hits, seconds "
            "FROM results JOIN runs ON runs.id = run JOIN lanes ON lanes.id = results.lane "
            "ORDER BY 1, 2, 3, 4, 5, 6"),
        "figures": db.execute("SELECT runs.key, figures.lane, name, value FROM figures JOIN runs "
                              "ON runs.id = run ORDER BY 1, 2, 3"),
        "findings": db.execute("SELECT runs.key, class, hits FROM findings JOIN runs ON "
                               "runs.id = run ORDER BY 1, 2, 3")}
    found = {name: list(cursor) for name, cursor in found.items()}
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    return found


def test_importing_twice_changes_nothing(tmp_path):
    runs = [night(tmp_path / "runs", n, [row(), row("fixed", 0)]) for n in range(3)]
    there = history.History(tmp_path / "h")
    assert [there.import_run(path) for path in runs + runs] == ["new"] * 3 + ["there"] * 3
    once = contents(tmp_path / "h")
    assert len(once["runs"]) == 3 and len(once["results"]) == 6
    done = reports("history", "import", tmp_path / "runs", "--db", tmp_path / "h")
    assert done.returncode == 0 and done.stdout == "3 runs there\n"
    assert contents(tmp_path / "h") == once


def test_a_run_that_has_grown_replaces_itself(tmp_path):
    there = history.History(tmp_path / "h")
    there.import_run(night(tmp_path, 1, [row(hits=5)]))
    assert there.import_run(night(tmp_path, 1, [row(hits=9), row("fixed", 0)])) == "replaced"
    found = contents(tmp_path / "h")
    assert len(found["runs"]) == 1 and [r[-2] for r in found["results"]] == [9, 0]


def test_a_run_is_the_same_from_its_summary_and_from_its_results(tmp_path):
    path = write_run(tmp_path / "run", race())
    history.History(tmp_path / "graded").import_run(path)
    session.render(folder.load(path))
    schema.check(json.loads((path / "summary.json").read_text()), "summary")
    history.History(tmp_path / "small").import_run(path)
    (path / "summary.json").write_text('{"schema": 1, "kind": "summ')
    history.History(tmp_path / "torn").import_run(path)
    assert contents(tmp_path / "graded") == contents(tmp_path / "small") == contents(
        tmp_path / "torn")


def test_a_summary_of_other_results_is_not_believed(tmp_path):
    path = write_run(tmp_path / "run", race())
    session.render(folder.load(path))
    lines = (path / "results.jsonl").read_text().splitlines(keepends=True)
    (path / "results.jsonl").write_text("".join(lines[:-1]))
    history.History(tmp_path / "h").import_run(path)
    assert contents(tmp_path / "h")["runs"][0][-1] == "NOT AS EXPECTED"


def spoilt(tmp_path, name):
    """A history or a run that cannot be used, in the named way: (arguments, what is said)."""
    path = night(tmp_path / "runs", 1, [row()])
    db, head = tmp_path / "h", path / "run.json"
    if name == "no database":
        db.write_text("This is a letter, and a long one. " * 100)
    elif name == "a foreign database":
        sqlite3.connect(db).executescript("CREATE TABLE songs (name TEXT)")
    elif name == "a newer history":
        history.History(db).db.execute(f"PRAGMA user_version = {history.VERSION + 1}")
    elif name == "a torn run":
        head.write_text(head.read_text()[:50])
    elif name == "a newer run":
        head.write_text(head.read_text().replace('"schema": 1', '"schema": 2'))
    elif name == "an older run":
        head.write_text(head.read_text().replace('"schema": 1', '"schema": 0'))
    elif name == "a foreign run":
        head.write_text('{"name": "package"}')
    elif name == "a foreign summary":
        (path / "summary.json").write_text('{"schema": 1, "kind": "summary", "id": "night0001-m0-'
                                           'native", "bytes": 0, "rows": [{"target": 3}]}')
    return db, path


@pytest.mark.parametrize("name, said", [
    ("no database", "not a database"), ("a foreign database", "no history of this program's"),
    ("a newer history", "is newer than this program's"), ("a torn run", "not JSON"),
    ("a newer run", "schema 2 is newer"), ("an older run", "schema 0 is older"),
    ("a foreign run", "wanted \"run\""), ("a foreign summary", "not one of this program's")])
def test_unusable_input_is_one_line_and_nothing_is_imported(tmp_path, name, said):
    db, path = spoilt(tmp_path, name)
    before = db.read_bytes() if db.exists() else None
    done = reports("history", "import", path, "--db", db)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    if before and "newer" not in name:
        assert db.read_bytes() == before
    elif not before:
        assert contents(db)["runs"] == []


def test_one_bad_run_does_not_keep_out_the_others(tmp_path):
    for n in range(3):
        night(tmp_path / "runs", n, [row()])
    (tmp_path / "runs" / "night0001-m0-native" / "run.json").write_text("{")
    done = reports("history", "import", tmp_path / "runs", "--db", tmp_path / "h")
    assert done.returncode == 2 and "2 runs new" in done.stdout


def test_an_older_history_is_migrated_with_all_it_holds(tmp_path):
    db = sqlite3.connect(tmp_path / "h")
    db.executescript(history.MIGRATIONS[0])
    db.executescript(f"""PRAGMA application_id = {history.APPLICATION}; PRAGMA user_version = 1;
        INSERT INTO machines VALUES (1, 'm0', 'toy');
        INSERT INTO runs VALUES (1, 'old', 'x', '2030-01-01T00:00:00Z', 'complete', 1, 'native',
          1, 'AS EXPECTED', 0, 1, 'gone', '{{}}');""")
    db.close()
    there = history.History(tmp_path / "h")
    assert there.import_run(night(tmp_path, 1, [row()])) == "new"
    assert [r["key"] for r in there.runs()] == ["old", "night0001-m0-native"]
    assert len(contents(tmp_path / "h")["figures"]) == 1


def test_rebuilding_keeps_what_was_acknowledged(tmp_path):
    for n in range(4):
        night(tmp_path / "runs", n, [row(hits=100 + n)])
    there = history.History(tmp_path / "h")
    history.import_all(there, history.run_folders([tmp_path / "runs"]))
    there.db.execute("INSERT INTO regressions (class, target, case_name, variant, lane, placement, "
                     "figure, found, since, text, note) VALUES ('c','t','c','v','l','p','f','x',"
                     "'x','fell','known')")
    before = contents(tmp_path / "h")
    there.close()
    done = reports("history", "rebuild", tmp_path / "runs", "--db", tmp_path / "h")
    assert done.returncode == 0 and contents(tmp_path / "h") == before
    assert history.History(tmp_path / "h").rows("SELECT note FROM regressions") == [
        {"note": "known"}]


def test_a_merged_run_adds_no_exposure_of_its_own(tmp_path):
    parts = [write_run(tmp_path / "runs" / name, race(), id=name) for name in "ab"]
    merge.merge(tmp_path / "runs" / "whole", parts)
    for root in (tmp_path / "runs", tmp_path / "runs" / "whole"):
        there = history.History(tmp_path / f"{root.name}.sqlite")
        history.import_all(there, history.run_folders([root]))
        assert [run["key"] for run in there.runs()] == ["a", "b"]


def importer(db, *paths):
    """An importing process."""
    return subprocess.Popen([sys.executable, "-m", "reports", "history", "import", *map(str, paths),
                             "--db", str(db)], cwd=ROOT, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def test_two_writers_at_once(tmp_path):
    for n in range(120):
        night(tmp_path / f"part{n % 2}", n, [row(case=f"c{i}") for i in range(20)])
        night(tmp_path / "both", 1000 + n, [row()])
    makers = [importer(tmp_path / "h", tmp_path / f"part{i}", tmp_path / "both") for i in (0, 1)]
    for maker in makers:
        _, err = maker.communicate(timeout=300)
        assert maker.returncode == 0, err
    found = contents(tmp_path / "h")
    assert len(found["runs"]) == 240 and len(found["results"]) == 120 * 20 + 120


# One process per kill would spend its time on starting Python. Before each some
# runs grow, so that there is always something to import.
KILLED = """
import json, os, random, sys, time
from reports import history
runs, killed = history.run_folders([sys.argv[2]]), 0
while killed < int(sys.argv[3]):
    for path in random.sample(runs, 40):
        small = json.loads((path / "summary.json").read_text())
        for row in small["rows"]:
            row["counted"]["hits"] += 1
        (path / "summary.json").write_text(json.dumps(small))
    ready, go = os.pipe()
    child = os.fork()
    if not child:
        there = history.History(sys.argv[1])
        os.write(go, b"x")
        history.import_all(there, random.sample(runs, len(runs)))
        os._exit(0)
    os.read(ready, 1)
    time.sleep(random.uniform(0, 0.03))
    os.kill(child, 9)
    killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
    os.close(ready), os.close(go)
"""


def test_killed_a_hundred_times_nothing_is_lost_or_doubled(tmp_path):
    for n in range(150):
        night(tmp_path / "runs", n, [row(case=f"c{i}", hits=n + i) for i in range(8)])
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "h", tmp_path / "runs", "100"],
                          cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    there = contents(tmp_path / "h")
    per_run = {}
    for line in there["results"]:
        per_run[line[0]] = per_run.get(line[0], 0) + 1
    assert set(per_run) == {r[0] for r in there["runs"]} and set(per_run.values()) == {8}
    for path in (tmp_path / "h", tmp_path / "whole"):
        history.import_all(history.History(path), history.run_folders([tmp_path / "runs"]))
    strip = [{**contents(path), "figures": None} for path in (tmp_path / "h", tmp_path / "whole")]
    assert strip[0] == strip[1] and len(strip[0]["runs"]) == 150


def test_a_killed_importer_leaves_no_lock(tmp_path):
    for n in range(60):
        night(tmp_path / "runs", n, [row()])
    maker = importer(tmp_path / "h", tmp_path / "runs")
    time.sleep(random.uniform(0.2, 0.6))
    os.kill(maker.pid, signal.SIGKILL)
    maker.communicate()
    done = reports("history", "import", tmp_path / "runs", "--db", tmp_path / "h")
    assert done.returncode == 0 and len(contents(tmp_path / "h")["runs"]) == 60
