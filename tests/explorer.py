"""Building the explorer for its tests."""
import fcntl
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUBJECTS = ROOT / "build/explore-unit/unit/fixed/explore"


def build(*goals):
    """Builds goals of fuzz/rules.mk; workers of pytest-xdist share objects, hence in turn."""
    lock = ROOT / "build" / "explore.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        subprocess.run(["make", "-s", "-j2", "-f", "fuzz/rules.mk", *goals], cwd=ROOT, check=True)
