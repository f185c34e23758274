"""The C unit tests, natively and sanitized, and what must not compile."""
import pathlib
import subprocess

import pytest

from tests.made import make

ROOT = pathlib.Path(__file__).resolve().parent.parent
RULES = "tests/unit/rules.mk"
PROGRAMS = subprocess.run(["make", "-s", "-f", RULES, "unit-list"], cwd=ROOT, check=True,
                          capture_output=True, text=True).stdout.split()


@pytest.mark.parametrize("program", [p.removeprefix("build/") for p in PROGRAMS])
def test_c(program):
    program = f"build/{program}"
    built = make(program, rules=RULES)
    assert built.returncode == 0, built.stdout + built.stderr
    ran = subprocess.run([ROOT / program], cwd=ROOT, capture_output=True, text=True,
                         stdin=subprocess.DEVNULL, timeout=600, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_failed_check_shows_both_values(tmp_path):
    """The checks themselves are checked: a broken subject must fail, and say how."""
    (tmp_path / "broken.c").write_text(
        '#include "tests/unit/check.h"\n'
        "TEST(good) { CHECK_EQ(2 + 2, 4); }\n"
        "TEST(wrong) { int four = 4; CHECK_EQ(four + 1, four); }\n"
        'TEST(text) { CHECK_STR("a", "b"); }\n'
        "TEST(truth) { CHECK(1 > 2); }\n"
        'TEST(part) { CHECK_HAS("haystack", "needle"); }\n'
        'TEST(alive) { CHECK_DIES((void)0, ""); }\n')
    program = tmp_path / "broken"
    subprocess.run(["gcc", "-I", ROOT, "-DNDEBUG", "-o", program, tmp_path / "broken.c"],
                   check=True)

    def run(*names):
        ran = subprocess.run([program, *names], capture_output=True, text=True, check=False)
        return ran.returncode, ran.stdout + ran.stderr

    assert run("good") == (0, "good ok\n")
    assert run("nonsense")[0] == 64
    assert run("--list")[1].split() == ["good", "wrong", "text", "truth", "part", "alive"]
    for name, line, shown in [("wrong", 3, "four + 1 = 5\n  four = 4"),
                              ("text", 4, '"a" = "a"\n  "b" = "b"'),
                              ("truth", 5, "CHECK(1 > 2)"),
                              ("part", 6, 'lacks "needle"'),
                              ("alive", 7, "check_end_of")]:
        code, said = run(name)
        assert code == 1
        assert f"broken.c:{line}: failed: " in said
        assert shown in said
    assert run()[0] == 1


ORDERED = """
#include "base/order.h"
word32 w;
uint32_t f(uint32_t x) {{ (void)x; {body} }}
"""


def compiles(compiler, body):
    ran = subprocess.run([compiler, "-std=gnu11", "-Wall", "-I", ROOT / "targets",
                          "-fsyntax-only", "-x", "c", "-"],
                         input=ORDERED.format(body=body), capture_output=True, text=True,
                         check=False)
    return ran.returncode == 0


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_words_have_no_silent_order(compiler):
    """What C11 would make seq_cst behind the reader's back is no C here."""
    assert compiles(compiler, "store_release(&w, x); return load_acquire(&w);")
    for body in ["w = 1; return 0;", "w = x; return 0;", "w++; return 0;", "w += x; return 0;",
                 "if (w) return 1; return 0;", "return w;", "return !w;", "return w == x;",
                 "while (w) ; return 0;", "return w ? 1 : 0;"]:
        assert not compiles(compiler, body), body
