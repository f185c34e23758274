#!/usr/bin/python3
"""The style gate: STYLE.md as a program.

    ci/tidy.py [FOLDER]

prints one line per offence, as file:line: message, and exits with 1; silent and 0
where all is in order. It looks at what git tracks or would track. Each rule is a
function below, and tests/test_tidy.py shows each of them a broken subject.
ci/rewrap.py mends comments that are too wide.
"""
import ast
import collections
import fnmatch
import functools
import pathlib
import re
import subprocess
import sys

BODY_LINES = 70
FILE_LINES = 400
COMMENT_COLUMNS = 80
CODE_COLUMNS = 100
TAB = 8
NEAR = 3  # lines between an atomic operation and the comment on it
CODE = {".c", ".h", ".py", ".sh", ".mk"}
ORDER_HEADER = "targets/base/order.h"
# The simulated memory gives orders their meaning, so it must name them.
NAMES_ORDERS = (ORDER_HEADER, "fuzz/memory/")
UNLISTED = ("Makefile", "ci/", "tests/", "reports/", "conftest.py", ".ci/")
ENTRY_POINTS = {"main", "LLVMFuzzerTestOneInput", "LLVMFuzzerInitialize",
                "LLVMFuzzerCustomMutator", "LLVMFuzzerCustomCrossOver"}

C_TOKEN = re.compile(r"""//[^\n]* | /\*.*?(?:\*/|\Z) | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'""",
                     re.VERBOSE | re.DOTALL)
RAW_ORDER = re.compile(r"\bmemory_order\w*|\b(?:atomic_(?:load|store|exchange|fetch_\w+|"
                       r"compare_exchange_\w+|(?:thread|signal)_fence)\w*|__atomic_\w+|"
                       r"__sync_\w+)(?=\s*\()")
ORDERED = re.compile(r"\b(?:load|store|exchange|cas|fetch_[a-z]+|fence)_"
                     r"(relaxed|acquire|release|acq_rel|seq_cst)\s*\(")
C_FUNCTION = re.compile(r"^(?!static\b|typedef\b|#|return\b|else\b)(?:[A-Za-z_][\w ]*[\s*]+)"
                        r"(\w+)\([^;{}]*\)\s*\n\{", re.MULTILINE)
MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)((?:\\\n|[^\n])*)", re.MULTILINE)
CASE = re.compile(r"^CASE\((\w+)", re.MULTILINE)
PLACES = re.compile(r"/(?:root|home|work|mnt|Users)/[\w.-]|\.\./shared\b")
SCRATCH = re.compile(r"/tmp/(?!\S*XXXXXX)[\w.-]")
HOSTS = re.compile(r"\b(?:[\w-]+\.)*(?:pypi|pythonhosted|npmjs|crates|golang|docker|quay|ghcr|"
                   r"debian|ubuntu)\.(?:org|com|io)\b|\b[\w-]*(?:registry|mirror)[\w-]*"
                   r"\.[\w-]+\.[a-z]{2,}\b")
# Indented text in a comment is a sample or a table, and may be as wide as code.
SAMPLE = re.compile(r"\s*(?:/?\*+|#+) {3,}\S")
UNDONE = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX)\b")
BUG = re.compile(r"\bBUG_[A-Z][A-Z0-9_]*\b")


class Source:
    """One file: `lines` as they are, `code` and `comments` with the rest blanked."""

    def __init__(self, root, path):
        self.path = path
        self.text = (root / path).read_text(encoding="utf-8", errors="replace")
        self.lines = self.text.split("\n")
        self.suffix = pathlib.PurePath(path).suffix
        self.name = pathlib.PurePath(path).name
        self.is_c = self.suffix in (".c", ".h")
        self.is_code = self.suffix in CODE or self.name == "Makefile"

    def under(self, *places):
        return self.path.startswith(places)

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    @functools.cached_property
    def code(self):
        """C text without comments, strings and characters, of the same shape."""
        return C_TOKEN.sub(lambda m: re.sub(r"\S", " ", m.group()), self.text)

    @functools.cached_property
    def comments(self):
        """Per line: number (from 0) of the comment's first line and its whole text."""
        found = {}
        for m in C_TOKEN.finditer(self.text):
            if m.group().startswith("/"):
                first = self.line_of(m.start()) - 1
                for line in range(first, first + m.group().count("\n") + 1):
                    found.setdefault(line, []).append((first, m.group()))
        return found

    @functools.cached_property
    def tree(self):
        return ast.parse(self.text)

    @functools.cached_property
    def instructions(self):
        """Python without comments and docstrings, other scripts without comments."""
        if self.suffix != ".py":
            return re.sub(r"(?m)^[ \t]*#.*", "", self.text)
        lines = [re.sub(r"^\s*#.*", "", line) for line in self.lines]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                lines[node.lineno - 1:node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
        return "\n".join(lines)


RULES = []


def rule(function):
    """A rule over one file: yields (line, message)."""
    RULES.append((function, False))
    return function


def rule_over_all(function):
    """A rule over all files: yields (path, line, message)."""
    RULES.append((function, True))
    return function


# --- sizes ---


@rule
def width(source):
    if not source.is_code:
        return
    for number, line in enumerate(source.lines, 1):
        columns = len(line.expandtabs(TAB))
        comment = line.lstrip().startswith("#") and not source.is_c
        if source.is_c:
            comment = number - 1 in source.comments and not source.code.split("\n")[
                number - 1].strip(" \t\\") and '"' not in line.split("/*")[0]
        if SAMPLE.match(line):
            comment = False
        if comment and columns > COMMENT_COLUMNS:
            yield number, f"comment of {columns} columns, at most {COMMENT_COLUMNS}"
        elif columns > CODE_COLUMNS:
            yield number, f"line of {columns} columns, at most {CODE_COLUMNS}"


@rule
def file_length(source):
    length = len(source.lines) - 1
    if source.is_code and length > FILE_LINES:
        yield FILE_LINES + 1, f"file of {length} lines, at most {FILE_LINES}"


def python_bodies(source):
    for node in ast.walk(source.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if body:
                yield node.lineno, node.name, node.end_lineno - body[0].lineno + 1


def c_bodies(source):
    start = None
    for number, line in enumerate(source.code.split("\n"), 1):
        if line.rstrip() == "{":
            start = number
        elif line.startswith("}") and start:
            yield start, "function", number - start - 1
            start = None


@rule
def body_length(source):
    bodies = python_bodies(source) if source.suffix == ".py" else c_bodies(source)
    if source.is_c or source.suffix == ".py":
        for line, name, length in bodies:
            if length > BODY_LINES:
                yield line, f"{name} with a body of {length} lines, at most {BODY_LINES}"


# --- atomics ---


@rule
def raw_order(source):
    if source.is_c and not source.under(*NAMES_ORDERS):
        for m in RAW_ORDER.finditer(source.code):
            yield (source.line_of(m.start()),
                   f"{m.group()}: only {ORDER_HEADER} names memory orders")


def comments_near(source, line):
    """The comments on a line (from 0) and up to NEAR lines above it, from below."""
    code = source.code.split("\n")
    text = []
    for at in range(line, max(-1, line - NEAR - 1), -1):
        if at < line and code[at].startswith("}"):
            break
        text += [comment for _, comment in source.comments.get(at, []) if comment not in text]
    return text


def ordered_macros(sources):
    """Names of macros that stand for ordered operations, perhaps through others."""
    defined = [m.groups() for s in sources if s.is_c and s.path != ORDER_HEADER
               for m in MACRO.finditer(s.code)]
    names = set()
    while True:
        known = re.compile(rf"\b(?:{'|'.join(names) or '(?!)'})\s*\(")
        more = {name for name, body in defined if ORDERED.search(body) or known.search(body)}
        if more <= names:
            return names
        names |= more


@rule_over_all
def pairing(sources):
    sources = [s for s in sources if s.is_c and s.under("targets/", "stress/")
               and s.path != ORDER_HEADER]
    macros = re.compile(rf"\b({'|'.join(ordered_macros(sources)) or '(?!)'})\s*\(")
    for source in sources:
        code = MACRO.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), source.code)
        for m in list(ORDERED.finditer(code)) + list(macros.finditer(code)):
            wanted = {"relaxed": ("relaxed:",)}.get(m.group(1), ("pairs with:",))
            if m.re is macros:  # what order it has depends on the variant
                wanted = ("pairs with:", "relaxed:")
            line = source.line_of(m.start())
            near = " ".join(comments_near(source, line - 1))
            if not any(word in near for word in wanted):
                why = "why that is enough" if wanted == ("relaxed:",) else "its partner"
                yield (source.path, line, f"{m.group().rstrip('( ')} without a comment "
                       f'"{wanted[0]}" telling {why}')


# --- words ---


@rule
def places(source):
    for number, line in enumerate(source.lines, 1):
        for pattern, what in [(PLACES, "a place on one machine"),
                              (SCRATCH, "a fixed scratch path, use mktemp"),
                              (HOSTS, "a registry's host name")]:
            m = pattern.search(line)
            if m:
                yield number, f"{m.group()}: {what}"


@rule
def loose_ends(source):
    for number, line in enumerate(source.lines, 1):
        m = UNDONE.search(line)
        if m:
            yield number, f"{m.group()}: finish it or write an issue"
        if line != line.rstrip():
            yield number, "white space at the end of the line"
    if source.text and not source.text.endswith("\n"):
        yield len(source.lines), "no newline at the end of the file"


# --- names and discovery ---


@rule_over_all
def hand_kept_lists(sources):
    real = {name for s in sources if s.under("targets/") for name in BUG.findall(s.code)}
    for source in sources:
        named = {m.group(): m.start() for m in BUG.finditer(source.instructions)
                 if m.group() in real} if source.under(*UNLISTED) else {}
        # one name in a test is an example, two are the beginning of a list
        if len(named) > (1 if source.under("tests/") else 0):
            for name, offset in named.items():
                line = source.instructions.count("\n", 0, offset) + 1
                yield source.path, line, f"{name}: discover variants, never list them"


def repeated(found):
    """For [(key, path, line)]: those whose key has been seen in another file or line."""
    first = {}
    for key, path, line in found:
        if first.setdefault(key, (path, line)) != (path, line):
            yield key, path, line, "%s:%d" % first[key]


@rule_over_all
def duplicated_names(sources):
    cases = [((pathlib.PurePath(s.path).parent, m.group(1)), s.path, s.line_of(m.start()))
             for s in sources if s.under("targets/") and s.is_c
             for m in CASE.finditer(s.text)]
    for (_, name), path, line, first in repeated(cases):
        yield path, line, f"case {name} also stands in {first}"
    for world in ("stress/", "fuzz/"):  # each links the targets
        functions = [(m.group(1), s.path, 0 if s.under("targets/") else
                      s.line_of(m.start(1))) for s in sources
                     if s.suffix == ".c" and s.under("targets/", world)
                     for m in C_FUNCTION.finditer(s.code) if m.group(1) not in ENTRY_POINTS]
        for name, path, line, first in repeated(functions):
            if path != first.rsplit(":", 1)[0]:  # within a file: #ifdef decides
                yield path, line or 1, f"function {name}() also stands in {first}"
    for source in sources:
        if source.suffix == ".py":
            scopes = [n for n in ast.walk(source.tree) if isinstance(n, (ast.Module, ast.ClassDef))]
            for scope in scopes:
                names = [(n.name, source.path, n.lineno) for n in scope.body
                         if isinstance(n, (ast.FunctionDef, ast.ClassDef))
                         and not n.decorator_list]
                for name, path, line, first in repeated(names):
                    yield path, line, f"{name} hides the one in {first}"


def patterns(source):
    """What a build file or a script discovers, as regular expressions on paths."""
    words = re.sub(r"\$\(\w+\)|\$\{\w+\}|\{\w+\}|\$\w", "*", source.text)
    for m in re.finditer(r"find ([\w./* -]+?) .*?-name ['\"]?([\w.*?-]+)", words):
        for folder in m.group(1).split():
            yield fnmatch.translate(f"{folder.rstrip('/')}/{m.group(2)}")
    for word in re.findall(r"[\w./*%-]*[*%][\w./*%-]*\.(?:c|h|py)\b", words):
        glob = word.replace("%", "*").lstrip("./")
        if "/" in glob or not glob.startswith("*."):
            where = "" if "/" in glob else "(?:.*/)?"
            yield where + re.escape(glob).replace(r"\*\*/", "(?:.*/)?").replace(
                r"\*", "[^/]*") + r"\Z"


@rule_over_all
def dead_files(sources):
    code = [s for s in sources if s.is_code or s.under(".ci/") or s.suffix in (".yml", ".yaml")]
    words = collections.Counter()
    for s in code:
        for word in set(re.findall(r"[\w-]+(?:\.[ch]|\.py)?\b", s.text)):
            words[word] += 1
    discovered = [re.compile(p) for s in code for p in patterns(s)]
    for s in sources:
        if s.suffix not in (".c", ".h", ".py") or s.name in ("conftest.py", "__init__.py"):
            continue
        if s.under("tests/") and s.name.startswith("test_") and s.suffix == ".py":
            continue
        names = {s.name} | ({s.name[:-3]} if s.suffix == ".py" else set())
        own = {word for word in names if re.search(rf"\b{re.escape(word)}\b", s.text)}
        if not any(words[n] > (n in own) for n in names) and not any(
                p.match(s.path) for p in discovered):
            yield s.path, 1, "nothing refers to this file, and nothing discovers it"


# --- the gate ---

# Built, what programs read as bytes, and sources that are not this tree's.
DATA = ("build/", "fuzz/fuzzers/inputs/", "tests/candidates/")



def listed(root):
    """Paths that git tracks or would track; outside git, all that is not hidden."""
    git = subprocess.run(["git", "-C", root, "ls-files", "-coz", "--exclude-standard"],
                         capture_output=True, text=True, check=False)
    paths = git.stdout.split("\0") if git.returncode == 0 else [
        str(p.relative_to(root)) for p in root.rglob("*")
        if not any(part.startswith(".") for part in p.relative_to(root).parts)]
    return sorted(p for p in set(paths) if p and not p.startswith(DATA)
                  and (root / p).is_file() and not (root / p).is_symlink())


def is_text(path):
    with path.open("rb") as file:
        return b"\0" not in file.read(4096)


def offences(root):
    """All offences of the tree at root, as (path, line, message), sorted."""
    sources = [Source(root, path) for path in listed(root) if is_text(root / path)]
    found = set()
    for function, over_all in RULES:
        if over_all:
            found.update(function(sources))
            continue
        for source in sources:
            found.update((source.path, line, message) for line, message in function(source))
    return sorted(found)


def main(arguments):
    if len(arguments) > 1 or arguments and not pathlib.Path(arguments[0]).is_dir():
        print("usage: ci/tidy.py [FOLDER]", file=sys.stderr)
        return 64
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parent.parent)
    found = offences(root.resolve())
    for path, line, message in found:
        print(f"{path}:{line}: {message}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
