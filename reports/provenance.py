"""Where a result comes from: sources, compiler, machine, and how busy the machine was."""
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Optional

DIFF_LIMIT = 1_000_000
PATIENCE = 600  # seconds for a helper program: a loaded machine is slow, not broken
CPU_FIELDS = {
    "vendor_id": "vendor", "model name": "model", "cpu family": "family",
    "model": "model_number", "stepping": "stepping", "microcode": "microcode",
    "CPU implementer": "implementer", "CPU part": "part", "CPU variant": "variant",
    "CPU revision": "revision",
}


def _output(*command, cwd=None) -> Optional[str]:
    """Standard output of a helper program; None when it is absent or fails."""
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, timeout=PATIENCE,
                              check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace")


def _git(root: Path, *command) -> Optional[str]:
    """As _output(), of git. Where the sources are a repository, a failure is told on stderr: a
    run of an unknown commit cannot be built again."""
    text = _output("git", *command, cwd=root)
    if text is None and (Path(root) / ".git").exists():
        sys.stderr.write(f"provenance: git {command[0]} failed in {root}: this run will not say "
                         "which sources it had\n")
    return text


def _text(path) -> Optional[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def sources(root: Path) -> Dict[str, object]:
    """Commit and what differs from it; `diff` is the text of the difference (or "").

    commit: None if unknown. That includes not knowing what differs from it: sources that git
    did not look through are not called those of a commit.
    """
    commit = _git(root, "rev-parse", "HEAD")
    status = _git(root, "status", "--porcelain") if commit else None
    diff = _git(root, "diff", "HEAD") if status else ""
    return {"commit": commit.strip() if commit and None not in (status, diff) else None,
            "dirty": sorted(line[3:] for line in (status or "").splitlines()),
            "diff": (diff or "")[:DIFF_LIMIT]}


def compiler(program: Path, build: Path) -> Optional[dict]:
    """Compiler and flags: what the program says of itself, else the build's build.json."""
    for text in (_output(str(program), "--version", "--json"), _text(build / "build.json")):
        try:
            document = json.loads(text) if text else None
        except ValueError:
            continue
        if isinstance(document, dict):
            return document
    return None


def code(build: Path) -> Optional[dict]:
    """What the lane's compiler made of the critical accesses (ci/disassembly.py), where it has
    been looked at; of an ARM64 lane also whether this is such a processor."""
    try:
        told = json.loads(_text(build / "disassembly.json") or "{}").get("summary") or {}
    except ValueError:
        told = {}
    if build.name.startswith("arm64") and platform.machine() != "aarch64":
        told["hardware"] = "emulated: never run on ARM hardware, and no exposure"
    return told or None


def cpu() -> Dict[str, object]:
    """The first processor's identity, the number of processors, SMT and virtualisation."""
    found: Dict[str, object] = {}
    flags = ""
    for line in (_text("/proc/cpuinfo") or "").split("\n\n")[0].splitlines():
        name, _, value = line.partition(":")
        if name.strip() in CPU_FIELDS:
            found[CPU_FIELDS[name.strip()]] = value.strip()
        if name.strip() in ("flags", "Features"):
            flags = value.split()
    found["machine"] = platform.machine()
    found["processors"] = os.cpu_count()
    found["allowed"] = len(os.sched_getaffinity(0))
    found["smt"] = _text("/sys/devices/system/cpu/smt/active")
    found["virtual"] = "hypervisor" in flags
    found["governor"] = _text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return found


def busy() -> Dict[str, object]:
    """How busy the machine is now: load, steal and total ticks, cgroup throttling."""
    stat = (_text("/proc/stat") or "").split("\n")[0].split()[1:]
    throttling = {}
    for line in (_text("/sys/fs/cgroup/cpu.stat") or "").splitlines():
        name, _, value = line.partition(" ")
        if "throttled" in name:
            throttling[name] = int(value)
    return {"load": list(os.getloadavg()),
            "steal_ticks": int(stat[7]) if len(stat) > 7 else None,
            "ticks": sum(map(int, stat[:8])) if stat else None,
            "throttling": throttling or None}


def machine_class(facts: Dict[str, object]) -> str:
    """Name of the machine's class: what stays the same when the machine does not."""
    parts = (facts.get("vendor") or facts.get("implementer"),
             facts.get("model") or facts.get("part"), facts.get("microcode"),
             f'{facts["processors"]} processors', "SMT" if facts["smt"] == "1" else "no SMT",
             "virtual" if facts["virtual"] else "bare",
             ".".join(platform.release().split(".")[:2]))
    return ", ".join(str(part) for part in parts if part)


def before(root: Path, program: Path, build: Path) -> Dict[str, object]:
    """All that is known before a run, for run.json.

    root: the sources; program: any program of the lane; build: the lane's folder. The keys
    `diff` and `topology` hold texts that the caller keeps in files of their own.
    """
    facts = cpu()
    name = _text("/etc/machine-id") or platform.node()
    return {
        **sources(root), "arguments": sys.argv, "compiler": compiler(program, build),
        "code": code(build),
        "cpu": facts, "machine_class": machine_class(facts),
        "machine": hashlib.sha256(name.encode()).hexdigest()[:12],
        "kernel": " ".join(platform.uname()[i] for i in (0, 2, 3, 4)),
        "system": (platform.freedesktop_os_release().get("PRETTY_NAME")
                   if Path("/etc/os-release").exists() else None),
        "python": platform.python_version(), "topology": topology(), "before": busy(),
    }


def topology() -> Optional[str]:
    """hwloc's XML of this machine; None where lstopo-no-graphics is not installed."""
    if not shutil.which("lstopo-no-graphics"):
        return None
    return _output("lstopo-no-graphics", "--of", "xml", "-")


def after() -> Dict[str, object]:
    """What is to be known after a run, beside before()'s."""
    return {"after": busy()}


TELLING = ("commit", "dirty", "compiler", "cpu", "kernel", "system", "machine", "machine_class",
           "python", "code")
PASSING = ("allowed", "build_id", "variant", "target", "kind", "schema", "lane")


def differences(before: Dict[str, object], after: Dict[str, object]) -> List[str]:
    """What differs between two runs' provenance: "kernel: 6.1 -> 6.5", one entry each."""
    found = []
    for name in TELLING:
        old, new = before.get(name), after.get(name)
        pairs = [(name, old, new)]
        if isinstance(old, dict) and isinstance(new, dict):
            pairs = [(f"{name} {key}", old.get(key), new.get(key))
                     for key in dict.fromkeys([*old, *new]) if key not in PASSING]
        for label, one, other in pairs:
            if one != other:
                found.append(f"{label.replace('_', ' ')}: {_short(one)} -> {_short(other)}")
    return found


def _short(value) -> str:
    if isinstance(value, list):
        return f"{len(value)} files" if value else "nothing"
    text = "unknown" if value is None else str(value)
    return text[:12] if len(text) == 40 and text.isalnum() else text[:100]
