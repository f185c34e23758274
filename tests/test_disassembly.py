"""ci/disassembly.py: what each compiler makes of each access, and that wrong code is told."""
import json
import pathlib
import subprocess
import sys

import pytest

from ci import disassembly
from tests.made import made as build

ROOT = pathlib.Path(__file__).resolve().parent.parent
ACCESSES = """
#include "base/order.h"
#define F(name, ...) \\
	uint32_t name(word32 *w, uint32_t x) { (void)w; (void)x; __VA_ARGS__; }
F(load_relaxed_, return load_relaxed(w))
F(load_acquire_, return load_acquire(w))
F(load_seq_cst_, return load_seq_cst(w))
F(store_relaxed_, store_relaxed(w, x); return 0)
F(store_release_, store_release(w, x); return 0)
F(store_seq_cst_, store_seq_cst(w, x); return 0)
F(exchange_seq_cst_, return exchange_seq_cst(w, x))
F(cas_seq_cst_, return cas_seq_cst(w, &x, 7))
F(cas_acq_rel_, return cas_acq_rel(w, &x, 7))
F(cas_relaxed_, return cas_relaxed(w, &x, 7))
F(add_acq_rel_, return fetch_add_acq_rel(w, x))
F(fence_seq_cst_, fence_seq_cst(); return 0)
"""
NAMES = [line[2:].split(",")[0] for line in ACCESSES.splitlines() if line.startswith("F(")]
ARM_GCC = "aarch64-linux-gnu-gcc"
ARM_CLANG = "--target=aarch64-linux-gnu"
LLSC = "-march=armv8-a", "-mno-outline-atomics"


def have(*command):
    try:
        return subprocess.run([*command, "--version"], capture_output=True,
                              check=False).returncode == 0
    except FileNotFoundError:
        return False


# lane whose promise holds, and the compiler that must keep it
COMPILERS = [("native", "gcc"), ("native", "clang-14"), ("native", "clang-19"),
             ("arm64-llsc", ARM_GCC, *LLSC), ("arm64-lse", ARM_GCC, "-march=armv8.1-a"),
             ("arm64-outline", ARM_GCC), ("arm64-llsc", "clang-14", ARM_CLANG, *LLSC),
             ("arm64-lse", "clang-14", ARM_CLANG, "-march=armv8.1-a"),
             ("arm64-llsc", "clang-19", ARM_CLANG, *LLSC),
             ("arm64-lse", "clang-19", ARM_CLANG, "-march=armv8.1-a"),
             ("arm64-rcpc", "clang-19", ARM_CLANG, "-march=armv8-a+rcpc", "-mno-outline-atomics"),
             ("arm64-lse-rcpc", "clang-19", ARM_CLANG, "-march=armv8.3-a"),
             # older compilers have no LDAPR, whatever the processor has
             ("arm64-lse", ARM_GCC, "-march=armv8.3-a"),
             ("arm64-lse", "clang-14", ARM_CLANG, "-march=armv8.3-a")]


def compiled(folder, lane, compiler):
    source, made = folder / "accesses.c", folder / "accesses.o"
    source.write_text(ACCESSES)
    subprocess.run([*compiler, "-std=gnu11", "-O2", "-g", "-I", ROOT / "targets", "-c", source,
                    "-o", made], check=True)
    for name in NAMES:
        operation, order = name.rstrip("_").split("_", 1)
        found = disassembly.instructions(lane, made, name)
        yield operation, order, [word for words in found.values() for word in words]


@pytest.mark.parametrize("lane, compiler", [(c[0], c[1:]) for c in COMPILERS],
                         ids=[" ".join(c) for c in COMPILERS])
def test_each_access_becomes_what_the_lane_promises(lane, compiler, tmp_path):
    if not have(*compiler[:1]) or (lane != "native" and not have("aarch64-linux-gnu-objdump")):
        pytest.skip(f"no {compiler[0]}, or no binutils for it: make check-arm64 installs them")
    for operation, order, made in compiled(tmp_path, lane, compiler):
        for word in disassembly.wanted(lane, operation, order):
            assert any(disassembly.is_word(word, m) for m in made), (operation, order, made)
        assert operation == "fence" or "dmb ish" not in made


def test_the_native_lane_is_as_promised(tmp_path):
    """And the shape of each variant is there exactly where the case expects its bug."""
    build("build", "LANE=native")
    out = tmp_path / "code.json"
    ran = subprocess.run([sys.executable, "ci/disassembly.py", "--out", out], cwd=ROOT,
                         capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    code = json.loads(out.read_text())["code"]
    listed = subprocess.run(["build/native/poller/fixed/storm", "--list", "--json"], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout
    (case,) = [c for c in map(json.loads, listed.splitlines())
               if c.get("case") == "close_vs_block"]
    lost = {e["variant"]: e["models"] for e in case["expect"] if e["failure"] == "lost_wakeup"}
    shown = {name for name, models in lost.items() if case["model"] in models
             and "sc" not in models and "+" not in name}
    assert shown and shown == {name.split("/")[1] for name, entry in code.items()
                               if entry.get("may_reorder")}


@pytest.mark.parametrize("flag", ["-march=armv8.1-a", "-moutline-atomics"])
def test_a_lane_with_the_wrong_instruction_fails(flag, tmp_path):
    """The fixed poller, compiled for another lane than the one it claims to be."""
    if not have(ARM_GCC):
        pytest.skip("no cross compiler: make check-arm64 installs it")
    made = tmp_path / "arm64-llsc/poller/fixed/natural/targets/poller/block.o"
    made.parent.mkdir(parents=True)
    subprocess.run([ARM_GCC, flag, "-std=gnu11", "-O2", "-g", "-I", "targets", "-I", ".",
                    '-DTARGET="poller"', "-c", "targets/poller/block.c", "-o", made], cwd=ROOT,
                   check=True)
    ran = subprocess.run([sys.executable, "ci/disassembly.py", "--lane", "arm64-llsc", "--build",
                          tmp_path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "WRONG" in ran.stdout


def test_nothing_built_is_no_pass(tmp_path):
    ran = subprocess.run([sys.executable, "ci/disassembly.py", "--build", tmp_path], cwd=ROOT,
                         capture_output=True, text=True, check=False)
    assert ran.returncode == 2 and "nothing built" in ran.stderr
