"""What one step of a validation came to."""
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import List

PASSED, REFUTED, DOUBT, SKIPPED = "passed", "refuted", "doubt", "skipped"


@dataclass
class Step:
    """name; state: one of the above; text: one line; lines: what more there is to say;
    not_covered: what was left out, and why; seconds: how long it took."""
    name: str
    state: str = PASSED
    text: str = ""
    lines: List[str] = field(default_factory=list)
    not_covered: List[str] = field(default_factory=list)
    seconds: float = 0.0

    def refute(self, text: str, *lines: str) -> None:
        """The candidate is wrong, and this is how."""
        self.state, self.text = REFUTED, text
        self.lines += lines

    def skip(self, text: str) -> None:
        """Nothing was done, and why."""
        self.state, self.text = SKIPPED, text
        self.not_covered.append(f"{self.name}: {text}")


@contextmanager
def timed(step: Step):
    """Counts the time of a step."""
    start = time.monotonic()
    try:
        yield step
    finally:
        step.seconds += time.monotonic() - start
