#!/usr/bin/python3
"""Is this machine fit to storm, and what to do if not.

    ci/doctor.py [--json]

    ok    tsan gcc      finds the race it should
    warn  load          1.9 on 2 processors  -> wait, or expect spoilt blocks

Exit codes: 0 usable (warnings cost figures, not verdicts), 1 something must be mended.
"""
import argparse
import importlib.util
import json
import os
import pathlib
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
OK, WARN, FAIL = "ok", "warn", "fail"
DEPS = "make deps"
MODULES = ["pytest", "xdist", "pytest_timeout", "jinja2", "matplotlib", "numpy", "scipy",
           "statsmodels", "jsonschema", "junitparser", "rich", "hypothesis"]
TOOLS = ["make", "git", "ld", "objcopy", "addr2line", "shellcheck"]
COMPILERS = {"gcc": FAIL, "clang": WARN, "clang-19": WARN}
SANITIZERS = {  # flag, program with the bug, what the report must say, extra environment
    "tsan": ("thread", "#include <pthread.h>\nint n;\n"
             "static void *f(void *a) { n++; return a; }\n"
             "int main(void) { pthread_t t; pthread_create(&t, 0, f, 0); n++;\n"
             "return pthread_join(t, 0); }\n", "data race", "finds the race it should"),
    "asan": ("address", "#include <stdlib.h>\n"
             "int main(int n, char **v) { char *p = malloc(8); free(p);\n"
             "return v[0] ? p[n] : 0; }\n", "heap-use-after-free", "finds the use after free"),
}
PROBE = r"""
#include <stdio.h>
#include <time.h>
#include "engine/pin.h"
static unsigned long long ticks(void)
{
#if defined __x86_64__
	return __builtin_ia32_rdtsc();
#elif defined __aarch64__
	unsigned long long t;
	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(t));
	return t;
#else
	return 0;
#endif
}
static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
int main(void)
{
	static struct pin_plan plan;
	char text[300];
	if (pin_topology_load(NULL, text))
		return puts(text), 1;
	pin_topology_text(text, sizeof text);
	printf("topology %d %s\n", pin_topology() != NULL, text);
	const char *name;
	for (unsigned i = 0; (name = pin_placement_name(i)); i++)
		if (pin_by_placement(&plan, name, 2, 0) == PIN_OK)
			printf("placement %s %d\n", name, plan.shared_pu);
	for (unsigned a = 0; a < 2 && !pin_by_placement(&plan, "all", 2, 0); a++)
		if (pin_apply(&plan, a, text))
			printf("pin %s\n", text);
	for (int i = 0; i < 3; i++) {
		double start = now(), end;
		unsigned long long first = ticks();
		while ((end = now()) < start + 0.03)
			;
		printf("rate %.0f\n", (double)(ticks() - first) / (end - start));
	}
	return 0;
}
"""


class Machine:
    """What the checks ask of the machine; the tests put another one in its place."""

    def read(self, path):
        """Text of a file, or None."""
        try:
            return pathlib.Path(path).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return None

    def run(self, *command, env=None):
        """Exit status (127 if there is no such program) and all output."""
        try:
            ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 stdin=subprocess.DEVNULL, text=True, errors="replace",
                                 timeout=60, check=False, cwd=ROOT, env=os.environ | (env or {}))
            return ran.returncode, ran.stdout
        except FileNotFoundError:
            return 127, ""
        except subprocess.TimeoutExpired:
            return 124, "still running after 60 s"

    def build_and_run(self, compiler, source, *arguments):
        """Like run(), of a C program; ("build", output) if it does not compile."""
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "program"
            (pathlib.Path(folder) / "program.c").write_text(source, encoding="utf-8")
            status, output = self.run(compiler, "-g", "-O1", "-I", "targets", "-I", "stress",
                                      f"{program}.c", *arguments, "-o", str(program))
            return self.run(str(program)) if status == 0 else ("build", output)

    def which(self, tool):
        return shutil.which(tool)

    def has_module(self, name):
        return importlib.util.find_spec(name) is not None

    def usage(self):
        """Of the processors since boot: busy and idle ticks, stolen ticks."""
        fields = [int(x) for x in (self.read("/proc/stat") or "cpu 0").split("\n")[0].split()[1:]]
        return sum(fields[:8]), fields[7] if len(fields) > 7 else 0

    def wait(self, seconds):
        time.sleep(seconds)

    def processors(self):
        return len(os.sched_getaffinity(0))

    def load(self):
        return os.getloadavg()[0]

    def open_files(self):
        return resource.getrlimit(resource.RLIMIT_NOFILE)[1]

    def free_bytes(self):
        return shutil.disk_usage(ROOT).free


def last_line(text):
    lines = [line for line in text.strip().split("\n") if line.strip()]
    return lines[-1].strip() if lines else "no output"


# Each check yields (level, what, detail, what to do).


def compilers(m):
    for name, level in COMPILERS.items():
        status, output = m.run(name, "--version")
        if status:
            yield level, name, "not found", DEPS
        else:
            yield OK, name, output.split("\n")[0], ""


def sanitizers(m):
    for name, (flag, source, report, good) in SANITIZERS.items():
        for compiler in COMPILERS:
            if not m.which(compiler):
                continue
            what = f"{name} {compiler}"
            status, output = m.build_and_run(compiler, source, f"-fsanitize={flag}", "-pthread")
            if status == "build":
                yield FAIL, what, f"does not build: {last_line(output)}", DEPS
            elif report in output:
                yield OK, what, good, ""
            elif "unexpected memory mapping" in output:
                yield (FAIL, what, "addresses are too random for it (vm.mmap_rnd_bits)",
                       "sysctl -w vm.mmap_rnd_bits=28 as root, or run under setarch -R")
            else:
                yield FAIL, what, f"misses a planted bug: {last_line(output)}", DEPS


def randomness(m):
    bits = m.read("/proc/sys/vm/mmap_rnd_bits")
    if bits and bits.isdigit() and int(bits) > 28 and platform.machine() == "x86_64":
        yield (WARN, "mmap_rnd_bits", f"{bits}; older thread sanitizers want 28 at most",
               "sysctl -w vm.mmap_rnd_bits=28 as root")
    else:
        yield OK, "mmap_rnd_bits", bits or "not readable", ""


def placement(m):
    sources = [str(p.relative_to(ROOT)) for p in sorted(ROOT.glob("stress/engine/pin*.c"))]
    status, output = m.build_and_run("gcc", PROBE, *sources, "-lhwloc")
    if status:
        yield FAIL, "hwloc", f"the probe does not run: {last_line(output)}", DEPS
        return
    found = re.search(r"topology (\d) (.*)", output)
    if found.group(1) == "1":
        yield OK, "hwloc", found.group(2), ""
    else:
        yield (WARN, "hwloc", f"sees no topology, only {found.group(2)}",
               "mount /sys; until then only placements none and all")
    names = re.findall(r"placement (\w+) (\d)", output)
    yield OK, "placements", "for two actors: " + " ".join(name for name, _ in names), ""
    if ("all", "1") in names:
        yield FAIL, "processors", "two actors would share one", "give this process two or more"
    for why in re.findall(r"pin (.*)", output):
        yield FAIL, "pinning", why, "see the cpuset of this container"
    yield from clock(m, [float(x) for x in re.findall(r"rate (\d+)", output)])


def clock(m, rates):
    spread = (max(rates) - min(rates)) / max(rates) if rates and max(rates) else 1
    tick = 1e9 / max(rates) if rates and max(rates) else 0
    source = m.read("/sys/devices/system/clocksource/clocksource0/current_clocksource")
    detail = f"a tick of {tick:.3g} ns, steady to {spread * 1e6:.0f} ppm; clock source {source}"
    if spread > 0.005:
        yield WARN, "clock", detail, "aim drifts: fix the frequency, or leave the virtual machine"
    elif tick > 10:
        yield WARN, "clock", detail + "; too coarse to aim with", "aim counts loops instead"
    elif source in ("hpet", "acpi_pm", "jiffies", "refined-jiffies"):
        yield WARN, "clock", detail, "reading the time is slow: boot with a better clock source"
    else:
        yield OK, "clock", detail, ""


def processors(m):
    count = m.processors()
    quota = (m.read("/sys/fs/cgroup/cpu.max") or "max").split()
    if count < 2:
        yield FAIL, "processors", f"{count}; a race needs two", "allow more (taskset, cpuset)"
    elif quota[0] != "max" and int(quota[0]) < count * int(quota[1]):
        yield (WARN, "processors", f"{count}, but throttled to {int(quota[0]) / int(quota[1]):g}",
               "lift the cgroup's CPU quota: throttled threads miss each other")
    else:
        yield OK, "processors", str(count), ""


def load(m):
    value, count = m.load(), m.processors()
    level = WARN if value > 0.3 * count else OK
    yield (level, "load", f"{value:.2f} on {count} processors",
           "wait for quiet, or expect spoilt blocks and lower rates" if level != OK else "")


def steal(m):
    all_before, stolen_before = m.usage()
    m.wait(0.3)
    all_after, stolen_after = m.usage()
    share = (stolen_after - stolen_before) / max(1, all_after - all_before)
    level = WARN if share > 0.01 else OK
    yield (level, "steal", f"{share:.1%} of the time goes to other guests",
           "expect spoilt blocks" if level != OK else "")


def governor(m):
    name = m.read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    if name in (None, "performance"):
        yield OK, "governor", name or "not shown here (a virtual machine?)", ""
    else:
        yield (WARN, "governor", f"{name}: rates vary with the frequency",
               "cpupower frequency-set -g performance as root")


def python(m):
    missing = [name for name in MODULES if not m.has_module(name)]
    version = platform.python_version()
    if missing:
        yield (FAIL, "python", f"{sys.executable} {version} lacks {' '.join(missing)}",
               f"{DEPS}, and use the system's python3 (make does)")
    else:
        yield OK, "python", f"{version} with all modules", ""


def tools(m):
    missing = [name for name in TOOLS if not m.which(name)]
    yield (FAIL if missing else OK, "tools", " ".join(missing) + " not found" if missing
           else "all there", DEPS if missing else "")


def limits(m):
    files = m.open_files()
    level = WARN if 0 <= files < 4096 else OK
    yield (level, "open files", f"{files if files >= 0 else 'no'} limit at most",
           "raise the hard limit (ulimit -Hn): storms open thousands" if level != OK else "")
    maps = int(m.read("/proc/sys/vm/max_map_count") or 0)
    level = WARN if maps < 65530 else OK
    yield (level, "mappings", f"vm.max_map_count {maps}: two for each goroutine's stack; "
           "201000 for 100,000 of them (sysctl -w vm.max_map_count=201000 as root)",
           "sysctl -w vm.max_map_count=65530 as root" if level != OK else "")


def space(m):
    free = m.free_bytes() / 2**30
    level = FAIL if free < 0.2 else WARN if free < 2 else OK
    yield (level, "disk", f"{free:.1f} GiB free", "make clean, or make room" if level != OK else "")


def sysfs(m):
    if m.read("/sys/devices/system/cpu/online") is None:
        yield (WARN, "/sys", "not there: no caches, packages or NUMA nodes to be seen",
               "mount it, or use placements none and all")
    else:
        yield OK, "/sys", "readable", ""


CHECKS = [tools, compilers, python, sanitizers, randomness, processors, placement, sysfs, load,
          steal, governor, limits, space]


def examine(machine):
    """All findings, as dictionaries."""
    return [dict(zip(("level", "what", "detail", "do"), finding))
            for check in CHECKS for finding in check(machine)]


class Parser(argparse.ArgumentParser):
    """Usage errors exit with 64, as everywhere in the house."""

    def error(self, message):
        self.exit(64, f"doctor: {message}; usage: ci/doctor.py [--json]\n")


def main():
    parser = Parser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options = parser.parse_args()
    findings = examine(Machine())
    usable = all(f["level"] != FAIL for f in findings)
    if options.json:
        print(json.dumps({"schema": 1, "kind": "doctor", "usable": usable, "checks": findings}))
        return 0 if usable else 1
    for f in findings:
        todo = f"  -> {f['do']}" if f["do"] else ""
        print(f"{f['level']:<5} {f['what']:<14} {f['detail']}{todo}")
    return 0 if usable else 1


if __name__ == "__main__":
    sys.exit(main())
