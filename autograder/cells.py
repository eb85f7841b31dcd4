"""A notebook's cell as the Python that IPython runs of it."""

import warnings

from IPython.core.inputtransformer2 import TransformerManager


def python_of(source: str) -> str:
    """Magics, shell lines and question marks as calls; what cannot be read, as it stands."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return TransformerManager().transform_cell(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError, IndexError):
        return source
