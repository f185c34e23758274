"""Simulated controls and fixes, to measure how often the verdict rules err.

A child process draws its rate from a Gamma distribution of mean 1 (coefficient of
variation `variation`); clusters of hits fall on its blocks as a Poisson process; a cluster
holds a geometric number of hits, so that the Fano factor per block is `fano`. A fix to
`ratio` of the rate thins the clusters and leaves their size: the hardest kind to see.
"""
import math

import numpy as np

from reports import stats

ROUNDS_PER_BLOCK = 1000


def control(rng, *, children, blocks, clusters_per_block, fano, variation):
    """One simulated control.

    children, blocks: processes, and blocks of each; clusters_per_block: mean over children;
    fano: variance over mean of hits per block at one rate; variation: between children.
    Returns a stats.Sample.
    """
    rates = gamma_rates(rng, children, variation) * clusters_per_block
    size = (fano + 1) / 2  # mean of the geometric whose compound has this Fano factor
    sample = stats.Sample()
    for rate in rates:
        clusters = rng.poisson(rate, blocks)
        hits = clusters + np.where(clusters > 0, rng.negative_binomial(
            np.maximum(clusters, 1), 1 / size), 0)
        sample.add({"rounds": blocks * ROUNDS_PER_BLOCK, "hits": int(hits.sum()), "near": 0,
                    "blocks": blocks, "hit_blocks": int((hits > 0).sum()),
                    "sum_sq": int((hits * hits).sum()), "seconds": 0.05})
    return sample


def gamma_rates(rng, children, variation):
    """Child rates of mean 1 and the given coefficient of variation."""
    if variation == 0:
        return np.ones(children)
    shape = 1 / variation ** 2
    return rng.gamma(shape, 1 / shape, children)


def fixed_until(sample, ratio, children):
    """Blocks per child of a clean fixed variant that just reach the bound `ratio`.

    Doubling, then bisection over stats.ratio_bounds; None if no exposure reaches it.
    """
    def bound(blocks):
        fixed = stats.Sample()
        for _ in range(children):
            fixed.add({"rounds": blocks * ROUNDS_PER_BLOCK, "hits": 0, "near": 0,
                       "blocks": blocks, "hit_blocks": 0, "sum_sq": 0, "seconds": 1})
        return stats.ratio_bounds(sample, fixed).ratio

    # The bound falls as 1/blocks, so one evaluation gives the answer.
    at_one = bound(1.0)
    return at_one / ratio if math.isfinite(at_one) else None


def chance_of_silence(blocks, children, clusters_per_block, ratio, variation):
    """Probability that a fix to `ratio` of the rate shows no hit in that exposure."""
    mean = ratio * clusters_per_block * blocks
    if variation == 0:
        return math.exp(-mean * children)
    shape = 1 / variation ** 2
    return (1 + mean / shape) ** (-shape * children)


def false_fixed(rng, runs, *, ratio, children, fixed_children, **bug):
    """Chance of calling a fix to `ratio` of the rate fixed when the bound says `ratio`.

    runs: simulated controls; controls that bound nothing are no error.
    Returns (mean, standard error); the fixed side is integrated exactly, not drawn.
    """
    errors = np.zeros(runs)
    for i in range(runs):
        sample = control(rng, children=children, **bug)
        blocks = fixed_until(sample, ratio, fixed_children)
        if blocks is not None:
            errors[i] = chance_of_silence(blocks, fixed_children, bug["clusters_per_block"],
                                          ratio, bug["variation"])
    return float(errors.mean()), float(errors.std(ddof=1) / math.sqrt(runs))
