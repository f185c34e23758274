"""Compiling a candidate in every lane that this machine can build."""
import platform
import re
import shutil
from typing import List

from reports import process
from validate.step import Step, timed
from validate.tree import VARIANT, Tree

SANITIZERS = ("tsan", "asan")
ERROR = re.compile(r"^([^\s:]+):\d+(?::\d+)?: (?:fatal )?error: .*", re.MULTILINE)
LINKING = re.compile(r"^.*(?:undefined reference|multiple definition|ld: ).*", re.MULTILINE)
FAILED = re.compile(r"\*\*\* \[[^\]]*\bbuild/([^/]+)/[^\]]*\] Error")
WARNING = re.compile(r"^(\S+?):\d+:\d+: warning: .*", re.MULTILINE)


def compile_everywhere(tree: Tree) -> Step:
    """Build what runs (native, explore), and what the change reaches in the other lanes.

    A case, or the storms of a target, that only asks for what the candidate's headers no
    longer have is left out and named: that is how much of the interface was kept.
    """
    with timed(Step("compiles")) as step:
        step.not_covered += [f"{name}: brought by the candidate: what it judges is its own word"
                             for name in sorted(tree.change) if "/cases/" in name]
        programs = [tree.program(lane, target) for target in tree.touched()
                    for lane in ("native", "explore")]
        ended = tree.make(*programs)
        for _ in range(8):
            left_out = leave_out(tree, ended.stderr) if ended.exit != 0 else []
            if not left_out:
                break
            step.not_covered += left_out
            ended = tree.make(*programs)
        if not judged(step, tree, "native and explore", ended):
            return step
        lanes = dict(other_lanes(tree, step))
        goals = [goal for some in lanes.values() for goal in some]
        if goals and not judged(step, tree, " or ".join(lanes), tree.make(*goals)):
            return step
        step.text = step.text or f'in {", ".join(["native", "explore", *lanes])}, ' \
            "without warnings"
    return step


def judged(step: Step, tree: Tree, lane: str, ended: process.Ended) -> bool:
    """Whether a build went well; what it said of the candidate's files enters the step."""
    said = ended.stdout + ended.stderr
    if ended.exit != 0:
        why = ERROR.search(said) or LINKING.search(said)
        broken = FAILED.search(said)
        if not why:
            raise RuntimeError(f"{lane} cannot be built: {process.last_line(said) or ended.exit}")
        step.refute(f"does not build ({broken[1] if broken else lane}): {why[0]}",
                    *said.strip().splitlines()[:20])
        return False
    warned = sorted({m[0] for m in WARNING.finditer(said) if m[1] in tree.change})
    if warned:
        step.text = f"with {len(warned)} warnings ({lane}): {warned[0]}"
        step.lines += warned[:20]
    return True


def other_lanes(tree: Tree, step: Step):
    """(lane, objects that the change reaches) for the lanes that are compiled only."""
    for lane in [*SANITIZERS, *arm_lanes(tree)]:
        if not shutil.which(compiler(lane)):
            step.not_covered.append(f"{lane}: {compiler(lane)} is not installed here")
            continue
        yield lane, [f"build/{lane}/{target}/{VARIANT}/natural/{name.removesuffix('.c')}.o"
                     for target in tree.owners() for name in tree.affected(target)
                     if not name.startswith("targets/base/")]


def compiler(lane: str) -> str:
    """What compiles a lane, as targets/arm64.mk has it."""
    if not lane.startswith("arm64"):
        return "gcc"
    if lane.endswith("rcpc"):
        return "clang-19"
    return "gcc" if platform.machine() == "aarch64" else "aarch64-linux-gnu-gcc"


def arm_lanes(tree: Tree) -> List[str]:
    """The ARM64 lanes, from the build's own list."""
    text = (tree.top / "targets/arm64.mk").read_text()
    return re.search(r"^arm64_lanes := (.*)", text, re.MULTILINE)[1].split()


def leave_out(tree: Tree, said: str) -> List[str]:
    """Removes cases and storms that do not compile with the candidate; tells which.

    Nothing where the candidate's own files do not compile, or the current tree's neither.
    """
    broken = {m[1].removeprefix("./"): m[0] for m in ERROR.finditer(said)}
    if any(name in tree.change for name in broken):
        return []
    gone = []
    for name, why in sorted(broken.items()):
        path = tree.top / name
        if "/cases/" in name and name.endswith(".c") and path.exists():
            path.unlink()
            gone.append(f"{name}: does not compile with the candidate: {why}")
        elif name.startswith("stress/storms/") and path.parent.exists():
            shutil.rmtree(path.parent)
            gone.append(f"{path.parent.name}'s storms: do not compile with the candidate: {why}")
    return gone
