"""The hooks are all there: for each compiler, what it emits for C is defined.

A program with every kind of access that C has is compiled as the targets are; each
__tsan_ symbol that it then needs must be one that the explorer defines.
"""
import json
import re
import shutil
import subprocess

import pytest

from tests.explorer import ROOT, build

COMPILERS = ("gcc-12", "clang-14", "clang-19")
HOOKED = ["-fsanitize=thread", "-fno-builtin-memcpy", "-fno-builtin-memmove", "-fno-builtin-memset"]
MORE = {"gcc-12": [[], ["-O0"], ["--param=tsan-distinguish-volatile=1"]],
        "clang-14": [[], ["-O0"], ["-mllvm", "-tsan-distinguish-volatile=1"],
                     ["-mllvm", "-tsan-compound-read-before-write=1"]],
        "clang-19": [[], ["-O0"], ["-mllvm", "-tsan-distinguish-volatile=1"],
                     ["-mllvm", "-tsan-compound-read-before-write=1"]]}

PROBE = """
#include <stdint.h>
#include <string.h>
#define ACCESSES(bits) \\
	uint##bits##_t plain##bits(uint##bits##_t *p, volatile uint##bits##_t *v)     \\
	{                                                                              \\
		*p += 1;                                                               \\
		*v = *v + *p;                                                          \\
		return *v;                                                             \\
	}                                                                              \\
	struct __attribute__((packed)) odd##bits { char c; uint##bits##_t x; };        \\
	uint##bits##_t unaligned##bits(struct odd##bits *p, volatile struct odd##bits *v) \\
	{                                                                              \\
		p->x = p->x + v->x;                                                    \\
		v->x = 1;                                                              \\
		return p->x++;                                                         \\
	}                                                                              \\
	int atomic##bits(uint##bits##_t *p, uint##bits##_t *seen)                      \\
	{                                                                              \\
		__atomic_store_n(p, __atomic_load_n(p, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE); \\
		*seen += __atomic_exchange_n(p, 1, __ATOMIC_ACQ_REL);                  \\
		*seen += __atomic_fetch_add(p, 1, __ATOMIC_RELAXED);                   \\
		*seen += __atomic_fetch_sub(p, 1, __ATOMIC_RELAXED);                   \\
		*seen += __atomic_fetch_and(p, 1, __ATOMIC_RELAXED);                   \\
		*seen += __atomic_fetch_or(p, 1, __ATOMIC_RELAXED);                    \\
		*seen += __atomic_fetch_xor(p, 1, __ATOMIC_RELAXED);                   \\
		*seen += __atomic_fetch_nand(p, 1, __ATOMIC_RELAXED);                  \\
		*seen += __atomic_compare_exchange_n(p, seen, 2, 0, __ATOMIC_SEQ_CST,  \\
						     __ATOMIC_RELAXED);                \\
		return __atomic_compare_exchange_n(p, seen, 3, 1, __ATOMIC_SEQ_CST,    \\
						   __ATOMIC_RELAXED);                  \\
	}
ACCESSES(8) ACCESSES(16) ACCESSES(32) ACCESSES(64)
typedef unsigned __int128 uint128_t;
uint128_t plain128(uint128_t *p, volatile uint128_t *v) { *p += 1; *v = *v + *p; return *v; }
struct large { char c[300]; };
void copies(struct large *a, struct large *b, unsigned n)
{
	*a = *b;
	memcpy(a, b, n);
	memmove(a, b, n);
	memset(a, 0, sizeof *a);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}
static __thread uint32_t local;
uint32_t *thread_local_word(void) { local++; return &local; }
"""


def symbols(path, *flags):
    listed = subprocess.run(["nm", *flags, str(path)], capture_output=True, text=True, check=True)
    return set(re.findall(r"\b(__tsan_\w+|mem(?:cpy|move|set))$", listed.stdout, re.MULTILINE))


@pytest.fixture(scope="session")
def hooks(tmp_path_factory):
    """What memory/hooks.c defines."""
    path = tmp_path_factory.mktemp("hooks") / "hooks.o"
    subprocess.run(["gcc", "-std=gnu11", "-I", "fuzz", "-I", "targets", "-c", "-o", str(path),
                    "fuzz/memory/hooks.c"], cwd=ROOT, check=True)
    return symbols(path, "--defined-only")


@pytest.mark.parametrize("compiler, more", [(c, m) for c in COMPILERS for m in MORE[c]])
def test_every_hook_is_there(compiler, more, hooks, tmp_path):
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    source, output = tmp_path / "probe.c", tmp_path / "probe.o"
    source.write_text(PROBE)
    subprocess.run([compiler, "-std=gnu11", "-O2", "-w", *HOOKED, *more, "-c", "-o", str(output),
                    str(source)], check=True)
    rename = [f"--redefine-sym={f}=__tsan_{f}" for f in ("memcpy", "memmove", "memset")]
    subprocess.run(["objcopy", *rename, str(output)], check=True)
    needed = symbols(output, "--undefined-only")
    assert len(needed) > 40
    assert needed <= hooks, sorted(needed - hooks)


def test_the_probe_would_notice_a_missing_hook(hooks):
    assert "__tsan_atomic32_fetch_add" in hooks and "__tsan_atomic32_fetch_max" not in hooks


@pytest.mark.parametrize("compiler", COMPILERS)
def test_compilers_agree(compiler):
    """The subjects and their verdicts are the same whichever compiler built them."""
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    out = f"build/explore-{compiler}"
    program = f"{out}-unit/unit/fixed/explore"
    build(f"EXPLORE_CC={compiler}", f"EXPLORE_OUT={out}", program)
    listed = subprocess.run([program, "--list", "--json"], cwd=ROOT, capture_output=True, text=True,
                            check=True)
    for line in listed.stdout.splitlines():
        case = json.loads(line)
        if case["case"] in ("mixed_sizes", "ordered_lock"):
            continue
        ran = subprocess.run([program, "--case", case["case"], "--model", "tso", "--json",
                              "--executions", "30000"], cwd=ROOT, capture_output=True, text=True,
                             check=False)
        assert ran.returncode == 0, (case["case"], ran.stderr, ran.stdout)
