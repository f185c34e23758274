"""Comparing runs and nights: worked examples, error rates of alarms, and their power."""
import math

import numpy as np
import pytest
import scipy.stats

import simulated_bugs
import simulated_nights
from reports import changes, compare, stats


@pytest.mark.parametrize("a, b", [((50, 10.0), (80, 10.0)), ((3, 2.0), (30, 7.0)),
                                  ((0, 5.0), (9, 5.0)), ((12, 1.0), (0, 3.0))])
def test_two_rates_are_compared_by_the_binomial(a, b):
    (ka, ta), (kb, tb) = a, b
    theirs = [scipy.stats.binomtest(kb, ka + kb, tb / (ta + tb), alternative=side).pvalue
              for side in ("less", "greater")]
    assert compare.rate_ratio(a, b).p == pytest.approx(min(1, 2 * min(theirs)))


def test_a_worked_rate_ratio():
    found = compare.rate_ratio((100, 10.0), (200, 10.0))
    assert found.value == pytest.approx(2.0)
    assert found.low < 1.5 < 2.5 < found.high and found.p < 1e-7
    share = scipy.stats.binomtest(200, 300).proportion_ci(0.999, method="exact")
    assert found.low == pytest.approx(share.low / (1 - share.low))
    assert compare.rate_ratio((0, 1.0), (0, 1.0)).p == 1
    assert compare.rate_ratio((0, 1.0), (20, 1.0)).high == math.inf


def test_nights_are_not_poisson():
    """10 % between nights: two nights differ at p < 0.001 in 47 %, if taken for Poisson."""
    rng = np.random.default_rng(1)
    k = rng.poisson(10_000 * simulated_nights.factors(rng, "gamma", 0.05 ** 0.5 / 2.2, (2, 2000)))
    naive = [compare.rate_ratio((a, 1.0), (b, 1.0)).p < 1e-3 for a, b in k.T]
    aware = [compare.rate_ratio((a, 1.0), (b, 1.0), 0.1).p < 1e-3 for a, b in k.T]
    assert np.mean(naive) > 0.4 and np.mean(aware) < 0.005


def test_a_variation_only_widens():
    exact, wide = (compare.rate_ratio((50, 1.0), (90, 1.0), v) for v in (0, 0.3))
    assert wide.p > exact.p and wide.low < exact.low and wide.high > exact.high


@pytest.mark.parametrize("variation", [0, 0.1, 0.5])
def test_the_variation_between_nights_is_found(variation):
    rng = np.random.default_rng(3)
    exposure = rng.uniform(1, 3, 4000)
    k = rng.poisson(300 * exposure * simulated_nights.factors(rng, "gamma", variation, 4000))
    assert compare.between_variation(k, exposure) == pytest.approx(variation, abs=0.015)
    assert compare.between_variation([5], [1]) == compare.between_variation([0, 0], [1, 1]) == 0


def test_a_bad_night_of_all_lanes_is_as_rare_as_one_of_each():
    """However the lanes hang together: their false reds are NIGHT_ALPHA a night, at most."""
    rng = np.random.default_rng(9)
    p = np.repeat(rng.uniform(size=(200_000, 1)), 50, axis=1)
    assert compare.reds(p).sum() / 200_000 <= 1.5 * compare.NIGHT_ALPHA
    hochberg = np.array([compare.discoveries(row, 0.05).sum() for row in p[:2000]])
    assert hochberg.mean() > 1  # the broken subject


def test_no_alarm_below_ten_nights():
    series = [1000] * 10 + [1]
    assert compare.rate_alarm(series, 1.0) < 1e-4
    assert compare.rate_alarm(series[1:], 1.0) == 1
    assert compare.value_alarm([100.0 + i % 3 for i in range(10)] + [900.0]) < 1e-6
    assert compare.value_alarm([100.0] * 9 + [900.0]) == 1


def test_the_first_hits_of_a_lane_are_an_alarm():
    assert compare.rate_alarm([0] * 30 + [12], 1.0) < 1e-4
    assert compare.rate_alarm([0] * 30 + [1], 1.0) > 0.01


def test_less_exposure_is_no_alarm_by_itself():
    rng = np.random.default_rng(5)
    exposure = np.array([100.0] * 30 + [1.0])
    p = compare.rate_alarm(rng.poisson(5 * exposure, (20_000, 31)), exposure)
    assert (p < 0.01).mean() <= 0.01 and (p < 0.001).mean() <= 0.0015


def test_benjamini_hochberg_by_its_own_example():
    p = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216]
    assert compare.discoveries(p, 0.05).sum() == 2
    assert compare.discoveries(p, 0.10).sum() == 6
    assert not compare.discoveries([], 0.05).size


@pytest.mark.parametrize("variation, shape", simulated_nights.STEADY)
@pytest.mark.parametrize("together", [False, True])
def test_a_steady_machine_is_red_at_most_once_in_200_nights(request, variation, shape, together):
    """The 99.9 % interval of the false reds per 200 nights x 50 lanes contains or is below 1.

    --rig-simulations N judges 4 N nights of a lane, at least.
    """
    machines = max(4, request.config.getoption("--rig-simulations") // 2500)
    rng = np.random.default_rng([machines, int(100 * variation), together])
    reds = np.concatenate([
        simulated_nights.false_reds(simulated_nights.hits(
            rng, min(200, machines - done), shape, variation, together=together))
        for done in range(0, machines, 200)])
    error = max(reds.std(ddof=1), 1.0) / math.sqrt(machines)
    if request.config.getoption("--rig-simulations"):
        print(f"steady {variation} {shape} together {together}: {reds.mean():.3f} "
              f"+- {error:.3f} false reds, {machines} machines")
    assert reds.mean() - 3.3 * error <= 1.0


def test_poisson_alone_would_be_red_all_the_time():
    """The broken subject of the test above: without the variation between nights."""
    rng = np.random.default_rng(2)
    counts = simulated_nights.hits(rng, 2, "gamma", 0.2)
    k = counts[..., 100]
    p = compare.conditional_p(counts[..., :100].sum(-1), 100.0, k, 1.0)
    assert (p < compare.NIGHT_ALPHA / simulated_nights.LANES).mean() > 0.3


@pytest.mark.parametrize("history, least", [(15, 0.9), (20, 0.99), (30, 0.999)])
def test_a_halved_rate_is_red_within_five_nights(request, history, least):
    """200 hits a night, 10 % between nights, one lane of 50."""
    series = max(4000, request.config.getoption("--rig-simulations"))
    rng = np.random.default_rng(history)
    nights = simulated_nights.nights_to_alarm(
        rng, series, history=history, mean=200, variation=0.1, shape="gamma", ratio=0.5)
    if request.config.getoption("--rig-simulations"):
        print(f"halved after {history} nights: within 1..5 nights",
              [f"{((nights > 0) & (nights <= n)).mean():.5f}" for n in range(1, 6)])
    assert (nights > 0).mean() >= least


def test_a_step_is_found_where_it_is():
    rng = np.random.default_rng(4)
    rates = simulated_nights.factors(rng, "gamma", 0.1, 60) * np.repeat([1, 0.5], [40, 20])
    found = changes.of_rates(rng.poisson(200 * rates), np.ones(60))
    assert len(found) == 1 and abs(found[0].at - 40) <= 1
    assert found[0].after / found[0].before == pytest.approx(0.5, abs=0.1)
    figures = np.exp(rng.normal(10, 0.02, 50)) * np.repeat([1, 1.1, 1.2], [20, 15, 15])
    assert [c.at for c in changes.of_values(figures)] == pytest.approx([20, 35], abs=1)


def test_unequal_exposure_is_no_change():
    assert changes.of_rates([10] * 10 + [100] * 10, [1.0] * 10 + [10.0] * 10) == []
    assert changes.of_rates([3, 5], [1, 1]) == [] and changes.of_values([7.0] * 30) == []


@pytest.mark.parametrize("variation", [0, 0.1, 0.2, 0.5])
def test_steady_nights_have_no_change(request, variation):
    """Permutation p is exact: at most ALPHA of steady series of 30 nights show a change."""
    runs = max(200, request.config.getoption("--rig-simulations"))
    rng = np.random.default_rng([runs, int(10 * variation)])
    k = rng.poisson(50 * simulated_nights.factors(rng, "lognormal", variation, (runs, 30)))
    wrong = sum(bool(changes.of_rates(row, np.ones(30))) for row in k)
    if request.config.getoption("--rig-simulations"):
        print(f"change points, {variation}: {wrong} of {runs}")
    assert wrong <= scipy.stats.binom.ppf(0.999, runs, changes.ALPHA)


def test_how_long_a_known_rate_may_be_silent():
    """A worked example: 2000 hits in 20 steady nights of a second, one canary, ALPHA 0.001."""
    rate = scipy.stats.chi2.ppf(0.001 / 4, 2 * 2000) / 2 / 20
    assert compare.silence_s(2000, 20.0, 20, 0.0) == pytest.approx(-math.log(0.00075) / rate)
    assert compare.silence_s(2000, 20.0, 20, 0.0, canaries=50) > compare.silence_s(
        2000, 20.0, 20, 0.0, canaries=5) == compare.silence_s(2000, 20.0, 20, 0.0)
    wide = compare.silence_s(2000, 20.0, 20, 0.3)
    lower = stats.rate_lower(2000, 20.0, 20, 0.3, 0.00025)
    assert (1 + lower * wide * 0.09) ** (-1 / 0.09) == pytest.approx(0.00075)
    assert compare.silence_s(0, 20.0, 20, 0.3) == compare.silence_s(9, 1, 9, math.inf) == math.inf


def test_silent_nights_add_up_and_do_not_become_usual():
    k, t = [3, 1, 0, 2, 4, 1, 2, 3, 0, 2, 1, 2], [1.0] * 12
    due = [compare.certain_silence_s(k + [0] * n, t + [1.0] * n) for n in range(60)]
    assert due[0] > 1 and all(a >= b for a, b in zip(due, due[1:])) and due[-1] == 0
    assert compare.certain_silence_s(k[:9], t[:9]) is None
    assert compare.certain_silence_s([0] * 40, [1.0] * 40) is None
    dead = compare.certain_silence_s([100] * 20 + [0] * 200, [1.0] * 220)
    assert dead == 0


def test_nights_that_vary_by_more_than_their_rate_tell_none():
    """As seen: ends at ten hits, on a loaded machine, after a search of its own each night."""
    k = [14, 10, 12, 36, 19, 16, 32, 35, 74, 10, 27, 38]
    t = [0.046, 0.001, 0.076, 0.001, 0.001, 0.04, 0.922, 0.106, 0.236, 0.001, 0.005, 0.107]
    assert compare.certain_silence_s(k, t) is None
    assert compare.certain_silence_s(k, [0.1 * n for n in k]) == pytest.approx(0.9, rel=0.1)


def silence_points():
    """History, mean hits a night, stop: of each simulated canary."""
    return [(10, 10_000, None), (60, 10_000, None), (10, 200, None), (20, 20, None),
            (20, 100, 10), (60, 1, None)]


@pytest.mark.parametrize("variation, shape", simulated_nights.STEADY)
def test_a_steady_canary_is_falsely_silent_as_rarely_as_claimed(request, variation, shape):
    """NIGHT_ALPHA a night for LANES canaries together, each with the worst exposure of all."""
    asked = request.config.getoption("--rig-simulations")
    for history, mean, stop in silence_points():
        rng = np.random.default_rng([asked, history, mean, int(100 * variation)])
        (error, doubt), = simulated_nights.false_silences(
            rng, asked or 100, history=history, mean=mean, stop=stop, variation=variation,
            shape=shape)
        if asked:
            print(f"silent {shape} {variation}: {history} nights of {mean} hits, stop {stop}: "
                  f"{error:.1e} +- {doubt:.0e}")
        assert error - 3.3 * doubt <= compare.NIGHT_ALPHA / simulated_nights.LANES


@pytest.mark.parametrize("variation, shape", simulated_nights.STEADY)
def test_silent_streaks_of_rare_canaries_are_red_at_most_once_in_200_nights(request, variation,
                                                                           shape):
    machines = max(1, request.config.getoption("--rig-simulations") // 2500)
    rng = np.random.default_rng([machines, int(100 * variation), 7])
    reds = simulated_nights.false_streaks(simulated_nights.hits(
        rng, machines, shape, variation, least=0.1, most=20))
    error = max(reds.std(), 1.0) / math.sqrt(machines)
    if request.config.getoption("--rig-simulations"):
        print(f"streaks {shape} {variation}: {reds.mean():.3f} +- {error:.3f} false reds in "
              f"{simulated_nights.NIGHTS} nights, {machines} machines")
    assert reds.mean() - 3.3 * error <= 1.0


def test_the_point_estimate_would_be_red_too_often():
    """The broken subject of these: ten nights' mean rate, taken for certain."""
    rng, errors = np.random.default_rng(3), []
    for _ in range(200):
        k, t = simulated_nights.canary(rng, history=10, mean=100, variation=0.5, shape="gamma")
        due = -math.log(compare.NIGHT_ALPHA / simulated_nights.LANES) / (k.sum() / t.sum())
        errors.append(simulated_bugs.chance_of_silence(due, 1, 100, 1, 0.5))
    assert np.mean(errors) > 10 * compare.NIGHT_ALPHA / simulated_nights.LANES


@pytest.mark.parametrize("history, variation, mean, least", [
    (10, 0, 50, 0.99), (10, 0.1, 100, 0.99), (10, 0.2, 300, 0.99), (20, 0.2, 100, 0.99),
    (60, 0.2, 40, 0.99), (20, 0.5, 10_000, 0.9), (60, 0.5, 1000, 0.98)])
def test_a_silent_canary_is_seen(request, history, variation, mean, least):
    """Its power: `mean` hits a night before, none in as long now, one of 50."""
    asked = request.config.getoption("--rig-simulations")
    rng = np.random.default_rng([history, mean])
    seen = simulated_nights.seen_silent(rng, asked or 200, 1.0, history=history, mean=mean,
                                        variation=variation, shape="gamma")
    if asked:
        print(f"{history} nights of {mean} hits, {variation}: silence seen in {seen:.4f}")
    assert seen >= least - (0 if asked else 0.05)
