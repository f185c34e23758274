"""How far a matrix is, while it runs: a few live lines on a terminal, a plain line now and then
where there is none.
"""
import os
import time
from typing import List, Optional, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from reports import words

PLAIN_EVERY_S = 15.0
LIVE_EVERY_S = 0.2
REMEMBERED = 3  # verdicts of the last items


class State:
    """What there is to show. seconds: planned; total: items."""

    def __init__(self, seconds: float, total: int):
        self.start = time.monotonic()
        self.seconds, self.total, self.done = seconds, total, 0
        self.hits, self.caught, self.proven, self.in_doubt = 0, 0, 0, 0
        self.doing, self.detail = "", ""
        self.last: List[str] = []

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.start

    def left(self) -> float:
        """Seconds of the planned time that are left."""
        return max(0.0, self.seconds - self.elapsed())

    def note(self, rows: List[dict]) -> None:
        """An item has ended with these verdict rows."""
        self.caught += sum(row["verdict"] == "CAUGHT" for row in rows)
        self.proven += sum(row["verdict"] == "FIX_CONFIRMED" for row in rows)
        for row in rows:
            self.last.append(f'{words.mark(row["verdict"])} {row["target"]}/{row["case"]} '
                             f'{row["variant"]} {row["verdict"]} {words.hits(row)}')
        del self.last[:-REMEMBERED]

    def line(self) -> str:
        """All of it in a line."""
        doubt = f", {self.in_doubt} in doubt" if self.in_doubt else ""
        return (f"{clock(self.elapsed())} of {clock(self.seconds)}  {self.done}/{self.total} done, "
                f"{self.caught} caught, {self.proven} confirmed{doubt}, {self.hits:,} hits  "
                f"{self.doing}")


def clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any."""
    whole = int(seconds)
    hours = f"{whole // 3600}:{whole % 3600 // 60:02d}" if whole >= 3600 else str(whole // 60)
    return f"{hours}:{whole % 60:02d}"


def picture(state: State) -> Group:
    """The live lines: time, what is done, what runs, the last verdicts."""
    facts = Table.grid(padding=(0, 2))
    doubt = f", {state.in_doubt} in doubt" if state.in_doubt else ""
    facts.add_row(Text("done", "dim"), f"{state.done} of {state.total}: {state.caught} caught, "
                  f"{state.proven} confirmed{doubt}; {state.hits:,} hits")
    facts.add_row(Text("runs", "dim"), Text(f"{state.doing}  {state.detail}".rstrip(), "bold"))
    for number, text in enumerate(state.last):
        facts.add_row(Text("" if number else "last", "dim"), Text(
            text, "red" if text.startswith(words.UNEXPECTED_MARK) else "green"))
    time_line = Table.grid(padding=(0, 2))
    over = state.elapsed() > state.seconds
    time_line.add_row(
        ProgressBar(total=state.seconds, completed=min(state.elapsed(), state.seconds), width=30),
        f"{clock(state.elapsed())} of {clock(state.seconds)}, "
        + ("overtime" if over else f"{clock(state.left())} left"))
    return Group(time_line, facts)


class Progress:
    """Shows a State; `tick` is called often and does little."""

    def __init__(self, terminal: Optional[TextIO], plain: Optional[TextIO]):
        """terminal: for live lines, None where there is none; plain: for lines then."""
        self.state: Optional[State] = None
        self.plain, self.shown = plain, 0.0 if terminal else time.monotonic()
        self.live = terminal and Live(
            console=Console(file=terminal, force_terminal=True), auto_refresh=False,
            transient=True, redirect_stdout=False, redirect_stderr=False)

    @staticmethod
    def of_process() -> "Progress":
        """For this process's own output, beside what pytest captures of it."""
        if os.isatty(1):
            return Progress(open(os.dup(1), "w", buffering=1), None)
        return Progress(None, open(os.dup(2), "w", buffering=1))

    def tick(self) -> None:
        """Show the state, if it is time to."""
        if self.state is None:
            return
        now = time.monotonic()
        if now - self.shown < (LIVE_EVERY_S if self.live else PLAIN_EVERY_S):
            return
        self.shown = now
        if not self.live:
            self.plain.write(self.state.line() + "\n")
            return
        if not self.live.is_started:
            self.live.start()
        self.live.update(picture(self.state), refresh=True)

    def stop(self) -> None:
        """Take the live lines away."""
        if self.live and self.live.is_started:
            self.live.stop()
