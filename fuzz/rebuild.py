"""Builds programs with one file changed, beside the tree, by make's own commands."""
import pathlib
import re
import subprocess
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent


def binary_of(target):
    return f"build/explore/{target}/fixed/explore"


def unit_tests(folder):
    """The unit tests built in build/FOLDER."""
    told = subprocess.run(["make", "-s", "-f", "tests/unit/rules.mk", "unit-list"], cwd=ROOT,
                          check=True, capture_output=True, text=True).stdout.split()
    return [name for name in told if name.startswith(f"build/{folder}/")]


# How programs are built that may show a fault: rules, and goals for a target.
LANES = {"explore": ("fuzz/rules.mk", lambda target: [binary_of(target)]),
         "unit": ("tests/unit/rules.mk", lambda _: unit_tests("unit")),
         "sanitized": ("tests/unit/rules.mk", lambda _: unit_tests("unit-san")),
         "storm": ("Makefile", lambda target: [f"build/native/{target}/fixed/storm"])}
# What runs in the end, without hooks; ARM64 tells orders apart that are one to
# x86-64.
PRODUCTS = "native", "arm64-llsc"


class Commands:
    """How make builds a lane's programs anew after a change of a file; asked once for each."""

    def __init__(self):
        self.goals, self.known, self.lock = {}, {}, threading.Lock()

    def after(self, lane, target, file):
        """The goals, and the commands that lead to them."""
        rules, goals = LANES["storm" if lane in PRODUCTS else lane]
        with self.lock:
            if (lane, target) not in self.goals:
                self.goals[lane, target] = [
                    goal.replace("build/native/", f"build/{lane}/") if lane in PRODUCTS else goal
                    for goal in goals(target)]
            key = lane, target, file
            if key not in self.known:
                ran = subprocess.run(["make", "-n", "-f", rules, "-W", file,
                                      *([f"LANE={lane}"] if lane in PRODUCTS else []),
                                      *self.goals[lane, target]], cwd=ROOT, check=True,
                                     capture_output=True, text=True)
                self.known[key] = [
                    line.replace(" -Werror", "") for line in ran.stdout.splitlines()
                    if not re.match(r"make|mkdir|echo", line)
                    and not ("fuzz/main.o" in line and " -c " in line)]
            return self.goals[lane, target], self.known[key]


def redirected(lines, file, top):
    """The commands with the changed file, and all that they write, in the folder `top`."""
    written = {re.sub(r"\.(?:new|tmp)$", "", match[1]) for line in lines
               for match in re.finditer(r" -o (\S+)", line)}
    out = []
    for line in lines:
        for name in written:
            line = re.sub(rf"(?<![\w/.]){re.escape(name)}(?![\w/])", f"{top}/{name}", line)
        line = line.replace(" -I targets ", f" -I {top}/targets -I targets ")
        out.append(re.sub(rf"(?<= ){re.escape(file)}(?= |$)", f"{top}/{file}", line))
    return written, out


def build(commands, lane, target, mutant, top):
    """The mutant's programs in the folder `top`, or None if it does not compile."""
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    changed = top / mutant.file
    changed.parent.mkdir(parents=True, exist_ok=True)
    changed.write_text(mutant.applied(text), encoding="utf-8")
    goals, lines = commands.after(lane, target, mutant.file)
    written, lines = redirected(lines, mutant.file, top)
    for name in written:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
    for line in lines:
        ran = subprocess.run(line, shell=True, cwd=ROOT, capture_output=True, check=False)
        if ran.returncode != 0:
            return None
    return [top / name for name in goals if name in written]


def code_of(folder, names, tools=""):
    """Objects' instructions and data, without what only debuggers read; tools: prefix of names."""
    text = []
    with tempfile.TemporaryDirectory() as aside:  # others look at the same source's objects
        for name in sorted(names):
            bare = pathlib.Path(aside) / "bare.o"
            subprocess.run([f"{tools}objcopy", "--strip-debug", folder / name, bare], check=True)
            told = subprocess.run([f"{tools}objdump", "-sdr", "--no-show-raw-insn", bare],
                                  check=True, capture_output=True, text=True).stdout
            text.append(re.sub(r"^.*file format.*$", "", told, flags=re.M))
    return text


def same_code(commands, target, mutant, top):
    """Whether the compiler made of the mutant what it makes of the source."""
    lines = commands.after("explore", target, mutant.file)[1]
    objects = [name for name in redirected(lines, mutant.file, top)[0] if name.endswith(".o")]
    return code_of(top, objects) == code_of(ROOT, objects)


def same_product(commands, target, mutant, top):
    """Whether it is the same code without hooks and sanitizers, too: as the programs have it."""
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    return all(len({product(commands, lane, target, mutant.file, changed, top / lane / name)
                    for name, changed in (("source", text), ("mutant", mutant.applied(text)))}) == 1
               for lane in PRODUCTS)


def product(commands, lane, target, file, text, top):
    """The code that a lane's compiler makes of a file of this text; the folder if it makes none."""
    (top / file).parent.mkdir(parents=True, exist_ok=True)
    (top / file).write_text(text, encoding="utf-8")
    lines = [line for line in commands.after(lane, target, file)[1]
             if re.search(rf" -c targets/{target}/[^/ ]* .*/natural/", line)]
    written, redone = redirected(lines, file, top)
    for name in written:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
    for line in redone:
        if subprocess.run(line, shell=True, cwd=ROOT, capture_output=True, check=False).returncode:
            return str(top)
    tools = lines[0].split()[0].removesuffix("gcc") if lines else ""
    return "\n".join(code_of(top, written, tools)) or str(top)
