"""The scratch tree: a copy of the sources with the candidate's in their place."""
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import List, Set

from reports import process
from validate.candidate import FOLDER, Change, content

VARIANT = "candidate"
BUILD_BOUND_S = 1500.0
# What a build reads; the rest of the tree stays where it is.
NEEDED = ("Makefile", "*.mk", "targets", "stress", "fuzz/*.[ch]", "fuzz/whole", "fuzz/cases",
          "tests/unit", "ci/disassembly.py", "fuzz/rules.mk")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


class Tree:
    """A copy of `root` in which `change` has been made; a context that removes it.

    What `root` has built is used where it is younger than its sources. `top`: the copy.
    """

    def __init__(self, root: Path, change: Change):
        self.root, self.change = root, change
        self.top = Path(tempfile.mkdtemp(prefix="stormrig-validate-")).resolve()

    def __enter__(self):
        try:
            self._fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top, ignore_errors=True)

    def _fill(self) -> None:
        for name in listed(self.root):
            (self.top / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.root / name, self.top / name)
        for name, text in self.change.items():
            if text is None:
                (self.top / name).unlink(missing_ok=True)
            elif content(self.top / name) != text:  # what is the same keeps its objects
                (self.top / name).parent.mkdir(parents=True, exist_ok=True)
                (self.top / name).write_bytes(text)
        for lane in sorted(p for p in (self.root / "build").glob("*") if p.is_dir()):
            self._take_over(lane)

    def _take_over(self, lane: Path) -> None:
        """What a lane has built of the engine, and of the tree's form, under the new name."""
        mine = self.top / "build" / lane.name
        for part in ("obj", "engine"):
            if (lane / part).is_dir():
                shutil.copytree(lane / part, mine / part)
        for target in self.touched():
            fixed = lane / target / "fixed"
            if fixed.is_dir():
                to = mine / target / VARIANT
                shutil.copytree(fixed, to, ignore=shutil.ignore_patterns("storm", "explore",
                                                                         "main.*", "identity.o"))
                for path in filter(Path.is_file, to.rglob("*.d")):  # folders of objects, too
                    text = path.read_text()
                    stat = path.stat()
                    path.write_text(text.replace(f"/{target}/fixed/", f"/{target}/{VARIANT}/"))
                    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    def make(self, *goals: str, options=(), bound_s: float = BUILD_BOUND_S) -> process.Ended:
        """Make goals of the copy, each as far as it goes."""
        jobs = len(os.sched_getaffinity(0))
        return process.run(["make", "-s", "-k", f"-j{jobs}", f"ALSO={VARIANT}", *options, *goals],
                           bound_s, self.top)

    def program(self, lane: str, target: str) -> str:
        """Where a lane's program of the candidate is built, from the top."""
        return f'build/{lane}/{target}/{VARIANT}/{"explore" if lane == "explore" else "storm"}'

    # --- what belongs together ---

    def owners(self) -> List[str]:
        """The targets whose files the candidate changes."""
        own = {name.split("/")[1] for name in self.change}
        return sorted(targets(self.top) if own - set(targets(self.top)) else own)

    def touched(self) -> List[str]:
        """These, and the targets that are compiled with them."""
        own = set(self.owners())
        return [t for t in targets(self.top) if own & with_target(self.top, t)]

    def affected(self, target: str) -> List[str]:
        """Sources that a target is compiled from and that a change reaches by #include."""
        changed = set(self.change)
        found = []
        for name in sorted(with_target(self.top, target) | {"base"}):
            folder = self.top / FOLDER / name
            paths = list(folder.glob("*.c")) + (
                list(folder.glob("cases/*.c")) if name == target else [])
            found += [str(p.relative_to(self.top)) for p in paths
                      if changed & reached(self.top, p)]
        return sorted(found)


def listed(root: Path) -> List[str]:
    """The files of the tree that a build needs: what git knows, or all outside of git."""
    ran = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard", *NEEDED], cwd=root,
                         capture_output=True, text=True, check=False)
    names = ran.stdout.split("\0") if ran.returncode == 0 else [
        str(p.relative_to(root)) for pattern in ("*", "*/**/*") for p in root.glob(pattern)
        if p.relative_to(root).parts[0] not in ("build", ".git")]
    return [name for name in names if name and (root / name).is_file()]


def targets(top: Path) -> List[str]:
    """Folders with cases, as the build discovers them."""
    return sorted({p.parent.parent.name for p in top.glob(f"{FOLDER}/*/cases/*.c")})


def with_target(top: Path, target: str) -> Set[str]:
    """A target and those it includes, directly or not: what its build compiles."""
    folders = {p.name for p in (top / FOLDER).iterdir() if p.is_dir()}
    found, left = set(), {target}
    while left:
        name = left.pop()
        found.add(name)
        for path in (top / FOLDER / name).rglob("*"):
            if path.suffix in (".c", ".h", ".S"):
                left |= {i.split("/")[0] for i in INCLUDE.findall(path.read_text(errors="replace"))
                         if "/" in i} & folders - found
    return found - {"base"} | {target}


def reached(top: Path, path: Path) -> Set[str]:
    """A source and all that it includes of the tree, by path from the top."""
    found, left = set(), [path]
    while left:
        one = left.pop()
        name = str(one.relative_to(top))
        if name in found:
            continue
        found.add(name)
        for included in INCLUDE.findall(one.read_text(errors="replace")):
            for folder in (one.parent, top / FOLDER, top / "stress", top):
                if (folder / included).is_file():
                    left.append((folder / included).resolve())
                    break
    return found
