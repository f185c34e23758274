"""Runs one program of the rig: own process group, explicit bound, nothing left behind."""
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, List, Optional

TICK_S = 0.1
MERCY_S = 2.0  # between SIGTERM and SIGKILL


@dataclass(frozen=True)
class Ended:
    """How a program ended. exit: status, negative for a signal; None: killed at the bound."""
    exit: Optional[int]
    stdout: str
    stderr: str
    wall_s: float


def kill_group(process: subprocess.Popen) -> None:
    """End a process and its group: SIGTERM, then SIGKILL after MERCY_S.

    A program that had to be killed may have left groups of its children's own: they share
    its session, and go too.
    """
    ended = process.poll() is not None
    for number, wait_s in ((signal.SIGTERM, MERCY_S), (signal.SIGKILL, None)):
        _signal(os.killpg, process.pid, number)
        try:
            process.wait(wait_s)
        except subprocess.TimeoutExpired:
            pass
    if not ended:
        for pid in session_members(process.pid):
            _signal(os.kill, pid, signal.SIGKILL)


def _signal(send, pid: int, number: int) -> None:
    try:
        send(pid, number)
    except ProcessLookupError:
        pass


def session_members(session: int) -> List[int]:
    """Process ids whose session is `session`, from /proc (zombies left out)."""
    members = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, its_session = path.read_text().rpartition(")")[2].split()[:4]
        except (OSError, ValueError):
            continue
        if int(its_session) == session and state != "Z":
            members.append(int(path.parent.name))
    return members


def run(command: List[str], bound_s: float, cwd=None,
        tick: Callable[[], None] = lambda: None) -> Ended:
    """Run a program to its end or to its bound.

    command: argument list; bound_s: wall-clock seconds; cwd: folder to run in;
    tick: called about ten times a second meanwhile. Returns Ended; OSError when it cannot
    be started. Whatever ends the wait (KeyboardInterrupt too) ends the group first.
    """
    start = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   cwd=cwd, start_new_session=True)
        try:
            code = _wait(process, start + bound_s, tick)
        finally:
            kill_group(process)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    return Ended(code, texts[0], texts[1], time.monotonic() - start)


def _wait(process: subprocess.Popen, end: float, tick: Callable[[], None]) -> Optional[int]:
    while time.monotonic() < end:
        try:
            return process.wait(min(TICK_S, max(0.001, end - time.monotonic())))
        except subprocess.TimeoutExpired:
            tick()
    return None


def signal_name(exit_status: int) -> Optional[str]:
    """Name of the signal behind an exit status (-n, or 128+n as shells say); None: none."""
    number = -exit_status if exit_status < 0 else exit_status - 128
    try:
        return signal.Signals(number).name if number > 0 else None
    except ValueError:
        return None


def last_line(text: str) -> str:
    """The last line that says anything, for a one-line reason."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""
