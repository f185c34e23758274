"""build/native/probe: its shapes against the explorer's models, its code, and what it refuses."""
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

from reports import beside, probed, schema
from tests.made import made

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROBE = ROOT / "build/native/probe"
SHAPES = ROOT / "stress/probes/shapes"
ORDERS = ("plain", "release_acquire", "seq_cst")
MODELS = ("sc", "tso", "armv8", "armv8+lse", "armv8+rcpc", "armv8+lse+rcpc")
# The explorer orders a load before its thread's later stores, as if it fed
# them; the architecture does not.
ARCHITECTURE_ONLY = {("LB", "plain")}


@pytest.fixture(scope="session", autouse=True)
def built():
    made("build/native/probe")
    made("build/explore/litmus", rules="fuzz/rules.mk")


def probe(*arguments, program=PROBE, prefix=()):
    return subprocess.run([*prefix, program, *arguments], cwd=ROOT, capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, timeout=300, check=False)


def documents(*arguments, **how):
    ran = probe(*arguments, "--json", **how)
    return [schema.parse(line) for line in ran.stdout.splitlines()], ran


def listed():
    return documents("--list")[0]


def processors():
    return len(os.sched_getaffinity(0))


# --- what the models say ---


def litmus_tests():
    """By "test.order": the text that the program prints."""
    texts = re.split(r"(?m)^(?=C )", probe("--litmus").stdout)[1:]
    return {text.split()[1]: text for text in texts}


def of_models(folder, texts):
    """{(name, model): (states, whether the outcome looked for is one)} by the explorer."""
    paths = []
    for number, text in enumerate(texts.values()):
        paths.append(folder / f"{number}.litmus")
        paths[-1].write_text(text)
    found = {}
    for model in MODELS:
        ran = subprocess.run([ROOT / "build/explore/litmus", *paths, "--model", model],
                             capture_output=True, text=True, check=True)
        for block in ran.stdout.split("\n\n"):
            if block.strip():
                lines = block.strip().splitlines()
                states = set(lines[2:2 + int(lines[1].split()[1])])
                seen = re.search(r"^Observation \S+ (\w+)", block, re.MULTILINE)
                found[lines[0].split()[1], model] = states, seen[1] != "Never"
    return found


def test_what_each_model_permits_is_what_the_explorer_finds(tmp_path):
    texts = litmus_tests()
    probes = listed()
    assert set(texts) == {f'{p["probe"]}.{p["order"]}' for p in probes}
    found = of_models(tmp_path, texts)
    for p in probes:
        name = f'{p["probe"]}.{p["order"]}'
        finds = {model for model in MODELS if found[name, model][1]}
        declared = set(p["allowed"]) & set(MODELS)
        if (p["probe"], p["order"]) in ARCHITECTURE_ONLY:
            assert not finds and declared == {m for m in MODELS if m.startswith("armv8")}
        else:
            assert declared == finds, name


def test_no_model_has_other_states_than_interleaving_and_the_one_looked_for(tmp_path):
    """So the program may call any other a violation."""
    texts = litmus_tests()
    found = of_models(tmp_path, texts)
    for name in texts:
        usual = found[name, "sc"][0]
        for model in MODELS:
            more = found[name, model][0] - usual
            assert usual <= found[name, model][0], (name, model)
            assert len(more) == (found[name, model][1] and not found[name, "sc"][1]), (name, model)


# --- what the compiler made of them ---

INSTRUCTIONS = {
    "x86_64": {"ADD": r"lock\W+xadd", "CAS": r"lock\W+cmpxchg", "ST": r"xchg\w*|mov[lq]\b.*,.*\)$",
               "FENCE": r"mfence|lock\W+or", "LD": r"mov\w*\b.*\),"},
    "aarch64": {"ADD": r"ldadd|stl?xr|__aarch64_ldadd", "CAS": r"cas|stl?xr|__aarch64_cas",
                "ST": r"stl?r\b", "FENCE": r"dmb", "LD": r"lda?p?r\b"}}
MARK = re.compile(r"/\* (<?)(\w+)(>?) \*/")


def accesses(assembler, function):
    """[(kind, its instructions)] of a function in the compiler's text."""
    body = assembler.split(f"\n{function}:\n")[1].split("\t.size")[0]
    same = re.search(r"\t(?:jmp|b)\t(run_\d)", body)  # two actors do the same: made once
    if same:
        return accesses(assembler, same[1])
    found, inside = [], None
    for line in body.splitlines():
        mark = MARK.search(line)
        if mark and mark[1]:
            assert inside is None, "one access inside another"
            inside = mark[2]
            found.append((inside, []))
        elif mark and mark[3]:
            assert inside == mark[2]
            inside = None
        elif inside:
            found[-1][1].append(line)
    return found


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("shape", sorted(p.stem for p in SHAPES.glob("*.c")))
def test_the_compiler_kept_the_order(shape, order):
    path = SHAPES / f"{shape}.c"
    texts = re.findall(r"^ACTOR\(\d, (.*)\)$", path.read_text(), re.MULTILINE)
    assert texts
    known = INSTRUCTIONS[os.uname().machine]
    shown = subprocess.run(["gcc", "-std=gnu11", "-O2", "-I", "targets", "-I", "stress",
                            f"-DORDER_{order}", "-S", "-o", "-", path],
                           cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for number, text in enumerate(texts):
        made = accesses(shown, f"run_{number}")
        assert [kind for kind, _ in made] == [
            word.split("_")[0] for word in re.findall(r"(\w+)\(", text)]
        for kind, lines in made:
            assert any(re.search(known[kind], line) for line in lines), (kind, lines)


# --- what it reports ---


def test_each_file_is_a_probe_in_every_order():
    probes = listed()
    assert {(p["file"], p["order"]) for p in probes} == {
        (str(path.relative_to(ROOT)), order) for path in SHAPES.glob("*.c") for order in ORDERS}
    assert {p["bug"] for p in probes} > {None} and len({p["bug"] for p in probes}) == 5
    assert {p["probe"] for p in probes if "perpetual" in p["forms"]} == {"SB", "MP", "LB"}


@pytest.mark.skipif(processors() < 2, reason="one processor reorders nothing")
def test_store_buffering_is_seen_and_sequential_consistency_holds():
    """Rounds, not seconds: a loaded machine takes longer, no more."""
    found, ran = documents("SB", "--tune", "0.5", "--seconds", "0", "--rounds", "2000000")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len(found) == 6
    for document in found:
        assert document["rounds"] >= 2000000
        assert (document["weak"] > 0) == (document["order"] != "seq_cst"), document
        if document["form"] == "strided":
            assert sum(document["states"].values()) == document["rounds"]
        again = probe(*document["replay"].split()[1:], "--rounds", "1000", "--json")
        assert again.returncode == 0, again.stderr


@pytest.mark.skipif(processors() < 2, reason="one processor reorders nothing")
@pytest.mark.parametrize("liar, order", [("liar", "plain"), ("inventor", "seq_cst")])
def test_what_no_model_permits_is_a_model_violation(liar, order):
    made(f"PROBE_SHAPES=tests/probes/{liar}.c", f"PROBE_OUT=build/test-{liar}",
         f"build/test-{liar}/native/probe")
    program = ROOT / f"build/test-{liar}/native/probe"
    arguments = ("--order", order, "--seconds", "0", "--rounds", "2000000", "--tune", "0.5")
    found, ran = documents(*arguments, program=program)
    assert ran.returncode == 1
    (document,) = [d for d in found if d["kind"] == "probe"]
    assert document["verdict"] == "MODEL_VIOLATION" and document["expected"] is False
    assert document["hits"]["model_violation"] > 0
    shown = probe(*arguments, program=program)
    assert shown.returncode == 1
    assert "model_violation: " in shown.stdout and "replay: " in shown.stdout
    assert "0:r0=0 1:r0=0" in shown.stdout or "1:r0=2 " in shown.stdout


def test_too_few_processors_are_a_skip():
    cpu = str(min(os.sched_getaffinity(0)))
    found, ran = documents("SB", "IRIW", "--order", "plain", prefix=("taskset", "-c", cpu))
    assert ran.returncode == 77
    assert {d["verdict"] for d in found} == {"SKIPPED"}
    assert {d["reason"] for d in found} == {"2 actors, 1 processor", "4 actors, 1 processor"}
    assert all(d["expected"] is None and d["rounds"] == 0 for d in found)


@pytest.mark.parametrize("arguments, says", [
    (["no_such"], "no_such"), (["--order", "weak"], "--order weak"),
    (["--form", "round"], "--form round"), (["--seconds", "-1"], "--seconds -1"),
    (["--seconds", "0"], "--rounds too"), (["--tuning", "batch=3"], "powers of two"),
    (["--tuning", "bath=3"], "--tuning bath=3"), (["--tuning", "stride=2"], "odd"),
    (["--placement", "nearby"], "nearby"), (["--no-such"], "--no-such"),
    (["SB", "--pin", "core:0"], "1 location for 2 actors"),
    (["--pin", "all,all", "--placement", "all"], "no --placement"),
])
def test_usage_errors(arguments, says):
    ran = probe(*arguments)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (64, "", 1), ran.stderr
    assert says in ran.stderr


def test_make_probe_keeps_what_it_prints(tmp_path):
    out = tmp_path / "probe/results.jsonl"
    ran = subprocess.run([sys.executable, "stress/probes/table.py", "--out", out, "--", "--tune",
                          "0", "--seconds", "0.01"], cwd=ROOT, capture_output=True, text=True,
                         timeout=300, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = probed.documents(out)
    assert {d["test"] for d in found if d["kind"] == "probe"} == {p["probe"] for p in listed()}
    assert ran.stdout.count("precondition: ") == 4
    assert [d["placement"] for d in found if d["kind"] == "transfer"][-1] == "all"
    table = probed.table(found)
    assert len(table["bugs"]) == 4 and table["wrong"] == []
    assert beside.found(tmp_path / "run", "probe", probed.documents, []) == found
    out.write_text(out.read_text() + json.dumps({"schema": 1, "kind": "probe"}) + "\n")
    warnings = []
    assert beside.found(tmp_path / "run", "probe", probed.documents, warnings) == []
    assert len(warnings) == 1
