"""Statistics of a run: pure functions, no input or output.

A *trial* is a round, or a block where hits cluster inside blocks. Rates are per trial
unless a name ends in `_s` (per second). ALPHA is the error that a verdict may make.

What is proved about a fix is the ratio bound: the upper 99.9 % bound of the fixed
variant's hit rate over the control's, after zero hits on the fixed side. Three bounds:

  rounds    every round is an independent trial (exact conditional test)
  blocks    hits come in clusters inside blocks: clusters are counted, not hits
  children  a child process draws a rate of its own from a Gamma distribution whose
            variation is bounded from the control's children (random effects)

The children bound is always computed, since a dispersion test over 20 children is weak;
the blocks bound joins where its dispersion test fails, and then the children bound counts
clusters too. The largest of them counts.
"""
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import List, Optional, Sequence, Tuple

from scipy.special import betaincinv, gammaincc, gammaincinv

ALPHA = 0.001
LEVEL = 1 - ALPHA
DISPERSION_ALPHA = 0.01
# The children bound spends ALPHA on the mean rate and on the zero hits. The
# variation enters by its 95 % bound: test_stats.py measures the whole error.
SPEND_RATE, SPEND_ZERO = 0.25, 0.75
VARIATION_ALPHA = 0.05


def rate_interval(hits: int, trials: int, level: float = LEVEL) -> Tuple[float, float]:
    """Two-sided Clopper-Pearson interval of a hit rate.

    hits: 0 .. trials; trials: > 0; level: confidence, e.g. 0.999.
    Returns (low, high), hits per trial. ValueError when hits is out of range.
    Source: Clopper & Pearson 1934, by Beta quantiles (as scipy's binomtest "exact").
    """
    if not 0 <= hits <= trials or trials <= 0:
        raise ValueError(f"hits {hits} not within trials {trials}")
    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else float(betaincinv(hits, trials - hits + 1, tail))
    high = 1.0 if hits == trials else float(betaincinv(hits + 1, trials - hits, 1 - tail))
    return low, high


def zero_hit_bound(trials: float, alpha: float = ALPHA) -> float:
    """One-sided upper bound of the rate after zero hits: 1 - alpha^(1/trials).

    trials: >= 0. Returns hits per trial, 1.0 for no trials at all.
    Source: exact binomial; 3/n at 95 % is the "rule of three".
    """
    return 1.0 if trials <= 0 else -math.expm1(math.log(alpha) / trials)


def clean_trials_needed(hits: int, trials: float, ratio: float = 1.0,
                        alpha: float = ALPHA) -> float:
    """Trials without a hit that bound the rate ratio to `ratio`: m = n/ratio (a^(-1/k) - 1).

    hits, trials: of the control; ratio: fixed rate over control rate, wanted bound.
    Returns trials (same unit), inf without hits.
    Source: exact conditional test of two Poisson rates, all k hits on one side.
    """
    if hits <= 0 or trials <= 0:
        return math.inf
    return trials / ratio * math.expm1(-math.log(alpha) / hits)


def ratio_bound(hits: int, trials: float, clean_trials: float, alpha: float = ALPHA) -> float:
    """Upper bound of (fixed rate / control rate) after zero hits in clean_trials.

    hits, trials: of the control; clean_trials: of the fixed variant, same unit.
    Returns a ratio; inf when either side has nothing to say. Trials are independent.
    """
    if hits <= 0 or trials <= 0 or clean_trials <= 0:
        return math.inf
    return trials / clean_trials * math.expm1(-math.log(alpha) / hits)


def hit_rate_interval_s(hits: int, seconds: float,
                        level: float = LEVEL) -> Tuple[float, float, float]:
    """Hits a second from a censored exponential: k/T, chi2(2k)/2T .. chi2(2k+2)/2T.

    hits: seen in `seconds` of exposure (> 0, else ValueError).
    Returns (rate, low, high) per second; 1/rate is the mean time to a hit.
    Source: Garwood 1936; Epstein & Sobel 1953 for life tests ended at a time.
    """
    if seconds <= 0 or hits < 0:
        raise ValueError(f"no rate from {hits} hits in {seconds} s")
    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else float(gammaincinv(hits, tail)) / seconds
    return hits / seconds, low, float(gammaincinv(hits + 1, 1 - tail)) / seconds


def first_hit_interval_s(rate: Tuple[float, float, float]) -> Tuple[float, float, float]:
    """Mean time to the first hit, seconds, (estimate, low, high), from a rate interval."""
    estimate, low, high = rate
    return tuple(math.inf if r <= 0 else 1 / r for r in (estimate, high, low))


def reproducibility(rate_s: float, budget_s: float) -> float:
    """Chance of at least one hit within a budget: 1 - exp(-rate budget) (MC Mutants)."""
    return -math.expm1(-rate_s * budget_s)


def ceiling_rate_s(target: float, budget_s: float) -> float:
    """Hits a second above which more buys nothing: -ln(1 - target)/budget.

    target: wanted reproducibility, 0 <= target < 1. 99.999 % in 64 s gives 0.18 hits/s.
    """
    return -math.log1p(-target) / budget_s


@dataclass(frozen=True)
class Dispersion:
    """Fano factor and its test: (n-1) F against chi-square with n-1 degrees of freedom."""
    fano: float       # variance over mean of the hits; 1 for a Poisson process, nan unknown
    groups: int       # blocks or children compared
    p: float          # chance of a Fano factor this large from independent trials

    @property
    def fails(self) -> bool:
        """True when independence is refused."""
        return self.p < DISPERSION_ALPHA


UNKNOWN = Dispersion(math.nan, 0, 1.0)


def dispersion_of_sums(hits: float, squares: float, groups: int) -> Dispersion:
    """Dispersion over equal groups, from the sum of their hits and of their squares."""
    if groups < 2 or hits <= 0:
        return UNKNOWN
    mean = hits / groups
    fano = max(0.0, squares - hits * mean) / (groups - 1) / mean
    return Dispersion(fano, groups, float(gammaincc((groups - 1) / 2, (groups - 1) * fano / 2)))


def dispersion(hits: Sequence[float], exposure: Sequence[float]) -> Dispersion:
    """Dispersion over groups of unequal exposure (Pearson's chi-square over n-1).

    hits, exposure: per group; groups without exposure are left out.
    """
    pairs = [(h, e) for h, e in zip(hits, exposure) if e > 0]
    total, whole = sum(h for h, _ in pairs), sum(e for _, e in pairs)
    if len(pairs) < 2 or total <= 0:
        return UNKNOWN
    rate = total / whole
    x2 = sum((h - rate * e) ** 2 / (rate * e) for h, e in pairs)
    free = len(pairs) - 1
    return Dispersion(x2 / free, len(pairs), float(gammaincc(free / 2, x2 / 2)))


@dataclass
class Sample:
    """Measured exposure of one variant: one entry per child process, in all lists.

    rounds, hits, near, blocks, hit_blocks: counts; sum_sq: sum over the child's blocks of
    hits squared; seconds: CPU time of exposure. Spoilt blocks are in none of them.
    """
    rounds: List[float] = field(default_factory=list)
    hits: List[float] = field(default_factory=list)
    near: List[float] = field(default_factory=list)
    blocks: List[float] = field(default_factory=list)
    hit_blocks: List[float] = field(default_factory=list)
    sum_sq: List[float] = field(default_factory=list)
    seconds: List[float] = field(default_factory=list)

    def add(self, child: dict) -> None:
        """Add one element of a result's `measured.per_child`."""
        for name, values in vars(self).items():
            values.append(child[name])

    def total(self, name: str) -> float:
        """Sum of one column over the children."""
        return sum(getattr(self, name))

    @property
    def children(self) -> int:
        """Children that had any exposure."""
        return sum(1 for r in self.rounds if r > 0)

    def clusters(self) -> float:
        """A lower estimate of the number of independent clusters of hits.

        A block with a hit holds at least one; and if clusters arrive at random with sizes
        S, the Fano factor per block is E[S^2]/E[S] >= E[S], so hits/Fano is at most their
        number (it is so, too, where blocks differ in rate). The first saturates when every
        block has hits, the second does not; the upper bound of the Fano factor is taken.
        """
        spread = self.by_block()
        free = spread.groups - 1
        if free < 1:
            return self.total("hit_blocks")
        upper = spread.fano * free / (2 * float(gammaincinv(free / 2, ALPHA)))
        return max(self.total("hit_blocks"), self.total("hits") / max(1.0, upper))

    def by_block(self) -> Dispersion:
        """Dispersion of hits over blocks."""
        return dispersion_of_sums(self.total("hits"), self.total("sum_sq"),
                                  int(self.total("blocks")))

    def by_child(self) -> Dispersion:
        """Dispersion of hits over children."""
        return dispersion(self.hits, self.rounds)


def variation_upper(hits: Sequence[float], exposure: Sequence[float],
                    alpha: float = VARIATION_ALPHA) -> float:
    """Upper bound of the coefficient of variation of the children's true rates.

    hits, exposure: per child of the control. Returns a ratio (0.3 = 30 %), inf with fewer
    than two children or no hit. The Fano factor over children is 1 + mean * cv^2; its
    upper bound is (n-1) F / chi2_alpha(n-1).
    """
    spread = dispersion(hits, exposure)
    if spread.groups < 2:
        return math.inf
    free = spread.groups - 1
    fano = spread.fano * free / (2 * float(gammaincinv(free / 2, alpha)))
    return math.sqrt(max(0.0, fano - 1) * spread.groups / sum(hits))


def rate_lower(count: float, exposure: float, children: int, variation: float,
               alpha: float = ALPHA * SPEND_RATE) -> float:
    """Lower bound of the mean rate over children: a Gamma quantile.

    count: hits (or hit blocks) of the control in `exposure` trials over `children`;
    variation: coefficient of variation between children. Returns hits per trial.
    With variation 0 it is the exact Poisson bound chi2_alpha(2k)/2 over the exposure.
    """
    if count <= 0 or exposure <= 0 or not math.isfinite(variation):
        return 0.0
    shape = 1 / (1 / count + variation ** 2 / children)
    return count / exposure * float(gammaincinv(shape, alpha)) / shape


def random_effects_bound(expected: Sequence[float], variation: float,
                         alpha: float = ALPHA * SPEND_ZERO) -> float:
    """Ratio r at which zero hits in all children have probability alpha.

    expected: per child of the fixed variant, hits that the control's rate would give.
    Solves prod (1 + r mu_j / a)^(-a) = alpha, a = 1/variation^2 (exp(-r mu) for
    variation 0). Returns a ratio, inf when nothing bounds it.
    """
    means = Counter(m for m in expected if m > 0)  # mostly many children of one exposure
    if not means or not math.isfinite(variation):
        return math.inf
    wanted = -math.log(alpha)
    ratio = wanted / sum(m * n for m, n in means.items())  # exact for variation 0
    if variation < 1e-6:
        return ratio
    a = 1 / variation ** 2
    while True:  # Newton: concave, so that each step ends below the root
        missing = wanted - a * sum(n * math.log1p(ratio * m / a) for m, n in means.items())
        step = missing / sum(n * m / (1 + ratio * m / a) for m, n in means.items())
        ratio += max(0.0, step)
        if ratio > 1e12:
            return math.inf
        if step < 1e-12 * ratio:
            return ratio * (1 + 1e-12)


@dataclass(frozen=True)
class Bounds:
    """The ratio bounds of a fixed variant against its control; None = does not apply."""
    rounds: float
    blocks: Optional[float]
    children: float
    variation: float  # upper bound of the coefficient of variation between children

    @property
    def ratio(self) -> float:
        """The bound that counts: the most conservative one that applies."""
        return max(b for b in (self.rounds, self.blocks, self.children) if b is not None)

    @property
    def basis(self) -> str:
        """Which of the three it is."""
        named = {"rounds": self.rounds, "children": self.children}
        if self.blocks is not None:
            named["blocks"] = self.blocks
        return max(named, key=named.get)


def ratio_bounds(control: Sample, fixed: Sample, alpha: float = ALPHA) -> Bounds:
    """All ratio bounds after zero hits of `fixed`.

    control, fixed: exposure in comparable environments. Where the dispersion test over
    blocks fails, clusters stand for hits, in the children bound too.
    """
    clustered = control.by_block().fails
    hits, trials = control.total("hits"), control.total("rounds")
    count = control.clusters() if clustered else hits
    variation = variation_upper(control.hits, control.rounds)
    rate = rate_lower(count, trials, max(1, control.children), variation, alpha * SPEND_RATE)
    return Bounds(
        rounds=ratio_bound(hits, trials, fixed.total("rounds"), alpha),
        blocks=ratio_bound(count, trials, fixed.total("rounds"), alpha) if clustered else None,
        children=random_effects_bound([rate * t for t in fixed.rounds], variation,
                                      alpha * SPEND_ZERO),
        variation=variation)
