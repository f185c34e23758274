"""Builds a target's explorer with one file changed, beside the tree, by make's own commands."""
import pathlib
import re
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent


def binary_of(target):
    return f"build/explore/{target}/fixed/explore"


def command_lines(*arguments):
    """What make would do, one command a line."""
    ran = subprocess.run(["make", "-n", "-f", "fuzz/rules.mk", *arguments], cwd=ROOT, check=True,
                         capture_output=True, text=True)
    return [line for line in ran.stdout.splitlines() if not line.startswith("make")]


class Commands:
    """How make builds a target's binary anew after a change of a file; asked once for each."""

    def __init__(self):
        self.known, self.lock = {}, threading.Lock()

    def after(self, target, file):
        with self.lock:
            if (target, file) not in self.known:
                lines = command_lines("-W", file, binary_of(target))
                self.known[target, file] = [
                    line for line in lines if "fuzz/main.o" not in line or " -c " not in line]
            return self.known[target, file]


def redirected(lines, file, top):
    """The commands with the changed file, and all that they write, in the folder `top`."""
    written = {match[1] for line in lines for match in re.finditer(r" -o (\S+)", line)}
    written = {name.removesuffix(".new") for name in written}
    out = []
    for line in lines:
        if line.startswith("mkdir"):
            continue
        for name in written:
            line = re.sub(rf"(?<![\w/.]){re.escape(name)}(?![\w/])", f"{top}/{name}", line)
        line = line.replace(" -I targets ", f" -I {top}/targets -I targets ")
        out.append(re.sub(rf"(?<= ){re.escape(file)}(?= |$)", f"{top}/{file}", line))
    return written, out


def build(commands, target, mutant, top):
    """The mutant's binary in the folder `top`, or None if it does not compile."""
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    changed = top / mutant.file
    changed.parent.mkdir(parents=True, exist_ok=True)
    changed.write_text(mutant.applied(text), encoding="utf-8")
    written, lines = redirected(commands.after(target, mutant.file), mutant.file, top)
    for name in written:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
    for line in lines:
        ran = subprocess.run(line, shell=True, cwd=ROOT, capture_output=True, check=False)
        if ran.returncode != 0:
            return None
    return top / binary_of(target)


def code_of(folder, names):
    """The instructions and data of objects, without what only debuggers read."""
    text = []
    for name in sorted(names):
        ran = subprocess.run(["objcopy", "-O", "binary", "-j", ".text*", "-j", ".rodata*", "-j",
                              ".data*", folder / name, "/dev/stdout"], cwd=ROOT,
                             capture_output=True, check=False)
        dis = subprocess.run(["objdump", "-dr", "--no-show-raw-insn", folder / name], cwd=ROOT,
                             capture_output=True, text=True, check=False)
        text.append((ran.stdout, re.sub(r"^.*file format.*$", "", dis.stdout, flags=re.M)))
    return text


def same_code(commands, target, mutant, top):
    """Whether the compiler made of the mutant what it makes of the source."""
    objects = [name for name in redirected(commands.after(target, mutant.file), mutant.file,
                                           top)[0] if name.endswith(".o")]
    return code_of(top, objects) == code_of(ROOT, objects)
