"""Mutants of C text by rule: each a small change of one or two lines that keeps their number.

Rules look at text without comments and strings (ci/tidy.py), so that only code is changed.
"""
import dataclasses
import re

STATEMENT = re.compile(r"^(\t+)([^\s{}#][^;{}]*);$")
KEYWORD = re.compile(r"^(?:return|break|continue|goto|if|else|for|while|do|case|default|typedef|"
                     r"static|extern|struct|enum|union|_Noreturn)\b")
DECLARATION = re.compile(r"^(?:const\s+)?(?:unsigned|signed|bool|int|char|long|size_t|double|void|"
                         r"\w+_t|struct\s+\w+|enum\s+\w+|word\w+)\s+\**\w+")
# What changes nothing but speed; oracles of the targets and of the tools.
HINT = re.compile(r"hint_\w+\(|world_(?:relax\w*|yield)\(")
ORACLE = re.compile(r"world_fatal\(|watch_")
NO_CALL = re.compile(r"\b(?:U?INT\d+_C|sizeof|__builtin_\w+)\s*\(")
WAKE = re.compile(r"wake|ready|signal|unpark|notify", re.IGNORECASE)
CONDITION = re.compile(r"\b(if|while)\s*\(")
COMPARISON = re.compile(r"(?<=\s)(<=|>=|<|>)(?=\s)")
GUARDED = re.compile(r"\s*(?:return|break|continue|goto)\b")
# Accesses that order nothing, and what later or earlier ones may move into.
PLACE = r"(?:\w+(?:\[\w+\])*(?:->|\.))*(\w+)(?:\[\w+\])*"
ASSIGNED = re.compile(rf"{PLACE}\s*[-+*|&^]?=(?!=)\s*")
UNORDERED = re.compile(rf"(?:store|fetch_add|fetch_or)_relaxed\(&{PLACE},(.*)\)|"
                       rf"flag_set\(&{PLACE},(.*)\)|{PLACE}(?:\+\+|--)")
ACQUIRE = re.compile(r"mutex_lock\([^()]*\)")
RELEASE = re.compile(r"mutex_unlock\([^()]*\)|store_release\([^()]*\)")


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One change: lines `line` and on (from 1) of the file become `after`."""
    file: str
    line: int
    rule: str
    before: str  # the changed lines, as they are; "\\n" between them
    after: str
    functions: frozenset = frozenset()  # that hold its code; none: not known

    @property
    def key(self):
        """What names it while lines above come and go."""
        return " | ".join([self.file, self.rule, squeezed(self.before), squeezed(self.after)])

    def applied(self, text):
        lines = text.split("\n")
        count = self.before.count("\n") + 1
        assert "\n".join(lines[self.line - 1:self.line - 1 + count]) == self.before
        lines[self.line - 1:self.line - 1 + count] = self.after.split("\n")
        return "\n".join(lines)


def squeezed(text):
    """One line, without comments and indentation."""
    return " ".join(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL).split())


def all_mutants(source, live):
    """Every mutant of a tidy.Source whose first line is among `live`: {line: its functions}."""
    code = source.code.split("\n")
    found = []
    for number, text in enumerate(code, 1):
        if number not in live:
            continue
        for rule in (dropped, swapped, condition, off_by_one):
            for name, count, after in rule(code, number - 1):
                before = "\n".join(source.lines[number - 1:number - 1 + count])
                found.append(Mutant(source.path, number, name, before, after,
                                    frozenset(live[number])))
    return list({(m.line, m.rule, m.after): m for m in found
                 if squeezed(m.before) != squeezed(m.after)}.values())


def statement(text):
    """The statement that a line is, without indentation; None if it is none or declares."""
    match = STATEMENT.match(text.rstrip())
    if not match or KEYWORD.match(match[2]) or DECLARATION.match(match[2]):
        return None
    balanced = match[2].count("(") == match[2].count(")")
    return match[2].strip() if balanced else None


def dropped(code, at):
    """A call, a store or a wake that is left out; an oracle's or a hint's means nothing."""
    what = statement(code[at])
    follows = at > 0 and code[at - 1].rstrip()[-1:] in (",", "(", "=", "&", "|", "?", "+")
    if what and not follows and not ORACLE.match(what) and not HINT.match(what):
        stores = re.search(r"[^=!<>]=[^=]|\+\+|--|\b\w*(?:store|publish|exchange|init)\w*\(", what)
        name = "skip wake" if WAKE.search(what) else "drop store" if stores else "drop call"
        yield name, 1, code[at].replace(what + ";", ";")


def swapped(code, at):
    """Two statements that change places, one a call: two plain assignments have no order."""
    if at + 1 >= len(code):
        return
    first, second = statement(code[at]), statement(code[at + 1])
    indents = [len(line) - len(line.lstrip()) for line in code[at:at + 2]]
    same = indents[0] == indents[1]
    above = code[at - 1].rstrip() if at else ""
    guarded = re.match(r"\s*(?:if|else|for|while)\b.*[^{;]$|\s*else$", above)
    fresh = re.search(r"_init\(", (first or "") + (second or ""))  # nobody shares it yet
    calls = re.search(r"\w\(", NO_CALL.sub("", f"{first} {second}"))
    if first and second and same and not guarded and not fresh and calls:
        yield "swap", 2, f"{code[at + 1]}\n{code[at]}"


def free_to_swap(mutant):
    """Whether C11 lets every compiler make the same change of the order of two statements.

    Then the mutant shows nothing that the source may not. They are plain or relaxed accesses of
    different words, neither of which uses what the other writes; or such an access moves into
    what a lock guards, or before a release. What is no sure case of these is none.
    """
    if mutant.rule != "swap":
        return False
    first, second = (line.strip().rstrip(";") for line in mutant.before.split("\n"))
    one, two = unordered(first), unordered(second)
    if one and two:
        return not (one & words(second) or two & words(first))
    if one and ACQUIRE.fullmatch(second):
        return not one & words(second)
    return bool(two and RELEASE.fullmatch(first)) and not two & words(first)


def words(text):
    """The identifiers of a statement."""
    return set(re.findall(r"[A-Za-z_]\w*", text))


def unordered(text):
    """The names of the words that a statement writes, if it orders nothing; else nothing."""
    found = UNORDERED.fullmatch(text)
    if found:
        written = {found[1] or found[3] or found[5]}
        value = found[2] or found[4] or ""
    else:
        written, value = set(), text
        while match := ASSIGNED.match(value):
            written.add(match[1])
            value = value[match.end():]
    calls = re.search(r"\w\s*\(|\+\+|--|[^=!<>]=[^=]", NO_CALL.sub("(", value))
    return set() if calls else written


def condition(code, at):
    """A condition negated; a check before a jump that is made and ignored."""
    for match in CONDITION.finditer(code[at]):
        end = closing(code[at], match.end() - 1)
        if end is None:
            continue
        inside = code[at][match.end():end]
        head, tail = code[at][:match.end()], code[at][end:]
        yield "negate", 1, f"{head}!({inside}){tail}"
        after = tail[1:].strip() or (code[at + 1] if at + 1 < len(code) else "")
        if match[1] == "if" and GUARDED.match(after.lstrip("{ ") or ""):
            yield "drop check", 1, f"{head}({inside}) && 0{tail}"


def closing(text, at):
    """The index of the parenthesis that closes the one at `at`; None: not on this line."""
    depth = 0
    for i in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if depth == 0:
            return i
    return None


def off_by_one(code, at):
    """A comparison or a count that is one off."""
    other = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
    for match in COMPARISON.finditer(code[at]):
        if "#include" not in code[at]:
            yield ("off by one", 1,
                   code[at][:match.start()] + other[match[1]] + code[at][match.end():])
    for match in re.finditer(r"(?<=[\w)\]] )[+-] 1\b(?![.\w])", code[at]):
        yield "off by one", 1, code[at][:match.start()] + "+ 0" + code[at][match.end():]
