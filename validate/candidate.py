"""What a candidate changes: files of a folder, or a patch, against those under targets/."""
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Dict, Optional

SOURCES = (".c", ".h", ".S")
FOLDER = "targets"

Change = Dict[str, Optional[bytes]]  # path from the root -> new content; None: removed


class BadInput(Exception):
    """What was asked for cannot be: one line for the user."""


def read(place: Path, root: Path) -> Change:
    """What the candidate at `place` changes in the tree at `root`.

    place: a folder whose *.c, *.h and *.S stand where they stand under targets/, or a unified
    diff. Raises BadInput where there is no such place, a file replaces nothing, a patch does
    not apply, or nothing would change.
    """
    if place.is_dir():
        found = of_folder(place, root)
    elif place.is_file():
        found = of_patch(place, root)
    else:
        raise BadInput(f"CANDIDATE={place}: no such folder or patch")
    changed = {path: text for path, text in found.items() if content(root / path) != text}
    if not changed:
        raise BadInput(f"CANDIDATE={place}: the same as what is there: nothing to validate")
    return changed


def content(path: Path) -> Optional[bytes]:
    """A file's bytes; None where there is none."""
    return path.read_bytes() if path.is_file() else None


def of_folder(place: Path, root: Path) -> Change:
    """The sources of a folder, by the path of what each replaces."""
    found: Change = {}
    for path in sorted(p for p in place.rglob("*") if p.suffix in SOURCES and p.is_file()):
        inside = path.relative_to(place)
        name = inside if inside.parts[0] == FOLDER else Path(FOLDER) / inside
        if not (root / name).is_file():
            raise BadInput(f"{path} replaces nothing: there is no {name} (a new file needs a "
                           "patch)")
        found[str(name)] = path.read_bytes()
    if not found:
        raise BadInput(f"CANDIDATE={place}: no {', '.join('*' + s for s in SOURCES)} in it")
    return found


def of_patch(patch: Path, root: Path) -> Change:
    """What a unified diff makes of the files it names."""
    names = re.findall(r"^(?:---|\+\+\+) (\S+)", patch.read_text(errors="replace"), re.MULTILINE)
    inside = {re.sub(rf"^(?:[^/]+/)?(?={FOLDER}/)", "", n) for n in names if n != os.devnull}
    if not inside:
        raise BadInput(f"{patch}: no unified diff: nothing in it names a file")
    stray = sorted(name for name in inside if not name.startswith(FOLDER + "/"))
    if stray:
        raise BadInput(f"{patch}: changes {stray[0]}, and only {FOLDER}/ can be validated")
    level = "-p1" if any(n.split("/")[0] != FOLDER for n in names if n != os.devnull) else "-p0"
    with tempfile.TemporaryDirectory(prefix="stormrig-patch-") as top:
        shutil.copytree(root / FOLDER, Path(top) / FOLDER)
        # Outside any repository, where git takes paths as they are.
        ran = subprocess.run(["git", "apply", level, patch.resolve()], cwd=top, text=True,
                             env={**os.environ, "GIT_CEILING_DIRECTORIES": str(Path(top).parent)},
                             capture_output=True, check=False)
        if ran.returncode != 0:
            why = (ran.stderr.strip().splitlines() or ["git apply failed"])[0]
            raise BadInput(f"{patch} does not apply: {why}")
        return {name: content(Path(top) / name) for name in sorted(inside)}
