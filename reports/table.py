"""The verdict table for people at a terminal; plain lines where there is none.

  ✔ CAUGHT         poller/close_vs_block  BUG_RELEASE_DUMMY  61.2k lost_wakeup  ...
  ✔ FIX_CONFIRMED  poller/close_vs_block  fixed              0                  ...
  AS EXPECTED: 2 verdicts (1 CAUGHT, 1 FIX_CONFIRMED), 4.1 s of exposure; replay: ...
"""
import io
import os
import shutil
from pathlib import Path
from typing import List

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports import words
from reports.folder import Run

COLUMNS = ("verdict", "case", "variant", "hits", "rate [99.9 %]", "first hit", "ratio bound",
           "near/round", "rounds", "spoilt", "children", "Fano b/c")
# What a narrow terminal goes without, in this order.
DROPPED_FIRST = (11, 9, 10, 5, 8, 7)
STYLES = {True: "green", False: "bold red"}


def cells(row: dict) -> List[str]:
    """One row's cells, in the order of COLUMNS."""
    return [f'{words.mark(row["verdict"])} {row["verdict"]}', f'{row["target"]}/{row["case"]}',
            row["variant"] + (" (control)" if row["role"] == "control" else ""),
            words.hits(row), words.rate(row), words.duration(row["first_hit_s"]),
            words.ratio(row), words.number(row["near_rate"]), words.count(row["rounds"]),
            words.count(row["spoilt"]), words.count(row["children"]), words.fano(row)]


def plain(rows: List[dict]) -> List[str]:
    """The table as aligned text."""
    body = [list(COLUMNS)] + [cells(row) for row in rows]
    widths = [max(len(line[i]) for line in body) for i in range(len(COLUMNS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
            for line in body]


def fitting(body: List[List[str]], width: int) -> List[int]:
    """Indices of the columns that fit into `width` characters, by DROPPED_FIRST."""
    shown = list(range(len(COLUMNS)))
    for column in DROPPED_FIRST:
        if sum(max(len(line[i]) for line in body) + 2 for i in shown) - 2 <= width:
            break
        shown.remove(column)
    return shown


def coloured(rows: List[dict], width: int) -> List[str]:
    """The table by rich, with colours, for a terminal of `width` characters."""
    body = [cells(row) for row in rows]
    shown = fitting([list(COLUMNS)] + body, width)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for i in shown:
        table.add_column(COLUMNS[i], no_wrap=True, justify="left" if i < 5 else "right")
    for row, line in zip(rows, body):
        style = "yellow" if row["verdict"] in ("SKIPPED", "CLEAN") else STYLES[row["expected"]]
        table.add_row(Text(line[0], style), *(Text(line[i]) for i in shown[1:]))
    console = Console(file=io.StringIO(), force_terminal=True, width=1000, highlight=False)
    console.print(table)
    found = [line.rstrip() for line in console.file.getvalue().rstrip("\n").split("\n")]
    missing = [COLUMNS[i] for i in range(len(COLUMNS)) if i not in shown]
    if missing:
        found.append(f'(no room here for {", ".join(missing)}: see the report)')
    return found


def explanations(rows: List[dict]) -> List[str]:
    """What is unexpected, why, and how to replay it; then skips with their reasons."""
    found = []
    for row in rows:
        name = f'{row["target"]}/{row["case"]} {row["variant"]}'
        if not row["expected"]:
            found += ["", f'{words.mark(row["verdict"])} {name}: {row["verdict"]}: '
                          f'{row["reason"] or words.MEANINGS[row["verdict"]]}',
                      f'  replay: {row["replay"] or "nothing ran"}']
            found += [f"  stderr: {name}" for name in row["stderr"]]
        elif row["verdict"] == "SKIPPED":
            found.append(f'{words.mark("SKIPPED")} {name}: skipped: {row["reason"]}')
    return found


def verdict_line(run: Run, verdicts: dict) -> str:
    """The last line of a run: its verdict and the command that replays it."""
    counts = ", ".join(f"{n} {name}" for name, n in sorted(verdicts["counts"].items()))
    seconds = sum(row["seconds"] for row in verdicts["rows"])
    state = "" if run.complete else f' ({run.header["state"]})'
    return (f'{verdicts["verdict"]}{state}: {len(verdicts["rows"])} verdicts ({counts}), '
            f"{seconds:.1f} s of exposure{overtime(run.header)}; replay: {replay(run.header)}")


def overtime(header: dict) -> str:
    """What a run's overtime was for, "" where there was none."""
    done = header.get("options", {}).get("overtime")
    if not done:
        return ""
    left = len(done["still_in_doubt"])
    variants = sum("-" in name for name in done["races"])  # as matrix.Item names them
    parts = [f"{n} {what}{'s' * (n > 1)}" for n, what in
             ((len(done["races"]) - variants, "race"), (variants, "silent variant")) if n]
    return (f', {done["seconds"]:.0f} s of overtime for {" and ".join(parts)} '
            f"in doubt{f', {left} still are' if left else ''}")


def replay(header: dict) -> str:
    """The command that repeats a run, its seed included."""
    command = header["command"]
    if "--rig-seed" in command or "shards" in header.get("options", {}):
        return command
    return f'{command} --rig-seed {header["seed"]}'


def lines(run: Run, verdicts: dict, terminal: bool, base: Path) -> List[str]:
    """All that is printed of a run.

    run, verdicts: as loaded and graded; terminal: colours wanted; base: folder that the
    report's path is shown relative to.
    """
    rows = words.ordered(verdicts["rows"])
    width = shutil.get_terminal_size().columns
    found = (coloured(rows, width) if terminal else plain(rows)) + explanations(rows)
    found += [f"{words.UNEXPECTED_MARK} {problem}" for problem in verdicts["problems"]]
    found += [f"warning: {warning}" for warning in run.warnings]
    page = run.path / "index.html"
    if page.exists():
        found += ["", f"report: {os.path.relpath(page, base)}"]
    return found + [verdict_line(run, verdicts)]
