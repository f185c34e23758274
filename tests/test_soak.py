"""The soak's judgement, on samples that leak, and on samples that only look so."""
import importlib.util
import json
import pathlib
import random
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "ci/soak.py"
SPEC = importlib.util.spec_from_file_location("soak", PROGRAM)
soak = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(soak)


def made(seconds=600, slope=0.0, noise=0.0, warm=0.0, start=6000, seed=1, figure="rss_kib",
         **more):
    """A storm's result whose figure grows by `slope` a second; warm: steps early on."""
    draw = random.Random(seed)
    samples = []
    for t in range(1, seconds + 1):
        values = {"rss_kib": start, "files": 7000, "open": 4096}
        step = warm * min(1, t / (0.1 * seconds))
        values[figure] = round(values[figure] + slope * t + step + draw.gauss(0, noise))
        samples.append({"t": float(t), "slice": 0, **values})
    return {"target": "toy", "storm": "gale", "verdict": "CLEAN", "ops": 10, "seconds": seconds,
            "slices": 1, "samples": samples, **more}


def word(document, figure="rss_kib"):
    """The judgement on one figure."""
    return dict(soak.judge_storm(document))[figure].word


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("noise", [0, 5, 50])
def test_flat_is_flat_whatever_the_noise(seed, noise):
    assert word(made(noise=noise, seed=seed)) == "FLAT"
    assert word(made(noise=noise, seed=seed, warm=2000)) == "FLAT"
    assert word(made(noise=noise, seed=seed, slope=-1)) == "FLAT"


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("figure, slope, noise", [
    ("rss_kib", 1, 0), ("rss_kib", 1, 50), ("rss_kib", 10, 200), ("files", 0.5, 30),
    ("files", 5, 100), ("open", 1, 1)])
def test_a_leak_is_seen(figure, slope, noise, seed):
    document = made(slope=slope, noise=noise, seed=seed, figure=figure)
    assert word(document, figure) == "GROWS"
    judged = dict(soak.judge_storm(document))[figure]
    assert judged.low <= slope * judged.seconds <= judged.high or noise == 0
    others = set(soak.LEAST) - {figure}
    assert {word(document, other) for other in others} == {"FLAT"}


def test_fewer_operations_than_the_quota_are_no_pass(capsys):
    done = {"operations": {"push": 500, "pop": 400}}
    assert soak.report(made(**done, quota={"push": 500})) == 0
    assert "toy/gale push  ENOUGH  500 of 500" in capsys.readouterr().out
    assert soak.report(made(**done, quota={"push": 501}), short=True) == 0
    assert "toy/gale push  SO FAR  500 of 501" in capsys.readouterr().out
    assert soak.report(made(**done, quota={"push": 501})) == 1
    assert "toy/gale push  TOO FEW  500 of 501" in capsys.readouterr().out


def test_who_lacks_a_quota_goes_on_as_long_as_it_needs(capsys):
    few = made(operations={"push": 200, "pop": 9}, quota={"push": 500})
    assert soak.needed_s(few) == pytest.approx(600 * 1.5 * soak.MARGIN)
    assert soak.needed_s(made(operations={"push": 500}, quota={"push": 500})) == 0
    assert soak.needed_s(made(operations={"push": 0}, quota={"push": 5})) > 0
    assert soak.needed_s(made()) == 0
    assert soak.report(few, more=True) == 0
    assert "toy/gale push  SO FAR  200 of 500" in capsys.readouterr().out
    rest = made(operations={"push": 299, "pop": 1}, quota={"push": 500})
    assert soak.report(soak.add(few, rest)) == 1
    assert "TOO FEW  499 of 500" in capsys.readouterr().out
    assert soak.report({**few, "slices": 3}, more=True) == 1


def test_of_whom_nobody_can_tell_goes_on_for_longer(capsys):
    unclear = made(noise=20000, start=100000, seconds=30)
    assert soak.needed_s(unclear) == 30 * soak.LONGER
    assert soak.report(unclear, more=True) == 0
    assert "UNCLEAR" in capsys.readouterr().out
    assert soak.report(unclear) == 1
    assert soak.report(made(slope=2), more=True) == 1
    assert soak.needed_s(made(slope=2)) == 0


class Toy:
    """The options of a soak of toy storms, and their programs: every second makes ten."""

    def __init__(self, monkeypatch, quotas, short=False):
        self.ran, self.quotas = [], quotas
        self.seconds, self.short, self.keep, self.results = 50 * len(quotas), short, None, []
        monkeypatch.setattr(soak, "storms", lambda: [("toy", name) for name in quotas])
        monkeypatch.setattr(soak, "run", self.run)

    def run(self, _, name, seconds):
        """As soak.run()."""
        self.ran.append((name, round(seconds)))
        quota = {"push": self.quotas[name]} if self.quotas[name] else {}
        return {**made(seconds=60, storm=name, operations={"push": int(10 * seconds)}),
                "quota": quota, "seconds": seconds}


def test_the_soak_adds_time_for_quotas_and_not_without_end(monkeypatch):
    toy = Toy(monkeypatch, {"gale": 800, "calm": 0})
    assert set(soak.codes(toy)) == {0}
    assert toy.ran == [("gale", 50), ("calm", 50), ("gale", 36)]
    toy = Toy(monkeypatch, {"squall": 5000, "gale": 800, "storm": 5000})
    assert set(soak.codes(toy)) == {0, 1}
    assert toy.ran[:3] == [("squall", 50), ("gale", 50), ("storm", 50)]
    assert toy.ran[3:] == [("gale", 25), ("squall", 25), ("storm", 25)]
    toy = Toy(monkeypatch, {"gale": 5000, "storm": 5000}, short=True)
    assert set(soak.codes(toy)) == {0}
    assert sorted(toy.ran) == [("gale", 50), ("storm", 50)]


def test_what_cannot_be_told_is_no_pass():
    assert word(made(seconds=10)) == "UNCLEAR"
    assert word(made(noise=20000, start=100000, seconds=30)) == "UNCLEAR"
    assert soak.judge([], [], 1).word == "UNCLEAR"


@pytest.mark.parametrize("document, code", [
    (made(), 0), (made(slope=2), 1), (made(verdict="REFUTED"), 1), (made(seconds=10), 3),
    (made(slope=2, seconds=10), 3), (made(slices=3), 1)])
def test_a_short_soak_fails_by_what_it_saw_only(document, code):
    assert soak.report(document, short=True) == code
    assert bool(soak.report(document)) == bool(code)


def test_a_short_soak_gets_to_every_storm_within_days():
    storms = list("abcdefg")
    assert soak.chosen(storms, 7 * soak.LEAST_S, 3) == soak.chosen(storms, 1e9, 3) == storms
    assert len(soak.chosen(storms, 1, 3)) == 1
    for seconds in (1, 2.5 * soak.LEAST_S, 5 * soak.LEAST_S):
        assert {name for day in range(7) for name in soak.chosen(storms, seconds, day)} == {
            *storms}


def run(*arguments):
    return subprocess.run([sys.executable, PROGRAM, *map(str, arguments)], capture_output=True,
                          text=True, cwd=ROOT, check=False)


def test_the_command_says_it_and_exits_by_it(tmp_path):
    path = tmp_path / "result.json"
    for document, code, said in [
            (made(), 0, "toy/gale rss_kib  FLAT"),
            (made(slope=2), 1, "toy/gale rss_kib  GROWS"),
            (made(slope=2, figure="files"), 1, "toy/gale files  GROWS"),
            (made(verdict="REFUTED"), 1, "toy/gale  REFUTED"),
            (made(slices=3), 1, "run it in one")]:
        path.write_text(json.dumps(document))
        done = run(path)
        assert done.returncode == code, done.stdout
        assert said in done.stdout
        assert done.stdout.endswith("NOT FLAT\n" if code else "\nFLAT\n")


@pytest.mark.parametrize("content, code", [("", 2), ("{}", 2), ("[1]", 2)])
def test_unreadable_results_get_one_line(tmp_path, content, code):
    path = tmp_path / "result.json"
    path.write_text(content)
    done = run(path)
    assert done.returncode == code
    assert len(done.stderr.strip().splitlines()) == 1


def test_bad_usage():
    assert run("--seconds", "0").returncode == 64
    assert run("--seconds", "x").returncode == 64
    assert run("--frobnicate").returncode == 64
    assert run("no/such/file").returncode == 2
