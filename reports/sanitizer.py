"""The sanitizer lanes, as far as Python has to know them.

Reports are read by the programs themselves (stress/engine/diagnosis.c), which put them
into their results. Left for here is what keeps a program from saying anything.
"""
import re
from typing import Optional

LANES = ("tsan", "asan")
SLOWER = 4  # times the grace of a native program: reports and leak checks come at the end

MAPPING = ("ThreadSanitizer does not find its memory where it must be: lower the randomness "
           "(sysctl vm.mmap_rnd_bits=28) or run it without (setarch -R COMMAND)")
SHADOW = "the sanitizer cannot reserve its shadow memory: lift the limit (ulimit -v unlimited)"
STARTS = (
    (re.compile(r"ThreadSanitizer: unexpected memory mapping"), MAPPING),
    (re.compile(r"Sanitizer.{0,40}(can not mmap|failed to (reserve|allocate|mmap|map))"), SHADOW),
    (re.compile(r"Shadow memory range interleaves"), MAPPING),
)
FATAL = re.compile(r"FATAL: \w*Sanitizer.*|\w+Sanitizer:? CHECK failed.*")


def start_error(stderr: str) -> Optional[str]:
    """Why a program ended before it began, and what to do; None: no sanitizer says so.

    stderr: what it printed. ThreadSanitizer exits with 66 then, as after a report.
    """
    for pattern, advice in STARTS:
        if pattern.search(stderr):
            return advice
    fatal = FATAL.search(stderr)
    return fatal.group()[:300] if fatal else None
