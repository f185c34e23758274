"""ci/doctor.py on machines that lack this or that, and on this one."""
import json
import pathlib
import subprocess
import sys

import pytest

from ci import doctor

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROBED = ("topology 1 1 package, 2 cores\nplacement l3 0\nplacement all 0\nplacement none 0\n"
          "rate 2000000000\nrate 2000000100\nrate 2000000000\n")


class Fit(doctor.Machine):
    """A machine on which all is well; tests spoil one thing each."""

    probed = PROBED
    compiled = {"-fsanitize=thread": (66, "WARNING: data race"),
                "-fsanitize=address": (1, "ERROR: heap-use-after-free")}
    files = {"/proc/sys/vm/mmap_rnd_bits": "28", "/proc/sys/vm/max_map_count": "65530",
             "/sys/devices/system/cpu/online": "0-1", "/sys/fs/cgroup/cpu.max": "max 100000",
             "/sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc"}
    answers = {"load": 0.1, "processors": 2, "open_files": 20000, "free_bytes": 2**34}
    lacking = ()
    stolen = 0

    def __init__(self, **spoilt):
        self.answers = dict(self.answers)
        self.files = dict(self.files)
        for name, value in spoilt.items():
            if name in self.answers:
                self.answers[name] = value
            elif name == "file":
                self.files.update(value)
            else:
                setattr(self, name, value)
        self.asked = 0

    def read(self, path):
        return self.files.get(path)

    def run(self, *command, env=None):
        return (127, "") if command[0] in self.lacking else (0, f"{command[0]} 1.0\nmore")

    def build_and_run(self, compiler, source, *arguments):
        return self.compiled.get(arguments[0], (0, self.probed))

    def which(self, tool):
        return None if tool in self.lacking else f"/usr/bin/{tool}"

    def has_module(self, name):
        return name not in self.lacking

    def usage(self):
        self.asked += 1
        return 1000 * self.asked, self.stolen * self.asked

    def wait(self, seconds):
        pass

    def processors(self):
        return self.answers["processors"]

    def load(self):
        return self.answers["load"]

    def open_files(self):
        return self.answers["open_files"]

    def free_bytes(self):
        return self.answers["free_bytes"]


def complaints(machine):
    return [f for f in doctor.examine(machine) if f["level"] != "ok"]


def test_a_fit_machine():
    assert complaints(Fit()) == []


@pytest.mark.parametrize("spoilt, level, what, detail, todo", [
    ({"lacking": ("gcc",)}, "fail", "gcc", "not found", "make deps"),
    ({"lacking": ("clang-19",)}, "warn", "clang-19", "not found", "make deps"),
    ({"lacking": ("objcopy",)}, "fail", "tools", "objcopy not found", "make deps"),
    ({"lacking": ("scipy",)}, "fail", "python", "lacks scipy", "make deps"),
    ({"compiled": Fit.compiled | {"-fsanitize=thread": (66, "FATAL: unexpected memory mapping")}},
     "fail", "tsan gcc", "too random", "vm.mmap_rnd_bits=28"),
    ({"compiled": Fit.compiled | {"-fsanitize=thread": (0, "")}},
     "fail", "tsan gcc", "misses a planted bug", "make deps"),
    ({"compiled": Fit.compiled | {"-fsanitize=address": ("build", "x\ncannot find -lasan\n")}},
     "fail", "asan gcc", "does not build: cannot find -lasan", "make deps"),
    ({"processors": 1}, "fail", "processors", "1; a race needs two", "allow more"),
    ({"file": {"/sys/fs/cgroup/cpu.max": "150000 100000"}},
     "warn", "processors", "throttled to 1.5", "quota"),
    ({"probed": PROBED.replace("topology 1", "topology 0")},
     "warn", "hwloc", "no topology", "mount /sys"),
    ({"probed": PROBED.replace("all 0", "all 1")},
     "fail", "processors", "would share one", "two or more"),
    ({"probed": PROBED + "pin pinned to core:0.pu:0, got all\n"},
     "fail", "pinning", "got all", "cpuset"),
    ({"probed": PROBED.replace("2000000100", "2100000000")},
     "warn", "clock", "47619 ppm", "aim drifts"),
    ({"probed": PROBED.replace("2000000", "25000").replace("100\n", "000\n")},
     "warn", "clock", "a tick of 40 ns", "counts loops"),
    ({"file": {"/sys/devices/system/clocksource/clocksource0/current_clocksource": "hpet"}},
     "warn", "clock", "clock source hpet", "reading the time is slow"),
    ({"load": 1.5}, "warn", "load", "1.50 on 2", "wait for quiet"),
    ({"stolen": 50}, "warn", "steal", "5.0%", "spoilt blocks"),
    ({"file": {"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave"}},
     "warn", "governor", "powersave", "frequency-set"),
    ({"open_files": 1024}, "warn", "open files", "1024", "ulimit"),
    ({"file": {"/proc/sys/vm/max_map_count": "1000"}}, "warn", "mappings", "1000", "sysctl"),
    ({"file": {"/sys/devices/system/cpu/online": None}}, "warn", "/sys", "not there", "mount"),
    ({"free_bytes": 2**30}, "warn", "disk", "1.0 GiB", "make clean"),
    ({"free_bytes": 2**20}, "fail", "disk", "0.0 GiB", "make clean"),
])
def test_what_is_wrong_and_what_to_do(spoilt, level, what, detail, todo):
    found = complaints(Fit(**spoilt))
    assert {f["level"] for f in found} == {level}
    first = found[0]
    assert first["what"] == what
    assert detail in first["detail"]
    assert todo in first["do"]


def test_random_addresses_matter_on_x86_only(monkeypatch):
    wide = Fit(file={"/proc/sys/vm/mmap_rnd_bits": "32"})
    monkeypatch.setattr(doctor.platform, "machine", lambda: "x86_64")
    assert [f["what"] for f in complaints(wide)] == ["mmap_rnd_bits"]
    monkeypatch.setattr(doctor.platform, "machine", lambda: "aarch64")
    assert complaints(wide) == []


def examine(*arguments, **env):
    return subprocess.run([sys.executable, ROOT / "ci/doctor.py", *arguments], env=env or None,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def test_this_machine():
    """Whatever is wrong here, the answer has its form."""
    ran = examine("--json")
    answer = json.loads(ran.stdout)
    assert ran.returncode == (0 if answer["usable"] else 1)
    assert ran.stderr == ""
    seen = {check["what"] for check in answer["checks"]}
    assert {"gcc", "python", "processors", "load", "disk", "clock", "placements"} <= seen
    for check in answer["checks"]:
        assert check["level"] in ("ok", "warn", "fail")
        assert bool(check["do"]) == (check["level"] != "ok")


def test_an_empty_path_is_a_fail_not_a_crash(tmp_path):
    ran = examine(PATH=str(tmp_path))
    assert ran.returncode == 1
    assert ran.stderr == ""
    assert "fail  gcc            not found  -> make deps" in ran.stdout


def test_usage():
    ran = examine("--nonsense")
    assert ran.returncode == 64
    assert ran.stderr.count("\n") == 1
