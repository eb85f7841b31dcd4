"""What a variance does not say: directions, and units that are copies of each other."""

import torch
from jaxtyping import Float
from torch import Tensor

from steadygrad.checks import checked, not_negative, rule


@checked(w=rule("a matrix or a kernel", lambda w: w.ndim >= 2))
def orthogonal_(
    w: Float[Tensor, "out *rest"], gain: float = 1.0, generator: torch.Generator | None = None
) -> Float[Tensor, "out *rest"]:
    """Write a random matrix that changes no length, times a gain, into w, and return it.

        A ~ N(0, 1), as tall as it is wide or taller        A = Q R
        Q ← Q · sign(diag R)        w = gain · Q, transposed if w is wide

    A weight of more than two dimensions counts as the matrix (out, everything else).  Rows or
    columns, whichever are fewer, come out orthogonal and of length `gain`.  With the signs
    every orthogonal matrix is as likely as any other (Mezzadri, 2007); without them the
    diagonal of LAPACK's Q is mostly negative.  A weight that asks for gradients goes on asking
    for them.  Saxe et al. (2014).
    """
    rows, columns = w.flatten(1).shape
    tall = torch.empty(
        max(rows, columns),
        min(rows, columns),
        dtype=w.dtype,
        device=generator.device if generator else w.device,
    ).normal_(generator=generator)
    q, r = torch.linalg.qr(tall)
    q = q * r.diagonal().sign()
    q = q.T if rows < columns else q
    with torch.no_grad():
        return w.copy_((gain * q).reshape(w.shape))


@checked(tol=not_negative)
def distinct_units(
    w_in: Float[Tensor, "hidden inputs"],
    w_out: Float[Tensor, "outputs hidden"],
    tol: float = 1e-6,
) -> int:
    """How many hidden units are not copies of one another.

    Unit i is a row of `w_in`, what it listens to, and a column of `w_out`, who listens to it.
    Two units are copies if no weight of one is further than `tol` from the same weight of the
    other.  Copies get the same gradient, so gradient descent can never tell them apart: a
    layer of copies is one unit, however wide it is.

    >>> distinct_units(torch.ones(100, 3), torch.ones(2, 100))
    1
    """
    units = torch.cat([w_in, w_out.T], dim=1)
    distance = (units[:, None] - units[None, :]).abs().amax(dim=2)
    copies = (distance <= tol).tril(diagonal=-1).any(dim=1)
    return int((~copies).sum())
