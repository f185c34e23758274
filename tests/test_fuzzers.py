"""The fuzzers: what their committed inputs show, with any compiler; and libFuzzer itself, briefly.

Bounded by counts of executions. `make fuzz` is the long form.
"""
import importlib.util
import json
import re
import subprocess

import pytest

from tests.explorer import ROOT
from tests.made import made

INPUTS = ROOT / "fuzz/fuzzers/inputs"
SOURCES = ROOT / "fuzz/fuzzers"
RENEW = "fuzz/fuzzers/seeds.py makes new inputs"
ENOUGH = 300000  # executions: ten times the median of the variant that needs most


def script(name):
    spec = importlib.util.spec_from_file_location(name, SOURCES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


seeds, fuzzing = script("seeds"), script("run")


def make(*goals):
    made(*goals, rules="fuzz/fuzzers/rules.mk")


def run(program, *arguments, env=None):
    return subprocess.run(["timeout", "-k", "10", "400", ROOT / program, *arguments], cwd=ROOT,
                          capture_output=True, text=True, errors="replace", env=env,
                          stdin=subprocess.DEVNULL, check=False)


# (fuzzer, target, variant, path) of the inputs that show a bug of that variant
COMMITTED = [(path.parts[-2], path.parts[-3], path.name.split(".")[0], path)
             for path in sorted(INPUTS.glob("*/*/BUG_*"))]
FINDINGS = [c for c in COMMITTED if c[0] in ("fuzz_case", "fuzz_whole")]
MODELS = [c for c in COMMITTED if c not in FINDINGS]


FUZZERS = sorted((p.name, p.parent.name) for p in INPUTS.glob("*/*") if p.parent.name != "rig")


@pytest.fixture(scope="module", autouse=True)
def built():
    names = {(t, v, f) for f, t, v, _ in COMMITTED} | {(t, "fixed", f) for f, t in FUZZERS}
    make(*sorted(f"build/corpus/{t}/{v}/{f}" for t, v, f in names),
         *sorted(f"build/corpus/rig/fixed/{p.stem}" for p in (SOURCES / "rig").glob("*.c")))


def test_every_variant_has_an_input():
    """Of those that some case expects; what is there was made from the explorer's findings."""
    have, lack = {(t, v) for _, t, v, _ in FINDINGS}, set()
    targets = sorted({t for _, t in FUZZERS})
    make(*(f"build/explore/{target}/fixed/explore" for target in targets))
    for target in targets:
        for case in seeds.cases(ROOT / "build/explore" / target / "fixed/explore"):
            lack |= {(target, e["variant"]) for e in case["expect"] if e["models"]} - have
    assert len(lack) < len(have)
    if lack:
        pytest.skip(f"{RENEW}: {sorted(lack)} have none")


def test_every_check_has_an_input():
    """Which runs it, with nothing chosen."""
    have, lack = 0, []
    for target in sorted(t for f, t in FUZZERS if f == "fuzz_check"):
        make(f"build/explore/{target}/fixed/explore")
        for case in seeds.cases(ROOT / "build/explore" / target / "fixed/explore"):
            path = INPUTS / target / "fuzz_check" / f"{case['case']}.{seeds.MODELS[-1]}"
            if case["file"].startswith("fuzz/checks/"):
                have += path.exists()
                lack += [] if path.exists() else [case["case"]]
    assert len(lack) < have
    if lack:
        pytest.skip(f"{RENEW}: {lack} have none")


def subjects():
    return sorted({(f, t) for f, t, _, _ in FINDINGS})


@pytest.mark.parametrize("fuzzer, target", subjects())
def test_inputs_show_their_bug(fuzzer, target):
    """In the variant each is named for, with the class that the case expects.

    An input is a sequence of choices: a change of the code may make it another run. So some
    may be out of date, which is said; all cannot be.
    """
    shown, old = 0, []
    paths = [(v, p) for f, t, v, p in FINDINGS if (f, t) == (fuzzer, target)]
    for variant, path in paths:
        case, model = path.name.split(".")[1:]
        ran = run(f"build/corpus/{target}/{variant}/{fuzzer}", path)
        assert ran.returncode in (0, 1), ran.stdout + ran.stderr
        good = ran.returncode == 1 and "\nCAUGHT " in ran.stdout \
            and f"{target}/{variant} {case} {model}: execution" in ran.stdout
        shown += good
        old += [] if good else [path.name]
    assert 2 * shown > len(paths), old
    if old:
        pytest.skip(f"{RENEW}: out of date: {old}")


@pytest.mark.parametrize("fuzzer, target, variant, path", MODELS)
def test_models_fail_where_the_code_does(fuzzer, target, variant, path):
    ran = run(f"build/corpus/{target}/{variant}/{fuzzer}", path)
    assert ran.returncode == 1 and "finding: " in ran.stdout


@pytest.mark.parametrize("fuzzer, target", FUZZERS)
def test_fixed_is_clean_on_all_inputs(fuzzer, target):
    ran = run(f"build/corpus/{target}/fixed/{fuzzer}", INPUTS / target / fuzzer)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.splitlines()[-1].endswith(" inputs, 0 findings")


def test_a_finding_is_the_explorers():
    """The replay command that a fuzzer prints shows the same class in the explorer."""
    fuzzer, target, variant, path = FINDINGS[0]
    ran = run(f"build/corpus/{target}/{variant}/{fuzzer}", path)
    wanted = re.search(r"execution \d+: (\w+):", ran.stdout).group(1)
    replay = re.search(r"^replay: (\S+) --replay '(.*)'$", ran.stdout, re.M)
    again = run(replay.group(1), "--replay", replay.group(2), "--json")
    result = json.loads(again.stdout)
    assert (result["misfits"], result["code_changed"]) == (0, False)
    assert result["finding"]["class"] == wanted


def test_the_input_names_the_case():
    """seeds.py and executions.c agree on where a case stands: every input runs its own."""
    for _, target, variant, path in FINDINGS[:5]:
        case, model = path.name.split(".")[1:]
        data = path.read_bytes()
        assert int.from_bytes(data[:2], "little") == seeds.place(case)
        assert seeds.MODELS[data[2]] == model


@pytest.mark.parametrize("name", sorted(p.stem for p in (SOURCES / "rig").glob("fuzz_*.c")))
def test_readers_of_outside_input(name):
    """Sanitized, on the committed inputs and on what the project itself writes."""
    folders = fuzzing.inputs("rig", name)
    assert folders, "no inputs"
    ran = run(f"build/corpus/rig/fixed/{name}", *folders)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_usage_and_unreadable_inputs(tmp_path):
    program = "build/corpus/rig/fixed/fuzz_env"
    assert run(program).returncode == 64
    ran = run(program, tmp_path / "absent")
    assert ran.returncode == 2 and "cannot read" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_a_whole_run_may_show_what_it_need_not(tmp_path, monkeypatch):
    """A case tells all that it shows; a run of a whole runtime, what it must."""
    explore = tmp_path / "build/explore/sched/BUG_B/explore"
    explore.parent.mkdir(parents=True)
    explore.write_text("""#!/bin/sh
echo '{"whole": true, "expect": [{"variant": "BUG_A", "models": ["sc"]}]}'
echo '{"whole": false, "expect": [{"variant": "BUG_C", "models": ["sc"]}]}'
""")
    explore.chmod(0o755)
    (tmp_path / "build/explore/sched/BUG_A").symlink_to(explore.parent)
    monkeypatch.setattr(fuzzing, "ROOT", tmp_path)
    assert fuzzing.expected("sched", "BUG_A", "fuzz_whole") is True
    assert fuzzing.expected("sched", "BUG_B", "fuzz_whole") is None
    assert fuzzing.expected("sched", "BUG_B", "fuzz_case") is False
    found = {"found": "fatal", "caught": False, "fuzzer": "fuzz_whole", "case": "serve"}
    assert fuzzing.verdict(found, None) == fuzzing.verdict(found, True) == ("CAUGHT", True)
    assert fuzzing.verdict(found, False) == ("REFUTED", False)
    assert fuzzing.verdict({**found, "case": None}, True) == ("REFUTED", False)
    of_case = {**found, "fuzzer": "fuzz_case"}
    assert fuzzing.verdict(of_case, True) == ("REFUTED", False)
    assert fuzzing.verdict({**of_case, "caught": True}, True) == ("CAUGHT", True)
    assert fuzzing.verdict({"found": None}, True) == ("NOT_CAUGHT", False)


def test_what_is_fixed_has_its_own_time(tmp_path):
    def seconds(variant, *arguments):
        asked = fuzzing.command(tmp_path / "sched" / variant / "fuzz_case", "fuzz_case", tmp_path,
                                tmp_path, 1, fuzzing.parse(["--time", "7", *arguments]))
        return [a for a in asked if str(a).startswith("-max_total_time=")]
    assert seconds("fixed") == seconds("BUG_A", "--fixed-time", "9") == ["-max_total_time=7"]
    assert seconds("fixed", "--fixed-time", "9") == ["-max_total_time=9"]


def test_what_counters_are_worth(monkeypatch):
    """A difference that may be chance is none; a run that found nothing needs more than any."""
    monkeypatch.syspath_prepend(SOURCES)
    feedback = script("feedback")

    def results(found, without):
        return [{"target": "a", "variant": "BUG_B", "fuzzer": "fuzz_case", "feedback": letters,
                 "found": executions and "fatal", "executions": executions}
                for letters, runs in (("rhs", found), ("", without)) for executions in runs]
    few, many, lost = [10, 20, 30, 40, 50], [100, 200, 300, 400, None], [None] * 5
    assert feedback.fewer(results(few, many)) is True
    assert feedback.fewer(results(lost, few)) is False
    assert feedback.fewer(results(few, few)) is None
    assert feedback.fewer(results(few, [11, 19, 31, 42, 5])) is None
    assert re.search(r" 30 with +300 without  fewer with$", feedback.line(results(few, many)))
    assert " inf without" in feedback.line(results(few, lost))


# --- libFuzzer, where clang has it ---


def fuzz(target, variant, *arguments, **environment):
    program = f"build/fuzz/{target}/{variant}/fuzz_case"
    make(program)
    return run(program, "-timeout=20", "-max_len=1024", *arguments,
               env={"PATH": "/usr/bin:/bin", **environment})


def test_a_bug_is_found_from_nothing(tmp_path):
    """And libFuzzer keeps the input, which shows the same bug in the plain program."""
    ran = fuzz("poller", "BUG_PUBLISH_LATE", f"-runs={ENOUGH}", "-seed=1",
               f"-artifact_prefix={tmp_path}/")
    assert ran.returncode == 77, ran.stderr[-2000:]
    assert "CAUGHT" in ran.stdout and "replay: build/explore/poller/" in ran.stdout
    (kept,) = tmp_path.glob("crash-*")
    again = run("build/corpus/poller/BUG_PUBLISH_LATE/fuzz_case", kept)
    assert again.returncode == 1 and "CAUGHT" in again.stdout


def test_fixed_stays_clean_and_counters_count(tmp_path):
    """Those that are alike count once."""
    features = {}
    for letters in ("", "rhs", "rhsa"):
        ran = fuzz("poller", "fixed", "-runs=20000", "-seed=1", f"-artifact_prefix={tmp_path}/",
                   FEEDBACK=letters)
        assert ran.returncode == 0, ran.stderr[-2000:]
        features[letters] = int(re.findall(r"ft: (\d+)", ran.stderr)[-1])
    assert features["rhsa"] > features["rhs"] > features[""]
