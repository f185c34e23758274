"""Simulated controls and fixes, to measure how often the verdict rules err.

A child process draws its rate from a distribution of mean 1 (Gamma, lognormal, or a share
of dead children) of a given coefficient of variation; clusters of hits fall on its blocks
as a Poisson process; a cluster holds a geometric number of hits, so that the Fano factor
per block is `fano`. A fix to `ratio` of the rate thins the clusters and leaves their size:
the hardest kind to see.
"""
import math

import numpy as np
from scipy.special import ndtri

from reports import stats

ROUNDS_PER_BLOCK = 1000
NORMAL = ndtri((np.arange(2000) + 0.5) / 2000)  # its quantiles, evenly


def rates(rng, children, variation, shape="gamma"):
    """Child rates of mean 1 and the given coefficient of variation, an array."""
    if variation == 0:
        return np.ones(children)
    if shape == "gamma":
        return rng.gamma(1 / variation ** 2, variation ** 2, children)
    if shape == "lognormal":
        sigma = math.sqrt(math.log1p(variation ** 2))
        return rng.lognormal(-sigma ** 2 / 2, sigma, children)
    alive = 1 / (1 + variation ** 2)  # "dead": a rate of zero for all the others
    return (rng.random(children) < alive) / alive


def control(rng, *, children, blocks, clusters_per_block, fano, variation, shape="gamma"):
    """One simulated control.

    children, blocks: processes, and blocks of each; clusters_per_block: mean over children;
    fano: variance over mean of hits per block at one rate; variation, shape: between
    children. Returns a stats.Sample.
    """
    mean = rates(rng, children, variation, shape)[:, None] * clusters_per_block
    size = (fano + 1) / 2  # mean of the geometric whose compound has this Fano factor
    clusters = rng.poisson(np.broadcast_to(mean, (children, blocks)))
    hits = clusters
    if size > 1:
        extra = rng.negative_binomial(np.maximum(clusters, 1), 1 / size)
        hits = clusters + np.where(clusters > 0, extra, 0)
    one = [1.0] * children
    return stats.Sample(
        rounds=[blocks * ROUNDS_PER_BLOCK] * children, hits=hits.sum(1).tolist(),
        near=[0] * children, blocks=[blocks] * children,
        hit_blocks=(hits > 0).sum(1).tolist(), sum_sq=(hits * hits).sum(1).tolist(),
        seconds=one)


def fixed_until(sample, ratio, children):
    """Blocks per child of a clean fixed variant that just reach the bound `ratio`.

    The bound falls as 1/blocks, so one evaluation gives the answer; None: never reached.
    """
    one = [1] * children
    fixed = stats.Sample(rounds=[ROUNDS_PER_BLOCK] * children, hits=[0] * children, near=one,
                         blocks=one, hit_blocks=one, sum_sq=one, seconds=one)
    bound = stats.ratio_bounds(sample, fixed).ratio
    return bound / ratio if math.isfinite(bound) else None


def chance_of_silence(blocks, children, clusters_per_block, ratio, variation, shape="gamma"):
    """Probability that a fix to `ratio` of the rate shows no hit in that exposure."""
    mean = ratio * clusters_per_block * blocks
    if variation == 0:
        return math.exp(-mean * children)
    if shape == "gamma":
        return (1 + mean * variation ** 2) ** (-children / variation ** 2)
    if shape == "lognormal":
        sigma = math.sqrt(math.log1p(variation ** 2))
        drawn = np.exp(sigma * NORMAL - sigma ** 2 / 2)
        return float(np.mean(np.exp(-mean * drawn))) ** children
    alive = 1 / (1 + variation ** 2)
    return (1 - alive + alive * math.exp(-mean / alive)) ** children


def false_fixed(rng, runs, *, claims, children, fixed_children, **bug):
    """Chance of calling a fix to `ratio` of the rate fixed when the bound says `wanted`.

    claims: [(ratio, wanted)], all on the same simulated controls; runs: how many; one that
    bounds nothing is no error. Returns (mean, standard error) per claim; the fixed side is
    integrated exactly, not drawn.
    """
    errors = np.zeros((runs, len(claims)))
    for i in range(runs):
        sample = control(rng, children=children, **bug)
        blocks = fixed_until(sample, 1, fixed_children)
        for j, (ratio, wanted) in enumerate(claims if blocks is not None else ()):
            errors[i, j] = silence(blocks / wanted, fixed_children, ratio, bug)
    return moments(errors)


def false_fixed_in_turns(rng, runs, *, claims, turns, children, **bug):
    """As false_fixed, of a race that looks at its bound after every turn A B and may stop.

    turns: at most; children: of each side, per turn; the fixed side's exposure per turn is
    drawn around what one look would need, so that the races end in different turns.
    """
    errors = np.zeros((runs, len(claims)))
    for i in range(runs):
        sample, shares = stats.Sample(), float(np.exp(rng.uniform(-2, 1)))
        pace = None
        for turn in range(1, turns + 1):
            sample = joined(sample, control(rng, children=children, **bug))
            needed = fixed_until(sample, 1, turn * children)
            if needed is None:
                continue
            pace = pace or needed * shares
            for j, (ratio, wanted) in enumerate(claims):
                if turn > 1 and not errors[i, j] and pace >= needed:
                    errors[i, j] = silence(pace / wanted, turn * children, ratio, bug)
    return moments(errors)


def joined(one, other):
    """The children of two samples."""
    return stats.Sample(**{name: values + getattr(other, name)
                           for name, values in vars(one).items()})


def silence(blocks, children, ratio, bug):
    """chance_of_silence() of a fix of a bug as control() takes it."""
    return chance_of_silence(blocks, children, bug["clusters_per_block"], ratio,
                             bug["variation"], bug.get("shape", "gamma"))


def moments(errors):
    """(mean, standard error) of each column."""
    return list(zip(errors.mean(0), errors.std(0, ddof=1) / math.sqrt(len(errors))))
