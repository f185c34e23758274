"""What the fuzzers' inputs reach of targets/, as the page shows it."""
from pathlib import Path
from typing import Dict, Iterable, List

from reports import schema

COUNTS = ("lines", "lines_hit", "branches", "branches_hit", "fatal_branches")


def documents(path: Path) -> List[dict]:
    """The "coverage" documents of a file. Raises schema.BadDocument, OSError."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            found.append(schema.parse(line, "coverage"))
        except schema.BadDocument as error:
            raise schema.BadDocument(f"{path} line {number}: {error}") from None
    return found


def percent(hit: int, of: int) -> float:
    """Of nothing, all is reached."""
    return 100 * hit / of if of else 100.0


def ranges(lines: Iterable[int]) -> str:
    """Line numbers as text: "3-5, 9"."""
    runs: List[List[int]] = []
    for line in sorted(set(lines)):
        if runs and line == runs[-1][1] + 1:
            runs[-1][1] = line
        else:
            runs.append([line, line])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def missed(file: dict) -> Dict[str, str]:
    """{reason: lines} of what was not reached; "" for what nobody has explained."""
    found: Dict[str, List[int]] = {}
    for one in file["lines_missed"] + file["branches_missed"]:
        found.setdefault(one["reason"] or "", []).append(one["line"])
    return {reason: ranges(lines) for reason, lines in sorted(found.items())}


def summed(files: List[dict]) -> dict:
    """The figures of several files as one."""
    total = {name: sum(file[name] for file in files) for name in COUNTS}
    return {**total, "line_share": percent(total["lines_hit"], total["lines"]),
            "branch_share": percent(total["branches_hit"], total["branches"])}


def table(found: List[dict]) -> dict:
    """The last coverage document for rendering: {"total", "targets": [{"name", "sum",
    "files": [{"name", "sum", "missed"}]}]}; a document of nothing has no targets."""
    by_target: Dict[str, dict] = {}
    for path, file in sorted(found[-1]["files"].items()) if found else ():
        by_target.setdefault(Path(path).parts[1], {})[Path(path).name] = file
    return {"total": summed([f for files in by_target.values() for f in files.values()]),
            "targets": [{"name": name, "sum": summed(list(files.values())),
                         "files": [{"name": f, "sum": summed([file]), "missed": missed(file)}
                                   for f, file in files.items()]}
                        for name, files in sorted(by_target.items())]}
