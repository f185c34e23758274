"""Change points of a figure over the nights: likelihood-ratio splits, permutation p.

A series is split where two levels explain it best; whether that split means anything is
told by permuting the nights, which keeps their variation and forgets their order. Each half
is then split in turn. Source: Sen & Srivastava 1975 for the split, Matteson & James 2014
for permuting it.
"""
from typing import List, NamedTuple

import numpy as np

SHORTEST = 3          # nights on either side of a change
PERMUTATIONS = 9999   # for a split that looks like something
FIRST_LOOK = 199      # to tell at little cost that one does not
ALPHA = 0.001


class Change(NamedTuple):
    """From night `at` on (an index) the level is `after`; p as found by permutation."""
    at: int
    before: float
    after: float
    p: float


def poisson_gain(hits, exposure):
    """2 log likelihood ratio of a split before each night, over (hits, exposure).

    hits, exposure: (..., nights). Returns (..., nights - 1): entry i splits before i + 1.
    """
    k, t = np.cumsum(hits, -1), np.cumsum(exposure, -1)
    whole_k, whole_t = k[..., -1:], t[..., -1:]
    left_k, left_t = k[..., :-1], t[..., :-1]

    def fit(count, time):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(count > 0, count * np.log(count / time), 0.0)
    return 2 * (fit(left_k, left_t) + fit(whole_k - left_k, whole_t - left_t)
                - fit(whole_k, whole_t))


def normal_gain(values):
    """2 log likelihood ratio of a split before each night, of values with one variance."""
    x = np.asarray(values, float)
    n = x.shape[-1]
    x = x - x.mean(-1, keepdims=True)
    left = np.cumsum(x, -1)[..., :-1]
    at = np.arange(1, n)
    whole = (x * x).sum(-1, keepdims=True)
    between = left ** 2 * n / (at * (n - at))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(whole > 0, between / whole, 0.0)
    return -n * np.log1p(-np.minimum(share, 1 - 1e-12))


def _best(gain, nights: int):
    """(gain, index) of the best split that leaves SHORTEST nights on either side."""
    inner = gain[..., SHORTEST - 1:nights - SHORTEST]
    return inner.max(-1), inner.argmax(-1) + SHORTEST


def split(rows: np.ndarray, gain_of, rng) -> tuple:
    """(index, p) of the best split of one series.

    rows: (figures, nights), permuted together; gain_of(*rows): as poisson_gain. p counts the
    permutations whose best split gains as much, itself among them.
    """
    nights = rows.shape[-1]
    gain, at = _best(gain_of(*rows), nights)
    done = as_good = 0
    for wanted in (FIRST_LOOK, PERMUTATIONS):
        while done < wanted:
            part = min(wanted - done, 1000)
            order = rng.permuted(np.tile(np.arange(nights), (part, 1)), axis=1)
            others, _ = _best(gain_of(*rows[:, order]), nights)
            as_good += int((others >= gain - 1e-9).sum())
            done += part
        if as_good > 2:
            break
    return int(at), (as_good + 1) / (done + 1)


def _changes(rows: np.ndarray, gain_of, level_of, alpha: float) -> List[Change]:
    rng = np.random.default_rng(rows.shape[-1])  # the same page from the same nights
    found, todo = [], [(0, rows.shape[-1])]
    while todo:
        start, end = todo.pop()
        if end - start < 2 * SHORTEST + 1:
            continue
        at, p = split(rows[:, start:end], gain_of, rng)
        if p <= alpha:
            found.append((start + at, p))
            todo += [(start, start + at), (start + at, end)]
    found.sort()
    edges = [0] + [at for at, _ in found] + [rows.shape[-1]]
    levels = [level_of(rows[:, a:b]) for a, b in zip(edges, edges[1:])]
    return [Change(at, levels[i], levels[i + 1], p) for i, (at, p) in enumerate(found)]


def of_rates(hits, exposure, alpha: float = ALPHA) -> List[Change]:
    """Changes of a rate. hits, exposure (> 0): per night, oldest first. Rates in hits/s."""
    rows = np.asarray([hits, exposure], float)
    return _changes(rows, poisson_gain, lambda r: float(r[0].sum() / r[1].sum()), alpha)


def of_values(values, alpha: float = ALPHA) -> List[Change]:
    """Changes of a continuous figure > 0, in its logarithm; levels are medians."""
    rows = np.asarray([values], float)
    return _changes(rows, lambda x: normal_gain(np.log(x)), lambda r: float(np.median(r)), alpha)
