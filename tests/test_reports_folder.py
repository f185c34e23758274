"""Run folders, their schema, and `python3 -m reports` on good and bad input."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from made_records import LISTS, RACE, header, listed, planned, race, record, result, write_run
from reports import folder, provenance, schema

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = sorted((ROOT / "build" / "native").glob("*/*/storm"))


def reports(*words, **more):
    """Run `python3 -m reports`."""
    return subprocess.run([sys.executable, "-m", "reports", *map(str, words)], cwd=ROOT,
                          capture_output=True, text=True, timeout=180, **more)


def opened(path, **more):
    """A RunFolder with a made header."""
    made = header(RACE, None, **more)
    for name in ("schema", "kind", "state", "results", "ended"):
        made.pop(name)
    return folder.RunFolder(path, made)


def test_a_run_is_readable_at_every_moment(tmp_path):
    run = opened(tmp_path / "run")
    assert folder.load(run.path).header["state"] == "running"
    for document in LISTS + race():
        run.append(document)
    half = folder.load(run.path)
    assert len(half.slices) == 2 and not half.complete
    run.finish("complete", "2026-01-02T03:06:05Z", {"after": {"load": [1]}})
    whole = folder.load(run.path)
    assert whole.complete and whole.header["provenance"]["after"] == {"load": [1]}
    assert whole.header["results"] == len(LISTS) + 2


def test_a_line_cut_short_by_a_kill_is_dropped_and_no_pass(tmp_path):
    path = write_run(tmp_path / "run", race())
    lines = path / "results.jsonl"
    lines.write_text(lines.read_text()[:-40])
    run = folder.load(path)
    assert len(run.slices) == 1 and "cut short" in run.warnings[0] and not run.complete
    done = reports("grade", path)
    assert done.returncode == 1 and "cut short: dropped" in done.stderr
    assert json.loads(done.stdout)["verdict"] == "NOT AS EXPECTED"


def test_missing_results_are_no_pass(tmp_path):
    path = write_run(tmp_path / "run", race())
    lines = (path / "results.jsonl").read_text().splitlines(keepends=True)
    (path / "results.jsonl").write_text("".join(lines[:-1]))
    assert reports("table", path).returncode == 1
    (path / "results.jsonl").unlink()
    assert reports("table", path).returncode == 1


def test_writing_is_atomic(tmp_path, monkeypatch):
    path = tmp_path / "run.json"
    folder.write_atomic(path, "old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError):
        folder.write_atomic(path, "new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_an_earlier_run_is_replaced_a_foreign_folder_never(tmp_path):
    path = write_run(tmp_path / "run", race())
    (path / "index.html").write_text("old")
    opened(path)
    assert not (path / "index.html").exists() and folder.load(path).slices == []
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine")
    with pytest.raises(folder.BadFolder, match="neither empty nor a run"):
        opened(tmp_path / "notes")
    (tmp_path / "file").write_text("")
    for bad in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(folder.BadFolder):
            opened(bad)


def broken(tmp_path, name):
    """A run folder broken in the named way."""
    path = write_run(tmp_path / "run", race())
    lines, head = path / "results.jsonl", path / "run.json"
    text = lines.read_text()
    if name == "newer line":
        lines.write_text(text.replace('"schema": 1', '"schema": 2', 1))
    elif name == "newer run":
        head.write_text(head.read_text().replace('"schema": 1', '"schema": 2'))
    elif name == "broken middle":
        lines.write_text("{\n" + text)
    elif name == "foreign line":
        lines.write_text('{"schema": 1, "kind": "poem"}\n' + text)
    elif name == "foreign run":
        head.write_text('{"name": "package"}')
    elif name == "binary":
        lines.write_bytes(b"\xff\xfe" + text.encode())
    return path


@pytest.mark.parametrize("name, said", [
    ("newer line", "line 1: schema 2 is newer"), ("newer run", "schema 2 is newer"),
    ("broken middle", "line 1: not JSON"), ("foreign line", "unknown kind"),
    ("foreign run", "run.json"), ("binary", "results.jsonl")])
@pytest.mark.parametrize("command", ["grade", "html"])
def test_unreadable_input_is_one_line_and_exit_2(tmp_path, name, said, command):
    done = reports(command, broken(tmp_path, name))
    assert done.returncode == 2 and said in done.stderr
    assert done.stderr.count("\n") == 1 and done.stdout == ""


@pytest.mark.parametrize("words, said", [
    (["grade", "nowhere"], "does not exist"), (["grade", "tests"], "holds no run.json"),
    (["frown", "x"], "invalid choice"), (["grade"], "required"), ([], "required")])
def test_wrong_use_is_one_line_and_exit_64(words, said):
    done = reports(*words)
    assert done.returncode == 64 and said in done.stderr and done.stderr.count("\n") == 1


def test_each_renderer_works_alone(tmp_path):
    path = write_run(tmp_path / "run", race())
    graded = reports("grade", path)
    assert graded.returncode == 0 and json.loads(graded.stdout)["exit"] == 0
    table = reports("table", path)
    assert table.returncode == 0 and "\x1b" not in table.stdout
    assert table.stdout.rstrip().split("\n")[-1].startswith("AS EXPECTED: 2 verdicts")
    for name, file in (("html", "index.html"), ("junit", "junit.xml")):
        assert reports(name, path).returncode == 0 and (path / file).stat().st_size
        assert reports(name, path, "-o", tmp_path / "none" / "x").returncode == 64


def test_the_verdict_is_the_exit_code(tmp_path):
    refuted = write_run(tmp_path / "a", race(fixed=result("fixed", hits=1)))
    assert reports("table", refuted).returncode == 1
    crashed = write_run(tmp_path / "b", [record("fixed", "clean", "crash", "SIGSEGV")],
                        planned(("fixed", "clean")))
    assert reports("grade", crashed).returncode == 2


@pytest.mark.parametrize("spoil", [
    {"hits": {"sadness": 1}}, {"rounds": -1}, {"rounds": "many"}, {"env": {}}, {"pin": None},
    {"measured": {"seconds": 1}}, {"outcomes": {"woken": 1.5}}, {"target": ""}])
def test_the_schema_refuses_wrong_case_documents(spoil):
    schema.check(result("BUG_A", hits=1))
    with pytest.raises(schema.BadDocument):
        schema.check({**result("BUG_A", hits=1), **spoil})


def test_the_schema_refuses_missing_members():
    for name in ("kind", "case", "rounds", "hits", "replay", "env"):
        made = result("BUG_A")
        del made[name]
        with pytest.raises(schema.BadDocument):
            schema.check(made)
    for name in ("expected_failures", "outcomes", "model", "case"):
        made = listed("BUG_A")
        del made[name]
        with pytest.raises(schema.BadDocument):
            schema.check(made)


def test_failure_classes_are_those_of_the_sources():
    text = (ROOT / "targets" / "base" / "failure.h").read_text()
    named = [line.split('"')[1] for line in text.splitlines() if line.strip().startswith("X(")]
    known = json.loads(schema.FILE.read_text())["$defs"]["failure"]["enum"]
    assert sorted(named) == sorted(known)


needs_build = pytest.mark.skipif(not PROGRAMS, reason="no build/native: make build")


@needs_build
def test_real_lists_fit_the_schema():
    for program in PROGRAMS:
        done = subprocess.run([program, "--list", "--json"], capture_output=True, text=True,
                              check=True)
        for line in done.stdout.splitlines():
            document = schema.parse(line, "list")
            assert document["variant"] == program.parent.name


@needs_build
def test_real_results_fit_the_schema_and_add_up():
    shown = PROGRAMS[:1] + [p for p in PROGRAMS if p.parent.name == "fixed"][:1]
    for program in shown:
        cases = subprocess.run([program, "--list", "--json"], capture_output=True, text=True)
        name = json.loads(cases.stdout.splitlines()[0])["case"]
        done = subprocess.run([program, "--case", name, "--seconds", "0.4", "--seed", "3",
                               "--json"], capture_output=True, text=True, timeout=60)
        if done.returncode == 77:
            pytest.skip(done.stderr.strip())
        document = schema.parse(done.stdout.rstrip("\n"), "case")
        assert sum(document["outcomes"].values()) == document["rounds"]
        measured = document["measured"]
        for figure in ("rounds", "hits", "near", "blocks", "hit_blocks"):
            assert sum(c[figure] for c in measured["per_child"]) == measured[figure]


@pytest.mark.parametrize("fails", ["rev-parse", "status", "diff"])
def test_a_commit_that_git_does_not_tell_is_told_and_not_guessed(tmp_path, capsys, monkeypatch,
                                                                  fails):
    real = shutil.which("git")
    for words in (["init", "-q"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q",
                                   "--allow-empty", "-m", "first"]):
        subprocess.run([real, *words], cwd=tmp_path, check=True)
    (tmp_path / "new").touch()
    known = provenance.sources(tmp_path)
    assert len(known["commit"]) == 40 and known["dirty"] == ["new"]
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\n[ "$1" != {fails} ] || exit 1\nexec {real} "$@"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    assert provenance.sources(tmp_path)["commit"] is None
    said = capsys.readouterr().err
    assert f"git {fails} failed" in said and said.count("\n") == 1
    (tmp_path / ".git").rename(tmp_path / "gone")  # no repository: nothing to tell
    assert provenance.sources(tmp_path)["commit"] is None and not capsys.readouterr().err
