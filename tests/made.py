"""Building what the tests run."""
import fcntl
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent


def make(*goals, folder=ROOT, rules="Makefile"):
    """Runs make there, quietly: the completed process, with what it said.

    In turn, since workers of pytest-xdist share the tree's objects; those of copies of the tree
    may be links to them.
    """
    lock = ROOT / "build" / "tests.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        return subprocess.run(["make", "-s", "-j2", "-f", rules, *goals], cwd=folder,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=900, check=False)


def made(*goals, folder=ROOT, rules="Makefile"):
    """The same, for what cannot fail."""
    done = make(*goals, folder=folder, rules=rules)
    assert done.returncode == 0, done.stdout + done.stderr
