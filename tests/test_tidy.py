"""The style gate: this tree passes, and each rule sees its broken subject."""
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIDY = ROOT / "ci/tidy.py"
REWRAP = ROOT / "ci/rewrap.py"

# Put together, so that this file does not offend by itself.
HOME = "/ho" "me/me/x"
SCRATCH = "/tm" "p/log"
ELSEWHERE = "../sha" "red/notes.md"
REGISTRY = "py" "pi.org"
LATER = "TO" "DO"
BUG_A, BUG_B = "BUG" "_ALPHA", "BUG" "_BETA"


def table(names, rows):
    return pytest.mark.parametrize(names, rows, ids=range(len(rows)))


def tidy(folder):
    ran = subprocess.run([sys.executable, TIDY, folder], capture_output=True, text=True,
                         check=False)
    assert ran.stderr == ""
    assert ran.returncode == (1 if ran.stdout else 0)
    return ran.stdout


@pytest.fixture
def tree(tmp_path):
    """Writes files into a small tree that is in order, and returns the gate's answer."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)

    def with_files(**files):
        files = {"targets/base/order.h": "#define load_relaxed(w) w\n",
                 "Makefile": "S := $(wildcard targets/*/*.c stress/*.c tests/*.c)\n"
                             "# x.h y.h order.h tool.py\n"} | files
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tidy(tmp_path)

    return with_files


def test_this_tree_is_tidy():
    offences = tidy(ROOT)
    if offences:
        pytest.fail(offences, pytrace=False)


def test_an_orderly_tree_is_silent(tree):
    assert tree(**{"targets/a/x.c": "int f(void)\n{\n\treturn 0;\n}\n"}) == ""


def body(lines):
    return "void f(void)\n{\n" + "\tg();\n" * lines + "}\n"


def python_body(lines):
    return 'def f():\n    """What it does.\n\n    More.\n    """\n' + "    g()\n" * lines


@table("name, text, said", [
    ("targets/a/x.c", body(70), ""),
    ("targets/a/x.c", body(71), "targets/a/x.c:2: function with a body of 71 lines"),
    ("ci/tool.py", python_body(70), ""),
    ("ci/tool.py", python_body(71), "ci/tool.py:1: f with a body of 71 lines"),
    ("targets/a/x.c", "int a;\n" * 400, ""),
    ("targets/a/x.c", "int a;\n" * 401, "x.c:401: file of 401 lines, at most 400"),
    ("ci/tool.py", "a = 1\n" * 401, "tool.py:401: file of 401 lines"),
    ("targets/a/x.h", "/* " + "a" * 74 + " */\n", ""),
    ("targets/a/x.h", "/* " + "a" * 75 + " */\n", "x.h:1: comment of 81 columns"),
    ("targets/a/x.h", "/* a\n * " + "a" * 78 + "\n */\n", "x.h:2: comment of 81 columns"),
    ("targets/a/x.h", "/* a\n *   " + "a" * 80 + "\n */\n", ""),
    ("targets/a/x.h", "/* a\n *   " + "a" * 96 + "\n */\n", "x.h:2: line of 101 columns"),
    ("ci/tool.py", "# " + "a" * 79 + "\n", "tool.py:1: comment of 81 columns"),
    ("targets/a/x.c", "\t\tint " + "a" * 79 + ";\n", ""),
    ("targets/a/x.c", "\t\tint " + "a" * 80 + ";\n", "x.c:1: line of 101 columns"),
    ("targets/a/x.c", "int " + "a" * 80 + "; /* why */\n", ""),
    ("ci/tool.py", "a = '" + "a" * 95 + "'\n", "tool.py:1: line of 101 columns"),
])
def test_sizes(tree, name, text, said):
    assert_said(tree(**{name: text}), said)


def assert_said(answer, said):
    if said:
        assert said in answer
    assert (answer == "") == (said == "")


@table("code, said", [
    ("int o = memory_" "order_relaxed;", "x.c:1: memory_" "order_relaxed: only"),
    ("int f() { return atomic_" "load(&w); }", "x.c:1: atomic_" "load: only"),
    ("int f() { __atomic_" "thread_fence(5); }", "__atomic_" "thread_fence: only"),
    ("int f() { __sync_" "synchronize(); }", "__sync_" "synchronize: only"),
    ("/* not a memory_" "order */", ""),
    ('const char *t = "atomic_" "load(&w)";', ""),
])
def test_raw_orders(tree, code, said):
    assert_said(tree(**{"stress/x.c": code + "\n"}), said)


def test_raw_orders_have_a_home(tree):
    code = "int a = memory_" "order_relaxed;\n"
    assert tree(**{"targets/base/order.h": code, "fuzz/memory/x.h": code}) == ""


def operation(call, comment="", gap=0):
    return f"void f(void)\n{{\n{comment}" + "\tg();\n" * gap + f"\t{call};\n}}\n"


@table("code, said", [
    (operation("load_acquire(&w)"), 'x.c:3: load_acquire without a comment "pairs with:"'),
    (operation("load_acquire(&w)", "\t/* pairs with: g() */\n"), ""),
    (operation("load_acquire(&w); /* pairs with: g() */"), ""),
    (operation("load_acquire(&w)", "\t/* pairs with: g(),\n\t * twice */\n", gap=2), ""),
    (operation("load_acquire(&w)", "\t/* pairs with: g() */\n", gap=3), "load_acquire without"),
    (operation("load_acquire(&w)", "\t/* relaxed: no */\n"), "load_acquire without"),
    ("/* pairs with: g() */\n" + body(1) + operation("fence_seq_cst()"), "fence_seq_cst without"),
    (operation("store_release(&w, 1)"), "store_release without"),
    (operation("exchange_acq_rel(&w, 1)"), "exchange_acq_rel without"),
    (operation("cas_seq_cst(&w, &s, 1)"), "cas_seq_cst without"),
    (operation("fetch_add_seq_cst(&w, 1)"), "fetch_add_seq_cst without"),
    (operation("load_relaxed(&w)"), 'load_relaxed without a comment "relaxed:"'),
    (operation("load_relaxed(&w)", "\t/* pairs with: g() */\n"), "load_relaxed without"),
    (operation("load_relaxed(&w)", "\t/* relaxed: a count */\n"), ""),
    (operation("bare_load(&w)"), ""),
    ("/* load_acquire(&w) */\n", ""),
    ("#define get(w) load_acquire(w)\n", ""),
    ("#define get(w) load_acquire(w)\n" + operation("get(&w)"), "x.c:4: get without"),
    ("#define get(w) \\\n\tload_acquire(w)\n#define got(w) get(w)\n" + operation("got(&w)"),
     "got without"),
    ("#define get(w) bare_load(w)\n" + operation("get(&w)"), ""),
])
def test_pairing_comments(tree, code, said):
    assert_said(tree(**{"targets/a/x.c": code}), said)


def test_pairing_is_for_what_ships(tree):
    assert tree(**{"tests/x.c": operation("load_acquire(&w)")}) == ""


@table("name, text, said", [
    ("a.md", f"see {HOME}\n", "a.md:1: /ho" "me/m: a place on one machine"),
    ("a.md", f"see {ELSEWHERE}\n", "a place on one machine"),
    ("ci/tool.py", f"LOG = '{SCRATCH}'\n", "tool.py:1: /tm" "p/l: a fixed scratch path"),
    ("a.md", f"mktemp {SCRATCH}." + "X" * 6 + "\n", ""),
    ("a.md", f"\n{REGISTRY}\n", f"a.md:2: {REGISTRY}: a registry's host name"),
    ("a.md", "regis" "try.some.net\n", "a registry's host name"),
    ("a.md", "/proc/self /sys/devices /usr/bin/python3 https://example.org/mirror\n", ""),
    ("a.md", f"\n{LATER} later\n", f"a.md:2: {LATER}: finish it"),
    ("a.md", "a \n", "a.md:1: white space at the end of the line"),
    ("a.md", "a", "a.md:1: no newline at the end of the file"),
    ("a.bin", "a \0", ""),
])
def test_words(tree, name, text, said):
    assert_said(tree(**{name: text}), said)


@table("name, text, said", [
    ("ci/tool.py", f"A = '{BUG_A}'\n", f"tool.py:1: {BUG_A}: discover variants"),
    ("Makefile", f"# x.c x.h y.h order.h\n\nV = {BUG_A}\n", f"Makefile:3: {BUG_A}: discover"),
    ("tests/test_a.py", f"A = '{BUG_A}'\n", ""),
    ("tests/test_a.py", f"A = '{BUG_A} {BUG_B}'\n", f"{BUG_B}: discover variants"),
    ("tests/test_a.py", "A = 'BUG_UNREAL BUG_UNREAL_TOO BUG_'\n", ""),
    ("ci/tool.py", f'"""A sample:\n\n{BUG_A}\n"""\n# {BUG_A}\n', ""),
    ("README.md", f"{BUG_A} {BUG_B}\n", ""),
])
def test_hand_kept_lists(tree, name, text, said):
    switches = f"#ifdef {BUG_A}\n#endif\n#ifdef {BUG_B}\n#endif\n"
    assert_said(tree(**{"targets/a/x.c": switches, name: text}), said)


FUNCTION = "int same(void)\n{\n\treturn 0;\n}\n"


@table("files, said", [
    ({"targets/a/x.c": FUNCTION, "stress/y.c": FUNCTION},
     "targets/a/x.c:1: function same() also stands in stress/y.c:1"),
    ({"stress/x.c": FUNCTION, "stress/y.c": FUNCTION}, "stress/y.c:1: function same() also"),
    ({"stress/x.c": FUNCTION, "fuzz/main.c": FUNCTION,  # two worlds
      "Makefile": "S := $(wildcard stress/*.c fuzz/*.c)\n# order.h\n"}, ""),
    ({"stress/x.c": "static " + FUNCTION, "stress/y.c": FUNCTION}, ""),
    ({"stress/x.c": FUNCTION.replace("same", "main"),
      "stress/y.c": FUNCTION.replace("same", "main")}, ""),
    ({"stress/x.c": "int same(void);\n", "stress/y.c": FUNCTION}, ""),
    ({"targets/a/x.c": "CASE(one, .a = 1);\n", "targets/a/y.c": "CASE(one, .a = 1);\n"},
     "targets/a/y.c:1: case one also stands in targets/a/x.c:1"),
    ({"tests/test_a.py": "def test_a():\n    pass\n\n\ndef test_a():\n    pass\n"},
     "tests/test_a.py:5: test_a hides the one in tests/test_a.py:1"),
])
def test_duplicated_names(tree, files, said):
    assert_said(tree(**files), said)


@table("files, said", [
    ({"fuzz/lost.c": "int a;\n"}, "fuzz/lost.c:1: nothing refers to this file"),
    ({"targets/a/lost.h": "int a;\n"}, "lost.h:1: nothing refers"),
    ({"ci/lost.py": "LOST = 'lost.py'\n"}, "ci/lost.py:1: nothing refers"),
    ({"ci/lost.py": "A = 1\n", "tests/test_a.py": "from ci import lost\n"}, ""),
    ({"fuzz/lost.c": "int a;\n", "rules.mk": "S = $(wildcard fuzz/*.c)\n"}, ""),
    ({"fuzz/lost.c": "int a;\n", "rules.mk": "build/%.o: fuzz/%.c\n"}, ""),
    ({"fuzz/deep/lost.c": "int a;\n", "rules.mk": "S = $(wildcard fuzz/*.c)\n"}, "lost.c:1:"),
    ({"fuzz/deep/lost.c": "int a;\n", "rules.mk": "S = $(shell find fuzz -name '*.c')\n"}, ""),
    ({"fuzz/lost_test.c": "int a;\n", "tests/test_a.py": "P = ROOT.glob('*_test.c')\n"}, ""),
    ({"fuzz/a/lost.c": "int a;\n", "rules.mk": "S = $(wildcard fuzz/$(T)/*.c)\n"}, ""),
    ({"fuzz/lost.c": "int a;\n", "README.md": "lost.c\n"}, "lost.c:1: nothing refers"),
    ({"conftest.py": "A = 1\n", "tests/test_x.py": "A = 1\n"}, ""),
])
def test_dead_files(tree, files, said):
    assert_said(tree(**files), said)


def test_only_what_git_would_track(tree, tmp_path):
    assert tree(**{".gitignore": "junk/\n", "junk/a.md": "a \n", "build/a.md": "a \n"}) == ""
    assert "a.md:1" in tree(**{"fresh/a.md": "a \n"})
    assert (tmp_path / "junk/a.md").exists()


def test_usage():
    ran = subprocess.run([sys.executable, TIDY, "--nonsense"], capture_output=True, text=True,
                         check=False)
    assert ran.returncode == 64
    assert "usage" in ran.stderr


@table("before, after", [
    ("/* " + "word " * 20 + "end. */\n",
     "/* " + "word " * 14 + "word\n * " + "word " * 5 + "end. */\n"),
    ("/* short */\nint a; /* " + "word " * 20 + "*/\n", None),
    ("\t/* " + "word " * 14 + "*/\n",
     "\t/* " + "word " * 12 + "word\n\t * word */\n"),
    ("/* A\n *\n *   name   " + "word " * 14 + "\n *   other  b\n */\n",
     "/* A\n *\n *   name   " + "word " * 12 + "word\n *          word\n *   other  b\n */\n"),
])
def test_rewrap(tmp_path, before, after):
    path = tmp_path / "a.c"
    path.write_text(before)
    subprocess.run([sys.executable, REWRAP, path], check=True, capture_output=True)
    assert path.read_text() == (after or before)
    subprocess.run([sys.executable, REWRAP, path], check=True, capture_output=True)
    assert path.read_text() == (after or before)
