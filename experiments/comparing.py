"""Comparing: what a difference between two settings is worth, seed by seed.

Two settings that share their seeds share the data, the order and the first weights, so most of
the spread is common to both.  What counts is the difference within each seed, and how far the
mean of these differences lies from zero in its own standard errors.

    dᵢ = bᵢ − aᵢ        error = deviation of d / √seeds        lead = mean of d / error

In the text ± is one standard deviation over the seeds: how far a single run strays.  Whether
two means differ is told by the lead.
"""

import math

import numpy as np

MARGIN = 2.0  # standard errors: a claim's margin; what is told of has twice that in its records


def lead(a: np.ndarray, b: np.ndarray) -> float:
    """By how many standard errors b lies above a, seed by seed; 0 where they are the same."""
    difference = np.asarray(b, dtype=float) - np.asarray(a, dtype=float)
    if not difference.any():
        return 0.0
    error = difference.std(ddof=1) / math.sqrt(len(difference))
    return float(difference.mean() / error) if error else math.copysign(math.inf, difference[0])


def below(a: np.ndarray, b: np.ndarray, *, by: float = 0.0, errors: float = MARGIN) -> bool:
    """Whether a lies below b by more than `by`, beyond what the choice of seeds explains."""
    return lead(np.asarray(a) + by, b) > errors


def level(a: np.ndarray, b: np.ndarray, *, within: float, errors: float = MARGIN) -> bool:
    """Whether a and b differ by less than `within`, also if the seeds were unlucky."""
    difference = np.asarray(b, dtype=float) - np.asarray(a, dtype=float)
    error = difference.std(ddof=1) / math.sqrt(len(difference))
    return bool(abs(difference.mean()) + errors * error < within)
