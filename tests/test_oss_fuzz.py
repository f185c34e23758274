"""The contract with OSS-Fuzz and ClusterFuzzLite: their variables, an empty $OUT, and what was
made there runs elsewhere, by somebody else, from a folder that it cannot write to."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import zipfile

import pytest

from tests.explorer import ROOT

SANITIZERS = "-O1 -fno-omit-frame-pointer -fsanitize=address,fuzzer-no-link"
NOBODY = 65534

pytestmark = pytest.mark.skipif(not shutil.which("clang++"), reason="no clang++: nothing to link "
                                "libFuzzer with (make deps)")


@pytest.fixture(scope="module")
def made():
    """$OUT as the script leaves it, readable for everybody, writable for nobody."""
    with tempfile.TemporaryDirectory() as folder:
        out, work = pathlib.Path(folder, "out"), pathlib.Path(folder, "work")
        out.mkdir()
        work.mkdir()
        subprocess.run([ROOT / "ci/oss-fuzz/build.sh"], cwd=folder, check=True, env={
            "PATH": os.environ["PATH"], "CC": "clang", "CXX": "clang++", "CFLAGS": SANITIZERS,
            "CXXFLAGS": SANITIZERS, "LIB_FUZZING_ENGINE": "-fsanitize=fuzzer", "OUT": str(out),
            "WORK": str(work), "HOME": os.environ.get("HOME", "/"),
            "CCACHE_NOHASHDIR": "1", "CCACHE_BASEDIR": str(ROOT)})
        shutil.rmtree(work)
        for path in (pathlib.Path(folder), out):
            path.chmod(0o555)
        yield out
        for path in (pathlib.Path(folder), out):
            path.chmod(0o755)


def programs(out):
    return sorted(p for p in out.iterdir() if p.suffix == "" and os.access(p, os.X_OK))


def test_one_for_each_source(made):
    names = {p.name for p in programs(made)}
    targets = [p.parent.name for p in (ROOT / "targets").glob("*/cases")]
    for target in targets:
        assert f"fuzz_{target}_case" in names
        for folder, name in (("whole", "whole"), ("checks", "check")):
            there = (ROOT / "fuzz" / folder / target).is_dir()
            assert (f"fuzz_{target}_{name}" in names) == there
    for source in (ROOT / "fuzz/fuzzers/rig").glob("fuzz_*.c"):
        assert (source.stem in names) == ("/* libs:" not in source.read_text())
    assert all(n.startswith("fuzz_") for n in names)


def test_each_has_what_goes_with_it(made):
    for program in programs(made):
        assert "[libfuzzer]" in program.with_suffix(".options").read_text()
        with zipfile.ZipFile(made / f"{program.name}_seed_corpus.zip") as inputs:
            assert inputs.namelist()


def test_they_run_from_a_folder_they_cannot_write_to(made, tmp_path):
    before = sorted(p.name for p in made.iterdir())
    for program in programs(made):
        with tempfile.TemporaryDirectory() as inputs:
            os.chmod(inputs, 0o777)
            with zipfile.ZipFile(made / f"{program.name}_seed_corpus.zip") as packed:
                packed.extractall(inputs)
            ran = subprocess.run(
                ["timeout", "-k", "10", "900", program, "-runs=500", "-timeout=20",
                 "-seed=1", "-close_fd_mask=2", f"-artifact_prefix={inputs}/", inputs],
                cwd=made, capture_output=True, text=True, errors="replace", check=False,
                env={"PATH": "/usr/bin:/bin"}, stdin=subprocess.DEVNULL,
                user=NOBODY if os.getuid() == 0 else None)
            assert ran.returncode == 0, program.name + ran.stdout + ran.stderr[-3000:]
            assert "DONE" in ran.stderr
    assert sorted(p.name for p in made.iterdir()) == before
