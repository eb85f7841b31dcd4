"""Residual branches: how large each may be, so that a deep stack of them keeps its scale."""

from steadygrad.checks import checked, not_negative


@checked(branch_var=not_negative)
def residual_variance(depth: int, branch_var: float, scale: float) -> float:
    """The variance of a signal of variance 1 after `depth` residual blocks (De & Smith, 2020).

    Each block returns its input plus `scale` times its branch.  A branch is uncorrelated with
    the input of its block, and its own variance, before scaling, is `branch_var` times that
    of its input.

    How the variance grows is for you to derive: the chapter asks the questions that lead
    there.  You can test what you find.  No block, or a scale of 0, leaves 1.  A scale of
    −0.5 does what 0.5 does.  With scale = 1/√depth the result stays below e^branch_var,
    however deep the stack.

    >>> residual_variance(depth=2, branch_var=1.0, scale=1.0)
    4.0
    """
    # Variances of uncorrelated parts add:  Var xₗ₊₁ = Var xₗ + scale² · branch_var · Var xₗ
    variance = 1.0
    for _ in range(depth):
        branch = scale**2 * branch_var * variance
        variance = variance + branch
    return variance
