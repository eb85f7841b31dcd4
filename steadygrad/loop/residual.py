"""Residual branches: how loud each may be before a deep stack of them drowns."""

from steadygrad.checks import checked, not_negative


@checked(branch_var=not_negative)
def residual_variance(depth: int, branch_var: float, scale: float) -> float:
    """The variance after `depth` residual blocks, when the input has variance 1.

        xₗ₊₁ = xₗ + scale · f(xₗ)        Var f(x) = branch_var · Var x
        Var xₗ₊₁ = (1 + scale² · branch_var) Var xₗ

    For branches that are uncorrelated with what they are added to.  scale = 1/√depth keeps
    the result below e^branch_var at every depth.

    >>> residual_variance(depth=2, branch_var=1.0, scale=1.0)
    4.0
    """
    variance = 1.0
    for _ in range(depth):
        branch = scale**2 * branch_var * variance
        variance = variance + branch
    return variance
