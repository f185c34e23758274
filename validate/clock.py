"""Time that is measured in processors, so that a busy machine does as much as a free one."""
import resource
import time

PATIENCE = 4.0  # times its seconds that something may take on a busy machine


def used_s() -> float:
    """Processor time of all programs that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Clock:
    """Seconds of `jobs` processors that programs use, from now on."""

    def __init__(self, seconds: float, jobs: int):
        self.seconds, self.jobs = seconds, jobs
        self.began, self.used = time.monotonic(), used_s()

    def left_s(self) -> float:
        """Seconds that are left, as the machine is; none after PATIENCE times as long."""
        spent = (used_s() - self.used) / self.jobs
        waited = time.monotonic() - self.began
        return min((self.seconds - spent) * self.stretch(),
                   PATIENCE * self.seconds - waited)

    def stretch(self) -> float:
        """How much longer than on a free machine things take here and now."""
        spent = (used_s() - self.used) / self.jobs
        return max(1.0, (time.monotonic() - self.began) / spent) if spent > 1.0 else 1.0
