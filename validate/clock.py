"""Time that is measured in processors, so that a busy machine does as much as a free one."""
import resource
import time

PATIENCE = 4.0  # times its seconds that a step may take on a busy machine


def used_s() -> float:
    """Processor time of all programs that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Clock:
    """Seconds of `jobs` processors that programs use."""

    def __init__(self, seconds: float, jobs: int, patience: float = PATIENCE):
        """patience: times its seconds after which none are left, however busy the machine."""
        self.seconds, self.jobs, self.patience = seconds, jobs, patience
        self.start()

    def start(self) -> None:
        """All seconds are left again, from now on."""
        self.began, self.used = time.monotonic(), used_s()

    def left_s(self) -> float:
        """Seconds that are left, as the machine is; none when patience is over."""
        spent = (used_s() - self.used) / self.jobs
        waited = time.monotonic() - self.began
        return min((self.seconds - spent) * self.stretch(),
                   self.patience * self.seconds - waited)

    def stretch(self) -> float:
        """How much longer than on a free machine things take here and now."""
        spent = (used_s() - self.used) / self.jobs
        return max(1.0, (time.monotonic() - self.began) / spent) if spent > 1.0 else 1.0
