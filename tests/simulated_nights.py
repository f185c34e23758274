"""Simulated machines, night after night, to measure how often alarms err and how soon they come."""
import numpy as np

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


def hits(rng, machines, shape, variation, *, together=False):
    """(machines, LANES, NIGHTS) hits in unit exposure; lanes differ in their mean rates.

    together: good and bad nights are those of the machine, shared by its lanes.
    """
    means = np.exp(rng.uniform(np.log(1), np.log(1e5), (machines, LANES, 1)))
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
