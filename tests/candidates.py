#!/usr/bin/python3
"""Known answers: candidates whose verdict is known, each validated as a user would.

    tests/candidates.py [--list] [--cheap] [NAME...]

A candidate is a folder of tests/candidates: expect.json, and either candidate.patch or the
files under targets/. expect.json says
  verdict   what must come out
  by        the step that refutes, or how it is proven
  class     of the counterexample, where the explorer finds it
  against   the control, as for make validate (left out: every known bug)
  over      a switch: the bug is the tree's code, and the candidate is to mend it
  cheap     true where make check validates it too
  why       for people
Beside these every switch of the sources is a candidate: the tree in which it is the code,
which must be refuted by a class that a case promises of it, and may not be where none does.

Exit status: 0 all right, 1 not, 64 usage. A line per candidate; at the end how many were right.
"""
import argparse
import contextlib
import functools
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOME = ROOT / "tests/candidates"
SWITCH = re.compile(r"\bBUG_[A-Z0-9_]*[A-Z0-9]\b")
BOUND_S = 1500.0
TIME, EXPLORE = "75s", "30s"  # for each; races end as soon as they are proven


def stored():
    """{name: expectation} of the folders."""
    return {p.parent.name: json.loads(p.read_text()) for p in sorted(HOME.glob("*/expect.json"))}


@functools.cache
def switches():
    """{switch: target} in whose folder it stands."""
    return {m: folder.parent.name for folder in sorted((ROOT / "targets").glob("*/cases"))
            for p in sorted(folder.parent.glob("*.[chS]")) for m in SWITCH.findall(p.read_text())}


def resolved(text, switch, value="-D"):
    """A source in which a switch is decided: "-D", it is on, or "-U"."""
    if not re.search(rf"\b{switch}\b", text):
        return text
    # unifdef leaves conditions alone that go on in the next line
    joined = re.sub(r"^[ \t]*#[ \t]*(?:el)?if(?:\\\n|.)*",
                    lambda m: re.sub(r"\s*\\\n\s*", " ", m.group()), text, flags=re.MULTILINE)
    ran = subprocess.run(["unifdef", f"{value}{switch}"], input=joined, capture_output=True,
                         text=True, check=False)
    if ran.returncode not in (0, 1):
        raise RuntimeError(f"unifdef: {ran.stderr}")
    return text if ran.returncode == 0 else ran.stdout


def as_code(switch, top):
    """Writes under `top` the sources that change when a switch is the code."""
    for path in sorted((ROOT / "targets").rglob("*.[chS]")):
        text = path.read_text()
        plain = resolved(text, switch)
        if plain != text:
            to = top / path.relative_to(ROOT)
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_text(plain)


@contextlib.contextmanager
def tree_of(switch):
    """A tree to validate in: this one, or a copy in which a switch is the code."""
    if not switch:
        yield ROOT
        return
    sys.path.insert(0, str(ROOT))
    from validate.tree import VARIANT, Tree
    with tempfile.TemporaryDirectory() as top:
        as_code(switch, pathlib.Path(top))
        change = {str(p.relative_to(top)): p.read_bytes() for p in pathlib.Path(top).rglob("*")
                  if p.is_file()}
        with Tree(ROOT, change) as tree:
            for folder in tree.top.glob(f"build/*/*/{VARIANT}"):
                for path in (p for p in folder.rglob("*.d") if p.is_file()):
                    path.write_text(path.read_text().replace(f"/{VARIANT}/", "/fixed/"))
                folder.rename(folder.with_name("fixed"))
            for part in ("validate", "reports", "fuzz", "ci"):
                shutil.copytree(ROOT / part, tree.top / part, dirs_exist_ok=True)
            # Of the form without the switch, which is not this tree's.
            shutil.rmtree(tree.top / "fuzz/checks")
            yield tree.top


@functools.cache
def promised(switch):
    """Failure classes that the cases promise of a switch, under any model."""
    target = switches()[switch]
    program = ROOT / "build/explore" / target / "fixed/explore"
    listed = subprocess.run([program, "--list", "--json"], capture_output=True, text=True,
                            check=True).stdout
    return {e["failure"] for line in listed.splitlines() for e in json.loads(line)["expect"]
            if e["variant"] == switch and e["models"]}


def expectation(name):
    """What must come of a candidate, by its name."""
    if name in stored():
        return stored()[name]
    classes = promised(name)
    return {"verdict": "REFUTED", "classes": sorted(classes)} if classes else {"not": "REFUTED"}


def validate(name, out):
    """Validates one candidate. Returns (exit status, document or None, what was printed, seconds);
    these without what it takes to make a tree of a switch."""
    expect = stored().get(name, {})
    with tree_of(expect.get("over")) as root, tempfile.TemporaryDirectory() as made:
        place = HOME / name
        if name not in stored():
            place = pathlib.Path(made)
            as_code(name, place)
        patch = place / "candidate.patch"
        against = expect.get("against")
        command = [sys.executable, "-m", "validate", str(patch if patch.exists() else place),
                   "--time", TIME, "--explore", EXPLORE, "--no-cost", "--seed", "1", "-o", str(out),
                   *(["--against", against] if against else [])]
        start = time.monotonic()
        ran = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False,
                             timeout=BOUND_S)
        seconds = time.monotonic() - start
    path = pathlib.Path(out) / "validation.json"
    return ran.returncode, json.loads(path.read_text()) if path.exists() else None, \
        ran.stdout + ran.stderr, seconds


def wrong(name, code, told):
    """What is not as expected of a validation; "" where all is."""
    expect = expectation(name)
    if not told:
        return f"no verdict, status {code}"
    if told["verdict"] == expect.get("not") or expect.get("verdict", told["verdict"]) \
            != told["verdict"]:
        return f'{told["verdict"]}, expected {expect}: {told["reason"]}'
    refuted = next((s for s in told["steps"] if s["state"] == "refuted"), None)
    by = {p["by"] for p in told["proofs"].values()}
    if "by" in expect and expect["by"] not in (refuted["name"] if refuted else by):
        return f'by {refuted["name"] if refuted else sorted(by)}, expected {expect["by"]}'
    classes = set(expect.get("classes", [expect["class"]] if "class" in expect else []))
    if refuted and refuted["name"] == "explorer" and classes and not any(
            re.search(rf": {c}\b", refuted["text"]) for c in classes):
        return f'{refuted["text"]}: expected {" or ".join(sorted(classes))}'
    return ""


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--cheap", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args(arguments)
    known = [*stored(), *sorted(switches())]
    names = options.names or [n for n in known
                              if not options.cheap or stored().get(n, {}).get("cheap")]
    if set(names) - set(known):
        print(f"candidates: no such candidate: {sorted(set(names) - set(known))[0]}",
              file=sys.stderr)
        return 64
    if options.list:
        print("\n".join(names))
        return 0
    right = 0
    for name in names:
        with tempfile.TemporaryDirectory() as out:
            code, told, said, seconds = validate(name, out)
        fault = wrong(name, code, told)
        right += not fault
        print(f"{'✘' if fault else '✔'} {name:<28} {seconds:>5.0f} s  "
              + (fault or f'{told["verdict"]}: {told["reason"]}'), flush=True)
        if fault:
            print(said, file=sys.stderr)
    print(f"{right} of {len(names)} right")
    return 0 if right == len(names) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
