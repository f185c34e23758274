"""make validate on a busy machine: what is in doubt gets the processor time it was promised."""
import os
import types

import pytest

from validate import clock, native


class Machine:
    """A machine whose programs get a share of its two processors."""

    def __init__(self, monkeypatch, share):
        self.now, self.share = 0.0, share
        monkeypatch.setattr(clock.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(clock, "used_s", lambda: 2 * self.now * self.share)


@pytest.mark.parametrize("share, after, left", [(1.0, 60, 30), (0.5, 60, 120), (0.1, 60, 300),
                                                (0.1, 360, 0), (1.0, 90, 0)])
def test_seconds_are_of_processors(monkeypatch, share, after, left):
    machine = Machine(monkeypatch, share)
    watch = clock.Clock(90.0, 2)
    machine.now = after
    assert watch.left_s() == pytest.approx(left)


class Doubtful:
    """Stands for a session of one race that is in doubt for `lacks` seconds of processors."""

    def __init__(self, machine, lacks):
        self.machine, self.lacks, self.longest_overtime_s = machine, lacks, 30.0
        self.runner, self.folder = self, types.SimpleNamespace(header={})

    def __call__(self, *_):
        return self

    def run(self, _):
        self.machine.now += 60.0
        return []

    def overtime(self, longest_s=30.0):
        self.machine.now += longest_s

    def in_doubt(self):
        return [self] if self.machine.now * self.machine.share < self.lacks else []

    def finish(self, _):
        return self.in_doubt()


@pytest.mark.parametrize("share, lacks, doubt, ended", [
    (1.0, 80, False, 90), (1.0, 100, True, 90),   # a free machine: the time and no more
    (0.25, 80, False, 330), (0.25, 100, True, 360)])
def test_races_in_doubt_get_their_processor_time(monkeypatch, share, lacks, doubt, ended):
    machine = Machine(monkeypatch, share)
    monkeypatch.setattr(native, "Session", Doubtful(machine, lacks))
    monkeypatch.setattr(native, "Programs", lambda *_: types.SimpleNamespace(list=lambda: []))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    racing = native.Native.__new__(native.Native)
    racing.tree, racing.against = types.SimpleNamespace(top=None), None
    watch = clock.Clock(90.0, 2)
    assert bool(racing._race(["race"], None, watch, 1, "command")) is doubt
    assert machine.now == pytest.approx(ended, abs=1.0)
