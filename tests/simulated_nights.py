"""Simulated machines, night after night, to measure how often alarms err and how soon they come."""
import numpy as np

import simulated_bugs
from reports import compare

STEADY = [(0, "gamma"), (0.1, "gamma"), (0.1, "lognormal"), (0.2, "gamma"), (0.2, "lognormal"),
          (0.5, "gamma"), (0.5, "lognormal")]
LANES, NIGHTS = 50, 200


def factors(rng, shape, variation, size):
    """True rates of mean 1 and the given coefficient of variation between nights."""
    if variation == 0:
        return np.ones(size)
    if shape == "gamma":
        return rng.gamma(1 / variation ** 2, variation ** 2, size)
    sigma = np.sqrt(np.log1p(variation ** 2))
    return rng.lognormal(-sigma ** 2 / 2, sigma, size)


def hits(rng, machines, shape, variation, *, together=False, least=1, most=1e5):
    """(machines, LANES, NIGHTS) hits in unit exposure; lanes differ in their mean rates.

    together: good and bad nights are those of the machine, shared by its lanes; least, most:
    mean hits a night.
    """
    means = np.exp(rng.uniform(np.log(least), np.log(most), (machines, LANES, 1)))
    lanes = 1 if together else LANES
    return rng.poisson(means * factors(rng, shape, variation, (machines, lanes, NIGHTS)))


def false_reds(counts):
    """Regressions reported of steady machines: (machines,) numbers over all nights.

    As reports.regress does it: a lane that is open is not reported again; here it closes
    as soon as it no longer stands out, so that it may be reported anew.
    """
    machines, lanes, nights = counts.shape
    reds, open_ = np.zeros(machines, int), np.zeros((machines, lanes), bool)
    for night in range(compare.FEWEST + 1, nights + 1):
        first = max(0, night - compare.LONGEST - compare.RECENT)
        p = compare.rate_alarm(counts[..., first:night], 1.0)
        found = compare.reds(p)
        reds += (found & ~open_).sum(1)
        open_ = found
    return reds


def nights_to_alarm(rng, series, *, history, mean, variation, shape, ratio, most=5):
    """Nights until a change to `ratio` of the rate is red among steady lanes; 0: not in `most`.

    series: simulated; history: nights before the change. The lane is one of LANES.
    """
    rates = factors(rng, shape, variation, (series, history + most))
    rates[:, history:] *= ratio
    counts, found = rng.poisson(mean * rates), np.zeros(series, int)
    for night in range(1, most + 1):
        p = compare.rate_alarm(counts[:, :history + night], 1.0)
        found[(found == 0) & (p * LANES <= compare.NIGHT_ALPHA)] = night
    return found


def canary(rng, *, history, mean, variation, shape, stop=None):
    """(hits, exposure) of a canary's nights, `mean` hits in unit exposure on average.

    stop: its program ends at so many hits; unit exposure each night without.
    """
    rate = mean * factors(rng, shape, variation, history)
    if stop:
        return np.full(history, stop), rng.gamma(stop, 1, history) / rate
    return rng.poisson(rate), np.ones(history)


def false_silences(rng, runs, **nights):
    """Chance that a steady canary, one of LANES, is silent for as long as makes it red.

    nights: as canary() takes them. It gets no second more than that: the worst exposure of
    all. Returns [(mean, standard error)]; silence is integrated, not drawn.
    """
    errors = np.zeros((runs, 1))
    for i in range(runs):
        due = compare.certain_silence_s(*canary(rng, **nights), LANES)
        if due is not None and np.isfinite(due):
            errors[i] = simulated_bugs.chance_of_silence(
                due, 1, nights["mean"], 1, nights["variation"], nights["shape"])
    return simulated_bugs.moments(errors)


def false_streaks(counts):
    """Silences that turn red of steady machines in unit exposure a night: (machines,) numbers.

    counts: as hits() makes them. A silence that lasts for nights is one.
    """
    reds = np.zeros(len(counts), int)
    for machine, lane in np.ndindex(counts.shape[:2]):
        k, is_red = counts[machine, lane], False
        for night in np.flatnonzero(k == 0):
            if night and k[night - 1]:
                is_red = False
            due = compare.certain_silence_s(k[:night], np.ones(night), LANES)
            if not is_red and due is not None and due <= 1:
                reds[machine] += 1
                is_red = True
    return reds


def seen_silent(rng, runs, seconds, **nights):
    """Share of canaries whose silence of so much exposure is red, after canary() nights."""
    due = [compare.certain_silence_s(*canary(rng, **nights), LANES) for _ in range(runs)]
    return np.mean([one is not None and one <= seconds for one in due])
