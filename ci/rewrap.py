#!/usr/bin/python3
"""Rewraps comments that ci/tidy.py finds too wide, and touches nothing else.

    ci/rewrap.py FILE...

A paragraph is rewrapped only if one of its lines is too wide; the columns of lists and
tables stay where they are. Prints the files changed.
"""
import pathlib
import re
import sys
import textwrap

COLUMNS = 80
TAB = 8
GLUE = "\0"  # holds the closing mark to the last word


def wrapped(lines, room):
    """lines: texts of one paragraph or list item, without comment marks."""
    indent = depth(lines[0])
    if len(lines) > 1:
        hang = depth(lines[1])
    else:
        item = re.match(r"\s*(?:[-*] |\S+(?: \S+)*? {2,}(?=\S))", lines[0])
        hang = item.end() if item else indent
    head = re.match(r"\s*\S+(?: \S+)*? {2,}(?=\S)", lines[0]) if hang > indent else None
    first = head.group() if head else " " * indent
    words = " ".join([lines[0][len(first):]] + [line.strip() for line in lines[1:]])
    return textwrap.wrap(words, room, initial_indent=first, subsequent_indent=" " * hang,
                         break_long_words=False, break_on_hyphens=False)


def depth(line):
    return len(line) - len(line.lstrip())


def pieces(lines):
    """Splits at blank lines and where an indented item begins."""
    piece = []
    for line in lines:
        if piece and piece[0].strip() and line.strip():
            first = depth(piece[0])
            new = depth(line) <= first if first else depth(line) > 0
        else:
            new = True
        if new:
            yield piece
            piece = []
        piece.append(line)
    yield piece


def rewrap(lines, room):
    out = []
    for piece in pieces(lines):
        wide = any(len(line) > room for line in piece)
        out += wrapped(piece, room) if wide else piece
    return out


def c_comment(match):
    tabs, body = match.group(1), match.group(2)
    room = COLUMNS - len(tabs.expandtabs(TAB)) - 3
    lines = [re.sub(r"^\s*\* ?", "", line) if i else line.strip()
             for i, line in enumerate(body.split("\n"))]
    alone = len(lines) > 1 and not lines[-1].strip()
    if alone:
        lines.pop()
    else:
        lines[-1] = lines[-1].rstrip() + GLUE + "*/"
    new = rewrap(lines, room)
    if new == lines:
        return match.group()
    new = [f"{tabs} * {line}".rstrip() for line in new] + [f"{tabs} */"] * alone
    new[0] = f"{tabs}/* {new[0][len(tabs) + 3:]}".rstrip()
    return "\n".join(new).replace(GLUE, " ")


def hash_comment(match):
    tabs = re.match(r"[ \t]*", match.group()).group()
    lines = [re.sub(r"^\s*# ?", "", line) for line in match.group().rstrip("\n").split("\n")]
    new = rewrap(lines, COLUMNS - len(tabs.expandtabs(TAB)) - 2)
    return match.group() if new == lines else "".join(f"{tabs}# {x}".rstrip() + "\n" for x in new)


def rewrapped(text, is_c):
    if is_c:
        return re.sub(r"^([ \t]*)/\*(?!\*)(.*?)\*/[ \t]*$", c_comment, text,
                      flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"^(?:([ \t]*)#(?!!).*\n)(?:\1#.*\n)*", hash_comment, text, flags=re.MULTILINE)


def main(files):
    for name in files:
        path = pathlib.Path(name)
        text = path.read_text(encoding="utf-8")
        new = rewrapped(text, path.suffix in (".c", ".h"))
        if new != text:
            path.write_text(new, encoding="utf-8")
            print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
