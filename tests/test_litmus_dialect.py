"""What herd's C dialect has, read and run: one small test per form, by what it must show.

Each is a test's name, its text behind the name, and herd's answer under rc11: the states, the
condition as herd writes it, and the words "Ok", "No" or "Undef" and the Observation. Where
memory order matters the shape is a classic one whose verdict the literature has.
"""
import re
import subprocess

import pytest

from tests.test_litmus import LITMUS, ROOT, built  # noqa: F401 (built is a fixture)

ONE = "P0 (atomic_int* x, atomic_int* y, int* z) {{ {} }}\n"


def one(body, shown, init="", condition=None):
    """A thread alone: its body, and what it must end with, as values that are shown."""
    names = ";".join(part.split("=")[0].strip("[] ") for part in shown.split(";") if part.strip())
    text = f"{{ {init} }}\n{ONE.format(body)}locations [{names};]\n"
    return text + (condition or "exists (true)"), [shown]


# --- one thread: values ---

VALUES = {
    "no-init": one("int r0; r0 = 3;", "0:r0=3;"),
    "unset": one("int r0;", "0:r0=0;"),
    "two-names": one("int r0 = 1, r1 = 2;", "0:r0=1; 0:r1=2;"),
    "types": one("uint32_t r0 = 1U; int64_t r1 = 2L; unsigned long r2 = 0x3; _Bool r3 = 1;",
                 "0:r0=1; 0:r1=2; 0:r2=3; 0:r3=1;"),
    "volatile-const": one("const volatile int r0 = 4;", "0:r0=4;"),
    "plain": one("*z = 1; int r0 = *z;", "0:r0=1; [z]=1;"),
    "plain-of-atomic": one("*x = 1; int r0 = *x;", "0:r0=1; [x]=1;"),
    "seq-cst-forms": one("atomic_store(x, 1); int r0 = atomic_load(x); int r1 = "
                         "atomic_exchange(x, 5); int r2 = atomic_fetch_add(x, 2);",
                         "0:r0=1; 0:r1=1; 0:r2=5; [x]=7;"),
    "fetches": one("int r0 = atomic_fetch_sub(x, 2); int r1 = atomic_fetch_and(x, 6); int r2 = "
                   "atomic_fetch_or(x, 9); int r3 = atomic_fetch_xor(x, 3);",
                   "0:r0=9; 0:r1=7; 0:r2=6; 0:r3=15; [x]=12;", "x=9;"),
    "fetch-dropped": one("atomic_fetch_add_explicit(x,1,memory_order_seq_cst);", "[x]=1;"),
    "consume": one("int r0 = atomic_load_explicit(x, memory_order_consume);", "0:r0=2;", "[x]=2;"),
    "fence": one("atomic_thread_fence(memory_order_relaxed); "
                 "atomic_thread_fence(memory_order_acq_rel); int r0 = 1;", "0:r0=1;"),
    "atomic-init": one("atomic_init(x, 6); int r0 = atomic_load(x);", "0:r0=6; [x]=6;"),
    "exchange-plain-location": one("int r0 = atomic_exchange(z, 2);", "0:r0=1; [z]=2;", "z=1;"),
    "arithmetic": one("int r0 = 2 + 3 * 4 - 1; int r1 = (2 + 3) * -2; int r2 = 7 / 2;",
                      "0:r0=13; 0:r1=-10; 0:r2=3;"),
    "bits": one("int r0 = 6 & 3 | 8 ^ 1; int r1 = ~5;", "0:r0=11; 0:r1=-6;"),
    "comparisons": one("int r0 = 1 < 2; int r1 = 1 >= 2; int r2 = 3 == 3; int r3 = 3 != 3;",
                       "0:r0=1; 0:r1=0; 0:r2=1; 0:r3=0;"),
    "logic": one("int r0 = !0; int r1 = 1 && 0; int r2 = 1 || 0; int r3 = 2 && 3;",
                 "0:r0=1; 0:r1=0; 0:r2=1; 0:r3=1;"),
    "logic-short": one("int r0 = 0 && atomic_exchange(x, 1); int r1 = 1 || atomic_exchange(y, 1);"
                       " int r2 = 1 && atomic_load(x) == 0;",
                       "0:r0=0; 0:r1=1; 0:r2=1; [x]=0; [y]=0;"),
    "dependency": one("int r0 = atomic_load(x); int r1 = *z + (r0 ^ r0);", "0:r0=1; 0:r1=8;",
                      "x=1; z=8;"),
    "nested-call": one("atomic_store(y, atomic_load(x) + 1);", "[y]=5;", "x=4;"),
    "cast": one("int r0 = (int) atomic_load(x); int r1 = (uintptr_t)3;", "0:r0=1; 0:r1=3;", "x=1;"),
    "steps": one("int r0 = 1; r0 += 4; r0 -= 2; r0++; *z = 1; *z += 3; int r1 = *z; r1--;",
                 "0:r0=4; 0:r1=3; [z]=4;"),
    "if-else": one("int r0 = atomic_load(x); if (r0 == 1) { r0 = 5; } else { r0 = 6; }", "0:r0=6;"),
    "if-chain": one("int r0 = 2; int r1; if (r0 == 1) r1 = 1; else if (r0 == 2) r1 = 2; else "
                    "r1 = 3;", "0:r1=2;"),
    "if-nested": one("int r0 = 1; if (r0) { if (r0 - 1) { r0 = 7; } else { r0 = 8; } }",
                     "0:r0=8;"),
    "while": one("int r0 = 0; while (r0 < 5) { r0 = r0 + 2; }", "0:r0=6;"),
    "do": one("int r0 = 9; do { r0 = r0 - 3; } while (r0 > 0);", "0:r0=0;"),
    "blocks": one("{ int r0 = 1; { r0 = r0 + 1; } ; }", "0:r0=2;"),
    "cas-swaps": one("int r0 = atomic_compare_exchange_strong(x, z, 7);", "0:r0=1; [x]=7; [z]=3;",
                     "x=3; z=3;"),
    "cas-fails": one("int r0 = atomic_compare_exchange_strong_explicit(x, z, 7, "
                     "memory_order_acq_rel, memory_order_acquire);", "0:r0=0; [x]=3; [z]=3;",
                     "x=3; z=1;"),
    "cas-local": one("int e = 3; int r0 = atomic_compare_exchange_strong(x, &e, 7);",
                     "0:e=3; 0:r0=1; [x]=7;", "x=3;"),
    "cas-if": one("if (atomic_compare_exchange_strong(x, z, 7)) { atomic_store(y, 1); }",
                  "[x]=7; [y]=1;"),
    "comments": one("int r0 = 1; /* no; */ // nor that\n r0 = 2;", "0:r0=2;",
                    "(* a (comment) *) x=1;"),
    # --- the initial state ---
    "init-forms": one("int r0 = *z;", "0:r0=3; [x]=1; [y]=-2;", "x=1; [y]=-2; int z = 3;"),
    "init-types": one("", "[x]=1; [y]=2;", "atomic_int x = 1; _Atomic int y = 2; volatile int z"),
    "init-linux": one("", "[x]=4;", "atomic_t x = ATOMIC_INIT(4)"),
    "init-register": one("int r1 = r5 + 1;", "0:r1=6; 0:r5=5;", "0:r5=5;"),
    "init-typed-register": one("r5 = r5 + 1;", "0:r5=6;", "int 0:r5=5;"),
    # --- pointers ---
    "pointer-register": one("*p = 4; int r0 = *z;", "0:r0=4; [z]=4;", "0:p=z;"),
    "pointer-local": one("int *p = z; *p = 4; int r0 = *p;", "0:r0=4; [z]=4;"),
    "pointer-atomic": one("atomic_int *p = x; atomic_store(p, 3); int r0 = atomic_fetch_add(p, 1);",
                          "0:r0=3; [x]=4;"),
    "pointer-shown": one("int *p = z;", "0:p=z;"),
    "pointer-compared": one("int r0 = x == y; int r1 = x == x; int *p = &z; int r2 = p != z;",
                            "0:r0=0; 0:r1=1; 0:r2=0;"),
    "pointer-expression": one("int r0 = *(z + (1 - 1));", "0:r0=5;", "z=5;"),
}


@pytest.mark.parametrize("name", VALUES)
def test_one_thread(name, tmp_path):
    text, states = VALUES[name]
    answer = run(name, text, tmp_path)
    assert answer.states == states and answer.word == "Ok"


# --- the answer ---


class Answer:
    """What the program says of one test, line by line."""

    def __init__(self, text):
        self.lines = text.splitlines()
        self.head = self.lines[0]
        count = int(self.lines[1].split()[1])
        self.states = self.lines[2:2 + count]
        self.word = self.lines[2 + count]
        rest = "\n".join(self.lines[2 + count:])
        self.condition = re.search(r"^Condition (.*)$", rest, re.MULTILINE)[1]
        self.observed = re.search(r"^Observation \S+ (.*)$", rest, re.MULTILINE)[1]
        self.witnesses = re.search(r"^Positive: (\d+) Negative: (\d+)$", rest,
                                   re.MULTILINE).groups()


def run(name, text, folder, model="c11+relseq11"):
    path = folder / "t.litmus"
    path.write_text(f"C {name}\n{text}\n")
    ran = subprocess.run([LITMUS, path, "--model", model], cwd=ROOT, capture_output=True,
                         text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return Answer(ran.stdout)


# --- several threads ---

MP = """{}
P0 (%s* d, atomic_int* f) { %s = 1; atomic_store_explicit(f, 1, memory_order_%s); }
P1 (%s* d, atomic_int* f) { int r0 = atomic_load_explicit(f, memory_order_%s); int r1 = 9;
  if (r0 == 1) { r1 = %s; } }
"""
SB = """{}
P0 (atomic_int* x, atomic_int* y) { atomic_store(x, 1); int r0 = %s; }
P1 (atomic_int* x, atomic_int* y) { atomic_store(y, 1); int r0 = %s; }
"""
RLX = "atomic_load_explicit(%s, memory_order_relaxed)"
SHARED_POINTER = """{ int *p = &a; b = 7; }
P0 (int** p, int* b) { atomic_store_explicit(p, b, memory_order_release); }
P1 (int** p) { int* q = atomic_load_explicit(p, memory_order_acquire); int r0 = *q; }
"""
SPIN = """{}
P0 (int* d, atomic_int* l) { *d = 3; atomic_store_explicit(l, 1, memory_order_release); }
P1 (int* d, atomic_int* l) {
  int r0 = 0; while (!r0) r0 = atomic_load_explicit(l, memory_order_acquire);
  int r1 = *d; }
"""
LOCK = "{}\n" + "".join("""P%d (atomic_int* l, int* c) {
  int n = 0; int r = 1;
  while (n < 2 && r) { r = atomic_exchange_explicit(l, 1, memory_order_acquire); n++; }
  if (!r) { r = (*c); *c = r + 1; atomic_store_explicit(l, 0, memory_order_release); } }
""" % t for t in (0, 1))
SC_SPIN = """{}
P0 (atomic_int* x) { while (atomic_load(x) != 1) { } }
P1 (atomic_int* x) { atomic_store(x, 1); }
"""
WEAK = """{ e0 = 0; e1 = 0; }
P0 (atomic_int* x, int* e0) {
  int r0 = atomic_compare_exchange_%s_explicit(x, e0, 1, memory_order_relaxed,
                                               memory_order_relaxed); }
P1 (atomic_int* x, int* e1) {
  int r0 = atomic_compare_exchange_%s_explicit(x, e1, 2, memory_order_relaxed,
                                               memory_order_relaxed); }
"""
RETRY = """{}
P0 (atomic_int* x, int* e) {
  do { int r0 = atomic_compare_exchange_weak(x, e, 5); } while (!r0); }
"""
COUNT = """{}
P0 (atomic_int* x) { atomic_fetch_add_explicit(x, 1, memory_order_relaxed); }
P1 (atomic_int* x) { atomic_fetch_add_explicit(x, 1, memory_order_relaxed); }
"""

SEVERAL = {  # text, word, condition, observation
    "mp-rel-acq": (MP % ("int", "*d", "release", "int", "acquire", "*d")
                   + "exists (1:r0=1 /\\ 1:r1=0)", "No", "exists (1:r0=1 /\\ 1:r1=0)", "Never 0 2"),
    "mp-rel-con": (MP % ("int", "*d", "release", "int", "consume", "*d") + "exists 1:r1=0", "No",
                   "exists (1:r1=0)", "Never 0 2"),
    "mp-race": (MP % ("int", "*d", "relaxed", "int", "acquire", "*d") + "exists (1:r1=0)", "Undef",
                "exists (1:r1=0)", "Sometimes 1 2"),
    "mp-race-acq": (MP % ("int", "*d", "release", "int", "relaxed", "*d")
                    + "exists (1:r1=0)", "Undef", "exists (1:r1=0)", "Sometimes 1 2"),
    "mp-race-atomic-side": (MP % ("atomic_int", "*d", "relaxed", "atomic_int", "relaxed",
                                           RLX % "d") + "exists (1:r1=0)",
                            "Undef", "exists (1:r1=0)", "Sometimes 1 2"),
    "no-race-same-value": ("{}\nP0 (int* d) { *d = 1; }\nP1 (int* d) { int r0 = 2; }\n"
                           "exists (d=1)", "Ok", "exists ([d]=1)", "Always 1 0"),
    "race-both-write": ("{}\nP0 (int* d) { *d = 1; }\nP1 (int* d) { *d = 1; }\nforall (d=1)",
                        "Undef", "forall ([d]=1)", "Always 1 0"),
    "no-race-both-read": ("{ d=3; }\nP0 (int* d) { int r0 = *d; }\nP1 (int* d) { int r0 = *d; }\n"
                          "forall (0:r0=1:r0)", "Ok", "forall (0:r0=1:r0)", "Always 1 0"),
    "sb-sc": (SB % ("atomic_load(y)", "atomic_load(x)") + "exists (0:r0=0 /\\ 1:r0=0)",
              "No", "exists (0:r0=0 /\\ 1:r0=0)", "Never 0 3"),
    "sb-mixed": (SB % (RLX % "y", "atomic_load(x)")
                 + "~exists (0:r0=0 /\\ 1:r0=0)", "No", "~exists (0:r0=0 /\\ 1:r0=0)",
                 "Sometimes 1 3"),
    "sb-filter": (SB % (RLX % "y", RLX % "x")
                  + "filter (0:r0=0)\nexists (1:r0=0)", "Ok", "exists (1:r0=0)", "Sometimes 1 1"),
    "spin": (SPIN + "forall (1:r0=1 /\\ 1:r1=3)", "Ok", "forall (1:r0=1 /\\ 1:r1=3)", "Always 1 0"),
    "lock": (LOCK + "forall (c=1 \\/ c=2)", "Ok", "forall ([c]=1 \\/ [c]=2)", "Always 2 0"),
    "sc-spin": (SC_SPIN + "forall (x=1)", "Ok", "forall ([x]=1)", "Always 1 0"),
    "pointer-published": (SHARED_POINTER + "exists (1:q=b /\\ 1:r0=7)", "Ok",
                          "exists (1:q=b /\\ 1:r0=7)", "Sometimes 1 1"),
    "cas-strong": (WEAK % ("strong", "strong") + "exists (0:r0=0 /\\ 1:r0=0)", "No",
                   "exists (0:r0=0 /\\ 1:r0=0)", "Never 0 2"),
    "cas-weak": (WEAK % ("weak", "weak") + "exists (0:r0=0 /\\ 1:r0=0)", "Ok",
                 "exists (0:r0=0 /\\ 1:r0=0)", "Sometimes 1 2"),
    "cas-weak-retry": (RETRY + "forall (x=5)", "Ok", "forall ([x]=5)", "Always 1 0"),
    "count": (COUNT + "forall x=2", "Ok", "forall ([x]=2)", "Always 1 0"),
    "no-condition": (COUNT, "Ok", "forall (true)", "Always 1 0"),
    "forbidden": (COUNT + "~exists (x=1)", "Ok", "~exists ([x]=1)", "Never 0 1"),
    "not": (COUNT + "exists (not (x=2) \\/ ~(x=2))", "No",
            "exists (not ([x]=2) \\/ not ([x]=2))", "Never 0 1"),
    "unequal": (COUNT + "exists x != 2", "No", "exists (not ([x]=2))", "Never 0 1"),
    "brackets": (COUNT + "exists ((x=2 \\/ x=1) /\\ (x=2 /\\ x=2 \\/ x=3))", "Ok",
                 "exists (([x]=2 \\/ [x]=1) /\\ ([x]=2 /\\ [x]=2 \\/ [x]=3))", "Always 1 0"),
    "implies": (COUNT + "forall (x=1 => x=7)", "Ok", "forall ([x]=1 => [x]=7)", "Always 1 0"),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_several_threads(name, tmp_path):
    text, word, condition, observed = SEVERAL[name]
    answer = run(name, text, tmp_path)
    assert (answer.word, answer.condition, answer.observed) == (word, condition, observed)
    flags = [line for line in answer.lines if line.startswith("Flag")]
    assert flags == ["Flag *undef*"] * (word == "Undef")
    kind = {"e": "Allowed", "~": "Forbidden", "f": "Required"}[condition[0]]
    assert answer.head == f"Test {name} {kind}"
    positive, negative = observed.split()[1:]
    assert answer.witnesses == ((negative, positive) if kind == "Forbidden"
                                else (positive, negative))


@pytest.mark.parametrize("model", ["sc", "tso", "armv8", "armv8+lse+rcpc"])
def test_only_c_leaves_a_race_undefined(model, tmp_path):
    assert run("mp", SEVERAL["mp-race"][0], tmp_path, model).word != "Undef"


@pytest.mark.parametrize("model, fails", [("sc", False), ("tso", False), ("armv8", True),
                                          ("armv8+lse", False), ("armv8+rcpc", True),
                                          ("c11", True)])
def test_a_weak_swap_fails_for_no_reason_where_it_may(model, fails, tmp_path):
    """Where it is an exclusive pair, and where C only says that it may."""
    assert (run("weak", SEVERAL["cas-weak"][0], tmp_path, model).word == "Ok") == fails


def test_what_stands_before_the_initial_state_is_skipped(tmp_path):
    head = '"PodWW Rfe\n  { PodRR } Fre"\nGenerator=diyone7 (version 7.57)\nCom=Rf Fr\n'
    answer = run("MP+poprl\"aq'.01", head + "{ x=3; }\n" + ONE.format("int r0 = atomic_load(x);")
                 + "exists (0:r0=3)", tmp_path)
    assert answer.head == "Test MP+poprl\"aq'.01 Allowed" and answer.states == ["0:r0=3;"]


LINES = "C t\n{ x=0; }\nP0 (atomic_int* x) {\n  int r0 = atomic_load(x);\n}\nexists (0:r0=0)\n"


@pytest.mark.parametrize("old, new, line, words", [
    ("x=0;", "int x[2]={1,2};", 2, "arrays are not read"),
    ("x=0;", "x=0 y=1;", 2, '";" expected'),
    ("x=0;", "x=4294967297;", 2, "more than 32 bits"),
    ("atomic_int* x", "int x", 3, "is no pointer"),
    ("atomic_load(x)", "READ_ONCE(*x)", 4, 'unknown function "READ_ONCE"'),
    ("atomic_load(x)", "atomic_load(r9)", 4, 'no register or location "r9"'),
    ("atomic_load(x)", "atomic_load_explicit(x, 1)", 4, "is no order"),
    ("int r0 =", "x =", 4, '"x" is a location'),
    ("int r0 =", "return", 4, '"return" is not read'),
    ("0:r0=0", "3:r0=0", 6, "no thread 3"),
    ("0:r0=0", "0:r0=q", 6, "q is not in the test"),
    ("0:r0=0", "0:r0>0", 6, '"=" or "!=" expected'),
    ("exists (0:r0=0)\n", "exists (0:r0=0", 6, '")" expected'),
    ("exists (0:r0=0)", "exists (0:r0=0) with", 6, "after the condition"),
])
def test_what_is_not_read_is_told(old, new, line, words, tmp_path):
    path = tmp_path / "t.litmus"
    assert LINES.count(old) == 1
    path.write_text(LINES.replace(old, new))
    ran = subprocess.run([LITMUS, path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (64, "")
    (message,) = ran.stderr.splitlines()
    assert message.startswith(f"{path}:{line}: ") and words in message, message


@pytest.mark.parametrize("old, piece, line", [
    ("atomic_load(x)", "(", 4), ("atomic_load(x)", "(int)", 4), ("atomic_load(x)", "*", 4),
    ("atomic_load(x)", "!", 4), ("int r0", "do ", 4), ("int r0", "if (1) ", 4),
    ("int r0", "while (1) ", 4), ("int r0", "*", 4), ("0:r0=0", "(", 6), ("0:r0=0", "~", 6),
    ("0:r0=0", "0:r0=0 => ", 6),
])
def test_what_is_nested_too_deep_is_told(old, piece, line, tmp_path):
    """A hundred thousand times: no stack has room for it."""
    path = tmp_path / "t.litmus"
    path.write_text(LINES.replace(old, 100_000 * piece + old))
    ran = subprocess.run([LITMUS, path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (64, "")
    assert ran.stderr == f"{path}:{line}: nested more than 200 deep\n"


def test_what_is_nested_is_read(tmp_path):
    path = tmp_path / "t.litmus"
    path.write_text(LINES.replace("atomic_load(x)", f"{150 * '('}atomic_load(x){150 * ')'}")
                    .replace("(0:r0=0)", f"{150 * '('}0:r0=0{150 * ')'}"))
    ran = subprocess.run([LITMUS, path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0 and "Observation t Always 1 0" in ran.stdout, ran.stderr


def test_a_wild_pointer_is_no_verdict(tmp_path):
    path = tmp_path / "t.litmus"
    path.write_text(LINES.replace("atomic_load(x)", "*(1 - 1)"))
    ran = subprocess.run([LITMUS, path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 2 and "line 4: an access through 0, which is no address" in ran.stderr
