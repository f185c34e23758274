"""What make builds, against the sources; and that it builds neither too little nor too much.

Builds happen in a copy of the tree, where files may be edited.
"""
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from tests.made import made

ROOT = pathlib.Path(__file__).resolve().parent.parent
STORM = "build/native/poller/fixed/storm"
EXPLORE = "build/explore/poller/fixed/explore"
LANES = {"native": "storm", "explore": "explore"}  # and the program of each
CASE = re.compile(r"^CASE\((\w+)", re.MULTILINE)
IN_CONDITION = re.compile(r"^[ \t]*#[ \t]*(?:el)?if(?:\\\n|.)*", re.MULTILINE)
SWITCH = re.compile(r"\bBUG_[A-Z0-9_]+")


def run(*command, cwd=ROOT, **env):
    return subprocess.run(command, cwd=cwd, env=os.environ | env, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=600, check=False)


def make(copy, *arguments):
    return run("make", "-s", "-j2", *arguments, cwd=copy)


def targets():
    return sorted(p.parent.name for p in ROOT.glob("targets/*/cases"))


def sources(folder):
    return [p for p in sorted(folder.rglob("*")) if p.suffix in (".c", ".h")]


def switches(target):
    """The switches that decide what is compiled, with their +plain forms."""
    texts = [p.read_text() for p in sources(ROOT / "targets" / target)]
    found = {name for text in texts for condition in IN_CONDITION.findall(text)
             for name in SWITCH.findall(condition)}
    plain = {m for text in texts for m in re.findall(r"\bBUG_[A-Z0-9_]+\+plain", text)}
    return found | plain


@functools.cache
def build(lane):
    """Builds a lane of this tree: nothing to do in `make check`. Returns its folder."""
    made("build", f"LANE={lane}")
    return ROOT / "build" / lane


@pytest.fixture
def storm():
    return str(build("native") / "poller/fixed/storm")


def copy_tree(to):
    listed = run("git", "ls-files", "-coz", "--exclude-standard").stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the tree in which one program of each lane is built."""
    tree = tmp_path_factory.mktemp("tree")
    copy_tree(tree)
    ran = make(tree, STORM, EXPLORE)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stderr == "", "warnings"
    return tree


@pytest.fixture
def edit(copy):
    """Edits a file of the copy for one test: edit(name, function of its text)."""
    undo = []

    def edited(name, change):
        path = copy / name
        old = path.read_text() if path.exists() else None
        path.parent.mkdir(exist_ok=True)
        undo.append((path, old))
        path.write_text(change(old))

    yield edited
    for path, old in reversed(undo):
        if old is None:
            path.unlink()
            if not any(path.parent.iterdir()):
                path.parent.rmdir()
        else:
            path.write_text(old)


# --- header dependencies ---


@pytest.mark.parametrize("program", [STORM, EXPLORE])
def test_nothing_changed_nothing_built(copy, program):
    assert make(copy, "-q", program).returncode == 0


@pytest.fixture(scope="module")
def rules(copy):
    """What make, asked once, says that each file is made from."""
    said = make(copy, "-pq", STORM, EXPLORE).stdout
    return {made: from_.split("|")[0].split()
            for made, from_ in re.findall(r"^(build/[^\s:=]+): ([^=\n]*)$", said, re.MULTILINE)}


def made_from(rules, program):
    """All that the program is made from, through whatever is made between."""
    seen, todo = set(), [program]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += rules.get(name, [])
    return seen


@pytest.mark.parametrize("program, folders, rest", [
    (STORM, ["targets/base", "targets/poller", "stress"], ["Makefile", "stress/rules.mk",
                                                           "targets/rules.mk"]),
    (EXPLORE, ["targets/base", "targets/poller", "fuzz"], ["fuzz/rules.mk", "targets/rules.mk"]),
])
def test_each_file_of_a_program_rebuilds_it(copy, rules, program, folders, rest):
    """make knows of each, and has something to do once one of them is edited."""
    objects = copy / "build" / program.split("/")[1]
    included = set(" ".join(p.read_text() for p in objects.rglob("*.d")).split())
    headers = [str(p.relative_to(ROOT)) for folder in folders for p in sources(ROOT / folder)
               if p.suffix == ".h"]  # those in no program are for the style gate
    main = f"{folders[-1]}/main.c"
    wanted = [name for name in headers if name in included] + [main] + rest
    assert set(wanted) <= made_from(rules, program)
    for name in (wanted[0], main):
        assert make(copy, "-q", "-W", name, program).returncode == 1, name


def test_other_files_do_not(copy):
    for name in ["README.md", "ci/tidy.py", "tests/unit/check.h"]:
        assert make(copy, "-q", "-W", name, STORM).returncode == 0, name


@pytest.mark.parametrize("header", ["targets/base/order.h", "targets/poller/variant.h",
                                    "targets/poller/cases/poller_case.h",
                                    "stress/engine/pin.h"])
def test_an_edited_header_is_compiled(copy, edit, header):
    edit(header, lambda text: text + "#error edited just now\n")
    ran = make(copy, STORM)
    assert ran.returncode != 0
    assert "edited just now" in ran.stderr


def test_unit_tests_follow_their_headers(copy):
    program = "build/unit/lock_test"
    assert make(copy, program).returncode == 0
    assert make(copy, "-q", program).returncode == 0
    for name in ["tests/unit/check.h", "targets/base/lock.h", "targets/base/world.h",
                 "stress/world.c", "tests/unit/lock_test.c", "tests/unit/rules.mk"]:
        assert make(copy, "-q", "-W", name, program).returncode == 1, name
    assert make(copy, "-q", "-W", "targets/port/port.h", program).returncode == 0


# --- discovery ---


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("target", targets())
def test_variants_are_the_switches_in_the_sources(lane, target):
    wanted = switches(target) | {"fixed"}
    there = {p.parent.name for p in (build(lane) / target).glob(f"*/{LANES[lane]}")}
    assert wanted - there == set(), "not built"
    assert there - wanted == set(), "named by no #if of the sources: a slip, or make clean"


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("target", targets())
def test_every_binary_lists_every_case(lane, target):
    for program in sorted((build(lane) / target).glob(f"*/{LANES[lane]}")):
        folders = [ROOT / "targets" / target]
        if lane == "explore":
            folders.append(ROOT / "fuzz/whole" / target)
            if program.parent.name == "fixed":
                folders.append(ROOT / "fuzz/checks" / target)
        declared = {name: str(p.relative_to(ROOT)) for folder in folders for p in sources(folder)
                    for name in CASE.findall(p.read_text())}
        assert declared
        ran = run(str(program), "--list", "--json")
        assert ran.returncode == 0, ran.stderr
        lines = [json.loads(line) for line in ran.stdout.splitlines()]
        lines = [line for line in lines if "case" in line]  # storms: test_storms.py
        assert {line["case"]: line["file"] for line in lines} == declared
        assert len(lines) == len(declared)
        assert {(line["target"], line["variant"], line["lane"]) for line in lines} == {
            (target, program.parent.name, lane)}


@pytest.mark.parametrize("target", targets())
def test_expectations_name_switches(target):
    """And each switch is expected by some case, or nothing would ever look for it."""
    ran = run(str(build("native") / target / "fixed/storm"), "--list", "--json")
    expected = {e["variant"] for line in ran.stdout.splitlines()
                for e in json.loads(line)["expect"]}
    assert expected - switches(target) == set()
    assert {name.split("+")[0] for name in switches(target)} - {
        name.split("+")[0] for name in expected} == set()


NEW_CASE = "targets/poller/cases/brand_new.c"


def some_case():
    path = next(iter(sorted((ROOT / "targets/poller/cases").glob("*.c"))))
    return path.read_text()


def test_a_new_case_needs_no_list(copy, edit):
    edit(NEW_CASE, lambda _: CASE.sub("CASE(brand_new", some_case()))
    assert make(copy, STORM).returncode == 0
    ran = run(str(copy / STORM), "--list")
    assert "brand_new" in ran.stdout


def test_two_cases_of_one_name_do_not_link(copy, edit):
    edit(NEW_CASE, lambda _: some_case())
    ran = make(copy, STORM)
    assert ran.returncode != 0
    assert "multiple definition" in ran.stdout + ran.stderr


def test_a_new_switch_needs_no_list(copy, edit):
    edit("targets/poller/desc.c", lambda text: text + "#ifdef BUG_BRAND_NEW\n#endif\n")
    ran = run("make", "-n", "build", "LANE=native", cwd=copy)
    assert "build/native/poller/BUG_BRAND_NEW/" in ran.stdout


# --- targets that include others ---

ABOVE = {
    "targets/middle/middle.h": '#include "poller/poller.h"\nunsigned seven(void);\n',
    "targets/middle/middle.c": '#include "middle/middle.h"\n'
                               "#ifdef BUG_MIDDLE\n#error a switch of another target\n#endif\n",
    "targets/middle/seven.S": ".globl seven\nseven:\n#ifdef __aarch64__\n\tmov w0, 7\n#else\n"
                              "\tmovl $7, %eax\n#endif\n\tret\n"
                              '.section .note.GNU-stack, "", %progbits\n',
    "targets/above/above.c": '#include "middle/middle.h"\n#ifdef BUG_ABOVE\n#endif\n'
                             "uint32_t above(struct poll_desc *d);\n"
                             "uint32_t above(struct poll_desc *d)\n"
                             "{\n\treturn poll_check_error(d, POLL_READ) + seven();\n}\n",
}


@pytest.mark.parametrize("lane", LANES)
def test_an_included_target_is_compiled_with_the_includer(copy, edit, lane):
    """Its sources, assembler too, and those that it includes in turn; not their variants."""
    for name, text in ABOVE.items():
        edit(name, lambda _, text=text: text)
    edit("targets/above/cases/upwards.c", lambda _: CASE.sub("CASE(upwards", some_case()))
    listed = run("make", "-n", "build", f"LANE={lane}", cwd=copy).stdout
    programs = set(re.findall(rf"build/{lane}/(\w+)/([\w+]+)/{LANES[lane]}\b", listed))
    assert {variant for target, variant in programs if target == "above"} == {"fixed", "BUG_ABOVE"}
    assert not [target for target, _ in programs if target == "middle"]
    program = f"build/{lane}/above/BUG_ABOVE/{LANES[lane]}"
    ran = make(copy, program)
    assert ran.returncode == 0, ran.stderr
    cases = [json.loads(line)["case"] for line in
             run(str(copy / program), "--list", "--json").stdout.splitlines()]
    assert cases == ["upwards"]


@pytest.mark.parametrize("program", [STORM, EXPLORE])
def test_a_warning_in_a_target_is_shown_and_refuses_nothing(copy, edit, program):
    edit("targets/poller/io.c", lambda text: text + "static void nobody_calls(void)\n{ }\n")
    ran = make(copy, program)
    assert ran.returncode == 0, ran.stderr
    assert "nobody_calls" in ran.stderr


def test_make_leaves_what_it_built(copy):
    """And does not say at the end that it removes it."""
    shown = run("make", "-n", "build", "LANE=native", cwd=copy)
    assert shown.returncode == 0, shown.stderr
    assert not re.findall(r"^rm .*", shown.stdout, re.MULTILINE)


# --- refusals ---


@pytest.mark.parametrize("arguments, says", [
    (["--case", "no_such_case"], "no_such_case"),
    (["--no-such-option"], "--no-such-option"),
    ([], "--case"),
    (["--case", "close_vs_block", "--pin", "core:0"], "1 location for 2 actors"),
    (["--case", "close_vs_block", "--pin", "core:9999,core:0"], "core:9999: there"),
    (["--case", "close_vs_block", "--pin", "elsewhere:0,core:0"], "elsewhere: unknown type"),
    (["--case", "close_vs_block", "--placement", "nearby"], 'unknown placement "nearby"'),
    (["--case", "close_vs_block", "--seconds", "-1"], "--seconds -1"),
    (["--case", "close_vs_block", "--seconds", "soon"], "--seconds soon"),
    (["--case", "close_vs_block", "--seed", "x"], "--seed x"),
    (["--case", "close_vs_block", "--env", "nonsense"], "--env nonsense"),
    (["--case", "close_vs_block", "--layout", "tight"], "tight"),
    (["--case", "close_vs_block", "--children", "0"], "--children 0"),
])
def test_usage_errors(storm, arguments, says):
    refused(run(storm, *arguments), 64, says)


def refused(ran, code, says):
    assert ran.returncode == code, ran.stderr
    assert ran.stdout == ""
    assert says in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_an_absent_placement_is_a_skip(storm):
    ran = run(storm, "--case", "close_vs_block", "--json",
              "--placement", "smt", HWLOC_SYNTHETIC="package:1 core:2 pu:1")
    refused(ran, 77, "placement smt is absent here: no core has that many PUs")


def test_a_pin_that_fails_is_an_error(storm):
    """Bound to a topology that is not this machine's: no result may come of it."""
    ran = run(storm, "--case", "close_vs_block", "--json",
              "--seconds", "0.2", HWLOC_SYNTHETIC="package:1 core:2 pu:1")
    assert ran.returncode == 2
    assert "not this machine's topology" in ran.stderr + ran.stdout
    assert json.loads(ran.stdout)["hits"] == {"engine_error": 1}


@pytest.mark.parametrize("arguments", [["--list", "--json"], ["--list"], [
    "--case", "close_vs_block", "--seconds", "0.2", "--json"]])
def test_unwritable_output(storm, arguments):
    with open("/dev/full", "w", encoding="ascii") as full:
        ran = subprocess.run([storm, *arguments], stdout=full,
                             stderr=subprocess.PIPE, text=True, check=False)
    assert ran.returncode == 2
    assert "write" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_a_missing_compiler_is_named(copy):
    ran = make(copy, "-W", "stress/world.c", "CC=no-such-compiler", STORM)
    assert ran.returncode != 0
    assert "no-such-compiler" in ran.stderr


def test_help_names_every_command_of_the_readme():
    """Also where so much is built that all dependency files make a long command line."""
    shown = run("make", "help")
    assert shown.returncode == 0, shown.stderr
    wanted = set(re.findall(r"`make ([a-z]+)", (ROOT / "README.md").read_text()))
    assert {"storm", "check"} <= wanted
    assert not [name for name in wanted if f"make {name} " not in shown.stdout]
