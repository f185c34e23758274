"""Statistics that compare runs and nights: pure functions, arrays in and out.

A night's rate is not Poisson: machines have good and bad nights. A comparison of two rates
therefore needs the variation between nights, and an alarm needs nights to estimate it from:

  two runs      conditional binomial on the hits, widened by the variation between nights
  tonight       against the nights before, by Student's t on log and on root rates; no alarm
                below FEWEST nights
  many at once  Benjamini-Hochberg lists what stands out. Red is what stands out by itself,
                by Bonferroni: lanes share their machine's bad nights, and what is found
                with them is no discovery of its own
  silence       no hit where the nights before make one certain. Their rate is bounded from
                below and its variation from above, as a control's is for a fix: a night is
                what a child process is there

A night of hits has Poisson noise and a rate of its own on top. Logarithms make lognormal
rates normal but stretch the lower tail of Gamma ones; roots do the opposite and steady
Poisson noise. An alarm must stand on both, and against Poisson noise alone: the largest of
the three p values counts. test_compare.py measures what that comes to.
"""
import math
from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np
from scipy.special import betainc, betaincinv, ndtr, stdtr

from reports import stats

FEWEST = 10         # nights before, or there is no alarm
LONGEST = 60        # nights before that count
RECENT = 5          # last nights that may be taken together: small changes take several
NIGHT_ALPHA = 0.005  # chance of a false red a night: one in 200
LIST_Q = 0.05       # false discovery rate of what is listed
ASSUMED = 0.2       # variation between nights where no history tells it
UNKNOWN = 1.0       # variation from which on nights tell no rate


class Ratio(NamedTuple):
    """A rate over another: estimate with its 99.9 % interval, and p for equal rates."""
    value: float
    low: float
    high: float
    p: float


def conditional_p(hits_a, exposure_a, hits_b, exposure_b):
    """Two-sided p of equal Poisson rates; arrays of counts and exposures (> 0) or numbers.

    Given their sum, the hits of b are binomial with the share of its exposure; the smaller
    tail is doubled. Source: Przyborowski & Wilenski 1940; scipy's binomtest for one pair.
    """
    a, b = np.asarray(hits_a, float), np.asarray(hits_b, float)
    share = np.asarray(exposure_b, float) / (np.asarray(exposure_a, float) + exposure_b)
    below = betainc(np.maximum(a, 1e-12), b + 1, 1 - share)  # P(B <= b)
    above = betainc(np.maximum(b, 1e-12), a + 1, share)      # P(B >= b)
    below, above = np.where(a > 0, below, 1.0), np.where(b > 0, above, 1.0)
    return np.minimum(1.0, 2 * np.minimum(below, above))


def rate_ratio(a: Tuple[float, float], b: Tuple[float, float], variation: float = 0.0,
               level: float = 0.999) -> Ratio:
    """The rate of b over that of a.

    a, b: (hits, exposure), exposures > 0; variation: coefficient of variation of a night's
    true rate, 0 for exact Poisson. Unknown ends are 0 and inf; without hits p is 1.
    With a variation the logarithm's variance is 1/hits of each plus twice its square, which
    never narrows the exact interval.
    """
    (ka, ta), (kb, tb) = a, b
    if ka + kb == 0:
        return Ratio(math.nan, 0.0, math.inf, 1.0)
    tail = (1 - level) / 2
    low = betaincinv(kb, ka + 1, tail) if kb else 0.0
    high = betaincinv(kb + 1, ka, 1 - tail) if ka else 1.0
    low, high = (x / (1 - x) * ta / tb if x < 1 else math.inf for x in (low, high))
    value = kb / tb / (ka / ta) if ka else math.inf
    p = float(conditional_p(ka, ta, kb, tb))
    if variation > 0:
        log = math.log((kb + 0.5) / tb) - math.log((ka + 0.5) / ta)
        spread = math.sqrt(1 / (ka + 0.5) + 1 / (kb + 0.5) + 2 * math.log1p(variation ** 2))
        p = max(p, 2 * float(ndtr(-abs(log) / spread)))
        reach = 3.2905 * spread
        low, high = min(low, math.exp(log - reach)), max(high, math.exp(log + reach))
    return Ratio(value, float(low), float(high), p)


def between_variation(hits, exposure) -> float:
    """Coefficient of variation of the nights' true rates: moments of a negative binomial.

    hits, exposure: per night. 0 where Poisson noise explains the spread or nothing is known.
    """
    k, t = np.asarray(hits, float), np.asarray(exposure, float)
    k, t = k[t > 0], t[t > 0]
    if len(k) < 2 or k.sum() == 0:
        return 0.0
    expected = k.sum() * t / t.sum()
    # E (k - e)^2 = e + e^2 v^2, summed, with the mean's own degree of freedom
    # given back.
    spare = ((k - expected) ** 2).sum() * len(k) / (len(k) - 1) - expected.sum()
    return math.sqrt(max(0.0, spare / (expected ** 2).sum()))


def _student(values, noise, noise_new, recent: int):
    """Two-sided p that the mean of the last `recent` values is that of those before.

    values, noise: (..., nights), oldest first, and the variance that counting alone gives a
    value; noise_new: (...), of a recent one if nothing changed. The variance is that of the
    nights before, at least their noise, and more where the recent ones have more noise.
    """
    before, after = values[..., :-recent], values[..., -recent:]
    n = before.shape[-1]
    counting = noise[..., :-recent].mean(-1)
    spread = np.maximum(before.var(-1, ddof=1), counting)
    spread_new = spread + np.maximum(0.0, noise_new - counting)
    scale = np.sqrt(spread / n + spread_new / recent)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(after.mean(-1) - before.mean(-1)) / scale
    return 2 * stdtr(n - 1, -np.where(np.isfinite(t), t, 0.0))


def rate_alarm(hits, exposure, most: int = RECENT):
    """p that the last nights' rate is that of the nights before, small for an alarm.

    hits, exposure: (..., nights), oldest first, exposures > 0; nights that cannot be
    compared are left out before. The last 1 .. `most` nights are each taken as new, and the
    smallest p times their number is returned, shaped (...). 1 where fewer than FEWEST
    nights are before.
    """
    k = np.asarray(hits, float)[..., -LONGEST - RECENT:]
    t = np.broadcast_to(np.asarray(exposure, float), np.shape(hits))[..., -LONGEST - RECENT:]
    logs, log_noise = np.log((k + 0.5) / t), 1 / (k + 0.5)
    roots, root_noise = np.sqrt((k + 0.375) / t), 0.25 / t
    found = []
    for recent in windows(k.shape[-1])[:most]:
        k_old, t_old = k[..., :-recent].sum(-1), t[..., :-recent].sum(-1)
        k_new, t_new = k[..., -recent:].sum(-1), t[..., -recent:].sum(-1)
        expected = (k_old + 0.5) / t_old * t_new / recent
        by_log = _student(logs, log_noise, 1 / (expected + 0.5), recent)
        by_root = _student(roots, root_noise, 0.25 * recent / t_new, recent)
        # Where nights have few hits, logarithms are mostly noise.
        few = k[..., :-recent].mean(-1) < 5
        found.append(np.maximum.reduce([np.where(few, 0.0, by_log), by_root,
                                        conditional_p(k_old, t_old, k_new, t_new)]))
    if not found:
        return np.ones(k.shape[:-1])
    return np.minimum(1.0, len(found) * np.minimum.reduce(found))


def value_alarm(values):
    """As rate_alarm, for a continuous figure > 0 (rounds a second, KiB) of each night."""
    x = np.asarray(values, float)[..., -LONGEST - RECENT:]
    none = np.zeros_like(x)
    found = [np.maximum(_student(np.log(x), none, none[..., 0], recent),
                        _student(np.sqrt(x), none, none[..., 0], recent))
             for recent in windows(x.shape[-1])]
    if not found:
        return np.ones(x.shape[:-1])
    return np.minimum(1.0, len(found) * np.minimum.reduce(found))


def silence_s(hits: float, exposure: float, nights: int, variation: float,
              canaries: int = 1, silent: Sequence[float] = ()) -> float:
    """How long without a hit is no chance any more at a known rate, seconds; inf: never.

    hits, exposure: of `nights` nights together; variation: between nights, an upper bound;
    canaries: judged in one night; silent: exposure of the nights since, which had no hit
    either. The chance is ALPHA, and less where so many canaries together would be falsely
    red more often than NIGHT_ALPHA. A night draws its rate from a Gamma distribution.
    """
    alpha = min(stats.ALPHA, NIGHT_ALPHA / max(1, canaries))
    rate = stats.rate_lower(hits, exposure, nights, variation, alpha * stats.SPEND_RATE)
    wanted = -math.log(alpha * stats.SPEND_ZERO)
    if rate <= 0:
        return math.inf
    if variation < 1e-6:
        return max(0.0, wanted / rate - sum(silent))
    a = 1 / variation ** 2
    power = wanted / a - sum(math.log1p(rate * t / a) for t in silent)
    return a / rate * math.expm1(max(0.0, power)) if power < 100 else math.inf


def certain_silence_s(hits, exposure, canaries: int = 1) -> Optional[float]:
    """silence_s after the nights before; None where they tell no rate.

    hits, exposure: per night, oldest first, exposures > 0. The rate is that of the nights up
    to the last hit: silence does not become usual. It is not known below FEWEST of them, nor
    where they may vary by more than UNKNOWN, as those of programs that end at their first
    hits do on a loaded machine: then hardly any silence would be certain.
    """
    k, t = list(map(float, hits)), list(map(float, exposure))
    last = max((n for n, one in enumerate(k, 1) if one), default=0)
    known = slice(max(0, last - LONGEST), last)
    variation = stats.variation_upper(k[known], t[known]) if last else math.inf
    if last < FEWEST or variation > UNKNOWN:
        return None
    return silence_s(sum(k[known]), sum(t[known]), len(k[known]), variation, canaries, t[last:])


def windows(nights: int) -> range:
    """Numbers of last nights that may be taken as new, out of so many."""
    return range(1, min(RECENT, nights - FEWEST) + 1)


def reds(p) -> np.ndarray:
    """Which of one night's p values are red: so many false ones as NIGHT_ALPHA, together.

    p: (..., figures). That holds however the figures depend on each other.
    """
    p = np.asarray(p, float)
    return p * max(1, p.shape[-1]) <= NIGHT_ALPHA


def discoveries(p, q: float) -> np.ndarray:
    """Which of many p values stand out, by Benjamini & Hochberg 1995 (statsmodels)."""
    p = np.asarray(p, float)
    if p.size == 0 or p.min() > q:  # the common night needs no library
        return np.zeros(p.shape, bool)
    from statsmodels.stats.multitest import multipletests
    return multipletests(p, q, method="fdr_bh")[0]
